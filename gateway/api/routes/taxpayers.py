"""`/v1/taxpayers`: what a state knows of a company or person, and a customer completed by it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.auth import actor, require_branch
from gateway.api.operation import Parameter, operation
from gateway.api.presentation import local
from gateway.api.received_resources import TaxpayerAnswer, TaxpayerRegistration
from gateway.api.resources import StoredCustomer
from gateway.api.respond import bad, ok
from gateway.api.services import SERVICES
from gateway.core.errors import OutcomeUnknown, StateError
from gateway.core.taxid import Cnpj, parse_tax_id, strip_punctuation
from gateway.nfe.event_answers import Registration, Taxpayer
from gateway.nfe.municipios import uf_code
from gateway.nfe.sale import Customer
from gateway.store import access, setup

TAG = "Cadastro de contribuintes"
_BRANCH = Parameter("branch", "CNPJ of the branch whose certificate asks", required=True)
_UF = Parameter("uf", "State to ask", required=True)


@operation(
    "Consultar o cadastro de contribuintes",
    tag=TAG,
    scope="received:read",
    responses={200: TaxpayerAnswer},
    parameters=(_BRANCH,),
    problems=(403, 404, 422, 502, 503, 504),
)
async def show(request: web.Request) -> web.Response:
    """By CNPJ, CPF or IE: the state's registrations. An answer is kept for a day, and a branch asks 60 times an hour at most
    (503 with Retry-After past that). Some states offer no such service, and some refuse who is not theirs: the answer tells."""
    uf, document = request.match_info["uf"].upper(), strip_punctuation(request.match_info["document"]).upper()
    if not (document.isascii() and document.isalnum() and 2 <= len(document) <= 14):
        raise bad("GW-TAX-ID", "document", "Informe um CNPJ, CPF ou inscrição estadual.", "Confira o documento.")
    answer, at = await _ask(request, uf, document)
    zone = request.app[SERVICES].settings.zone
    return ok(
        TaxpayerAnswer(
            cStat=answer.cStat,
            xMotivo=answer.xMotivo,
            asked_at=local(at, zone),
            registrations=tuple(_registration(one) for one in answer.registrations),
        )
    )


@operation(
    "Completar um cliente pelo cadastro",
    tag=TAG,
    scope="setup",
    responses={200: StoredCustomer},
    parameters=(_BRANCH, _UF),
    problems=(403, 404, 409, 422, 502, 503, 504),
)
async def complete(request: web.Request) -> web.Response:
    """Fills what is empty of a customer (name, IE, contributor or not) with its only active registration in the state; what the
    store keyed in stays. 409 when there is none, or several."""
    try:
        tax_id = parse_tax_id(request.match_info["tax_id"])
    except ValueError as error:
        raise bad("GW-TAX-ID", "tax_id", f"CPF ou CNPJ inválido no endereço: {error}.", "Confira o documento.") from error
    answer, at = await _ask(request, request.query.get("uf", "").upper(), str(tax_id))
    active = [one for one in answer.registrations if one.active]
    if len(active) != 1:
        told = "não tem inscrição ativa" if not active else f"tem {len(active)} inscrições ativas"
        raise StateError(
            f"O documento {tax_id} {told} neste estado ({answer.cStat} {answer.xMotivo}).",
            code="TAXPAYER-NOT-ONE",
            fix="Informe a inscrição certa em PUT /v1/customers/{tax_id}.",
        )
    found = Customer(tax_id=str(tax_id), name=active[0].name, state_registration=active[0].ie, taxpayer=True)
    services, who = request.app[SERVICES], actor(request)

    def write(conn: Any) -> setup.CustomerRow:
        row = setup.learn_customer(conn, found, origin="cadastro", at=at)
        access.record(conn, actor=who, action="customer.complete", subject=str(tax_id), at=at)
        return row

    row = await services.db.write(write)
    return ok(StoredCustomer(customer=row.customer, origin=row.origin, updated_at=local(row.updated_at, services.settings.zone)))


async def _ask(request: web.Request, uf: str, document: str) -> tuple[Taxpayer, int]:
    try:
        branch = Cnpj(request.query.get("branch", ""))
    except ValueError as error:
        raise bad("GW-CNPJ", "branch", f"CNPJ inválido: {error}.", "Informe ?branch= com o CNPJ da filial.") from error
    require_branch(request, branch)
    if uf_code(uf) is None:
        raise bad("GW-UF", "uf", f"'{uf[:4]}' não é uma UF.", "Use a sigla do estado, como SP.")
    try:
        return await request.app[SERVICES].taxpayer(branch, uf, document)
    except TimeoutError as error:
        raise OutcomeUnknown("O estado não respondeu a tempo.", fix="Tente de novo em alguns minutos.") from error


def _registration(one: Registration) -> TaxpayerRegistration:
    return TaxpayerRegistration(
        ie=one.ie,
        tax_id=one.tax_id,
        uf=one.uf,
        active=one.active,
        issues_nfe=one.issues_nfe,
        name=one.name,
        trade_name=one.trade_name,
        since=one.since,
    )
