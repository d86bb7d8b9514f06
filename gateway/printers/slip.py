"""The thermal slip of a note: the divisions of the DANFE NFC-e, for the NF-e (55), the NF-e Tipo 2 and the NFC-e (65).

Only what the XML says is printed, in the order of the Manual de Padrões Técnicos do DANFE NFC-e e QR Code v6.0 (divisions I to
IX) and NT 2026.003 (III-A); our own marks come after division IX.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.printers import formats as f
from gateway.printers.ir import (
    BOLD,
    FINE,
    Barcode,
    Box,
    Cut,
    Document,
    Feed,
    Line,
    Node,
    Paper,
    Qr,
    Rule,
    Span,
    Style,
    centered,
    line,
    pair,
)
from gateway.printers.note import Item, NoteView, Party, Place
from gateway.printers.situation import marks
from gateway.printers.vocabulary import payment_name

_BIG = Style(bold=True, wide=2, tall=2)
_AMOUNT = Style(bold=True, tall=2)
_PORTAL = "www.nfe.fazenda.gov.br/portal"


def danfe_slip(
    view: NoteView, paper: Paper, *, copy_mark: str | None = None, cancelled: bool = False, establishment_copy: bool = False
) -> Document:
    """The slip of one note, ending in a cut.

    `copy_mark` (`2ª VIA`, `REIMPRESSÃO nº 1 - ...`) stands after division IX. `cancelled`: the XML does not say so, the caller
    does. `establishment_copy` is the second copy of an off-line note, marked beside the date.
    """
    situation = marks(view, cancelled=cancelled)
    box = [Box(tuple(Span(text, BOLD) for text in situation))] if situation else []
    nodes: list[Node] = [*_issuer(view, paper), *box, Rule(), *_items(view), Rule(), *_totals(view), *_reform(view), Rule()]
    nodes += [*_consultation(view), Rule(), *_customer(view), Rule(), *_identification(view, establishment_copy)]
    nodes += [*box, *_fisco(view), *_complement(view)]
    if copy_mark:
        nodes += [Rule(double=True), centered(copy_mark, BOLD)]
    nodes += [Feed(1), Cut()]
    return Document(tuple(nodes), title=f"DANFE {view.chave}")


def _issuer(view: NoteView, paper: Paper) -> Iterator[Node]:
    """Division I."""
    issuer = view.issuer
    if issuer.trade_name and issuer.trade_name.casefold() != issuer.name.casefold():
        yield _headline(issuer.trade_name, paper)
        yield centered(issuer.name, BOLD)
    else:
        yield _headline(issuer.name, paper)
    yield centered(_registrations(issuer))
    if issuer.place:
        yield from _address(issuer.place)
        if issuer.place.phone:
            yield centered(f"Fone {f.phone(issuer.place.phone)}")
    yield Rule()
    if view.mod == "65":
        yield centered("Documento Auxiliar da Nota Fiscal de Consumidor Eletrônica", BOLD)
    elif view.simplified_type_2:
        yield centered("DANFE Simplificado Tipo 2", BOLD)
        yield centered("Documento Auxiliar da Nota Fiscal Eletrônica", BOLD)
    else:
        yield centered("DANFE", _BIG)
        yield centered("Documento Auxiliar da Nota Fiscal Eletrônica", BOLD)
        yield centered(f"{'0-ENTRADA' if view.tpNF == '0' else '1-SAÍDA'}  {view.natOp}")


def _registrations(party: Party) -> str:
    kind = "CPF" if len(party.tax_id) == 11 else "CNPJ"
    registration = f"  IE {party.state_registration}" if party.state_registration else ""
    return f"{kind} {f.tax_id(party.tax_id)}{registration}"


def _headline(text: str, paper: Paper) -> Node:
    """The shop's name as large as one line takes."""
    wide = len(text) * _BIG.cell <= paper.dots
    return centered(text, _BIG if wide else _AMOUNT)


def _address(place: Place) -> Iterator[Node]:
    """Street on one line, the rest on the next."""
    street = ", ".join(part for part in (place.street, place.number) if part)
    city = "/".join(part for part in (place.city, place.uf) if part)
    postal = f"CEP {f.postal_code(place.postal_code)}" if place.postal_code else ""
    for parts in ((street, place.complement), (place.district, city, postal)):
        # a comma stays with the word before it; a dash might begin a line
        text = ", ".join(part for part in parts if part)
        if text:
            yield centered(text)


def _items(view: NoteView) -> Iterator[Node]:
    """Division II."""
    yield line("#   CÓDIGO  DESCRIÇÃO", BOLD)
    yield pair("    QTDE UN x UNIT. R$", "TOTAL R$", BOLD)
    yield Rule()
    for item in view.items:
        yield from _item(item)


def _item(item: Item) -> Iterator[Node]:
    yield line(f"{item.number:03d} {item.code}  {item.description}", hang=4)
    yield pair(f"    {f.quantity(item.quantity)} {item.unit} x {f.unit_price(item.unit_price)}", f.money(item.total), hang=4)
    if item.discount:
        yield pair("    Desconto", f.money(-item.discount))
    if item.notes:
        yield line(f"     {item.notes}", FINE, hang=5)


def _totals(view: NoteView) -> Iterator[Node]:
    """Division III: sums, payments and change."""
    totals = view.totals
    yield pair("Qtde. total de itens", str(len(view.items)))
    gross = totals.products + totals.services
    changes = [
        ("Desconto R$", -totals.discount),
        ("Frete R$", totals.freight),
        ("Seguro R$", totals.insurance),
        ("Outras despesas R$", totals.other),
        ("ICMS ST R$", totals.icms_st),
        ("FCP ST R$", totals.fcp_st),
        ("IPI R$", totals.ipi),
        ("IPI devolvido R$", totals.ipi_returned),
        ("Imposto de importação R$", totals.import_tax),
    ]
    # relieved ICMS leaves the total only when the note says so item by item (indDeduzDeson); the sum tells
    if totals.icms_relieved and gross + sum((value for _, value in changes), Decimal(0)) - totals.icms_relieved == totals.total:
        changes.append(("ICMS desonerado R$", -totals.icms_relieved))
    changes = [(label, value) for label, value in changes if value]
    if changes:
        yield pair("Valor total R$", f.money(gross))
        for label, value in changes:
            yield pair(label, f.money(value))
        yield pair("VALOR A PAGAR R$", f.money(totals.total), _AMOUNT)
    else:
        yield pair("VALOR TOTAL R$", f.money(totals.total), _AMOUNT)
    yield pair("FORMA PAGAMENTO", "VALOR PAGO R$", BOLD)
    for payment in view.payments:
        yield pair(payment_name(payment.method, payment.description), f.money(payment.value))
    if view.change is not None or view.retail:
        yield pair("Troco R$", f.money(view.change or Decimal(0)))
    for installment in view.installments:
        due = f" {f.day(installment.due)}" if installment.due else ""
        yield pair(f"Parcela {installment.number}{due}", f.money(installment.value))


def _reform(view: NoteView) -> Iterator[Node]:
    """Division III-A (NT 2026.003): only what the note has."""
    rows = [("(+) CBS R$", view.totals.cbs), ("(+) IBS R$", view.totals.ibs), ("(+) IS R$", view.totals.selective_tax)]
    rows = [(label, value) for label, value in rows if value]
    if rows:
        yield Rule()
    for label, value in rows:
        yield pair(label, f.money(value or Decimal(0)))


def _consultation(view: NoteView) -> Iterator[Node]:
    """Divisions IV and V: where and with what key the note is looked up."""
    yield centered("Consulte pela chave de acesso em")
    yield centered(view.urlChave or _PORTAL, BOLD)
    blocks = f.chave_blocks(view.chave)
    yield line(" ".join(blocks[:6]), BOLD, "center")
    yield line(" ".join(blocks[6:]), BOLD, "center")
    if view.qrCode:
        yield Qr(view.qrCode)
    else:
        yield Barcode(view.chave)


def _customer(view: NoteView) -> Iterator[Node]:
    """Division VI: who buys, and where it is delivered."""
    role = "CONSUMIDOR" if view.retail else "DESTINATÁRIO"
    customer = view.customer
    if customer is None or not (customer.tax_id or customer.foreign):
        yield centered(f"{role} NÃO IDENTIFICADO", BOLD)
    else:
        kind = "Id. Estrangeiro" if customer.foreign else "CPF" if len(customer.tax_id) == 11 else "CNPJ"
        number = customer.tax_id if customer.foreign else f.tax_id(customer.tax_id)
        yield centered(f"{role} {kind}: {number}", BOLD)
    if customer is not None:
        if customer.name:
            yield centered(customer.name)
        if customer.state_registration:
            yield centered(f"IE {customer.state_registration}")
        if customer.place:
            yield from _address(customer.place)
    if view.delivery and view.delivery.place:
        yield centered("ENTREGA", BOLD)
        if view.delivery.name:
            yield centered(view.delivery.name)
        yield from _address(view.delivery.place)


def _identification(view: NoteView, establishment_copy: bool) -> Iterator[Node]:
    """Division VII: number, date in the note's own offset, protocol."""
    name = "NFC-e" if view.mod == "65" else "NF-e"
    yield centered(f"{name} nº {view.nNF:09d}  Série {view.serie:03d}", BOLD)
    copy = "  Via do Estabelecimento" if establishment_copy else ""
    yield centered(f"Emissão {f.moment(view.issued_at)}{copy}")
    protocolo = view.protocolo
    if protocolo is not None:
        label = "Protocolo de denegação:" if protocolo.denied else "Protocolo de autorização:"
        local = protocolo.received_at.astimezone(view.issued_at.tzinfo)
        yield Line((Span(label + " "), Span(protocolo.number, BOLD)), "center", balanced=True)
        yield centered(f.moment(local))
        if protocolo.denied and protocolo.xMotivo:
            yield centered(protocolo.xMotivo)
        if protocolo.message:
            yield centered(protocolo.message)


def _fisco(view: NoteView) -> Iterator[Node]:
    """Division VIII: what the tax office wants said."""
    nodes: list[Node] = []
    if view.homologation:
        nodes.append(centered("EMITIDA EM AMBIENTE DE HOMOLOGAÇÃO - SEM VALOR FISCAL", BOLD))
    if view.contingency_at:
        nodes.append(line(f"Entrada em contingência: {f.moment(view.contingency_at)}. {view.contingency_reason}".strip(), FINE))
    if view.infAdFisco:
        nodes.append(line(view.infAdFisco, FINE))
    if nodes:
        yield Rule()
        yield from nodes


def _complement(view: NoteView) -> Iterator[Node]:
    """Division IX: taxes of Lei 12.741/2012, highlighted taxes of a 55, and the issuer's own words."""
    totals = view.totals
    rows: list[tuple[str, Decimal]] = []
    if view.mod == "55":
        rows = [
            ("ICMS R$", totals.icms),
            ("ICMS da UF de destino R$", totals.difal),
            ("FCP da UF de destino R$", totals.difal_fcp),
        ]
    rows.append(("Tributos Totais Incidentes (Lei Federal 12.741/2012) R$", totals.approximate_taxes))
    rows = [(label, value) for label, value in rows if value]
    if rows or view.infCpl:
        yield Rule()
    for label, value in rows:
        yield pair(label, f.money(value), FINE)
    if view.infCpl:
        yield line(view.infCpl, FINE)
