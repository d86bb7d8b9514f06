"""A house set up once (database, key, branch, certificate) and copied for each telling, a nursery of processes, and a SEFAZ."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.setup_commands import initialise
from gateway.sim.pki import TestPki
from gateway.sim.sefaz import SefazSimulator
from tests.scenarios.judge import judge
from tests.scenarios.life import Hours, Nursery
from tests.scenarios.play import NEVER, Play
from tests.scenarios.story import read

Tell = Callable[..., Awaitable[Play]]


@dataclass(frozen=True)
class House:
    """A data directory that nothing has open, the test PKI of its certificate, and an API key."""

    data: Path
    pki: TestPki
    token: str


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("casa")
    with contextlib.chdir(folder):
        made = asyncio.run(initialise(Settings(data_dir=str(folder / "dados")), user="admin", test_branch=True))
    pki = folder / "pki"
    (folder / "dados" / "pki").rename(pki)
    return House(folder / "dados", TestPki(pki), made["api_key"])


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


@asynccontextmanager
async def _sefaz(house: House, hours: Hours) -> AsyncIterator[SefazSimulator]:
    async with SefazSimulator(pki=house.pki, clock=hours.now) as running:
        running.set_state(faces_apart=True)
        yield running


@pytest.fixture
def tell(house: House, nursery: Nursery, tmp_path: Path) -> Tell:
    """Tell a story by name, killed at a point if one is given, and judge how it ended. Answers the telling."""
    tellings = iter(range(1_000_000))

    async def telling(name: str, fatal: tuple[str, int] = NEVER) -> Play:
        folder = tmp_path / f"{next(tellings)}"
        await asyncio.to_thread(folder.mkdir)
        hours = Hours(folder / "relogio")
        async with _sefaz(house, hours) as sim:
            play = Play(read(name), folder, house=house.data, token=house.token, sim=sim, nursery=nursery, hours=hours)
            await play.tell(fatal)
            judge(play, killed=fatal != NEVER)
        return play

    return telling
