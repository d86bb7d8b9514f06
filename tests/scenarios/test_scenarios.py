"""Every story, told once over the whole system: the gateway's process, SEFAZ's simulator and a clock that does not wait."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Tell
from tests.scenarios.story import names


@pytest.mark.parametrize("name", names())
async def test_it_ends_as_it_must(name: str, tell: Tell) -> None:
    await tell(name)
