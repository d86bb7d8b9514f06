"""Judges how a story ended: SEFAZ's own ledger against the gateway's database, read as SQL. Holds for every story."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from gateway.sim.sefaz.records import Request
from tests.scenarios.play import Play

SEND, RECEIPT, ASK = "NFeAutorizacao4", "NFeRetAutorizacao4", "NFeConsultaProtocolo4"
HOLDING = ("accepted", "processing", "unknown", "contingency", "rejected")
"""Statuses in which a document may hold a number that has not ended."""
CANCELS = ("110111", "110112")


def judge(play: Play, *, killed: bool) -> None:
    """Raises AssertionError with what is wrong. A killed telling may have asked more often; it ends the same."""
    _sales(play, killed=killed)
    _numbers(play)
    _notes_at_sefaz(play)
    _sent_once(play)
    _bytes_kept(play)
    _events(play)
    _people(play)
    if not killed and play.story.end.requests:
        seen = [row.service for row in play.sim.ledger if row.service != "NFeStatusServico4"]
        assert tuple(seen) == play.story.end.requests


def _sales(play: Play, *, killed: bool) -> None:
    rows = play.rows("SELECT ref, id, status, number, chave, cstat FROM named")
    assert {row[0] for row in rows} == set(play.story.end.sales)
    for ref, document, status, number, chave, cstat in rows:
        end = play.story.end.sales[ref]
        assert status == end.status, (ref, status, cstat)
        assert end.number in (None, number), (ref, number)
        assert not end.tpEmis or chave[34] == end.tpEmis, (ref, chave)
        assert end.cStat in ("", cstat), (ref, cstat)
        kinds = iter(kind for (kind,) in play.rows("SELECT kind FROM document_events WHERE document = ? ORDER BY seq", document))
        missing = [] if killed else [kind for kind in end.timeline if kind not in kinds]
        assert not missing, (ref, missing, play.rows("SELECT kind FROM document_events WHERE document = ?", document))


def _numbers(play: Play) -> None:
    """Every number from the first to the next one is explained, and SEFAZ's base agrees."""
    held = {(model, number): (state, ref, status) for model, number, state, ref, status in play.rows(
        "SELECT n.model, n.number, n.state, d.ref, d.status FROM numbers n JOIN documents d ON d.id = n.document"
    )}  # fmt: skip
    void = {
        (model, number)
        for model, first, last in play.rows("SELECT model, first, last FROM inutilizacoes WHERE status = 'registered'")
        for number in range(first, last + 1)
    }
    others = {(model, number) for model, number in play.rows("SELECT model, number FROM foreign_numbers")}
    at_sefaz = _states_at_sefaz(play)
    for model, following in play.rows("SELECT model, next FROM number_sequences"):
        for number in range(1, following):
            key = (model, number)
            if key in others:
                continue
            assert key in held or key in void, f"o número {number} do modelo {model} não tem explicação"
            state, ref, status = held.get(key, ("voided", None, None))
            there = at_sefaz.get(key)
            if state == "held":
                assert status in HOLDING, (ref, status)
                assert status in ("unknown", "processing") or there is None or _foreign(play, key), (ref, status, there)
            else:
                assert there == state, (ref, number, state, there)
    for name, wanted in play.story.end.numbers.items():
        model, _, number = name.rpartition("/")
        key = (model or play.story.model, int(number))
        found = "other" if key in others else "voided" if key in void else held[key][0]
        assert found == wanted, (name, found)


def _states_at_sefaz(play: Play) -> dict[tuple[str, int], str]:
    sim = play.sim
    cancelled = {event.chave for event in sim.events if event.tpEvento in CANCELS}
    states = {(each.mod, each.nNF): "denied" for each in sim.denied}
    states |= {(each.mod, each.nNF): "cancelled" if each.chave in cancelled else "authorized" for each in sim.authorized}
    for each in sim.voided:
        states |= dict.fromkeys(((each.mod, number) for number in range(each.first, each.last + 1)), "voided")
    return states


def _foreign(play: Play, key: tuple[str, int]) -> bool:
    return any((chave[20:22], int(chave[25:34])) == key for chave in play.foreign)


def _notes_at_sefaz(play: Play) -> None:
    """One authorised note for each authorised sale, and no other of ours."""
    mine = {chave for (chave,) in play.rows("SELECT chave FROM documents WHERE status IN ('authorized', 'cancelled')")}
    parked = {chave for (chave,) in play.rows("SELECT chave FROM documents WHERE status IN ('processing', 'unknown')")}
    there = {note.chave for note in play.sim.authorized} - play.foreign
    assert mine <= there, mine - there
    assert there <= mine | parked, there - mine - parked
    numbers = Counter((note.mod, note.serie, note.nNF) for note in play.sim.authorized)
    assert max(numbers.values(), default=1) == 1
    voided = sorted(f"{each.first}-{each.last}" for each in play.sim.voided)
    assert voided == sorted(play.story.end.voided)
    assert len(voided) == len(set(voided))


def _sent_once(play: Play) -> None:
    """No note goes twice without an answer or a question in between; other bytes only after a refusal that was heard."""
    by_chave: dict[str, list[Request]] = {}
    for row in play.sim.ledger:
        if row.chave and row.service in (SEND, RECEIPT, ASK):
            by_chave.setdefault(row.chave, []).append(row)
    for chave, rows in by_chave.items():
        for before, after in pairwise(rows):
            if before.service == after.service == SEND:
                assert _settled(before), f"{chave} foi reenviada sem consulta"
        sends = [row for row in rows if row.service == SEND]
        for before, after in pairwise(sends):
            if before.signed != after.signed:
                assert _settled(before) and _refusal(before.cStat), f"{chave} foi reenviada com outros bytes"
        done = [row for row in sends if row.cStat in ("100", "120", "150") and row.answered]
        assert len(done) <= 1, f"{chave} foi autorizada {len(done)} vezes"


def _settled(row: Request) -> bool:
    """Whether whoever sent it knows that nothing was stored: answered with a refusal, or never read."""
    if row.answered:
        return (row.fault == "" and _refusal(row.cStat)) or row.fault == "cstat"
    return row.fault in ("http_status",) and row.cStat == ""


def _refusal(cStat: str) -> bool:
    """Of 301 to 303 too: with a protocol they deny, and a denied number that came back would show in `numbers`."""
    return cStat not in ("", "100", "103", "104", "105", "110", "120", "150", "204", "539")


def _bytes_kept(play: Play) -> None:
    """nfeProc joins the bytes as they were sent with the protocol that SEFAZ has."""
    protocols = {note.chave: (note.nProt, note.digVal) for note in play.sim.authorized}
    kept = "SELECT body FROM artefacts WHERE document = ? AND kind = ? ORDER BY version DESC LIMIT 1"
    query = "SELECT id, chave, protocol, digest FROM documents WHERE status = 'authorized'"
    for document, chave, protocol, digest in play.rows(query):
        assert protocols[chave] == (protocol, digest)
        signed, proc = play.value(kept, document, "signed"), play.value(kept, document, "proc")
        assert signed in proc
        assert f"<nProt>{protocol}</nProt>".encode() in proc


def _events(play: Play) -> None:
    """SEFAZ has each event as often as told, and ours agree with it."""
    ours = Counter(
        (chave, kind) for chave, kind in play.rows("SELECT chave, tp_evento FROM fiscal_events WHERE status = 'registered'")
    )
    elsewhere = Counter((chave, "110111") for chave in play.cancelled_elsewhere)
    there = Counter((event.chave, event.tpEvento) for event in play.sim.events)
    assert ours + elsewhere == there
    told = Counter(kind for (_, kind), n in there.items() for _ in range(n))
    assert told == Counter(play.story.end.events)
    lost: Any = play.rows("SELECT id FROM fiscal_events WHERE status IN ('requested', 'processing', 'unknown')")
    assert not lost, lost


def _people(play: Play) -> None:
    """Nothing waits for a person but what the story says."""
    codes = [code for (code,) in play.rows("SELECT error_code FROM jobs WHERE state = 'needs_attention' ORDER BY created_at")]
    assert tuple(codes) == play.story.end.attention
