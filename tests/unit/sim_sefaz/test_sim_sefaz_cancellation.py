"""110111 and 110112: what cancels a note, until when, and what stands in the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sim_sefaz_event import authorised, cancel, event, events_lot, manifest, offline, send, substitute, valid, verify
from sim_sefaz_nfce_cases import NFCE
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ, NFE, NOW, Signer, issue, lot, query, signed

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.authorizer import Authorizer, Processed
from gateway.sim.sefaz.state import State

BUYER = "11444777000161"
TO_COMPANY = {
    "dest/CPF>": f"<CNPJ>{BUYER}</CNPJ>",
    "dest/CPF": None,
}
LAST_CHANCE = timedelta(hours=24)


@pytest.fixture(scope="module")
def buyer(pki: TestPki) -> Signer:
    return Signer.from_pfx(issue(pki, BUYER), "senha")


def consult(authorizer: Authorizer, chave: str) -> Processed:
    done = authorizer.process("NFeConsultaProtocolo4", query(chave), CNPJ)
    valid(done.answer, "nfelib.nfe.schemas.v4_0", "retConsSitNFe_v4.00")
    return done


def at(authorizer: Authorizer, later: timedelta) -> dict[str, object]:
    """Move the clock, and date the event there."""
    authorizer.state.clock_offset_s = later.total_seconds()
    return {"at": NOW + later}


def test_a_cancellation_is_registered_told_by_the_consultation_and_final(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)
    asked = cancel(signer, chave, nProt)

    done = send(authorizer, asked)

    assert (done.cStat, done.xMotivo) == ("135", "Evento registrado e vinculado a NF-e")
    assert "<nProt>135260000000002</nProt>" in done.answer
    assert "<xEvento>Cancelamento registrado</xEvento>" in done.answer
    assert done.answer.startswith(f'<retEnvEvento xmlns="{NFE}" versao="1.00"><idLote>7</idLote><tpAmb>2</tpAmb>')
    told = consult(authorizer, chave)
    assert told.cStat == "101"
    assert f"<nProt>{nProt}</nProt>" in told.answer  # the authorisation stays as it was
    assert f'<procEventoNFe xmlns="{NFE}" versao="1.00">{asked.decode()}<retEvento' in told.answer
    verify(authorizer.register.events[0].evento)
    assert send(authorizer, asked).cStat == "573"
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer)), CNPJ).cStat == "218"
    assert len(authorizer.register.events) == 1


def test_the_protocol_must_be_the_notes(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)

    assert send(authorizer, cancel(signer, chave, "135260000000009")).cStat == "222"
    assert (authorizer.register.events, consult(authorizer, chave).cStat) == ([], "100")
    assert send(authorizer, cancel(signer, chave, nProt)).cStat == "135"


def test_the_deadline_of_a_nfe_is_24_hours_and_some_states_take_it_later(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)
    second = authorised(authorizer, signer, {"ide/nNF": "1235"})
    third = authorised(authorizer, signer, {"ide/nNF": "1236"})

    assert send(authorizer, cancel(signer, chave, nProt, **at(authorizer, LAST_CHANCE))).cStat == "135"
    late = at(authorizer, LAST_CHANCE + timedelta(seconds=1))
    assert send(authorizer, cancel(signer, *second, **late)).cStat == "501"
    authorizer.state.cancel_late = {"SP": 480 * 3600}
    assert send(authorizer, cancel(signer, *second, **late)).cStat == "155"
    assert consult(authorizer, second[0]).cStat == "151"
    later = at(authorizer, timedelta(hours=480, seconds=1))
    assert send(authorizer, cancel(signer, *third, **later)).cStat == "501"


def test_the_deadline_of_a_nfce_is_30_minutes_and_never_later(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.cancel_late = {"SP": 480 * 3600}
    chave, nProt = authorised(authorizer, signer, NFCE)
    second = authorised(authorizer, signer, {**NFCE, "ide/nNF": "1235"})

    assert send(authorizer, cancel(signer, chave, nProt, **at(authorizer, timedelta(minutes=30)))).cStat == "135"
    late = at(authorizer, timedelta(minutes=30, seconds=1))
    assert send(authorizer, cancel(signer, *second, **late)).cStat == "501"


def test_a_confirmed_note_is_221_until_the_last_manifestation_is_another(
    authorizer: Authorizer, signer: Signer, buyer: Signer
) -> None:
    chave, nProt = authorised(authorizer, signer, TO_COMPANY)
    assert send(authorizer, manifest(buyer, chave, "210200", author=BUYER), transmitter=BUYER).cStat == "135"

    assert send(authorizer, cancel(signer, chave, nProt)).cStat == "221"
    assert consult(authorizer, chave).cStat == "100"
    assert send(authorizer, manifest(buyer, chave, "210240", author=BUYER), transmitter=BUYER).cStat == "135"
    assert send(authorizer, cancel(signer, chave, nProt)).cStat == "135"


@pytest.mark.parametrize("cStat", ["219", "304", "690", "811"])
def test_what_stands_in_the_way(authorizer: Authorizer, signer: Signer, cStat: str) -> None:
    chave, nProt = authorised(authorizer, signer)
    authorizer.state.bar_cancel = {chave: cStat}  # type: ignore[dict-item]

    assert send(authorizer, cancel(signer, chave, nProt)).cStat == cStat
    authorizer.state = State()
    assert send(authorizer, cancel(signer, chave, nProt)).cStat == "135"


def test_an_unknown_note_is_494(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)
    authorizer.register.reset()

    refused = send(authorizer, cancel(signer, chave, nProt))

    assert refused.xMotivo == f"Rejeicao: Chave de Acesso inexistente [chNFe:{chave}]"


def test_an_alphanumeric_issuer_cancels(authorizer: Authorizer, alphanumeric_signer: Signer) -> None:
    chave, nProt = authorised(authorizer, alphanumeric_signer, {"emit/CNPJ": ALPHANUMERIC_CNPJ})

    asked = cancel(alphanumeric_signer, chave, nProt, author=ALPHANUMERIC_CNPJ)
    done = authorizer.process("NFeRecepcaoEvento4", events_lot(asked), ALPHANUMERIC_CNPJ)

    assert done.cStat == "135"
    assert f"<chNFe>{chave}</chNFe>" in done.answer
    verify(authorizer.register.events[0].evento)


# ---- substitution


def test_an_offline_nfce_takes_the_place_of_the_one_whose_answer_was_lost(authorizer: Authorizer, signer: Signer) -> None:
    lost = authorised(authorizer, signer, NFCE)
    other = authorised(authorizer, signer, offline(signer, {"ide/nNF": "1235"}))
    when = at(authorizer, timedelta(hours=168))

    assert send(authorizer, cancel(signer, *lost, **when)).cStat == "501"
    assert send(authorizer, substitute(signer, *lost, other[0], **when)).cStat == "135"
    assert consult(authorizer, lost[0]).cStat == "101"
    assert consult(authorizer, other[0]).cStat == "100"


def test_what_may_not_take_its_place(authorizer: Authorizer, signer: Signer) -> None:
    lost = authorised(authorizer, signer, NFCE)
    normal = authorised(authorizer, signer, {**NFCE, "ide/nNF": "1235"})
    other = authorised(authorizer, signer, offline(signer, {"ide/nNF": "1236"}))
    goods = authorised(authorizer, signer, offline(signer, {"ide/nNF": "1237", "det/prod/cProd": "OUTRO"}))
    dead = authorised(authorizer, signer, offline(signer, {"ide/nNF": "1238"}))
    assert send(authorizer, cancel(signer, *dead)).cStat == "135"
    absent = offline(signer, {"ide/nNF": "1239"})["@qrCode"]
    assert absent is not None
    digit = other[0][:43] + str((int(other[0][43]) + 1) % 10)

    for chNFeRef, cStat in (
        (digit, "910"),
        (lost[0], "911"),
        (normal[0], "920"),
        (absent.partition("p=")[2][:44], "912"),
        (dead[0], "913"),
        (goods[0], "919"),
    ):
        assert send(authorizer, substitute(signer, *lost, chNFeRef)).cStat == cStat, cStat
    assert send(authorizer, substitute(signer, other[0], other[1], goods[0])).cStat == "920"
    assert consult(authorizer, lost[0]).cStat == "100"
    later = at(authorizer, timedelta(hours=168, seconds=1))
    assert send(authorizer, substitute(signer, *lost, other[0], **later)).cStat == "501"


def test_substitution_is_of_nfce_only(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)

    assert send(authorizer, substitute(signer, chave, nProt, chave)).cStat == "450"


def test_a_lot_is_answered_event_by_event(authorizer: Authorizer, signer: Signer) -> None:
    first, second = authorised(authorizer, signer), authorised(authorizer, signer, {"ide/nNF": "1235"})

    done = send(authorizer, cancel(signer, *first), cancel(signer, second[0], "1" * 15))

    assert done.answer.count("<retEvento ") == 2
    assert [part[:3] for part in done.answer.split("<cStat>")[1:]] == ["128", "135", "222"]
    mixed = event(signer, second[0], "210210", "<descEvento>Ciencia da Operacao</descEvento>", cOrgao="91")
    assert send(authorizer, cancel(signer, *second), mixed).cStat == "477"
    assert consult(authorizer, second[0]).cStat == "100"
