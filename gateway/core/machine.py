"""State machines as tables: a frozen tuple of rows, stepped by one small engine.

A missing row is `TransitionRefused`; a guard that says no is `TransitionRefused` with its sentence. Effects are names of
jobs: data that the shell writes in the same transaction as the new state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.core.errors import TransitionRefused

Guard = Callable[[Any], str | None]
"""Answers None when the step is allowed, or the pt-BR sentence of the rule that refuses it."""


@dataclass(frozen=True, slots=True)
class Row:
    """In `state`, `event` leads to `next`, asking for `effects`, if `guard` has no objection."""

    state: str
    event: str
    next: str
    effects: tuple[str, ...] = ()
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a step decided: nothing has happened yet."""

    state: str
    event: str
    next: str
    effects: tuple[str, ...]


@dataclass(frozen=True)
class Machine:
    """A named, versioned table. `labels` gives the pt-BR name of each state."""

    name: str
    version: int
    initial: str
    rows: tuple[Row, ...]
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: set[tuple[str, str]] = set()
        for row in self.rows:
            key = (row.state, row.event)
            if key in seen and row.guard is None:
                raise ValueError(f"{self.name}: linha repetida {key}")
            seen.add(key)

    def step(self, state: str, event: str, subject: Any = None) -> Step:
        """The one row for (state, event) whose guard agrees. Raises TransitionRefused; never changes anything."""
        objections: list[str] = []
        for row in self.rows:
            if row.state != state or row.event != event:
                continue
            objection = row.guard(subject) if row.guard is not None else None
            if objection is None:
                return Step(state, event, row.next, row.effects)
            objections.append(objection)
        if objections:
            raise TransitionRefused(objections[0])
        label = self.labels.get(state, state)
        raise TransitionRefused(
            f"'{event}' não é possível em '{label}'.",
            fix=f"Passos possíveis agora: {', '.join(self.events(state)) or 'nenhum'}.",
        )

    def events(self, state: str) -> tuple[str, ...]:
        """Events that have a row in `state`, in table order."""
        return tuple(dict.fromkeys(row.event for row in self.rows if row.state == state))

    def states(self) -> tuple[str, ...]:
        """Every state of the table, initial first."""
        names: Iterable[str] = (name for row in self.rows for name in (row.state, row.next))
        return tuple(dict.fromkeys([self.initial, *names]))

    def diagram(self) -> str:
        """The table as a Mermaid state diagram, for the docs."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {row.state} --> {row.next}: {row.event}" for row in self.rows]
        return "\n".join(lines)
