"""What a NFC-e (model 65) may not be and may not have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

from gateway.core.money import MAX_REAIS
from gateway.nfe.layout.icms import IcmsPart, IcmsSt
from gateway.nfe.rules.reading import Found, Item, Reading
from gateway.nfe.rules.registry import Check, check
from gateway.nfe.tables import rows_on

_DELIVERED: Final = "4"
_SAMPLE: Final = "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
_SERVICE_CFOP: Final = "5933"


def _absent(code: str, path: str, read: Callable[[Reading], object]) -> Check:
    """The rule `code`: a field or group that a NFC-e does not have."""

    @check(code)
    def absent(r: Reading) -> Found:
        if read(r):
            yield f"/infNFe/{path}", {}

    return absent


def _absent_in_items(code: str, path: str, read: Callable[[Item], object]) -> Check:
    """As `_absent`, for each item."""

    @check(code)
    def absent(r: Reading) -> Found:
        for item in r.items:
            if read(item):
                yield f"{item.path}/{path}", {}

    return absent


def _present(value: object) -> bool:
    return value is not None


_absent("R-B10-10", "ide/dhSaiEnt", lambda r: _present(r.ide.dhSaiEnt))
_absent("R-B10a-10", "ide/dPrevEntrega", lambda r: _present(r.ide.dPrevEntrega))
_absent("R-BA01-10", "ide/NFref", lambda r: r.ide.NFref)
_absent("R-BB01-10", "ide/gCompraGov", lambda r: _present(r.ide.gCompraGov))
_absent("R-C18-10", "emit/IEST", lambda r: _present(r.emit.IEST))
_absent("R-E18-10", "dest/ISUF", lambda r: r.dest is not None and _present(r.dest.ISUF))
_absent("R-X11-10", "transp/retTransp", lambda r: _present(r.inf.transp.retTransp))
_absent("R-X18-10", "transp/veicTransp", lambda r: _present(r.inf.transp.veicTransp))
_absent("R-X22-10", "transp/reboque", lambda r: r.inf.transp.reboque)
_absent("R-Y01-10", "cobr", lambda r: _present(r.inf.cobr))
_absent("R-ZA01-30", "exporta", lambda r: _present(r.inf.exporta))
_absent("R-ZB01-10", "compra", lambda r: _present(r.inf.compra))
_absent("R-ZC01-10", "cana", lambda r: _present(r.inf.cana))
_absent_in_items("R-J01-10", "prod/veicProd", lambda item: _present(item.prod.veicProd))
_absent_in_items("R-L01-10", "prod/arma", lambda item: item.prod.arma)
_absent_in_items("R-LB01-10", "prod/nRECOPI", lambda item: _present(item.prod.nRECOPI))
_absent_in_items("R-I05k-10", "prod/tpCredPresIBSZFM", lambda item: _present(item.prod.tpCredPresIBSZFM))
_absent_in_items("R-N12-50", "imposto/ICMS/ICMSPart", lambda item: isinstance(item.icms, IcmsPart))
_absent_in_items("R-N12-60", "imposto/ICMS/ICMSST", lambda item: isinstance(item.icms, IcmsSt))
_absent_in_items("R-N12-34", "imposto/ICMS/ICMS90", lambda item: item.situation == "90" and getattr(item.icms, "vICMSST", None))
_absent_in_items("R-NA01-10", "imposto/ICMSUFDest", lambda item: _present(item.tax.ICMSUFDest))
_absent_in_items("R-O01-10", "imposto/IPI", lambda item: _present(item.tax.IPI))
_absent_in_items("R-P01-10", "imposto/II", lambda item: _present(item.tax.II))
_absent_in_items("R-R01-10", "imposto/PISST", lambda item: _present(item.tax.PISST))
_absent_in_items("R-T01-10", "imposto/COFINSST", lambda item: _present(item.tax.COFINSST))
_absent_in_items("R-UA01-20", "impostoDevol", lambda item: _present(item.det.impostoDevol))


def _fixed(code: str, tag: str, allowed: frozenset[str]) -> Check:
    """The rule `code`: a field of `ide` that has few values in a NFC-e."""

    @check(code)
    def fixed(r: Reading) -> Found:
        value = getattr(r.ide, tag)
        if value not in allowed:
            yield f"/infNFe/ide/{tag}", {"value": value}

    return fixed


_fixed("R-B11-10", "tpNF", frozenset("1"))
_fixed("R-B11a-10", "idDest", frozenset("1"))
_fixed("R-B21-10", "tpImp", frozenset("45"))
_fixed("R-B25-20", "finNFe", frozenset("1"))
_fixed("R-B25a-10", "indFinal", frozenset("1"))
_fixed("R-B25b-20", "indPres", frozenset("145"))


@check("R-B25b-60")
def city_of_a_store_sale(r: Reading) -> Found:
    """cMunFGIBS is of a sale outside the store (indPres 5)."""
    if r.ide.cMunFGIBS is not None and r.ide.indPres != "5":
        yield "/infNFe/ide/cMunFGIBS", {}


@check("R-B25b-70")
def city_missing(r: Reading) -> Found:
    if r.ide.indPres == "5" and r.ide.cMunFGIBS is None:
        yield "/infNFe/ide", {}


@check("R-E01-20")
def delivery_without_buyer(r: Reading) -> Found:
    if r.ide.indPres == _DELIVERED and r.dest is None:
        yield "/infNFe/dest", {}


@check("R-E05-20")
def delivery_without_address(r: Reading) -> Found:
    if r.ide.indPres == _DELIVERED and r.dest is not None and r.dest.enderDest is None:
        yield "/infNFe/dest/enderDest", {}


@check("R-E02-20")
def sold_to_itself(r: Reading) -> Found:
    if r.dest is not None and r.dest.CNPJ is not None and r.dest.CNPJ == r.emit.CNPJ:
        yield "/infNFe/dest/CNPJ", {}


@check("R-E16a-10")
def sold_to_contributor(r: Reading) -> Found:
    if r.dest is not None and r.dest.indIEDest != "9":
        yield "/infNFe/dest/indIEDest", {"value": r.dest.indIEDest}


@check("R-I08-160")
def service_cfop_of_goods(r: Reading) -> Found:
    for item in r.items:
        if item.prod.CFOP == _SERVICE_CFOP and item.tax.ISSQN is None:
            yield f"{item.path}/prod/CFOP", {}


@check("R-I08-170")
def goods_cfop_of_a_service(r: Reading) -> Found:
    for item in r.items:
        if item.prod.CFOP != _SERVICE_CFOP and item.tax.ISSQN is not None:
            yield f"{item.path}/prod/CFOP", {"value": item.prod.CFOP}


@check("R-373")
def sample_unmarked(r: Reading) -> Found:
    """In homologação the first item says that it is worth nothing."""
    if r.environment == 2 and r.items and r.items[0].prod.xProd != _SAMPLE:
        yield "/infNFe/det[1]/prod/xProd", {"wanted": _SAMPLE}


@check("R-X02-10")
def carriage_without_delivery(r: Reading) -> Found:
    if r.ide.indPres != _DELIVERED and r.inf.transp.modFrete != "9":
        yield "/infNFe/transp/modFrete", {"value": r.inf.transp.modFrete}


@check("R-X03-10")
def carrier_without_delivery(r: Reading) -> Found:
    if r.ide.indPres != _DELIVERED and r.inf.transp.transporta is not None:
        yield "/infNFe/transp/transporta", {}


@check("R-X03-20")
def delivery_without_carrier(r: Reading) -> Found:
    if r.ide.indPres == _DELIVERED and r.inf.transp.transporta is None:
        yield "/infNFe/transp", {}


def _limit(r: Reading, kind: str, tag: str) -> Decimal:
    """The state's limit on the day of issue, or that of all states."""
    rows = rows_on("nfce", kind, r.day or date.max)
    row = next((row for row in rows if row.get("uf") == r.emit.enderEmit.UF), None)
    row = row or next((row for row in rows if "uf" not in row), None)
    return MAX_REAIS if row is None else Decimal(row[tag])


@check("R-W16-40")
def buyer_unknown(r: Reading) -> Found:
    """Above the limit the buyer is identified."""
    known = r.dest is not None and (r.dest.CNPJ or r.dest.CPF or r.dest.idEstrangeiro)
    if not known and r.total.vNF > (limit := _limit(r, "identify", "above")):
        yield "/infNFe/dest", {"value": r.total.vNF, "limit": limit}


@check("R-W16-50")
def above_the_limit(r: Reading) -> Found:
    if r.total.vNF > (limit := _limit(r, "maximum", "total")):
        yield "/infNFe/total/ICMSTot/vNF", {"value": r.total.vNF, "limit": limit}
