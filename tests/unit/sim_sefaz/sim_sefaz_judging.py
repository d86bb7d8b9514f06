"""One note judged: by the whole authoriser, or by its rules alone."""

from __future__ import annotations

from datetime import datetime

from sim_sefaz_note import CNPJ, NOW, Edits, Signer, build, lot, signed

from gateway.sim.sefaz.authorizer import Authorizer, Processed
from gateway.sim.sefaz.chave import CUF
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules import Conditions, refusals
from gateway.sim.sefaz.state import State, changed


def judge(authorizer: Authorizer, signer: Signer, edits: Edits) -> Processed:
    """The authoriser's answer to the note, with the instant and the switches that the edits ask for."""
    authorizer.reset()
    authorizer.state.svc = "107"
    if "@state" in edits:
        authorizer.state = changed(authorizer.state, str(edits["@state"]).encode())
    if "@at" in edits:
        authorizer.state.clock_offset_s = (datetime.fromisoformat(str(edits["@at"])) - NOW).total_seconds()
    return authorizer.process("NFeAutorizacao4", lot(signed(signer, edits)), CNPJ)


def reasons(edits: Edits) -> list[Refusal]:
    """Every refusal of the content alone."""
    at = datetime.fromisoformat(str(edits["@at"])) if "@at" in edits else NOW
    state = changed(State(), str(edits.get("@state") or "{}").encode())
    conditions = Conditions(at, "2", frozenset(CUF), taxpayers=state.taxpayers)
    return list(refusals(Note(build(edits)), conditions))


def refuses_and_passes(authorizer: Authorizer, signer: Signer, cStat: str, bad: Edits, good: Edits) -> None:
    """The bad note is refused with exactly this cStat and nothing is stored; its neighbour is authorised."""
    if "@rules" in bad:
        assert cStat in [reason.cStat for reason in reasons(bad)]
    else:
        refused = judge(authorizer, signer, bad)

        assert (refused.cStat, refused.xMotivo.split(":")[0]) == (cStat, "Rejeicao"), refused.xMotivo
        assert "nProt" not in refused.answer
        assert authorizer.register.authorized == []

    accepted = judge(authorizer, signer, good)

    assert accepted.cStat in ("100", "150"), accepted.xMotivo
    assert len(authorizer.register.authorized) == 1
