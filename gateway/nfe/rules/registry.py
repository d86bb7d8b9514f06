"""Checks by the code of their row: `@check("R-UB13-20")` over a pure function of a `Reading` that yields each place it is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gateway.nfe.rules.reading import Found, Reading

Check = Callable[[Reading], Found]
_CHECKS: dict[str, Check] = {}
CHECKS: Mapping[str, Check] = MappingProxyType(_CHECKS)
"""Every check of the modules that were imported; `gateway.nfe.rules.catalogue` imports them all."""


def check(code: str) -> Callable[[Check], Check]:
    """Register the check of a row. Raises ValueError for a second one of the same code."""

    def register(function: Check) -> Check:
        if code in _CHECKS:
            raise ValueError(f"duas verificações da regra {code}")
        _CHECKS[code] = function
        return function

    return register
