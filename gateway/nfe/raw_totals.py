"""Group W of items given by their official tags: every total is the sum of what the items say, nothing is taxed here.

Source: MOC 7.0 annex I, W03-10 to W16-10; NT 2025.002-RTC v1.52 for IBSCBSTot and vNFTot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from gateway.core.money import CENT, ZERO
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.issqn import IssqnTot
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.total import IcmsTot, Total
from gateway.nfe.reform.totals import ReformSums

_MONOPHASE = ("qBCMono", "vICMSMono", "qBCMonoReten", "vICMSMonoReten", "qBCMonoRet", "vICMSMonoRet")
_OF_SERVICE = ("vDeducao", "vOutro", "vDescIncond", "vDescCond", "vISSRet")


def item_value(det: Det) -> Decimal:
    """What an item adds to vNF (W16-10), in reais: vItem of NT 2025.002. Exempted ICMS is taken when indDeduzDeson is 1."""
    prod, tax = det.prod, det.imposto
    icms = _chosen(tax.ICMS)
    value = prod.vProd if prod.indTot == "1" else ZERO
    value += _sum([prod], "vFrete", "vSeg", "vOutro") - _sum([prod], "vDesc")
    value += _sum(icms, "vICMSST", "vFCPST", "vICMSMonoReten")
    value -= _sum((group for group in icms if getattr(group, "indDeduzDeson", None) == "1"), "vICMSDeson")
    value += _sum([tax.II], "vII") + _ipi(det) + _ipi_returned(det)
    if tax.PISST is not None and tax.PISST.indSomaPISST == "1":
        value += tax.PISST.vPIS
    if tax.COFINSST is not None and tax.COFINSST.indSomaCOFINSST == "1":
        value += tax.COFINSST.vCOFINS
    return _cents(value)


def total(items: Sequence[Det], competence: str) -> Total:
    """Group W of `items`. `competence` is the date of the services (dCompet, AAAA-MM-DD), when there are any."""
    goods = [det for det in items if det.imposto.ISSQN is None]
    sums = ReformSums()
    for det in items:
        sums.add(det.imposto.IBSCBS, det.imposto.IS)
    reform = sums.total()
    return Total(
        ICMSTot=_icms_tot(items, goods),
        ISSQNtot=_issqn_tot([det for det in items if det.imposto.ISSQN is not None], competence),
        ISTot=sums.is_total(),
        IBSCBSTot=reform,
        vNFTot=None if reform is None else _cents(sum((det.vItem or ZERO for det in items), ZERO)),
    )


def _icms_tot(items: Sequence[Det], goods: Sequence[Det]) -> IcmsTot:
    icms = [group for det in items for group in _chosen(det.imposto.ICMS)]
    difal = [det.imposto.ICMSUFDest for det in items if det.imposto.ICMSUFDest is not None]
    products = [det.prod for det in items]

    def of(groups: Iterable[Group], name: str) -> Decimal:
        return _cents(_sum(groups, name))

    return IcmsTot(
        vBC=of(icms, "vBC"),
        vICMS=of(icms, "vICMS"),
        vICMSDeson=of(icms, "vICMSDeson"),
        vFCPUFDest=of(difal, "vFCPUFDest") if difal else None,
        vICMSUFDest=of(difal, "vICMSUFDest") if difal else None,
        vICMSUFRemet=of(difal, "vICMSUFRemet") if difal else None,
        vFCP=of(icms, "vFCP"),
        vBCST=of(icms, "vBCST"),
        vST=of(icms, "vICMSST"),
        vFCPST=of(icms, "vFCPST"),
        vFCPSTRet=of(icms, "vFCPSTRet"),
        vProd=of((det.prod for det in goods if det.prod.indTot == "1"), "vProd"),
        vFrete=of(products, "vFrete"),
        vSeg=of(products, "vSeg"),
        vDesc=of(products, "vDesc"),
        vII=_cents(_sum((det.imposto.II for det in goods), "vII")),
        vIPI=_cents(sum((_ipi(det) for det in goods), ZERO)),
        vIPIDevol=_cents(sum((_ipi_returned(det) for det in goods), ZERO)),
        vPIS=of((group for det in goods for group in _chosen(det.imposto.PIS)), "vPIS"),
        vCOFINS=of((group for det in goods for group in _chosen(det.imposto.COFINS)), "vCOFINS"),
        vOutro=of(products, "vOutro"),
        vNF=_cents(sum((item_value(det) for det in items), ZERO)),
        vTotTrib=_told([det.imposto for det in items], "vTotTrib"),
        **{name: _told(icms, name) for name in _MONOPHASE},
    )


def _issqn_tot(services: Sequence[Det], competence: str) -> IssqnTot | None:
    if not services:
        return None
    issqn = [det.imposto.ISSQN for det in services if det.imposto.ISSQN is not None]
    taxes: dict[str, Any] = {
        "vServ": _sum((det.prod for det in services if det.prod.indTot == "1"), "vProd"),
        "vBC": _sum(issqn, "vBC"),
        "vISS": _sum(issqn, "vISSQN"),
        "vPIS": _sum((group for det in services for group in _chosen(det.imposto.PIS)), "vPIS"),
        "vCOFINS": _sum((group for det in services for group in _chosen(det.imposto.COFINS)), "vCOFINS"),
        **{name: _sum(issqn, name) for name in _OF_SERVICE},
    }
    taxes = {name: _cents(value) for name, value in taxes.items()}
    return IssqnTot(dCompet=competence, **taxes)


def _parts(group: Group) -> Iterator[Group]:
    for name in group.__struct_fields__:
        part = getattr(group, name)
        if isinstance(part, Group):
            yield part


def _chosen(choice: Group | None) -> list[Group]:
    """The arm of ICMS, PIS or COFINS that is there; none when the tax is not."""
    return [] if choice is None else list(_parts(choice))


def _ipi(det: Det) -> Decimal:
    ipi = det.imposto.IPI
    return ZERO if ipi is None or ipi.IPITrib is None else ipi.IPITrib.vIPI


def _ipi_returned(det: Det) -> Decimal:
    return ZERO if det.impostoDevol is None else det.impostoDevol.IPI.vIPIDevol


def _sum(groups: Iterable[Group | None], *names: str) -> Decimal:
    return sum((getattr(group, name, None) or ZERO for group in groups for name in names), ZERO)


def _told(groups: Sequence[Group], name: str) -> Decimal | None:
    """The sum, when any item tells the field."""
    told = [value for group in groups if (value := getattr(group, name, None)) is not None]
    return _cents(sum(told, ZERO)) if told else None


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
