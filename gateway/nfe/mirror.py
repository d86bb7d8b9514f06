"""The taxes of an item turned around, as the note that gives it back says them: whole, before any part is taken. Pure.

ICMS repeats CST, base and rate; PIS and COFINS take the CST of entries; IPI becomes impostoDevol. What is debated is a dated
row of `schemas/fiscal/mirror.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from gateway.core.money import NOTHING, ZERO
from gateway.nfe import tables
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.layout.icms import Icms
from gateway.nfe.layout.icms_cst import Icms40, Icms90
from gateway.nfe.layout.icms_simples import IcmsSn102, IcmsSn900
from gateway.nfe.layout.ipi import Ipi, IpiNt
from gateway.nfe.layout.item import Det, Imposto, ImpostoDevol, IpiDevol
from gateway.nfe.layout.pis_cofins import Cofins, CofinsNt, CofinsOutr, Pis, PisNt, PisOutr
from gateway.nfe.operations import Operation

_WHOLE = Decimal("100.00")
_OWN = ("modBC", "vBC", "pRedBC", "pICMS", "vICMS")
_ST = ("vICMSST", "vFCPST")


@dataclass(frozen=True, slots=True)
class Facing:
    """Who gives back to whom. crt and regime: of the issuer now. sold: the original was issued by the issuer's own company.

    elsewhere: by another establishment of it. turned: the goods go the other way than in the original.
    """

    crt: str
    regime: str
    sold: bool
    elsewhere: bool
    turned: bool


def mirrored(det: Det, operation: Operation, facing: Facing, day: date) -> Det:
    """The whole item of `det` as `operation` says it. The CFOP, nItem and the reference are the caller's to write."""
    tax = det.imposto
    icms, passed_on = _icms(tax.ICMS, operation, facing, day)
    ipi, returned = _ipi(tax.IPI, operation, facing)
    pis, cofins = _contributions(tax.PIS, tax.COFINS, operation, facing, day)
    mirrors = operation.icms == "mirror"
    imposto = Imposto(
        ICMS=icms,
        IPI=ipi,
        PIS=pis,
        COFINS=cofins,
        ICMSUFDest=tax.ICMSUFDest if mirrors and not _uncredited(facing, day) else None,
        IS=tax.IS,
        IBSCBS=_ibs_cbs(tax.IBSCBS, operation),
    )
    other = (det.prod.vOutro or ZERO) + passed_on
    prod = msgspec.structs.replace(
        det.prod,
        vOutro=other or None,
        cBenef=det.prod.cBenef if mirrors else None,
        indTot="1",
        DI=(),
        detExport=(),
        xPed=None,
        nItemPed=None,
    )
    return Det(nItem=det.nItem, prod=prod, imposto=imposto, impostoDevol=returned)


def _icms(given: Icms | None, operation: Operation, facing: Facing, day: date) -> tuple[Icms | None, Decimal]:
    """The group, and what of the original's substitution goes to vOutro."""
    if operation.icms == "none" or given is None:
        return None, ZERO
    arm = chosen(given)
    orig = getattr(arm, "orig", None) or "0"
    simples = facing.crt in ("1", "4")
    if operation.icms == "fixed":
        if simples:
            return Icms(ICMSSN102=IcmsSn102(orig=orig, CSOSN=operation.csosn)), ZERO
        return Icms(ICMS40=Icms40(orig=orig, CST=operation.cst)), ZERO
    if _uncredited(facing, day):
        return _others(orig, {}, simples=simples), ZERO
    substituted = sum((getattr(arm, name, None) or ZERO for name in _ST), ZERO)
    own = _told(arm, *_OWN)
    if not simples and "vBC" in own and (fcp := _told(arm, "vBCFCP", "pFCP", "vFCP")):
        own |= {"vBCFCP": own["vBC"]} | fcp
    if substituted and not facing.sold and facing.turned and policy("st", day) == "outro":
        return _others(orig, own, simples=simples), substituted
    if simples == (getattr(arm, "CSOSN", None) is not None) or getattr(arm, "CST", "") in ("02", "15", "53", "61"):
        return given, ZERO
    return _others(orig, own, simples=simples), ZERO


def _others(orig: str, values: Mapping[str, Any], *, simples: bool) -> Icms:
    """CST 90 or CSOSN 900 with the values of the operation itself, when they are whole."""
    kept = dict(values) if {"modBC", "vBC", "pICMS", "vICMS"} <= set(values) else {}
    return (
        Icms(ICMSSN900=IcmsSn900(orig=orig, CSOSN="900", **kept)) if simples else Icms(ICMS90=Icms90(orig=orig, CST="90", **kept))
    )


def _uncredited(facing: Facing, day: date) -> bool:
    return facing.elsewhere and facing.turned and policy("other_establishment", day) == "without_credit"


def chosen(group: Icms | Pis | Cofins) -> Group:
    """The one arm of a choice that is there."""
    arms = (getattr(group, name) for name in group.__struct_fields__)
    return next(arm for arm in arms if isinstance(arm, Group))


def substituted(given: Icms | None) -> bool:
    """Whether the ICMS was collected before by substitution: the CFOP is then of the column `cfop_st`."""
    return given is not None and any(getattr(given, name) is not None for name in ("ICMS60", "ICMSSN500", "ICMSST"))


def _ipi(given: Ipi | None, operation: Operation, facing: Facing) -> tuple[Ipi | None, ImpostoDevol | None]:
    if operation.reform_only:
        return None, None
    if operation.ipi_cst:
        return Ipi(cEnq="999", IPINT=IpiNt(CST=operation.ipi_cst)), None
    if given is None or operation.icms == "fixed":
        return None, None
    if not facing.turned:
        return given, None
    if given.IPITrib is not None and given.IPITrib.vIPI:
        return None, ImpostoDevol(pDevol=_WHOLE, IPI=IpiDevol(vIPIDevol=given.IPITrib.vIPI))
    if given.IPINT is None:
        return None, None
    # 01 to 05 are of entries, 51 to 55 the same of exits.
    code = int(given.IPINT.CST)
    turned = code - 50 if code > 50 else code + 50
    return Ipi(cEnq=given.cEnq, IPINT=IpiNt(CST=f"{turned:02d}")), None


def _contributions(
    pis: Pis | None, cofins: Cofins | None, operation: Operation, facing: Facing, day: date
) -> tuple[Pis | None, Cofins | None]:
    if operation.reform_only:
        return None, None
    if operation.pis_cofins_cst:
        return _untaxed(operation.pis_cofins_cst)
    entry = operation.tpNF == "0" and facing.turned
    if not entry:
        return (pis, cofins) if pis is not None and cofins is not None else _untaxed("49" if operation.tpNF == "1" else "98")
    told = getattr(chosen(pis), "CST", "") if pis is not None and cofins is not None else ""
    row = entry_cst(told, facing.regime, day)
    if row["values"] == "none" or pis is None or cofins is None:
        return _untaxed(row["to"])
    of_pis, of_cofins = chosen(pis), chosen(cofins)
    names = ("vBC", "qBCProd", "vAliqProd")
    return (
        Pis(PISOutr=PisOutr(CST=row["to"], **_told(of_pis, *names, "pPIS", "vPIS"))),
        Cofins(COFINSOutr=CofinsOutr(CST=row["to"], **_told(of_cofins, *names, "pCOFINS", "vCOFINS"))),
    )


def _told(group: Group, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(group, name, None)) is not None}


def _untaxed(cst: str) -> tuple[Pis, Cofins]:
    if "04" <= cst <= "09":
        return Pis(PISNT=PisNt(CST=cst)), Cofins(COFINSNT=CofinsNt(CST=cst))
    return (
        Pis(PISOutr=PisOutr(CST=cst, vBC=NOTHING, pPIS=NOTHING, vPIS=NOTHING)),
        Cofins(COFINSOutr=CofinsOutr(CST=cst, vBC=NOTHING, pCOFINS=NOTHING, vCOFINS=NOTHING)),
    )


def _ibs_cbs(given: IbsCbs | None, operation: Operation) -> IbsCbs | None:
    """As the original (LC 214/2025, art. 17), unless the operation has its own; without presumed credits."""
    if given is None:
        return None
    if operation.ibs_cbs_cst:
        return IbsCbs(CST=operation.ibs_cbs_cst, cClassTrib=operation.cclasstrib)
    return msgspec.structs.replace(given, gCredPresOper=None, gCredPresIBSZFM=None)


@lru_cache(maxsize=64)
def policy(kind: str, day: date) -> str:
    """The newest row of `kind` that counts on `day`; empty when there is none."""
    return next((str(row["policy"]) for row in tables.rows_on("mirror", kind, day)), "")


@lru_cache(maxsize=64)
def entry_cst(cst: str, regime: str, day: date) -> tables.Row:
    """The row of PIS and COFINS of an entry for what went out with `cst`. Raises LookupError before the tables begin."""
    for row in tables.rows_on("mirror", "pis_cofins", day):
        if cst in row.get("from", (cst,)) and regime == row.get("regime", regime):
            return row
    raise LookupError(f"schemas/fiscal/mirror.toml não diz o CST de entrada de {cst} em {day}")


@lru_cache(maxsize=512)
def inverse_cfop(cfop: str, *, sold: bool, first: str, day: date) -> str | None:
    """The CFOP of what goes back, in the direction and scope of `first`; None when the table has no pair for it."""
    kind = "sale" if sold else "purchase"
    for row in tables.rows_on("mirror", "cfop", day):
        if row["of"] == kind:
            last = row["pairs"].get(cfop[1:])
            return None if last is None else first + str(last)
    return None


@lru_cache(maxsize=64)
def referred_by_item(finNFe: str, environment: int, day: date) -> bool:
    """Whether a note with IBS and CBS refers to its originals item by item, and not in the header (VC02-14)."""
    place = "prod" if environment == 1 else "hom"
    rows = (row for row in tables.table("mirror")["reference"] if row["since"][place] <= day and finNFe in row["finNFe"])
    return any(row["policy"] == "item" for row in rows)
