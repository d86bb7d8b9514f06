"""Validation rules of the authoriser, one file a subject, in the order in which it runs them.

Each rule set is a generator of refusals; the first one in force is the answer, as SEFAZ gives one reason at a time. The
arithmetic is written from the MOC with Decimal and shares nothing with whatever built the note. A refusal names its rule, and
`tables/activation.toml` tells since when that rule refuses in each environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules import (
    billing,
    contributions,
    difal,
    icms,
    identification,
    nfce,
    parties,
    payment,
    places,
    products,
    qrcode,
    references,
    reform,
    reform_totals,
    registries,
    totals,
)
from gateway.sim.sefaz.rules.conditions import Conditions

_RuleSet = Callable[[Note, Conditions], Iterator[Refusal]]

_ORDER: tuple[_RuleSet, ...] = (
    identification.rules,
    nfce.rules,
    references.rules,
    parties.rules,
    places.rules,
    products.rules,
    icms.rules,
    difal.rules,
    contributions.rules,
    reform.rules,
    totals.rules,
    reform_totals.rules,
    billing.rules,
    payment.rules,
    qrcode.simplified,
    registries.rules,
)


def refusals(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Every reason in force to refuse the note's content, in SEFAZ's order."""
    dormant = tables.dormant(conditions.tpAmb, conditions.now.date())
    for rule_set in _ORDER:
        for refusal in rule_set(note, conditions):
            if refusal.rule not in dormant:
                yield refusal


def first_refusal(note: Note, conditions: Conditions) -> Refusal | None:
    """The reason to refuse the note's content, or None."""
    return next(refusals(note, conditions), None)


__all__ = ["Conditions", "first_refusal", "refusals"]
