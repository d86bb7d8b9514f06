"""`/v1/nfe` and `/v1/nfce`: issue, see, try again."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.api.auth import actor, branches_of, hidden, require_branch, sees
from gateway.api.decode import decode, read_body
from gateway.api.live import LIVE
from gateway.api.operation import CURSOR, LIMIT, PREFER, Parameter, operation
from gateway.api.presentation import FINAL, document, document_summary, document_url
from gateway.api.resources import Document, DocumentSummary, Listing, Preview
from gateway.api.respond import bad, choices, day_bound, ok, page_limit, preferred_wait
from gateway.api.salvage import decode_or_tell_all
from gateway.api.services import SERVICES, SalePreview, Services
from gateway.core.taxid import strip_punctuation
from gateway.nfe.lifecycle import DOCUMENT
from gateway.nfe.raw import RawNote
from gateway.nfe.request import Request, is_raw
from gateway.nfe.sale import Sale
from gateway.store import access, documents, jobs, queries
from gateway.store.documents import DocumentRow
from gateway.store.queries import DocumentFilter

TAG = "NF-e"


@operation(
    "Emitir uma NF-e",
    tag=TAG,
    scope="nfe:write",
    request=Sale,
    responses={202: Document, 200: Document},
    parameters=(PREFER,),
    problems=(400, 409, 413, 422, 503),
)
async def issue(request: web.Request) -> web.Response:
    """Accepts the sale durably and answers 202 with its links. With `Prefer: wait=n` it waits up to n seconds and answers 200
    when the state is final. The same `ref` with the same content answers the same document (`Idempotent-Replayed: true`);
    with other content, 409."""
    return await accept(request, await read_sale(request, "55"))


@operation(
    "Emitir uma NFC-e",
    tag=TAG,
    scope="nfe:write",
    request=Sale,
    responses={202: Document, 200: Document},
    parameters=(PREFER,),
    problems=(400, 409, 413, 422, 503),
)
async def issue_nfce(request: web.Request) -> web.Response:
    """As `POST /v1/nfe`, for the consumer's note (model 65): the customer is optional, `presence` is `presencial` or `entrega`,
    and the series is the branch's `nfce.series`. A `ref` names one note, of either model; it is read at `/v1/nfe/{ref}`."""
    return await accept(request, await read_sale(request, "65"), "65")


async def read_sale(request: web.Request, model: str) -> Sale:
    """The body as a sale. Raises ValidationFailed with every fault: of its reading and, where that is known, of the sale."""
    return await decode_or_tell_all(await read_body(request), Sale, lambda sale: tried(request, sale, model))


async def tried(request: web.Request, sale: Request, model: str) -> SalePreview:
    """The sale, checked whole and not stored. Raises ValidationFailed, Forbidden."""
    require_branch(request, sale.branch)
    return await request.app[SERVICES].preview_sale(sale, model)


async def accept(request: web.Request, sale: Request, model: str = "55") -> web.Response:
    """Accepts a decoded body and answers for it, as promised by `issue`."""
    require_branch(request, sale.branch)
    services = request.app[SERVICES]
    row, replayed = await services.accept_sale(sale, model)
    row, headers = await _settled(request, row)
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    headers["Location"] = document_url(row.ref, services.settings.public_url)
    return ok(await document(request, row), status=200 if row.status in FINAL else 202, headers=headers)


async def _settled(request: web.Request, row: DocumentRow) -> tuple[DocumentRow, dict[str, str]]:
    """The document once final, or as it is when the caller's patience ends."""
    services = request.app[SERVICES]
    seconds = preferred_wait(request, services.settings.wait_limit)
    if not seconds or row.status in FINAL:
        return row, {}
    latest = row

    async def final() -> bool:
        nonlocal latest
        found = await services.db.read(lambda conn: documents.get(conn, row.id))
        latest = found or latest
        return latest.status in FINAL

    await request.app[LIVE].until(f"document:{row.id}", final, seconds=seconds)
    return latest, {"Preference-Applied": f"wait={seconds:.0f}"}


@operation(
    "Conferir uma venda sem emitir",
    tag=TAG,
    scope="nfe:write",
    request=Sale,
    responses={200: Preview},
    problems=(400, 413, 422),
)
async def preview(request: web.Request) -> web.Response:
    """The unsigned XML and the total of the note this sale would be. Takes no number and stores nothing."""
    return await _preview(request, "55")


@operation(
    "Conferir uma venda sem emitir a NFC-e",
    tag=TAG,
    scope="nfe:write",
    request=Sale,
    responses={200: Preview},
    problems=(400, 413, 422),
)
async def preview_nfce(request: web.Request) -> web.Response:
    """As `POST /v1/nfe/preview`, for model 65. The QR code in the XML has the right shape and no worth."""
    return await _preview(request, "65")


async def _preview(request: web.Request, model: str) -> web.Response:
    made = await tried(request, await read_sale(request, model), model)
    return ok(Preview(xml=made.xml.decode(), total=str(made.total), warnings=made.warnings))


@operation(
    "Listar notas",
    tag=TAG,
    scope="nfe:read",
    responses={200: Listing[DocumentSummary]},
    parameters=(
        Parameter("status", "One or more statuses, comma-separated"),
        Parameter("branch", "CNPJ of the issuer"),
        Parameter("search", "A whole ref, chave, number, customer document or order id"),
        Parameter("since", "Date or instant, included"),
        Parameter("until", "Date (its whole day) or instant, excluded"),
        CURSOR,
        LIMIT,
    ),
    problems=(403, 422),
)
async def index(request: web.Request) -> web.Response:
    """Newest first, by cursor."""
    zone = request.app[SERVICES].settings.zone
    wanted = DocumentFilter(
        statuses=choices(request, "status", DOCUMENT.labels),
        branches=branches_of(request, request.query.get("branch")),
        search=request.query.get("search", "")[:200],
        since=day_bound(request, "since", zone),
        until=day_bound(request, "until", zone, end=True),
    )
    cursor, limit = request.query.get("cursor"), page_limit(request)
    page = await request.app[SERVICES].db.read(lambda conn: queries.list_documents(conn, wanted, cursor=cursor, limit=limit))
    items = [await document_summary(request, row) for row in page.rows]
    return ok(Listing(items=tuple(items), next=page.next))


async def find(request: web.Request) -> DocumentRow:
    """The document of the address, by ref or chave. Raises NotFound, also for one of a branch the key does not cover."""
    name = request.match_info["ref"]
    row = await request.app[SERVICES].db.read(lambda conn: documents.by_ref(conn, name) or documents.by_chave(conn, name))
    if row is None or not sees(request, row.branch):
        raise hidden("A nota", name)
    return row


@operation(
    "Ver uma nota",
    tag=TAG,
    scope="nfe:read",
    responses={200: Document},
    parameters=(PREFER,),
    problems=(404,),
)
async def show(request: web.Request) -> web.Response:
    """By ref (percent-encoded) or by chave de acesso: state, timeline and links."""
    row, headers = await _settled(request, await find(request))
    return ok(await document(request, row), headers=headers)


@operation(
    "Tentar de novo uma nota rejeitada",
    tag=TAG,
    scope="nfe:write",
    request=Sale,
    request_required=False,
    responses={202: Document, 200: Document},
    parameters=(
        PREFER,
        Parameter("force", "`true`: send again what SEFAZ refused three times in an hour, or whose order was cancelled"),
    ),
    problems=(400, 404, 409, 413, 422, 503),
)
async def retry(request: web.Request) -> web.Response:
    """Without a body, the same sale again (after a set-up was corrected). With one, the corrected sale (or raw note, when it was
    posted to /v1/nfe/raw) under the same ref and number. Only for rejected notes; anything else is 409 and changes nothing. The
    same content refused three times in an hour is 409 (NFE-REPEATED) until it changes or `force=true`."""
    row = await find(request)
    body = await read_body(request)
    sale: Request | None = None
    if body.strip():
        sale = decode(body, RawNote) if is_raw(row.request) else decode(body, Sale)
    if sale is not None:
        if sale.ref != row.ref:
            raise bad("NFE-RETRY-REF", "$.ref", "A correção precisa ter a mesma ref da nota.", f"Use ref {row.ref}.")
        if strip_punctuation(sale.branch) != row.branch:
            fix = f"Use a filial {row.branch}, ou emita outra nota com outra ref."
            raise bad("NFE-RETRY-BRANCH", "$.branch", "A correção precisa ser da mesma filial.", fix)
    retried = await try_again(request.app[SERVICES], row, sale, actor(request), force=request.query.get("force") == "true")
    retried, headers = await _settled(request, retried)
    return ok(await document(request, retried), status=200 if retried.status in FINAL else 202, headers=headers)


async def try_again(services: Services, row: DocumentRow, sale: Request | None, who: str, *, force: bool = False) -> DocumentRow:
    """Retry a rejected document, audited as `who`. Raises ValidationFailed, TransitionRefused: then nothing has changed."""
    retried = await services.retry_document(row.id, sale, force)
    at = services.clock.epoch_ms()

    def write(conn: Any) -> None:
        # A refusal of ours leaves the job waiting for a person: this is that person.
        for one in jobs.live_for(conn, row.id):
            if one.kind == documents.ISSUE_KIND and one.state in ("needs_attention", "waiting"):
                jobs.retry_now(conn, one.id)
        access.record(
            conn,
            actor=who,
            action="document.retry",
            subject=row.ref,
            at=at,
            data={"corrected": sale is not None, "force": force},
        )

    await services.db.write(write)
    return retried
