"""The rules over a document, as the rest of the house uses them: one Protocol, so that who judges may be faked, or absent.

`DECLARED` is what the product runs with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Protocol

from gateway.nfe.layout.document import InfNFe, InfNFeSupl
from gateway.nfe.rules import Mode, judge, rows

MODES: tuple[Mode, ...] = ("off", "shadow", "warn", "refuse")
"""What an operator may choose, from the mildest; `sefaz` is a row that no document alone decides."""
JUDGED: frozenset[Mode] = frozenset({"shadow", "warn", "refuse"})
MODE_LABELS: dict[str, str] = {
    "refuse": "Recusa",
    "warn": "Avisa",
    "shadow": "Sombra",
    "off": "Desligada",
    "sefaz": "Só a SEFAZ",
}
BRASILIA = timezone(timedelta(hours=-3))


class Rule(Protocol):
    """A declared rule. cStat: the refusals it avoids, comma-separated; since: first day by `hom` and `prod`."""

    @property
    def code(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def cStat(self) -> str: ...
    @property
    def models(self) -> tuple[str, ...]: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def mandatory(self) -> bool: ...
    @property
    def source(self) -> str: ...
    @property
    def certainty(self) -> str: ...
    @property
    def since(self) -> Mapping[str, date]: ...
    @property
    def until(self) -> date | None: ...

    def active(self, model: str, environment: int, crt: str, day: date) -> bool: ...


class Finding(Protocol):
    """A rule that a document breaks, and where."""

    @property
    def code(self) -> str: ...
    @property
    def cStat(self) -> str: ...
    @property
    def path(self) -> str: ...


class Judgement(Protocol):
    """What was found, by what is done about it."""

    @property
    def refused(self) -> Sequence[Finding]: ...
    @property
    def warned(self) -> Sequence[Finding]: ...
    @property
    def shadow(self) -> Sequence[Finding]: ...


class Rulebook(Protocol):
    """Every rule, and their judgement of one document; pure. `modes`: the operator's, by code, over those of the rules."""

    def rules(self) -> Sequence[Rule]: ...

    def judge(
        self, inf: InfNFe, *, environment: int, at: datetime, modes: Mapping[str, Mode], supplement: InfNFeSupl | None = None
    ) -> Judgement: ...


@dataclass(frozen=True, slots=True)
class Quiet:
    """A judgement without findings."""

    refused: tuple[Finding, ...] = ()
    warned: tuple[Finding, ...] = ()
    shadow: tuple[Finding, ...] = ()


class NoRules:
    """A rulebook without rules: nothing is predicted and nothing is missed."""

    def rules(self) -> Sequence[Rule]:
        return ()

    def judge(
        self, inf: InfNFe, *, environment: int, at: datetime, modes: Mapping[str, Mode], supplement: InfNFeSupl | None = None
    ) -> Judgement:
        return Quiet()


class DeclaredRules:
    """The rules of `gateway.nfe.rules`."""

    def rules(self) -> Sequence[Rule]:
        return rows()

    def judge(
        self, inf: InfNFe, *, environment: int, at: datetime, modes: Mapping[str, Mode], supplement: InfNFeSupl | None = None
    ) -> Judgement:
        return judge(inf, environment=environment, at=at, modes=modes, supplement=supplement)


DECLARED: Rulebook = DeclaredRules()


def mode_of(rule: Rule, modes: Mapping[str, Mode]) -> Mode:
    """The mode a rule runs in: the operator's, or else its own. A rule that only SEFAZ can tell stays so."""
    return rule.mode if rule.mode == "sefaz" else modes.get(rule.code, rule.mode)


_DECIDES = ("rule", "cStat", "models", "mandatory", "since", "until", "crt", "facts")
"""What a row says of when and whom its rule stops; a better sentence is no other rule."""


def version_of(rule: Rule) -> str:
    """Sixteen hexadecimal characters of what the row of a rule decides: another when it counts for other notes, or otherwise."""
    text = "\n".join(f"{name}={_stable(getattr(rule, name, None))}" for name in _DECIDES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stable(value: object) -> str:
    """The same text for the same value, in whatever order it was written; nothing is as empty."""
    if isinstance(value, Mapping):
        return ",".join(sorted(f"{key}:{_stable(each)}" for key, each in value.items()))
    if isinstance(value, frozenset | set | tuple | list):
        return ";".join(sorted(map(_stable, value)))
    return "" if value is None else str(value)


def rule_named(book: Rulebook, code: str) -> Rule | None:
    """The rule of this code."""
    return next((rule for rule in book.rules() if rule.code == code), None)


def avoiding(
    book: Rulebook, cStat: str, modes: Mapping[str, Mode], *, model: str, environment: int, crt: str, at: datetime
) -> tuple[str, ...]:
    """Codes of the rules in use for such a document, on the day of `at` in Brasília, that say they avoid this refusal."""
    day = at.astimezone(BRASILIA).date()
    return tuple(
        rule.code
        for rule in book.rules()
        if cStat in rule.cStat.replace(" ", "").split(",")
        and mode_of(rule, modes) in JUDGED
        and rule.active(model, environment, crt, day)
    )
