"""What composing a sale decides: everything of the document but number, date and key."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from gateway.nfe.branch import Branch
from gateway.nfe.claims import NewClaim
from gateway.nfe.layout.delivery import Transp
from gateway.nfe.layout.document import Compra, InfAdic
from gateway.nfe.layout.foreign_trade import Exporta
from gateway.nfe.layout.ide import CompraGov, NfRef, PagAntecipado
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.parties import AutXml, Dest, Emit, Local
from gateway.nfe.layout.payment import Cobr, InfIntermed, Pag
from gateway.nfe.layout.total import Total
from gateway.nfe.rules.told import NOTHING, Foreseen
from gateway.nfe.sale import Sale


class Header(msgspec.Struct, frozen=True, gc=False):
    """The part of `ide` that the sale decides."""

    cUF: str
    cMunFG: str
    natOp: str
    serie: int
    tpNF: str
    idDest: str
    tpAmb: str
    finNFe: str
    indFinal: str
    indPres: str
    indIntermed: str | None
    references: tuple[NfRef, ...]
    tpNFDebito: str | None = None
    tpNFCredito: str | None = None
    advances: PagAntecipado | None = None
    gCompraGov: CompraGov | None = None


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A sale composed, taxed and checked. `total` is vNF in reais; customer_name is the real one, also in homologação.

    mod: `55` (NF-e) or `65` (NFC-e). claims: what it takes of the items of earlier documents. foreseen: what the rules over the
    document say of it, once it was tried.
    """

    sale: Sale
    branch: Branch
    zone: ZoneInfo
    header: Header
    emit: Emit
    dest: Dest | None
    det: tuple[Det, ...]
    totals: Total
    transp: Transp
    pag: Pag
    infIntermed: InfIntermed | None
    infAdic: InfAdic | None
    compra: Compra | None
    customer_name: str | None
    customer_tax_id: str | None
    mod: str = "55"
    claims: tuple[NewClaim, ...] = ()
    retirada: Local | None = None
    entrega: Local | None = None
    autXML: tuple[AutXml, ...] = ()
    cobr: Cobr | None = None
    exporta: Exporta | None = None
    foreseen: Foreseen = NOTHING

    @property
    def total(self) -> Decimal:
        """vNF, in reais."""
        return self.totals.ICMSTot.vNF
