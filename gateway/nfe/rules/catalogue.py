"""All the checks: importing this module registers them."""

from gateway.nfe.rules import (
    ibs_cbs,
    ibs_cbs_amounts,
    ibs_cbs_credits,
    identification,
    items,
    nfce,
    parties,
    payment,
    qrcode,
    reform_totals,
    totals,
)
from gateway.nfe.rules.registry import CHECKS

__all__ = [
    "CHECKS",
    "ibs_cbs",
    "ibs_cbs_amounts",
    "ibs_cbs_credits",
    "identification",
    "items",
    "nfce",
    "parties",
    "payment",
    "qrcode",
    "reform_totals",
    "totals",
]
