"""The filter that feed and hook configurations share."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from gateway.sim.vtex.answers import ApiError, bad_request

TERM = re.compile(r"""\s*status\s*=\s*["']([\w-]+)["']\s*""")


class Filter(msgspec.Struct, kw_only=True):
    """`FromWorkflow` with `status[]`, or `FromOrders` with `expression`. No filter at all is every status of the workflow.

    Status names are not validated, as in the real service: a misspelt one is stored and never matches.
    """

    type: Literal["FromWorkflow", "FromOrders"] = "FromWorkflow"
    status: list[str] | None = None
    expression: str | None = None
    disableSingleFire: bool | None = None

    def check(self) -> None:
        """Raises 409 when fields of the two types are mixed, 400 when a needed one is missing."""
        if self.type == "FromWorkflow" and (self.expression is not None or self.disableSingleFire is not None):
            raise ApiError(409, "FromWorkflow does not take expression or disableSingleFire", code="OMS050")
        if self.type == "FromOrders":
            if self.status is not None:
                raise ApiError(409, "FromOrders does not take status", code="OMS050")
            if not self.expression:
                raise bad_request("FromOrders needs an expression")
            self._states_of_expression()

    @property
    def fires_once(self) -> bool:
        """Whether one order may notify only once."""
        return self.type == "FromOrders" and not self.disableSingleFire

    def matches(self, state: str) -> bool:
        """Whether an event with this state passes."""
        if self.type == "FromOrders":
            return state in self._states_of_expression()
        return not self.status or state in self.status

    def _states_of_expression(self) -> set[str]:
        """Of JSONata only `status = "x" or status = "y"` is understood; anything else is refused rather than silently never
        matched.
        """
        found = [TERM.fullmatch(term) for term in (self.expression or "").split(" or ")]
        states = {match[1] for match in found if match is not None}
        if len(states) < len(set(found)):
            raise bad_request('this simulator only evaluates expressions like: status = "a" or status = "b"')
        return states
