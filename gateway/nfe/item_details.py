"""What an item tells beside its product when the law asks more of its kind: batches, vehicles, medicines, weapons, fuels."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.nfe.amounts import has_places, optional_text
from gateway.nfe.findings import Findings
from gateway.nfe.layout.item import Prod, Rastro
from gateway.nfe.layout.special_goods import Arma, Comb, Med, VeicProd


class Batch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch (rastro) of which `quantity`, up to three decimals, is sold."""

    number: Annotated[str, Meta(min_length=1, max_length=20)]
    quantity: Decimal
    made: date
    expires: date


class ItemDetails(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """batches: traceability (group I80). The others are the layout's own groups, by their official tags."""

    batches: Annotated[tuple[Batch, ...], Meta(max_length=500)] = ()
    order_item: Annotated[str, Meta(pattern=r"^([0-9]{1,6})?$")] = ""
    veicProd: VeicProd | None = None
    med: Med | None = None
    arma: Annotated[tuple[Arma, ...], Meta(max_length=500)] = ()
    comb: Comb | None = None
    nRECOPI: Annotated[str, Meta(pattern=r"^[0-9]{20}$")] | None = None


_LARGEST_BATCH = Decimal(10) ** 8


def detailed(prod: Prod, given: ItemDetails, path: str, mod: str, findings: Findings) -> Prod:
    """The product with what the item tells of it. A NFC-e sells no new vehicle nor weapon, nor paper immune by RECOPI."""
    rastro = []
    for i, batch in enumerate(given.batches):
        where = f"{path}.batches[{i}]"
        if not batch.quantity.is_finite() or not 0 < batch.quantity < _LARGEST_BATCH or not has_places(batch.quantity, 3):
            findings.add("NFE-DETAIL-01", f"{where}.quantity", value=batch.quantity)
            continue
        if batch.expires < batch.made:
            made, expires = f"{batch.made:%d/%m/%Y}", f"{batch.expires:%d/%m/%Y}"
            findings.add("NFE-DETAIL-02", f"{where}.expires", made=made, expires=expires)
        number = optional_text(batch.number, 20) or "-"
        rastro.append(Rastro(nLote=number, qLote=batch.quantity, dFab=batch.made.isoformat(), dVal=batch.expires.isoformat()))
    kinds = (given.veicProd, given.med, given.arma or None, given.comb, given.nRECOPI)
    if sum(kind is not None for kind in kinds) > 1:
        findings.add("NFE-DETAIL-03", path)
    if mod == "65":
        if given.veicProd is not None:
            findings.add("NFCE-DETAIL-01", f"{path}.veicProd")
        if given.arma:
            findings.add("NFCE-DETAIL-02", f"{path}.arma")
        if given.nRECOPI is not None:
            findings.add("NFCE-DETAIL-03", f"{path}.nRECOPI")
    return msgspec.structs.replace(
        prod,
        rastro=tuple(rastro),
        nItemPed=given.order_item or None,
        veicProd=given.veicProd,
        med=given.med,
        arma=given.arma,
        comb=given.comb,
        nRECOPI=given.nRECOPI,
    )
