"""What a route promises, said beside it: `@operation(...)` feeds both the access check and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.api.problems import Handler
from gateway.store.access import Scope

H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query or header parameter. `schema` is JSON Schema."""

    name: str
    description: str
    where: str = "query"
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. `scope` None means no credential. `responses`: status -> struct, media type, or None for no body."""

    summary: str
    tag: str
    scope: Scope | None
    request: Any = None
    request_media: str = "application/json"
    request_required: bool = True
    responses: dict[int, Any] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    description: str = ""


_OPERATIONS: dict[Any, Operation] = {}


def operation(summary: str, *, tag: str, scope: Scope | None, **details: Any) -> Callable[[H], H]:
    """Declare the handler's promises. The docstring of the handler becomes the description."""

    def declare(handler: H) -> H:
        text = " ".join((handler.__doc__ or "").split())
        _OPERATIONS[handler] = Operation(summary=summary, tag=tag, scope=scope, description=text, **details)
        return handler

    return declare


def operation_of(handler: Any) -> Operation | None:
    """What was declared of this handler."""
    return _OPERATIONS.get(handler)


CURSOR = Parameter("cursor", "`next` of the previous page")
LIMIT = Parameter("limit", "Rows a page, at most 200", schema={"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
PREFER = Parameter("Prefer", "`wait=n`: wait up to n seconds for the final state", where="header")
