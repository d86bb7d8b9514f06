"""Groups I, K and LA: discounts, makers, batches, medicines and fuels of each item."""

from __future__ import annotations

from datetime import date
from typing import Final

from gateway.core.money import ZERO
from gateway.core.taxid import Cnpj
from gateway.nfe.rules.parties import valid
from gateway.nfe.rules.reading import Found, Reading
from gateway.nfe.rules.registry import check

_NO_GTIN: Final = "SEM GTIN"
_GLP: Final = "210203001"


@check("R-I05e-10")
def maker_untold(r: Reading) -> Found:
    for item in r.items:
        if item.prod.indEscala == "N" and item.prod.CNPJFab is None:
            yield f"{item.path}/prod/CNPJFab", {}


@check("R-I05e-20")
def maker_cnpj(r: Reading) -> Found:
    for item in r.items:
        if item.prod.CNPJFab is not None and not valid(Cnpj, item.prod.CNPJFab):
            yield f"{item.path}/prod/CNPJFab", {"value": item.prod.CNPJFab}


@check("R-I17-10")
def discounted_away(r: Reading) -> Found:
    for item in r.items:
        if item.prod.vDesc is not None and item.prod.vDesc > item.prod.vProd:
            yield f"{item.path}/prod/vDesc", {"value": item.prod.vDesc, "wanted": item.prod.vProd}


@check("R-I50-10")
def exported_nowhere(r: Reading) -> Found:
    if r.ide.idDest != "3":
        for item in r.items:
            if item.prod.detExport:
                yield f"{item.path}/prod/detExport", {}


def _named(gtin: str | None) -> bool:
    return gtin not in (None, "", _NO_GTIN)


@check("R-I12-30")
def taxed_unit_without_gtin(r: Reading) -> Found:
    for item in r.items:
        if _named(item.prod.cEAN) and item.prod.cEANTrib == _NO_GTIN:
            yield f"{item.path}/prod/cEANTrib", {"value": item.prod.cEAN}


@check("R-I12-40")
def sold_unit_without_gtin(r: Reading) -> Found:
    for item in r.items:
        if item.prod.cEAN == _NO_GTIN and _named(item.prod.cEANTrib):
            yield f"{item.path}/prod/cEAN", {"value": item.prod.cEANTrib}


@check("R-I83-10")
def batch_of_tomorrow(r: Reading) -> Found:
    today = r.at.date().isoformat()
    for item in r.items:
        for number, batch in enumerate(item.prod.rastro, 1):
            if batch.dFab > today and _is_day(batch.dFab):
                yield f"{item.path}/prod/rastro[{number}]/dFab", {"value": batch.dFab}


@check("R-I84-10")
def batch_stale_when_made(r: Reading) -> Found:
    for item in r.items:
        for number, batch in enumerate(item.prod.rastro, 1):
            if batch.dVal < batch.dFab and _is_day(batch.dFab) and _is_day(batch.dVal):
                yield f"{item.path}/prod/rastro[{number}]/dVal", {"value": batch.dVal}


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@check("R-K01-20")
def medicine_untracked(r: Reading) -> Found:
    for item in r.items:
        if item.prod.med is not None and not item.prod.rastro:
            yield f"{item.path}/prod/rastro", {}


@check("R-LA03c-10")
def shares_of_another_fuel(r: Reading) -> Found:
    """What of a bottle is petroleum gas or natural gas is told of GLP only."""
    for item in r.items:
        comb = item.prod.comb
        if comb is not None and comb.cProdANP != _GLP and any(part is not None for part in (comb.pGLP, comb.pGNn, comb.pGNi)):
            yield f"{item.path}/prod/comb", {}


@check("R-N28-30")
def relief_without_amount(r: Reading) -> Found:
    """Who says why ICMS was relieved says how much."""
    for item in r.items:
        if getattr(item.icms, "motDesICMS", None) is not None and not (getattr(item.icms, "vICMSDeson", None) or ZERO):
            yield f"{item.path}/imposto/ICMS", {}
