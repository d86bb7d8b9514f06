"""The note's XML read into a `NoteView`. Only what the XML says; nothing is looked up and nothing computed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from lxml import etree

from gateway.core.errors import InputError
from gateway.core.money import AmountInvalid, amount
from gateway.printers.note import Installment, Item, NoteView, Party, Payment, Place, Protocolo, Totals

__all__ = ["MAX_ITEMS", "MAX_XML", "NoteView", "read_note"]

MAX_XML = 8 * 1024 * 1024
"""Bytes. 990 items with every group and long texts stay under 6 MB."""
MAX_ITEMS = 990
"""`det` of the layout."""

_NS = "{http://www.portalfiscal.inf.br/nfe}"


def _unreadable(detail: str) -> InputError:
    fix = "Confira se o arquivo é o XML da nota (nfeProc ou NFe, leiaute 4.00), sem alterações."
    return InputError(detail, code="PRINT-XML", fix=fix)


class _Node:
    """An element with the look-ups this file needs; an absent element answers empty."""

    __slots__ = ("_element",)

    def __init__(self, element: etree._Element | None) -> None:
        self._element = element

    def __bool__(self) -> bool:
        return self._element is not None

    def at(self, path: str) -> _Node:
        if self._element is None:
            return self
        return _Node(self._element.find("/".join(_NS + step for step in path.split("/"))))

    def all(self, tag: str) -> list[_Node]:
        return [] if self._element is None else [_Node(child) for child in self._element.findall(_NS + tag)]

    def text(self, path: str) -> str:
        found = self.at(path)._element
        return "" if found is None or found.text is None else found.text.strip()

    def attribute(self, name: str) -> str:
        return "" if self._element is None else str(self._element.get(name, ""))

    def first(self, *paths: str) -> str:
        for path in paths:
            if value := self.text(path):
                return value
        return ""

    def required(self, path: str) -> str:
        value = self.text(path)
        if not value:
            raise _unreadable(f"O XML da nota não traz {path}.")
        return value

    def money(self, path: str) -> Decimal:
        return self.money_or_none(path) or Decimal(0)

    def money_or_none(self, path: str) -> Decimal | None:
        value = self.text(path)
        if not value:
            return None
        try:
            return amount(value)
        except AmountInvalid as error:
            raise _unreadable(f"{path} não é um número: {value[:30]!r}.") from error

    def integer(self, path: str) -> int:
        value = self.required(path)
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            raise _unreadable(f"{path} não é um número inteiro: {value[:30]!r}.")
        return int(value)

    def instant_or_none(self, path: str) -> datetime | None:
        return self.instant(path) if self.text(path) else None

    def instant(self, path: str) -> datetime:
        value = self.required(path)
        try:
            at = datetime.fromisoformat(value)
        except ValueError as error:
            raise _unreadable(f"{path} não é uma data válida: {value[:30]!r}.") from error
        if at.tzinfo is None:
            raise _unreadable(f"{path} não traz o fuso horário: {value[:30]!r}.")
        return at

    def day_or_none(self, path: str) -> date | None:
        value = self.text(path)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise _unreadable(f"{path} não é uma data válida: {value[:30]!r}.") from error


def _parse(xml: bytes) -> _Node:
    if len(xml) > MAX_XML:
        raise _unreadable(f"O XML da nota tem {len(xml)} bytes; o limite é {MAX_XML}.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable("O conteúdo não é um XML bem formado.") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _unreadable("O XML da nota traz uma declaração DOCTYPE, que o leiaute não prevê.")
    if root.tag not in {_NS + "nfeProc", _NS + "NFe"}:
        raise _unreadable("A raiz do XML não é nfeProc nem NFe.")
    return _Node(root)


def read_note(xml: bytes) -> NoteView:
    """The view of an `nfeProc` (with its protocol) or of an `NFe` (without).

    Promises a view of a note whose mandatory fields are present; the XSD, the signature and the sums are not checked here.
    Raises InputError (`PRINT-XML`) when the bytes are too many, not XML, or not a note.
    """
    root = _parse(xml)
    note = root.at("NFe") if root.at("NFe") else root
    inf = note.at("infNFe")
    chave = inf.attribute("Id").removeprefix("NFe")
    if len(chave) != 44 or not ((chave.isascii() and chave.isalnum() and chave.isupper()) or chave.isdigit()):
        raise _unreadable("infNFe não traz a chave de acesso no atributo Id.")
    details = inf.all("det")
    if not 1 <= len(details) <= MAX_ITEMS:
        raise _unreadable(f"A nota tem {len(details)} itens; o leiaute aceita de 1 a {MAX_ITEMS}.")
    ide = inf.at("ide")
    return NoteView(
        chave=chave,
        mod=ide.required("mod"),
        serie=ide.integer("serie"),
        nNF=ide.integer("nNF"),
        tpAmb=ide.required("tpAmb"),
        tpEmis=ide.required("tpEmis"),
        tpImp=ide.required("tpImp"),
        tpNF=ide.required("tpNF"),
        finNFe=ide.required("finNFe"),
        natOp=ide.required("natOp"),
        issued_at=ide.instant("dhEmi"),
        contingency_at=ide.instant_or_none("dhCont"),
        contingency_reason=ide.text("xJust"),
        issuer=_party(inf.at("emit"), "enderEmit"),
        customer=_party(inf.at("dest"), "enderDest") if inf.at("dest") else None,
        delivery=_party(inf.at("entrega"), "") if inf.at("entrega") else None,
        items=tuple(_item(index, det) for index, det in enumerate(details, 1)),
        totals=_totals(inf.at("total")),
        payments=tuple(_payment(pay) for pay in inf.at("pag").all("detPag")),
        change=inf.at("pag").money_or_none("vTroco"),
        installments=tuple(
            Installment(dup.text("nDup"), dup.day_or_none("dVenc"), dup.money("vDup")) for dup in inf.at("cobr").all("dup")
        ),
        infAdFisco=inf.text("infAdic/infAdFisco"),
        infCpl=inf.text("infAdic/infCpl"),
        qrCode=note.text("infNFeSupl/qrCode"),
        urlChave=note.text("infNFeSupl/urlChave"),
        protocolo=_protocolo(root.at("protNFe/infProt"), chave),
    )


def _protocolo(inf: _Node, chave: str) -> Protocolo | None:
    if not inf or not inf.text("nProt"):
        return None
    if inf.text("chNFe") != chave:
        raise _unreadable("O protocolo do XML é de outra chave de acesso.")
    return Protocolo(
        number=inf.text("nProt"),
        received_at=inf.instant("dhRecbto"),
        cStat=inf.required("cStat"),
        xMotivo=inf.text("xMotivo"),
        message=inf.text("xMsg"),
    )


def _party(node: _Node, address: str) -> Party:
    place = node.at(address) if address else node
    return Party(
        tax_id=node.first("CNPJ", "CPF", "idEstrangeiro"),
        foreign=bool(node.at("idEstrangeiro")),
        name=node.text("xNome"),
        trade_name=node.text("xFant"),
        state_registration=node.text("IE"),
        place=_place(place) if place else None,
    )


def _place(node: _Node) -> Place:
    return Place(
        street=node.text("xLgr"),
        number=node.text("nro"),
        complement=node.text("xCpl"),
        district=node.text("xBairro"),
        city=node.text("xMun"),
        uf=node.text("UF"),
        postal_code=node.text("CEP"),
        phone=node.text("fone"),
    )


def _item(index: int, det: _Node) -> Item:
    prod = det.at("prod")
    return Item(
        number=index,
        code=prod.required("cProd"),
        description=prod.required("xProd"),
        quantity=prod.money("qCom"),
        unit=prod.text("uCom"),
        unit_price=prod.money("vUnCom"),
        total=prod.money("vProd"),
        discount=prod.money("vDesc"),
        cfop=prod.text("CFOP"),
        notes=det.text("infAdProd"),
    )


def _totals(total: _Node) -> Totals:
    icms = total.at("ICMSTot")
    icms.required("vNF")
    return Totals(
        products=icms.money("vProd"),
        services=total.money("ISSQNtot/vServ"),
        discount=icms.money("vDesc"),
        freight=icms.money("vFrete"),
        insurance=icms.money("vSeg"),
        other=icms.money("vOutro"),
        icms=icms.money("vICMS"),
        icms_relieved=icms.money("vICMSDeson"),
        icms_st=icms.money("vST"),
        fcp_st=icms.money("vFCPST"),
        difal=icms.money("vICMSUFDest"),
        difal_fcp=icms.money("vFCPUFDest"),
        ipi=icms.money("vIPI"),
        ipi_returned=icms.money("vIPIDevol"),
        import_tax=icms.money("vII"),
        approximate_taxes=icms.money("vTotTrib"),
        total=icms.money("vNF"),
        cbs=total.money_or_none("IBSCBSTot/gCBS/vCBS"),
        ibs=total.money_or_none("IBSCBSTot/gIBS/vIBS"),
        selective_tax=total.money_or_none("ISTot/vIS"),
    )


def _payment(node: _Node) -> Payment:
    return Payment(
        method=node.required("tPag"),
        description=node.text("xPag"),
        value=node.money("vPag"),
        authorization=node.text("card/cAut"),
    )
