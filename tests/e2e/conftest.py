"""The whole gateway against the simulators on loopback, on each database in turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.sim.pki import TestPki
from gateway.stage import Stage


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a test PKI made once: keys take a second each."""
    directory = tmp_path_factory.mktemp("authority")
    TestPki(directory / "pki")
    return directory


@pytest.fixture
async def stage(db_url: str, tmp_path: Path, authority: Path) -> AsyncIterator[Stage]:
    """A gateway and its simulators, set up for one branch and one VTEX account."""
    await asyncio.to_thread((tmp_path / "stage").mkdir)
    (tmp_path / "stage" / "pki").symlink_to(authority / "pki", target_is_directory=True)
    opened = Stage(tmp_path / "stage", database_url=db_url)
    await opened.open()
    yield opened
    await opened.close()
