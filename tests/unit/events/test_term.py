"""Deadlines of cancellation by state and model: exact instants, and what is said on each side of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.nfe.events.table import event_kind, event_kinds
from gateway.nfe.events.term import Standing, Term, term
from gateway.nfe.municipios import uf_code

SP = ZoneInfo("America/Sao_Paulo")
AUTHORIZED = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # 10:00 in São Paulo


def after(hours: float, uf: str = "SP", model: str = "55", kind: str = "110111") -> Term:
    found = term(event_kind(kind), model, uf, AUTHORIZED, AUTHORIZED + timedelta(hours=hours), SP)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("uf", "model", "hours", "standing"),
    [
        ("PE", "55", 24.0, "inside"),  # the national row: to the second inside
        ("PE", "55", 24.001, "late"),
        ("RS", "55", 100.0, "inside"),  # 7 days = 168 h
        ("RS", "55", 168.0, "inside"),
        ("RS", "55", 168.001, "late"),
        ("MT", "55", 2.5, "late"),
        ("SP", "55", 479.0, "late"),
        ("SP", "55", 481.0, "late"),
        ("SP", "65", 0.5, "inside"),
        ("SP", "65", 0.51, "past"),  # the national row of the NFC-e
        ("RJ", "65", 0.51, "late"),
        ("AM", "65", 2200.0, "late"),
    ],
)
def test_the_row_of_the_state_counts_over_the_national_one(uf: str, model: str, hours: float, standing: Standing) -> None:
    assert after(hours, uf, model).standing == standing


def test_inside_it_says_until_when_in_the_zone_of_the_branch() -> None:
    found = after(1)
    assert found.until.isoformat() == "2026-11-21T10:00:00-03:00"  # 20/11 10:00 + 24 h
    assert found.text == "Cancelamento: pode ser pedido até 21/11/2026 às 10:00 (24 h da autorização)."


def test_late_it_says_what_the_state_takes_and_asks_for() -> None:
    found = after(30)
    assert found.late_until is not None
    assert found.late_until.isoformat() == "2026-12-10T10:00:00-03:00"  # 480 h = 20 days
    assert "a SEFAZ de SP pode aceitar até 10/12/2026 às 10:00 (155) ou recusar (501)" in found.text
    assert "multa" in found.text
    assert "também terminou, em 10/12/2026 às 10:00: espere uma recusa (501)" in after(481).text
    assert "autorização prévia da Inspetoria Fazendária" in after(30, "BA").text
    assert after(30, "PE").late_until is None


def test_a_row_counts_only_from_its_day_on() -> None:
    kind = event_kind("110111")
    before = datetime(2015, 7, 20, 12, tzinfo=UTC)
    found = term(kind, "55", "RS", before, before + timedelta(hours=1), SP)
    assert found is not None
    assert found.until - before == timedelta(hours=24)  # the 7 days of RS began on 28/07/2015


def test_every_row_of_a_state_has_a_source_a_certainty_and_a_sentence() -> None:
    for kind in event_kinds().values():
        for row in kind.deadlines:
            assert row.certainty in "CMU", row
            assert row.source, row
            if row.uf is not None:
                assert uf_code(row.uf) is not None, row
                assert row.late_told.endswith("."), row
            if row.late_within is not None:
                assert row.after == "late", row
                assert row.late_within > row.within, row
