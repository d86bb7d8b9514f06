"""What can still be known of a body that cannot be read whole: it is tried without the fields that have faults."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from gateway.api.decode import MAX_FAULTS, decode
from gateway.core.errors import GatewayError, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.rules.consequences import Known

T = TypeVar("T")

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


async def decode_or_tell_all(body: bytes, type_: type[T], tried: Callable[[T], Awaitable[object]]) -> T:
    """`body` as `type_`. Raises as `decode`, and then also tells what `tried` finds in the rest of it: see `whole`."""
    try:
        return decode(body, type_)
    except ValidationFailed as refused:
        raise ValidationFailed(await whole(body, type_, refused.faults, tried)) from refused


async def whole(body: bytes, type_: type[T], faults: Sequence[Fault], tried: Callable[[T], Awaitable[object]]) -> Sequence[Fault]:
    """The `faults` of reading `body`, and those that `tried` finds in the rest of it, less what only follows from the first.

    `tried` checks a value and stores nothing; what else it raises is left out: the body is refused in any case, by what is sure.
    """
    rest = _without(body, type_, faults)
    if rest is None:
        return faults
    try:
        await tried(rest)
    except ValidationFailed as more:
        known = Known(faults)
        return [*faults, *(fault for fault in more.faults if known.allows(fault.path))][:MAX_FAULTS]
    except GatewayError:
        return faults
    return faults


def _without(body: bytes, type_: type[T], faults: Sequence[Fault]) -> T | None:
    """The body without what the faults point at; None when that is no whole body either."""
    try:
        raw = msgspec.json.decode(body)
        for fault in faults:
            steps = [name or int(index) for name, index in _STEP.findall(fault.path)]
            if not steps or _STEP.sub("", fault.path) != "$" or not _removed(raw, steps):
                return None
        return decode(msgspec.json.encode(raw), type_)
    except (ValidationFailed, msgspec.MsgspecError, RecursionError):
        return None  # also a body nested too deep, which is told as such


def _removed(value: Any, steps: Sequence[str | int]) -> bool:
    """Whether the field was there to be taken away; elements of a list stay, for the others are counted by them."""
    *groups, last = steps
    for step in groups:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return False
    return isinstance(value, dict) and isinstance(last, str) and value.pop(last, _GONE) is not _GONE


_GONE = object()
