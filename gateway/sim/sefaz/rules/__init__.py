"""Validation rules of the authoriser, one file a subject, in the order in which it runs them.

Each rule set is a generator of refusals; the first one found is the answer, as SEFAZ gives one reason at a time. The
arithmetic is written from the MOC with Decimal and shares nothing with whatever built the note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules import identification, items, nfce, parties, payment, reform, totals
from gateway.sim.sefaz.rules.conditions import Conditions

_RuleSet = Callable[[Note, Conditions], Iterator[Refusal]]

_ORDER: tuple[_RuleSet, ...] = (
    identification.rules,
    nfce.rules,
    parties.rules,
    items.rules,
    reform.item_rules,
    totals.rules,
    reform.total_rules,
    payment.rules,
)


def first_refusal(note: Note, conditions: Conditions) -> Refusal | None:
    """The reason to refuse the note's content, or None."""
    for rule_set in _ORDER:
        refusal = next(rule_set(note, conditions), None)
        if refusal is not None:
            return refusal
    return None


__all__ = ["Conditions", "first_refusal"]
