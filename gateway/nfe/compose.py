"""From a sale in the trade's words to a document taxed and checked, with all of its faults told at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from gateway.core.chave import ChaveAcesso
from gateway.core.money import MAX_REAIS
from gateway.core.taxid import Cnpj
from gateway.nfe import nfce, technical_contact, terms
from gateway.nfe.amounts import optional_text, percent, text
from gateway.nfe.approximate_tax import approximate
from gateway.nfe.billing import cobr
from gateway.nfe.branch import Branch
from gateway.nfe.carriage import transp
from gateway.nfe.draft import Draft, Header
from gateway.nfe.export import exporta
from gateway.nfe.findings import Findings
from gateway.nfe.goods import Shelf, det
from gateway.nfe.information import compra, inf_adic
from gateway.nfe.item_details import detailed
from gateway.nfe.layout.ide import NfRef
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.parties import Emit
from gateway.nfe.layout.payment import InfIntermed
from gateway.nfe.lines import Line, lines
from gateway.nfe.operations import EXPORT, BranchOperation, Operation
from gateway.nfe.parties import ABROAD, Buyer, buyer, consumer, emit, tax_id
from gateway.nfe.payments import pag
from gateway.nfe.places import delivery, pickup, readers
from gateway.nfe.product import Product
from gateway.nfe.reform.government import government_group
from gateway.nfe.sale import Sale
from gateway.nfe.scope import Scope, crosses_border
from gateway.nfe.taxable_unit import in_taxable_unit
from gateway.nfe.taxes.sums import Sums

_PRESENCE = {"presencial": "1", "internet": "2", "teleatendimento": "3", "entrega": "4", "presencial_fora": "5", "outros": "9"}
_REMOTE = {"55": frozenset({"2", "3", "9"}), "65": frozenset({"2", "3", "4", "9"})}
"""indPres that tells whether there is an intermediary (NT 2020.006), by model."""
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
) -> Draft:
    """The document that `sale` asks for, taxed by the tables of the day it is issued (`sale.issued_at`, or else `at`).

    `mod`: `55` (NF-e) or `65` (NFC-e). `at` is aware. `products` answers for the items that bring no product of their own;
    `operations` are the branch's own rows over the table of operations.
    Raises ValidationFailed with every fault found; ValueError when `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a data precisa de fuso horário")
    findings = Findings()
    zone = _zone(branch, findings)
    issuer = emit(branch, findings)
    if issuer.CNPJ is not None and tax_id(sale.branch) != issuer.CNPJ:
        findings.add("NFE-BRANCH-05", "$.branch", sale=sale.branch, branch=branch.cnpj)
    wrong = [name for name, value in branch.overrides.items() if not percent(value)]
    if wrong:
        for name in wrong:
            findings.add("NFE-BRANCH-07", "$.branch", name=name, value=branch.overrides[name])
        branch = msgspec.structs.replace(branch, overrides={})
    issued = _issue_instant(sale, at, findings)
    day = issued.astimezone(zone).date()
    technical_contact.check(branch, issuer.enderEmit.UF, day, mod, findings)
    operation = terms.chosen(sale, day, operations, mod, findings)
    policy = nfce.policy(branch, issuer.enderEmit.UF, day) if mod == nfce.MODEL else None
    customer = None
    if policy is not None:
        nfce.check_sale(sale, policy, findings)
        customer = consumer(sale, issuer, branch.environment, policy.cnpj_buyers, findings)
    elif sale.customer is None:
        findings.add("NFE-DEST-01", "$.customer")
    else:
        customer = buyer(sale.customer, branch.environment, findings)
    told = len(findings.faults)
    sold = lines(sale, products, findings)
    # A NFC-e is internal and to a consumer, wherever its buyer lives.
    scope = _scope(sale, branch, issuer, None if policy is not None else customer, day, operation)
    scope = replace(scope, mod=mod, buyer=_kind(customer))
    government = government_group(sale.government, mod, findings)
    sums = Sums()
    details = _details(sale, sold, scope, mod, sums, findings)
    reliable = len(findings.faults) == told
    if reliable and sums.note_value > MAX_REAIS:
        findings.add("NFE-SALE-09", "$.items", total=sums.note_value)
        reliable = False
    total = sums.note_value if reliable else None
    settled = terms.settled(sale, operation, total, findings)
    payment = pag(settled, total, findings, mod, day)
    bill = None if policy is not None else cobr(settled, branch, payment, total, issued, zone, findings)
    totals, taxes_told = sums.total(), ""
    final = customer is None or customer.final_consumer
    if branch.approximate_taxes == "on" and final and operation.payment == "real" and len(details) == len(sold):
        details, totals, taxes_told = approximate(details, sold, totals, findings)
    carriage = transp(sale.freight, findings)
    if policy is not None:
        carriage = nfce.carriage(sale, carriage, issuer, findings)
        if reliable:
            nfce.check_total(sale, sums.note_value, policy, findings)
        details = nfce.marked(details, branch.environment)
    presence = _PRESENCE[sale.presence]
    marketplace = _intermediary(sale, presence, mod, findings)
    chaves = _references(sale, findings)
    terms.check_references(sale, operation, chaves, findings)
    fetched = pickup(sale, issuer, findings)
    delivered = delivery(sale, None if customer is None else customer.dest, findings)
    authorised = readers(sale, branch, issuer.enderEmit.UF, day, mod, findings)
    leaves = None if policy is not None else exporta(sale, operation, customer, findings)
    words = terms.printed(sale, operation, chaves, day) if policy is None else nfce.notes(sale)
    information = inf_adic(sale, branch, day, (taxes_told, words), mod, findings)
    purchase = compra(sale, mod, findings)
    findings.raise_any()
    header = Header(
        cUF=issuer.enderEmit.cMun[:2],
        cMunFG=issuer.enderEmit.cMun,
        natOp=operation.natOp,
        serie=branch.series if policy is None else branch.nfce.series,
        tpNF=operation.tpNF,
        idDest="3" if scope.place == EXPORT else "2" if scope.interstate else "1",
        tpAmb=str(branch.environment),
        finNFe=operation.finNFe,
        indFinal="1" if final else "0",
        indPres=presence,
        indIntermed=None if presence not in _REMOTE[mod] else ("1" if marketplace else "0"),
        references=tuple(NfRef(refNFe=chave) for chave in chaves),
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
        retirada=fetched,
        entrega=delivered,
        autXML=authorised,
        cobr=bill,
        exporta=leaves,
    )


@lru_cache(maxsize=64)
def _known_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _zone(branch: Branch, findings: Findings) -> ZoneInfo:
    zone = _known_zone(branch.time_zone)
    if zone is None:
        findings.add("NFE-BRANCH-03", "$.branch", value=branch.time_zone)
        return ZoneInfo("America/Sao_Paulo")
    return zone


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


def _scope(sale: Sale, branch: Branch, issuer: Emit, customer: Buyer | None, day: date, operation: Operation) -> Scope:
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
        city_code=issuer.enderEmit.cMun,
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
        shelf.check(line, goods, f"$.items[{number - 1}]", findings)
        details.append(_told(det(number, line, goods, item_order, sums), line, mod, findings))
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


def _references(sale: Sale, findings: Findings) -> list[ChaveAcesso]:
    chaves: list[ChaveAcesso] = []
    for i, reference in enumerate(sale.references):
        path = f"$.references[{i}]"
        try:
            chave = ChaveAcesso("".join(reference.split()))
        except ValueError:
            findings.add("NFE-SALE-01", path, value=reference)
            continue
        if chave in chaves:
            findings.add("NFE-SALE-02", path)
        chaves.append(chave)
    return chaves
