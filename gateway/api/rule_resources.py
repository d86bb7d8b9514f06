"""What the API answers about rules."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

ModeName = Literal["refuse", "warn", "shadow", "off", "sefaz"]


class Replayed(Struct, frozen=True, kw_only=True):
    """The last replay over stored authorised notes.

    evaluated: notes the rule counts for; false_alarms: of those, how many it would have stopped (`examples`: their chaves).
    controlled, fired: notes spoilt on purpose, and how many it caught; both 0 when the rule has no control.
    outdated: the rule has changed since, and only a new replay can promote it.
    """

    finished_at: datetime
    evaluated: int
    false_alarms: int
    controlled: int
    fired: int
    examples: tuple[str, ...]
    outdated: bool


class RuleInEnvironment(Struct, frozen=True, kw_only=True):
    """A rule in one environment: 1 produção, 2 homologação. Counts are of predictions against SEFAZ's answers.

    since null: not in force there. changed_by, reason: of the operator who put it in this mode; forced: against the numbers.
    """

    environment: Literal[1, 2]
    mode: ModeName
    mode_label: Annotated[str, Meta(description="pt-BR")]
    since: date | None
    changed_at: datetime | None
    changed_by: str | None
    reason: str | None
    forced: bool
    hits: int
    misses: int
    false_alarms: int
    undetermined: int
    replay: Replayed | None


class RuleSummary(Struct, frozen=True, kw_only=True):
    """A rule. rule: its id in the manual or note; cStat: the refusals it avoids; default_mode: its own, without an operator."""

    code: str
    rule: str
    cStat: str
    models: tuple[str, ...]
    default_mode: ModeName
    mandatory: bool
    certainty: str
    source: str
    until: date | None
    has_control: bool
    environments: tuple[RuleInEnvironment, ...]


class RuleExample(Struct, frozen=True, kw_only=True):
    """A note that the rule fired on, or should have; outcome null: SEFAZ has not answered yet. answer: its cStat."""

    environment: Literal[1, 2]
    ref: str
    chave_acesso: str | None
    path: str
    mode: str
    at: datetime
    outcome: Literal["hit", "false_alarm", "undetermined", "miss"] | None
    answer: str | None
    url: str


class RuleDetail(RuleSummary, frozen=True, kw_only=True):
    """A rule with the last notes that counted, of the branches that the key covers."""

    examples: tuple[RuleExample, ...]


class Rules(Struct, frozen=True, kw_only=True):
    """All of them."""

    items: tuple[RuleSummary, ...]


class ModeChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put a rule in a mode; `default` is its own. force: although the numbers do not allow it; the reason is kept."""

    environment: Literal[1, 2]
    mode: Literal["refuse", "warn", "shadow", "off", "default"]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    force: bool = False
