"""IBS and CBS of a return: the original item's groups, by the share of it that comes back (LC 214/2025 art. 17)."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from gateway.core.money import CENT
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.layout.selective import Is
from gateway.nfe.reform.rounding import money

G = TypeVar("G", bound=Group)

_RATES = frozenset(
    {
        *("pIBSUF", "pIBSMun", "pCBS", "pDif", "pDevTrib", "pRedAliq", "pAliqEfet", "pCredPres", "pIS", "adRemIS"),
        *("pAliqEfetRegIBSUF", "pAliqEfetRegIBSMun", "pAliqEfetRegCBS", "pAliqIBSUF", "pAliqIBSMun", "pAliqCBS"),
        *("adRemIBS", "adRemCBS", "adRemIBSReten", "adRemCBSReten", "pAliqMonoUF", "pAliqMonoMun", "pAliqMonoCBS"),
        "pAliqMonoReten",
    }
)
_QUANTITIES = frozenset({"qBCMono", "qBCMonoReten", "qBCBioComb", "qTrib"})
_FOUR = Decimal("0.0001")


def mirror_ibs_cbs(original: IbsCbs, part: Decimal, whole: Decimal) -> IbsCbs:
    """The group of `part` out of `whole` of the original item (quantities or values, 0 < part <= whole).

    Codes and rates are the original's, whatever the tables say today; values and quantities go by the share, rounded half even,
    and vIBS is added up again from the rounded parts.
    Raises ValueError when the share is not one.
    """
    scaled = _scaled(original, _share(part, whole))
    values = scaled.gIBSCBS
    if values is not None:
        deducted = original.gIBSCBS.gIBSUF.vIBSUF + original.gIBSCBS.gIBSMun.vIBSMun - original.gIBSCBS.vIBS  # type: ignore[union-attr]
        vIBS = values.gIBSUF.vIBSUF + values.gIBSMun.vIBSMun - money(deducted * part / whole)
        scaled = msgspec.structs.replace(scaled, gIBSCBS=msgspec.structs.replace(values, vIBS=vIBS))
    return scaled


def mirror_is(original: Is, part: Decimal, whole: Decimal) -> Is:
    """Group IS of `part` out of `whole`, as `mirror_ibs_cbs`."""
    return _scaled(original, _share(part, whole))


def _share(part: Decimal, whole: Decimal) -> Decimal:
    if not 0 < part <= whole:
        raise ValueError("a parte devolvida precisa ser maior que zero e até o total do item")
    return part / whole


def _scaled(group: G, share: Decimal) -> G:
    changes: dict[str, object] = {}
    for name in group.__struct_fields__:
        value = getattr(group, name)
        if isinstance(value, Group):
            changes[name] = _scaled(value, share)
        elif isinstance(value, Decimal) and name in _QUANTITIES:
            changes[name] = Decimal((value * share).quantize(_FOUR))
        elif isinstance(value, Decimal) and name in _RATES:
            changes[name] = Decimal(value)
        elif isinstance(value, Decimal):
            changes[name] = money(value * share).quantize(CENT)
    return msgspec.structs.replace(group, **changes)
