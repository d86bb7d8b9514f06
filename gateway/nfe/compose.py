"""From a sale in the trade's words to a document taxed and checked, with all of its faults told at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ValidationFailed
from gateway.core.money import MAX_REAIS
from gateway.core.taxid import Cnpj
from gateway.nfe import nfce, technical_contact, terms
from gateway.nfe.adjustments import reformed, worked
from gateway.nfe.amounts import optional_text, text
from gateway.nfe.approximate_rates import NO_RATES, Rates
from gateway.nfe.approximate_tax import approximate
from gateway.nfe.billing import cobr
from gateway.nfe.branch import Branch
from gateway.nfe.branch_faults import with_good_rates, zone_of
from gateway.nfe.carriage import transp
from gateway.nfe.claims import NewClaim
from gateway.nfe.counterpart import itself
from gateway.nfe.draft import Draft, Header
from gateway.nfe.export import exporta
from gateway.nfe.findings import Findings
from gateway.nfe.goods import Shelf, det
from gateway.nfe.information import compra, inf_adic
from gateway.nfe.item_details import detailed
from gateway.nfe.layout.ide import NfRef, PagAntecipado
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.parties import Emit
from gateway.nfe.layout.payment import InfIntermed
from gateway.nfe.layout.total import Total
from gateway.nfe.lines import Line, lines
from gateway.nfe.operations import EXPORT, BranchOperation, Operation
from gateway.nfe.originals import Original
from gateway.nfe.parties import ABROAD, Buyer, buyer, consumer, emit, tax_id
from gateway.nfe.payments import pag
from gateway.nfe.places import delivery, pickup, readers
from gateway.nfe.product import Product
from gateway.nfe.raw_totals import total as total_of
from gateway.nfe.reform.government import government_group
from gateway.nfe.repeats import item
from gateway.nfe.returns import Back, give_back
from gateway.nfe.sale import Sale
from gateway.nfe.scope import Scope, crosses_border
from gateway.nfe.taxable_unit import in_taxable_unit
from gateway.nfe.taxes.sums import Sums

_PRESENCE = {"presencial": "1", "internet": "2", "teleatendimento": "3", "entrega": "4", "presencial_fora": "5", "outros": "9"}
_REMOTE = {"55": frozenset({"2", "3", "9"}), "65": frozenset({"2", "3", "4", "9"})}
"""indPres that tells whether there is an intermediary (NT 2020.006), by model."""
_NO_PRESENCE = frozenset({"2", "3"})
"""finNFe of corrections and adjustments: indPres does not apply."""
_AHEAD = timedelta(minutes=5)
_LATE = timedelta(days=30)


def compose(
    sale: Sale,
    branch: Branch,
    products: Mapping[str, Product],
    *,
    at: datetime,
    mod: str = "55",
    operations: Sequence[BranchOperation] = (),
    originals: Mapping[ChaveAcesso, Original] | None = None,
    rates: Rates = NO_RATES,
) -> Draft:
    """The document that `sale` asks for, taxed by the tables of the day it is issued (`sale.issued_at`, or else `at`).

    `mod`: `55` (NF-e) or `65` (NFC-e). `at` is aware. `products` answers for the items that bring no product of their own;
    `operations` are the branch's own rows over the table of operations; `originals`, the documents that `sale.returns` names;
    `rates`, the approximate taxes (Lei 12.741) of the issuer's state on that day, for products that have none of their own.
    Raises ValidationFailed with every fault found; ValueError when `at` has no time zone.
    """
    draft = attempt(sale, branch, products, at=at, mod=mod, operations=operations, originals=originals, rates=rates)
    if draft.faults:
        raise ValidationFailed(draft.faults)
    return draft


def attempt(
    sale: Sale,
    branch: Branch,
    products: Mapping[str, Product],
    *,
    at: datetime,
    mod: str = "55",
    operations: Sequence[BranchOperation] = (),
    originals: Mapping[ChaveAcesso, Original] | None = None,
    rates: Rates = NO_RATES,
) -> Draft:
    """As `compose`, but faults are in the draft instead of raised: composed as far as it goes, to be told what else is wrong.

    Raises ValidationFailed only when the tables say nothing of the day.
    """
    if at.tzinfo is None:
        raise ValueError("a data precisa de fuso horário")
    findings = Findings()
    zone = zone_of(branch, findings)
    issuer = emit(branch, findings)
    if issuer.CNPJ is not None and tax_id(sale.branch) != issuer.CNPJ:
        findings.add("NFE-BRANCH-05", "$.branch", sale=sale.branch, branch=branch.cnpj)
    branch = with_good_rates(branch, findings)
    issued = _issue_instant(sale, at, findings)
    day = issued.astimezone(zone).date()
    technical_contact.check(branch, issuer.enderEmit.UF, day, mod, findings)
    operation = terms.chosen(sale, day, operations, mod, findings)
    policy = nfce.policy(branch, issuer.enderEmit.UF, day) if mod == nfce.MODEL else None
    customer = _customer(sale, branch, issuer, operation, policy, findings)
    told = len(findings.faults)
    terms.check_content(sale, operation, branch, day, findings)
    government = government_group(sale.government, mod, findings)
    if sale.returns or operation.by == "returns":
        back = None
        if operation.returns and sale.returns:
            back = give_back(sale, operation, operations, originals or {}, branch, issuer, customer, day, findings)
        body = _given_back(back, day)
        customer = body.other or customer
    else:
        # A NFC-e is internal and to a consumer, wherever its buyer lives.
        place = None if policy is not None else customer
        scope = _scope(sale, branch, issuer, place, customer, day, worked(operation), mod)
        body = _of_items(sale, products, operation, scope, mod, branch.iss_regime, findings)
    vNF, details = body.totals.ICMSTot.vNF, body.det
    reliable = len(findings.faults) == told
    if reliable and vNF > MAX_REAIS:
        findings.add("NFE-SALE-09", "$.items", total=vNF)
        reliable = False
    total = vNF if reliable else None
    settled = terms.settled(sale, operation, total, findings)
    payment = pag(settled, total, findings, mod, day)
    bill = None if policy is not None else cobr(settled, branch, payment, total, issued, zone, findings)
    totals, taxes_told = body.totals, ""
    final = customer is None or customer.final_consumer
    sold = body.sold if branch.approximate_taxes == "on" and final and operation.payment == "real" else []
    if sold and len(details) == len(sold):
        details, totals, taxes_told = approximate(details, sold, totals, rates, findings)
    carriage = transp(sale.freight, findings)
    if policy is not None:
        carriage = nfce.carriage(sale, carriage, issuer, findings)
        if reliable:
            nfce.check_total(sale, vNF, policy, findings)
        details = nfce.marked(details, branch.environment)
    presence = "0" if operation.finNFe in _NO_PRESENCE else _PRESENCE[sale.presence]
    marketplace = _intermediary(sale, presence, mod, findings)
    chaves = _keys(sale.references, "references", findings)
    terms.check_references(sale, operation, chaves, findings)
    advances = _keys(sale.advances, "advances", findings)
    chaves = list(dict.fromkeys((*body.chaves, *chaves)))
    fetched = pickup(sale, issuer, findings)
    delivered = delivery(sale, None if customer is None else customer.dest, findings)
    authorised = readers(sale, branch, customer, issuer.enderEmit.UF, day, mod, findings)
    leaves = None if policy is not None else exporta(sale, operation, customer, findings)
    words = terms.printed(sale, operation, chaves, day) if policy is None else nfce.notes(sale)
    information = inf_adic(sale, branch, day, (taxes_told, words), mod, findings)
    purchase = compra(sale, mod, findings)
    header = Header(
        cUF=issuer.enderEmit.cMun[:2],
        cMunFG=issuer.enderEmit.cMun,
        natOp=operation.natOp,
        serie=branch.series if policy is None else branch.nfce.series,
        tpNF=operation.tpNF,
        idDest=body.idDest,
        tpAmb=str(branch.environment),
        finNFe=operation.finNFe,
        indFinal="1" if final else "0",
        indPres=presence,
        indIntermed=None if presence not in _REMOTE[mod] else ("1" if marketplace else "0"),
        references=() if body.by_item else tuple(NfRef(refNFe=chave) for chave in chaves),
        tpNFDebito=operation.tpNFDebito or None,
        tpNFCredito=operation.tpNFCredito or None,
        advances=PagAntecipado(refNFe=tuple(advances)) if advances else None,
        gCompraGov=government,
    )
    return Draft(
        sale=sale,
        branch=branch,
        zone=zone,
        header=header,
        emit=issuer,
        dest=None if customer is None else customer.dest,
        det=details,
        totals=totals,
        transp=carriage,
        pag=payment,
        infIntermed=marketplace,
        infAdic=information,
        compra=purchase,
        customer_name=None if customer is None else customer.name or None,
        customer_tax_id=None if customer is None else customer.tax_id,
        mod=mod,
        claims=body.claims,
        retirada=fetched,
        entrega=delivered,
        autXML=authorised,
        cobr=bill,
        exporta=leaves,
        faults=tuple(findings.faults),
        places=body.places,
    )


class _Body(msgspec.Struct, frozen=True, gc=False):
    """The items of a note, wherever they came from. other: the other side of the originals; chaves: theirs."""

    det: tuple[Det, ...]
    totals: Total
    idDest: str
    sold: list[Line] = []
    other: Buyer | None = None
    chaves: tuple[ChaveAcesso, ...] = ()
    by_item: bool = False
    claims: tuple[NewClaim, ...] = ()
    places: tuple[int, ...] = ()


def _given_back(back: Back | None, day: date) -> _Body:
    if back is None:
        return _Body((), total_of((), day.isoformat()), "1")
    totals, place = total_of(back.det, day.isoformat()), "2" if back.interstate else "1"
    return _Body(back.det, totals, place, [], back.buyer, back.chaves, back.by_item, back.claims)


def _of_items(
    sale: Sale,
    products: Mapping[str, Product],
    operation: Operation,
    scope: Scope,
    mod: str,
    iss_regime: str,
    findings: Findings,
) -> _Body:
    place = "3" if scope.place == EXPORT else "2" if scope.interstate else "1"
    if not sale.items:
        return _Body((), total_of((), scope.day.isoformat()), place)
    told = len(findings.faults)
    sums, sold = Sums(), lines(sale, products, findings)
    details = _details(sale, sold, scope, mod, sums, findings)
    if operation.reform_only and len(findings.faults) == told:
        details = reformed(details)
        return _Body(details, total_of(details, scope.day.isoformat()), place, sold)
    places = () if len(sold) == len(sale.items) else tuple(line.place for line in sold)
    return _Body(details, sums.total(scope.day, iss_regime), place, sold, places=places)


def _customer(
    sale: Sale, branch: Branch, issuer: Emit, operation: Operation, policy: nfce.Policy | None, findings: Findings
) -> Buyer | None:
    """Who the note is to; None for a NFC-e to nobody identified, and when the earlier documents are to tell."""
    if policy is not None:
        nfce.check_sale(sale, policy, findings)
        return consumer(sale, issuer, branch.environment, policy.cnpj_buyers, findings)
    if operation.recipient == "self":
        if sale.customer is not None:
            findings.add("NFE-CREDIT-04", "$.customer", name=operation.name)
        return itself(issuer, branch)
    if sale.customer is not None:
        return buyer(sale.customer, branch.environment, findings)
    if not sale.returns:
        findings.add("NFE-DEST-01", "$.customer")
    return None


def _issue_instant(sale: Sale, at: datetime, findings: Findings) -> datetime:
    issued = sale.issued_at
    if issued is None:
        return at
    if issued.tzinfo is None:
        findings.add("NFE-SALE-05", "$.issued_at", value=issued.isoformat())
        return at
    if issued > at + _AHEAD:
        findings.add("NFE-SALE-06", "$.issued_at", value=issued.isoformat())
    elif issued < at - _LATE:
        findings.add("NFE-SALE-07", "$.issued_at", value=issued.isoformat())
    return issued


def _scope(
    sale: Sale,
    branch: Branch,
    issuer: Emit,
    customer: Buyer | None,
    named: Buyer | None,
    day: date,
    operation: Operation,
    mod: str,
) -> Scope:
    """`customer`: whose address and registration count (None at the counter); `named`: who the document names, if anybody."""
    from_uf = issuer.enderEmit.UF
    address = customer.dest.enderDest if customer is not None else None
    to_uf = address.UF if address is not None and address.UF not in ("", ABROAD) else from_uf
    contributor = customer is not None and customer.contributor
    final_consumer = customer is None or customer.final_consumer
    return Scope(
        day=day,
        crt=branch.crt,
        regime=branch.pis_cofins_regime,
        from_uf=from_uf,
        to_uf=to_uf,
        interstate=crosses_border(
            sale, branch, from_uf=from_uf, to_uf=to_uf, consumer=final_consumer and not contributor, day=day
        ),
        contributor=contributor,
        final_consumer=final_consumer,
        operation=operation,
        overrides=branch.overrides,
        mod=mod,
        city_code=issuer.enderEmit.cMun,
        municipal=issuer.IM is not None,
        credit_rate=branch.credit_rate(day) if branch.simples_credit else None,
        buyer=_kind(named),
        to_city=address.cMun if address is not None else "",
        government=sale.government,
        ibs_cbs_since=branch.ibs_cbs_since,
    )


def _kind(customer: Buyer | None) -> str:
    if customer is None or customer.tax_id is None:
        return ""
    return "person" if len(customer.tax_id) == 11 else "company"


def _details(sale: Sale, sold: list[Line], scope: Scope, mod: str, sums: Sums, findings: Findings) -> tuple[Det, ...]:
    # xPed of an item holds 15 characters; a longer order number stays in group compra only.
    order = optional_text(sale.order_number, 60)
    item_order = order if order is not None and len(order) <= 15 else None
    shelf = Shelf(scope)
    details = []
    for number, line in enumerate(sold, start=1):
        goods = shelf.goods(line, findings)
        shelf.check(line, goods, findings)
        # Of a sale with faults nothing is kept: its goods may lack what their taxes need.
        plain = (det if findings.faults else item)(number, line, goods, item_order, sums)
        details.append(_told(plain, line, mod, findings))
    return tuple(details)


def _told(plain: Det, line: Line, mod: str, findings: Findings) -> Det:
    """The item with what only some products and sales tell of it."""
    product, details = line.product, line.item.details
    if details is None and not product.taxable_unit and not product.fci:
        return plain
    prod = in_taxable_unit(plain.prod, product, line.path, findings)
    if details is not None:
        prod = detailed(prod, details, f"{line.path.rpartition('.')[0]}.details", mod, findings)
    return msgspec.structs.replace(plain, prod=prod)


def _intermediary(sale: Sale, presence: str, mod: str, findings: Findings) -> InfIntermed | None:
    if presence == "4" and mod == "55":
        findings.add("NFE-SALE-03", "$.presence")
    if sale.intermediary is None:
        return None
    if presence not in _REMOTE[mod]:
        findings.add("NFE-SALE-04" if mod == "55" else "NFCE-SALE-05", "$.intermediary")
    cnpj = tax_id(sale.intermediary.cnpj)
    if not isinstance(cnpj, Cnpj):
        findings.add("NFE-SALE-10", "$.intermediary.cnpj", value=sale.intermediary.cnpj)
    account = text(sale.intermediary.account, 60, "a conta no intermediador", "$.intermediary.account", findings, least=2)
    return InfIntermed(CNPJ=str(cnpj), idCadIntTran=account)


def _keys(given: Sequence[str], field: str, findings: Findings) -> list[ChaveAcesso]:
    chaves: list[ChaveAcesso] = []
    for i, reference in enumerate(given):
        path = f"$.{field}[{i}]"
        try:
            chave = ChaveAcesso("".join(reference.split()))
        except ValueError:
            findings.add("NFE-SALE-01", path, value=reference)
            continue
        if chave in chaves:
            findings.add("NFE-SALE-02", path)
        chaves.append(chave)
    return chaves
