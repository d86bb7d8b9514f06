"""The taxes inside a price, told to final consumers (Lei 12.741/2012, Decreto 8.264/2014): vTotTrib and a sentence in infCpl."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from gateway.core.money import NOTHING, to_cents
from gateway.nfe.amounts import percent
from gateway.nfe.approximate_rates import Rates, taxes_of
from gateway.nfe.findings import Findings
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.total import Total
from gateway.nfe.lines import Line

_SPHERES = ("federal", "state", "municipal")


def approximate(
    details: tuple[Det, ...], sold: Sequence[Line], total: Total, table: Rates, findings: Findings
) -> tuple[tuple[Det, ...], Total, str]:
    """The items and the total with vTotTrib (685: the total is the sum of the items), and the sentence that splits it.

    A line's taxes are its amount (vProd - vDesc + vFrete + vOutro) times its product's rates, or those of the `table` of its
    state, each sphere rounded by itself. A product without rates says nothing; with none at all everything is given back as it
    came, and no sentence.
    """
    told: list[Det] = []
    sums = dict.fromkeys(_SPHERES, NOTHING)
    sources: dict[str, None] = {}
    known = False
    for det, line in zip(details, sold, strict=True):
        rates = taxes_of(line.product, table)
        if rates is None:
            told.append(det)
            continue
        wrong = next((value for sphere in _SPHERES if not percent(value := getattr(rates, sphere))), None)
        if wrong is not None:
            findings.add("NFE-PRODUCT-15", line.path, sku=line.product.sku, value=wrong)
            told.append(det)
            continue
        known = True
        parts = {sphere: to_cents(line.amount * getattr(rates, sphere).scaleb(-2)) for sphere in _SPHERES}
        for sphere, part in parts.items():
            sums[sphere] += part
        sources[rates.source] = None
        imposto = msgspec.structs.replace(det.imposto, vTotTrib=sum(parts.values(), NOTHING))
        told.append(msgspec.structs.replace(det, imposto=imposto))
    if not known:
        return details, total, ""
    whole = msgspec.structs.replace(total.ICMSTot, vTotTrib=sum(sums.values(), NOTHING))
    names = " e ".join(source for source in sources if source)
    text = (
        f"Trib aprox R$: {_written(sums['federal'])} Federal, {_written(sums['state'])} Estadual e"
        f" {_written(sums['municipal'])} Municipal.{f' Fonte: {names}.' if names else ''}"
    )
    return tuple(told), msgspec.structs.replace(total, ICMSTot=whole), text


def _written(value: Decimal) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
