"""What model 65 decides of its own: the policy of the state on a day, and the rules that only a NFC-e has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from gateway.nfe import tables
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.layout.delivery import Transp, Transporta
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.parties import Emit
from gateway.nfe.sale import Sale

MODEL = "65"
HOMOLOGACAO_ITEM = "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
"""xProd of the first item when tpAmb is 2 (373)."""

_ITEM_ORDER = 15
"""Characters of an item's xPed."""
_PRESENCES = frozenset({"presencial", "entrega"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a branch on a day. Amounts in reais; qr_version is `2` or `3`."""

    uf: str
    identify_above: Decimal
    maximum: Decimal
    cnpj_buyers: bool
    delivery: bool
    qr_version: str


@lru_cache(maxsize=256)
def _of_state(uf: str, day: date) -> Policy:
    def row(kind: str) -> tables.Row:
        alive = tables.rows_on("nfce", kind, day)
        own = [one for one in alive if one.get("uf") == uf]
        common = [one for one in alive if "uf" not in one]
        if not own and not common:
            raise LookupError(f"schemas/fiscal/nfce.toml não tem {kind} de {uf} em {day}")
        return (own or common)[0]

    return Policy(
        uf=uf,
        identify_above=Decimal(row("identify")["above"]),
        maximum=Decimal(row("maximum")["total"]),
        cnpj_buyers=row("cnpj")["policy"] == "allowed",
        delivery=row("delivery")["policy"] == "allowed",
        qr_version=row("qr")["version"],
    )


def policy(branch: Branch, uf: str, day: date) -> Policy:
    """The state's policy on `day`, with what the branch decides for itself. Raises LookupError before the tables begin."""
    own: dict[str, Any] = {
        "cnpj_buyers": branch.nfce.cnpj_buyers,
        "delivery": branch.nfce.delivery,
        "qr_version": branch.nfce.qr_version,
    }
    found = _of_state(uf, day)
    chosen = {name: value for name, value in own.items() if value is not None}
    if not chosen:
        return found
    return Policy(
        uf=uf,
        identify_above=found.identify_above,
        maximum=found.maximum,
        cnpj_buyers=chosen.get("cnpj_buyers", found.cnpj_buyers),
        delivery=chosen.get("delivery", found.delivery),
        qr_version=chosen.get("qr_version", found.qr_version),
    )


def check_sale(sale: Sale, policy: Policy, findings: Findings) -> None:
    """Presence and references, which do not depend on amounts."""
    if sale.presence not in _PRESENCES:
        findings.add("NFCE-SALE-01", "$.presence", presence=sale.presence)
    elif sale.presence == "entrega" and not policy.delivery:
        findings.add("NFCE-SALE-03", "$.presence", uf=policy.uf)
    if sale.references:
        findings.add("NFCE-SALE-02", "$.references")
    if sale.export is not None:
        findings.add("NFCE-EXPORT-01", "$.export")
    if sale.billing is not None:
        findings.add("NFCE-BILL-01", "$.billing")


def check_total(sale: Sale, total: Decimal, policy: Policy, findings: Findings) -> None:
    """Limits of vNF; a delivery without buyer is already told."""
    if total > policy.maximum:
        findings.add("NFCE-SALE-04", "$.items", total=total, limit=policy.maximum)
    elif total > policy.identify_above and sale.customer is None and sale.presence != "entrega":
        findings.add("NFCE-DEST-01", "$.customer", total=total, limit=policy.identify_above)


def carriage(sale: Sale, written: Transp, issuer: Emit, findings: Findings) -> Transp:
    """Group X of a NFC-e: nothing but modFrete 9 unless it is delivered, and then somebody carries it.

    A store that delivers by itself (`proprio_remetente`) is written as the carrier when none is named.
    """
    if written.veicTransp is not None or written.reboque or written.vagao or written.balsa:
        findings.add("NFCE-FREIGHT-04", "$.freight")
    if sale.presence == "entrega":
        if written.transporta is not None:
            return written
        if sale.freight.mode == "proprio_remetente":
            return msgspec.structs.replace(written, transporta=Transporta(CNPJ=issuer.CNPJ, xNome=issuer.xNome))
        findings.add("NFCE-FREIGHT-03", "$.freight")
        return written
    if sale.freight.mode != "sem_frete":
        findings.add("NFCE-FREIGHT-01", "$.freight.mode")
    if written.transporta is not None:
        findings.add("NFCE-FREIGHT-02", "$.freight")
    return written


def marked(details: tuple[Det, ...], environment: int) -> tuple[Det, ...]:
    """The items with the first named as homologação demands."""
    if environment != 2 or not details:
        return details
    first = details[0]
    prod = msgspec.structs.replace(first.prod, xProd=HOMOLOGACAO_ITEM)
    return (msgspec.structs.replace(first, prod=prod), *details[1:])


def notes(sale: Sale) -> str:
    """infCpl. Group compra is forbidden (762), so an order number too long for an item's xPed is told here."""
    order = sale.order_number.strip()
    return f"Pedido {order}. {sale.notes}".strip() if len(order) > _ITEM_ORDER else sale.notes
