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
    """The body less what the faults point at, or less the group that has to have it; None when that is no whole body either.

    A number that is none becomes 1: what depends on it is not told anyway, and its item or payment is still looked at.
    """
    try:
        raw = msgspec.json.decode(body)
        for _ in range(_ROUNDS):
            if not all(_mended(raw, fault) for fault in faults):
                return None
            try:
                return decode(msgspec.json.encode(raw), type_)
            except ValidationFailed as more:
                faults = more.faults
    except (msgspec.MsgspecError, RecursionError):
        return None  # a body nested too deep, which is told as such
    return None


_ROUNDS = 3
"""A field that is taken away may have been required, and its group too."""
_NUMBER = "GW-NUMBER"
_OPERATION = "$.operation"
"""Without it the sale would be another one."""


def _mended(raw: Any, fault: Fault) -> bool:
    """Whether the field was replaced or taken away, with its group when it is one that is missing there.

    Elements of a list stay: the others are counted by them.
    """
    steps = [name or int(index) for name, index in _STEP.findall(fault.path)]
    if not steps or _STEP.sub("", fault.path) != "$" or fault.path == _OPERATION:
        return False
    groups: list[tuple[dict[str, Any], str]] = []
    value = raw
    for depth, step in enumerate(steps, 1):
        if isinstance(value, dict) and isinstance(step, str):
            if step not in value:
                return depth < len(steps) or _gone(groups)  # a group that went before took the field along
            groups.append((value, step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            groups.clear()
        else:
            return False
        value = value[step]
    if groups and fault.code == _NUMBER:
        holder, name = groups[-1]
        holder[name] = 1
        return True
    return _gone(groups)


def _gone(groups: Sequence[tuple[dict[str, Any], str]]) -> bool:
    if not groups:
        return False
    holder, name = groups[-1]
    del holder[name]
    return True
