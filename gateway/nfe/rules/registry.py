"""Checks by the code of their row: `@check("R-UB13-20")` over a pure function of a `Reading` that yields each broken place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.nfe.rules.reading import Found, Reading, Trait

Check = Callable[[Reading], Found]


@dataclass(frozen=True, slots=True)
class Registered:
    """A check, and what a document must have for it to be worth running: None runs always."""

    run: Check
    when: Trait | None


_CHECKS: dict[str, Registered] = {}
CHECKS: Mapping[str, Registered] = MappingProxyType(_CHECKS)
"""Every check of the modules that were imported; `gateway.nfe.rules.catalogue` imports them all."""


def check(code: str, when: Trait | None = None) -> Callable[[Check], Check]:
    """Register the check of a row. Raises ValueError for a second one of the same code."""

    def register(function: Check) -> Check:
        if code in _CHECKS:
            raise ValueError(f"duas verificações da regra {code}")
        _CHECKS[code] = Registered(function, when)
        return function

    return register
