"""Groups H, I and M: an item, its product and its taxes."""

from __future__ import annotations

from gateway.nfe.layout.fields import Attr, Group, Money, MoneyOpc, Quantity, UnitPrice
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.layout.icms import Icms, IcmsUfDest
from gateway.nfe.layout.pis_cofins import Cofins, Pis


class Prod(Group, frozen=True, kw_only=True):
    """I01: product, quantities and amounts before tax."""

    cProd: str
    cEAN: str
    cBarra: str | None = None
    xProd: str
    NCM: str
    CEST: str | None = None
    indEscala: str | None = None
    CNPJFab: str | None = None
    cBenef: str | None = None
    EXTIPI: str | None = None
    CFOP: str
    uCom: str
    qCom: Quantity
    vUnCom: UnitPrice
    vProd: Money
    cEANTrib: str
    cBarraTrib: str | None = None
    uTrib: str
    qTrib: Quantity
    vUnTrib: UnitPrice
    vFrete: MoneyOpc | None = None
    vSeg: MoneyOpc | None = None
    vDesc: MoneyOpc | None = None
    vOutro: MoneyOpc | None = None
    indTot: str
    xPed: str | None = None
    nItemPed: str | None = None


class Imposto(Group, frozen=True, kw_only=True):
    """M01: taxes of the item."""

    vTotTrib: Money | None = None
    ICMS: Icms | None = None
    PIS: Pis | None = None
    COFINS: Cofins | None = None
    ICMSUFDest: IcmsUfDest | None = None
    IBSCBS: IbsCbs | None = None


class Det(Group, frozen=True, kw_only=True):
    """H01: one item; nItem from 1 to 990."""

    nItem: Attr
    prod: Prod
    imposto: Imposto
    infAdProd: str | None = None
    vItem: Money | None = None
