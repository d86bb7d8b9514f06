"""The cadastro is asked once a day per taxpayer, so often an hour per branch, and not at all while SEFAZ wants a pause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from gateway.core.errors import NotFound, Throttled
from gateway.jobs.taxpayers import TaxpayerLookup
from gateway.nfe.event_answers import Registration, Taxpayer
from gateway.store.received_tables import taxpayer_answers, taxpayer_questions
from gateway.store.taxpayers import AN_HOUR
from tests.contract.received.conftest import THEM, US, House, NoCertificates

FOUND = Taxpayer("111", "ok", (Registration("110042490114", THEM, "SP", True, True, "FORNECEDOR", None, date(2015, 3, 1)),))


@dataclass
class State:
    answer: Taxpayer = FOUND
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def taxpayer(self, _target: Any, uf: str, document: str) -> Taxpayer:
        self.asked.append((uf, document))
        return self.answer


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def lookup(house: House, state: State) -> TaxpayerLookup:
    return TaxpayerLookup(house.db, house.clock, state, NoCertificates())  # type: ignore[arg-type]


async def test_an_answer_is_kept_for_a_day(house: House, lookup: TaxpayerLookup, state: State) -> None:
    asked_at = house.clock.epoch_ms()
    assert await lookup(US, "SP", THEM) == (FOUND, asked_at)
    house.clock.go(hours=23)
    assert await lookup(US, "SP", THEM) == (FOUND, asked_at)
    assert state.asked == [("SP", THEM)]
    house.clock.go(hours=1)
    assert await lookup(US, "SP", THEM) == (FOUND, house.clock.epoch_ms())
    assert len(state.asked) == 2


async def test_a_refusal_of_the_question_is_not_kept(lookup: TaxpayerLookup, state: State, count: Any) -> None:
    state.answer = Taxpayer("257", "Solicitante nao habilitado", ())

    await lookup(US, "SP", THEM)
    await lookup(US, "SP", THEM)

    assert len(state.asked) == 2
    assert await count(taxpayer_answers) == 0


async def test_a_branch_asks_so_often_an_hour(house: House, lookup: TaxpayerLookup, state: State, count: Any) -> None:
    state.answer = Taxpayer("257", "Solicitante nao habilitado", ())
    for _ in range(AN_HOUR):
        await lookup(US, "SP", THEM)
    house.clock.go(minutes=50)

    with pytest.raises(Throttled) as error:
        await lookup(US, "SP", THEM)

    assert error.value.after == 600.0  # the oldest question leaves the hour in ten minutes
    assert len(state.asked) == AN_HOUR
    house.clock.go(minutes=10)
    await lookup(US, "SP", THEM)
    assert len(state.asked) == AN_HOUR + 1
    assert await count(taxpayer_questions) == 1


async def test_after_a_656_nobody_asks(lookup: TaxpayerLookup, state: State, count: Any) -> None:
    state.answer = Taxpayer("656", "Consumo indevido", ())
    with pytest.raises(Throttled):
        await lookup(US, "SP", THEM)
    state.answer = FOUND

    with pytest.raises(Throttled) as error:
        await lookup(US, "SP", THEM)

    assert 3500 < error.value.after <= 3600
    assert len(state.asked) == 1
    assert await count(taxpayer_answers) == 0


async def test_an_unknown_branch_asks_nothing(lookup: TaxpayerLookup, state: State) -> None:
    with pytest.raises(NotFound):
        await lookup(THEM, "SP", THEM)
    assert state.asked == []
