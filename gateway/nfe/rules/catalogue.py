"""All the checks: importing this module registers them."""

from gateway.nfe.rules import (
    goods,
    ibs_cbs,
    ibs_cbs_amounts,
    ibs_cbs_credits,
    identification,
    items,
    nfce,
    parties,
    payment,
    qrcode,
    references,
    reform_totals,
    third_parties,
    totals,
)
from gateway.nfe.rules.registry import CHECKS

__all__ = [
    "CHECKS",
    "goods",
    "ibs_cbs",
    "ibs_cbs_amounts",
    "ibs_cbs_credits",
    "identification",
    "items",
    "nfce",
    "parties",
    "payment",
    "qrcode",
    "references",
    "reform_totals",
    "third_parties",
    "totals",
]
