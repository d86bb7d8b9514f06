"""A fault: one rule that one field breaks, said so that a person can mend it."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One broken rule.

    code: stable, e.g. `NFE-ITEM-07`. path: JSON path of the caller's body, e.g. `$.items[0].quantity`.
    message: pt-BR sentence. fix: what to do, pt-BR. source: MOC rule, NT, Ajuste or page the rule comes from.
    """

    code: str
    path: str
    message: str
    fix: str = ""
    source: str = ""
