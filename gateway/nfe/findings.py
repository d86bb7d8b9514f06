"""Faults of one document, gathered: every broken rule is told at once. The texts are rows of `schemas/fiscal/rules*.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.tables import table


@dataclass(frozen=True, slots=True)
class Rule:
    """One local rule. `message` and `fix` are pt-BR with `{names}` to fill; `cStat` is the refusal it saves."""

    code: str
    message: str
    fix: str
    source: str
    cStat: str


_TABLES = ("rules", "rules_nfce", "rules_commerce", "rules_taxes", "rules_returns", "rules_reform")
"""Files of `schemas/fiscal` with rules of the business body."""


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """Every rule by its code."""
    rows = {code: row for name in _TABLES for code, row in table(name).items()}
    return {code: Rule(code, row["message"], row["fix"], row["source"], row.get("cStat", "")) for code, row in rows.items()}


class Whole(str):
    """A text of ours inside a sentence: quoted whole, however long."""

    __slots__ = ()


def shown(value: object) -> str:
    """A caller's value as quoted in a sentence: short (a chave fits whole), and numbers as people write them."""
    if isinstance(value, Whole):
        return str(value)
    text = f"{value:f}" if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 20 else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class Findings:
    """Collects faults while a document is checked; `raise_any` at the end."""

    __slots__ = ("faults",)

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, code: str, path: str, /, **facts: object) -> None:
        """Record that the rule `code` is broken at `path`. Facts fill the sentences."""
        rule = rules()[code]
        texts = {name: shown(value) for name, value in facts.items()}
        self.faults.append(
            Fault(code=code, path=path, message=rule.message.format(**texts), fix=rule.fix.format(**texts), source=rule.source)
        )

    def raise_any(self) -> None:
        """Raises ValidationFailed with all of them, if any."""
        if self.faults:
            raise ValidationFailed(self.faults)
