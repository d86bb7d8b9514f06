"""The same stories with the gateway's process killed at one point of its path: once it is up again they end the same.

CI kills a few stories once each; `SCENARIO_KILLS=all` kills every one at each of its points, `SCENARIO_KILLS=3` at three of each,
and `SCENARIO_SEED` draws others.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.scenarios.conftest import Tell
from tests.scenarios.judge import ASK, SEND
from tests.scenarios.play import points
from tests.scenarios.story import names, read

KILLS = os.environ.get("SCENARIO_KILLS", "0")
SEED = os.environ.get("SCENARIO_SEED", "1")
SAMPLE = 10
"""Stories that are killed once each when nothing else is asked for."""


def drawn() -> list[str]:
    every = names()
    return every if KILLS != "0" else sorted(random.Random(SEED).sample(every, min(SAMPLE, len(every))))  # noqa: S311


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", drawn())
async def test_killed_on_its_path_it_ends_the_same(name: str, tell: Tell) -> None:
    path = points((await tell(name)).trace, read(name).killed_from)
    if KILLS != "all":
        path = random.Random(f"{SEED}{name}").sample(path, min(int(KILLS) or 1, len(path)))  # noqa: S311
    for point in path:
        print(f"{name}: morre em {point[0]} #{point[1]} (SCENARIO_SEED={SEED})")  # noqa: T201 shown when it fails
        told = await tell(name, point)
        assert told.deaths or point not in points(told.trace)


@pytest.mark.chaos
async def test_the_process_dies_where_it_was_told_and_lives_again(tell: Tell) -> None:
    told = await tell("resposta_perdida", ("send authorize before", 1))
    assert told.deaths == 1
    # It died before the first send: SEFAZ saw two questions (217) and then the note once, whose answer it dropped.
    seen = [(row.service, row.cStat) for row in told.sim.ledger]
    assert seen == [(ASK, "217"), (ASK, "217"), (SEND, "100"), (ASK, "100")]
