"""The table of cStat and the proof that a protocol is ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from gateway.nfe.answers import Decision, Protocol
from gateway.nfe.decisions import Scope, consumes_number, cstat_row, cstat_table, decide, proves


def test_table_is_whole():
    table = cstat_table()
    codes = [row.cStat for row in table.rows]
    assert len(codes) == 239
    assert codes == sorted(set(codes), key=int)
    assert set(table.decisions) == set(get_args(Decision))
    assert {row.decision for row in table.rows} <= set(table.decisions)
    assert {scope for row in table.rows for scope in row.scope} <= {*get_args(Scope), "any"}
    assert set(table.scopes) == {*get_args(Scope), "any"}
    for row in table.rows:
        assert row.cStat.isdigit()
        assert len(row.cStat) in (3, 4)
        assert row.message
        assert row.message == row.message.strip()
        assert row.action.endswith(".")


@pytest.mark.parametrize(
    ("cStat", "service", "decision"),
    [
        ("100", "aut", "ok"),
        ("120", "aut", "ok_alert"),
        ("103", "aut", "poll"),
        ("106", "aut", "query_then_decide"),
        ("108", "aut", "contingency"),
        ("110", "cons", "denied"),
        ("113", "aut", "wait_retry"),
        ("135", "ev", "ok_event"),
        ("204", "aut", "query_then_decide"),
        ("206", "aut", "new_number"),
        ("215", "aut", "fix_software"),
        ("217", "cons", "query_then_decide"),
        ("218", "ev", "idempotent"),
        ("218", "aut", "query_then_decide"),
        ("301", "aut", "fix_config"),
        ("301", "cons", "denied"),
        ("302", "cons", "denied"),
        ("501", "ev", "final_refused"),
        ("526", "cons", "final_refused"),
        ("539", "aut", "query_then_decide"),
        ("613", "cons", "query_then_decide"),
        ("656", "cons", "stop_wait"),
        ("778", "aut", "fix_data"),
        ("999", "aut", "query_then_decide"),
        ("1115", "aut", "fix_software"),
        # Never seen: asked about, or left to a person; never a success, never retried.
        ("199", "aut", "query_then_decide"),
        ("940", "aut", "fix_data"),
        ("1283", "aut", "fix_data"),
    ],
)
def test_decision(cStat, service, decision):
    assert decide(cStat, service) == decision


@pytest.mark.parametrize(
    ("cStat", "spent"),
    [("100", True), ("539", True), ("206", True), ("778", False), ("999", None), ("199", None), ("940", False)],
)
def test_number(cStat, spent):
    assert consumes_number(cStat) is spent


def test_row_for_people():
    row = cstat_row("656")
    assert row is not None
    assert row.message == "Consumo indevido"
    assert row.action == "Pare as chamadas deste CNPJ e serviço por uma hora e corrija o que repete a consulta."
    assert cstat_row("940") is None


CHAVE = "35261112345678000195550010000012341123456781"
DIGEST = "q0vNEjRWeJCrze8SNFZ4kKvN7xI="


@pytest.mark.parametrize(
    ("chave", "digVal", "proven"),
    [
        (CHAVE, DIGEST, True),
        (CHAVE, f" {DIGEST[:10]}\n{DIGEST[10:]} ", True),
        (CHAVE, None, False),
        (CHAVE, "", False),
        (CHAVE, "q0vNEjRWeJCrze8SNFZ4kKvN7xM=", False),
        (CHAVE, "AAAA", False),
        (CHAVE, "não é base64", False),
        (CHAVE[:-1] + "2", DIGEST, False),
    ],
)
def test_protocol_proves_the_same_key_and_digest_only(chave, digVal, proven):
    protocol = Protocol(chave, "100", "", "1" * 15, datetime(2026, 11, 22, tzinfo=UTC), digVal, "2", b"")
    assert proves(protocol, CHAVE, DIGEST) is proven


def test_two_broken_digests_prove_nothing():
    protocol = Protocol(CHAVE, "100", "", "1" * 15, datetime(2026, 11, 22, tzinfo=UTC), "x", "2", b"")
    assert not proves(protocol, CHAVE, "x")
