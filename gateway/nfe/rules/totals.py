"""Group W: each total is the sum of the items as written, and vNF what is left of them. No difference passes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from operator import attrgetter
from typing import Final

from gateway.core.money import ZERO
from gateway.nfe.layout.item import Imposto
from gateway.nfe.rules.ibs_cbs_amounts import plain
from gateway.nfe.rules.reading import Found, Reading, only, total_of
from gateway.nfe.rules.registry import check

_ROOT: Final = "/infNFe/total/ICMSTot"


def _sum(r: Reading, tag: str, wanted: Decimal) -> Found:
    told = getattr(r.total, tag) or ZERO
    if told != wanted:
        yield f"{_ROOT}/{tag}", {"value": told, "wanted": plain(wanted)}


def _of_products(r: Reading, tag: str) -> Found:
    return _sum(r, tag, total_of(map(attrgetter(tag), r.prods)))


@check("R-W03-10")
def icms_base(r: Reading) -> Found:
    return _sum(r, "vBC", r.icms_sums["vBC"])


@check("R-W04-10")
def icms(r: Reading) -> Found:
    return _sum(r, "vICMS", r.icms_sums["vICMS"])


@check("R-W04a-10")
def icms_relieved(r: Reading) -> Found:
    return _sum(r, "vICMSDeson", r.icms_sums["vICMSDeson"])


@check("R-W04h-10")
def fcp(r: Reading) -> Found:
    return _sum(r, "vFCP", r.icms_sums["vFCP"])


@check("R-W05-10")
def substitution_base(r: Reading) -> Found:
    return _sum(r, "vBCST", r.icms_sums["vBCST"])


@check("R-W06-10")
def substitution(r: Reading) -> Found:
    return _sum(r, "vST", r.icms_sums["vICMSST"])


@check("R-W06a-10")
def fcp_of_substitution(r: Reading) -> Found:
    return _sum(r, "vFCPST", r.icms_sums["vFCPST"])


@check("R-W06b-10")
def fcp_withheld(r: Reading) -> Found:
    return _sum(r, "vFCPSTRet", r.icms_sums["vFCPSTRet"])


@check("R-W07-10")
def products(r: Reading) -> Found:
    """Of items that count for the total (indTot 1); services have their own total."""
    return _sum(r, "vProd", total_of([item.prod.vProd for item in r.goods if item.prod.indTot == "1"]))


@check("R-W08-10")
def freight(r: Reading) -> Found:
    return _of_products(r, "vFrete")


@check("R-W09-10")
def insurance(r: Reading) -> Found:
    return _of_products(r, "vSeg")


@check("R-W10-10")
def discount(r: Reading) -> Found:
    return _of_products(r, "vDesc")


@check("R-W11-10")
def import_tax(r: Reading) -> Found:
    return _sum(r, "vII", total_of([item.tax.II.vII for item in r.items if item.tax.II is not None]))


@check("R-W12-10")
def ipi(r: Reading) -> Found:
    taxed = (item.tax.IPI for item in r.items if item.tax.IPI is not None)
    return _sum(r, "vIPI", total_of([each.IPITrib.vIPI for each in taxed if each.IPITrib is not None]))


@check("R-W12a-10")
def ipi_returned(r: Reading) -> Found:
    returned = (item.det.impostoDevol for item in r.items if item.det.impostoDevol is not None)
    return _sum(r, "vIPIDevol", total_of([each.IPI.vIPIDevol for each in returned]))


def _contribution(taxes: Iterable[Imposto], group: str, tag: str) -> Decimal:
    return total_of([getattr(only(getattr(tax, group)), tag, None) for tax in taxes])


@check("R-W13-10")
def pis(r: Reading) -> Found:
    """Of goods: that of services is in ISSQNtot."""
    return _sum(r, "vPIS", _contribution((item.tax for item in r.goods), "PIS", "vPIS"))


@check("R-W14-10")
def cofins(r: Reading) -> Found:
    return _sum(r, "vCOFINS", _contribution((item.tax for item in r.goods), "COFINS", "vCOFINS"))


@check("R-W15-10")
def other_charges(r: Reading) -> Found:
    return _of_products(r, "vOutro")


@check("R-W16a-10")
def approximate_taxes(r: Reading) -> Found:
    """vTotTrib of the note, when it is told."""
    if r.total.vTotTrib is not None:
        yield from _sum(r, "vTotTrib", total_of([item.tax.vTotTrib for item in r.items]))


@check("R-W16-10")
def note_value(r: Reading) -> Found:
    """vNF, of the totals as written. Imports and new vehicles billed directly have other sums, and are left alone (exception 2);
    ICMS relieved and deducted may have been left in it (exception 3).
    """
    for prod in r.prods:
        if prod.CFOP[:1] == "3" or (prod.veicProd is not None and prod.veicProd.tpOp == "2"):
            return
    t = r.total
    wanted = t.vProd - t.vDesc + t.vST + t.vFCPST + (t.vICMSMonoReten or ZERO)
    wanted += t.vFrete + t.vSeg + t.vOutro + t.vII + t.vIPI + t.vIPIDevol
    if r.inf.total.ISSQNtot is not None:
        wanted += r.inf.total.ISSQNtot.vServ or ZERO
    for item in r.items:
        pis_st, cofins_st = item.tax.PISST, item.tax.COFINSST
        if pis_st is not None and pis_st.indSomaPISST == "1":
            wanted += pis_st.vPIS
        if cofins_st is not None and cofins_st.indSomaCOFINSST == "1":
            wanted += cofins_st.vCOFINS
    if t.vNF not in (wanted, wanted - r.deducted):
        yield f"{_ROOT}/vNF", {"value": t.vNF, "wanted": plain(wanted - r.deducted)}


def _shared(r: Reading, tag: str) -> Found:
    read = attrgetter(tag)
    shares = [item.tax.ICMSUFDest for item in r.items if item.tax.ICMSUFDest is not None]
    return _sum(r, tag, total_of([read(share) for share in shares]))


@check("R-W04c-10")
def fcp_of_destination(r: Reading) -> Found:
    return _shared(r, "vFCPUFDest")


@check("R-W04e-10")
def icms_of_destination(r: Reading) -> Found:
    return _shared(r, "vICMSUFDest")


@check("R-W04g-10")
def icms_of_origin(r: Reading) -> Found:
    return _shared(r, "vICMSUFRemet")
