"""Credit and debit notes made of items: only IBS, CBS and IS, to be transferred, adjusted, reversed or paid in advance. Pure.

Source: NT 2025.002-RTC v1.52, B25-80 (1001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from gateway.nfe.layout.item import Det, Imposto
from gateway.nfe.operations import Operation
from gateway.nfe.raw_totals import item_value


def worked(operation: Operation) -> Operation:
    """The operation as the tax engine works it out: where the older taxes are not said, as if nothing of them were due."""
    if not operation.reform_only:
        return operation
    return replace(operation, icms="fixed", cst="41", csosn="400", pis_cofins_cst="08", ipi_cst="")


def reformed(details: Sequence[Det]) -> tuple[Det, ...]:
    """The items with IBS, CBS and IS alone."""
    items: list[Det] = []
    for det in details:
        bare = msgspec.structs.replace(det, imposto=Imposto(IS=det.imposto.IS, IBSCBS=det.imposto.IBSCBS))
        items.append(msgspec.structs.replace(bare, vItem=item_value(bare)))
    return tuple(items)
