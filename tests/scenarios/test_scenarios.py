"""Every story, told once over the whole system: the gateway's process, SEFAZ's simulator and a clock that does not wait."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Tell
from tests.scenarios.story import names, read


def told(name: str) -> object:
    waits_for = read(name).waits_for
    return pytest.param(name, marks=pytest.mark.skip(reason=waits_for)) if waits_for else name


@pytest.mark.parametrize("name", [told(name) for name in names()])
async def test_it_ends_as_it_must(name: str, tell: Tell) -> None:
    await tell(name)
