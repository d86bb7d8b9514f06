"""`/v1/received`: notes that others issued against the company, and what the company answers."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aiohttp import web

from gateway.api.auth import KEY, actor, branches_of, hidden
from gateway.api.decode import read_json
from gateway.api.event_resources import NewEvent
from gateway.api.live import LIVE
from gateway.api.operation import CURSOR, LIMIT, PREFER, Parameter, operation
from gateway.api.presentation import ZONES, chain_told, local, maybe_local
from gateway.api.received_resources import (
    Manifestation,
    NewManifestation,
    Queue,
    Queues,
    Received,
    ReceivedContent,
    ReceivedEvent,
    ReceivedInstallment,
    ReceivedItem,
    ReceivedSummary,
)
from gateway.api.resources import Listing
from gateway.api.respond import bad, choices, day_bound, ok, page_limit, preferred_wait
from gateway.api.routes.artefacts import file
from gateway.api.services import SERVICES, Services
from gateway.core.clock import from_epoch_ms
from gateway.core.errors import InvariantBroken, StateError, ValidationFailed
from gateway.core.taxid import strip_punctuation
from gateway.nfe.events.lifecycle import EVENT
from gateway.nfe.events.table import event_kind
from gateway.nfe.icp_chain import Followed
from gateway.nfe.layout.document import NFe
from gateway.nfe.reader import read_unchecked
from gateway.nfe.received import MANIFESTATIONS, RECEIVED, SITUATIONS, VERDICTS, chain_of
from gateway.store import distribution, fiscal_events, manifestations, received, received_events, received_intake, received_rows
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.received_list import ReceivedFilter, list_received
from gateway.store.received_rows import ReceivedNote

TAG = "Notas recebidas"
FINAL = frozenset({"registered", "rejected"})
NAMES = {tpEvento: name for name, tpEvento in MANIFESTATIONS.items()}


def wanted_of(request: web.Request, branches: tuple[str, ...]) -> ReceivedFilter:
    """The filters of the address. Raises ValidationFailed."""
    services = request.app[SERVICES]
    zone = services.settings.zone
    days = request.query.get("deadline", "")
    if days and not (days.isascii() and days.isdigit() and len(days) <= 3):
        raise bad("GW-DAYS", "deadline", "O prazo é um número de dias.", "Use, por exemplo, deadline=15.")
    return ReceivedFilter(
        statuses=choices(request, "status", RECEIVED.labels),
        situations=choices(request, "situation", SITUATIONS),
        branches=branches,
        issuer=request.query.get("issuer", "")[:20],
        search=request.query.get("search", "").strip()[:60],
        since=day_bound(request, "since", zone),
        until=day_bound(request, "until", zone, end=True),
        deadline=int(days) if days else None,
        now=services.clock.epoch_ms(),
    )


@operation(
    "Listar notas recebidas",
    tag=TAG,
    scope="received:read",
    responses={200: Listing[ReceivedSummary]},
    parameters=(
        Parameter("status", "One or more of: resumo, ciente, completo, manifestado"),
        Parameter("situation", "One or more of: authorized, denied, cancelled"),
        Parameter("branch", "CNPJ of the branch that received"),
        Parameter("issuer", "CNPJ or CPF of the issuer"),
        Parameter("search", "A whole chave, or the issuer's document"),
        Parameter("since", "Date or instant of arrival, included"),
        Parameter("until", "Date (its whole day) or instant, excluded"),
        Parameter("deadline", "Only notes that must be answered within so many days"),
        CURSOR,
        LIMIT,
    ),
    problems=(403, 422),
)
async def index(request: web.Request) -> web.Response:
    """Newest first, by cursor. Filled by the distribution of the Ambiente Nacional for branches with `receive: on`."""
    wanted = wanted_of(request, branches_of(request, request.query.get("branch")))
    cursor, limit = request.query.get("cursor"), page_limit(request)
    page = await request.app[SERVICES].db.read(lambda conn: list_received(conn, wanted, cursor=cursor, limit=limit))
    items = [ReceivedSummary(**await _summary(request, row)) for row in page.rows]
    return ok(Listing(items=tuple(items), next=page.next))


@operation("Filas da distribuição", tag=TAG, scope="received:read", responses={200: Queues})
async def queues(request: web.Request) -> web.Response:
    """How far each queue was read, when it is read next, and why it waits."""
    services = request.app[SERVICES]
    zone, mine = services.settings.zone, request[KEY].branches
    found = await services.db.read(distribution.all_cursors)
    items = tuple(
        Queue(
            queue=one.queue,
            environment=one.environment,
            last_nsu=one.last_nsu,
            max_nsu=one.max_nsu,
            behind=max(0, one.max_nsu - one.last_nsu),
            next_at=local(one.next_at, zone),
            asked_at=maybe_local(one.asked_at or None, zone),
            reason=one.reason,
        )
        for one in found
        if not mine or any(branch.startswith(one.queue) for branch in mine)
    )
    return ok(Queues(items=items))


async def _find(request: web.Request) -> ReceivedNote:
    chave = strip_punctuation(request.match_info["chave"])[:44]
    branches = request[KEY].branches
    row = await request.app[SERVICES].db.read(lambda conn: received_rows.by_chave(conn, chave, branches))
    if row is None:
        raise hidden("A nota recebida", chave)
    return row


@operation("Ver uma nota recebida", tag=TAG, scope="received:read", responses={200: Received}, problems=(404,))
async def show(request: web.Request) -> web.Response:
    """By chave de acesso: its facts, deadlines, answers, and once the XML came what the note says."""
    return ok(await _shown(request, await _find(request)))


@operation("XML de uma nota recebida", tag=TAG, scope="received:read", responses={200: "application/xml"}, problems=(404, 409))
async def xml(request: web.Request) -> web.Response:
    """The nfeProc as the Ambiente Nacional handed it over, byte for byte; 409 while only the summary came."""
    row = await _find(request)
    return file(await whole(request, row), "application/xml", f"{row.chave}-nfe.xml")


@operation("DANFE de uma nota recebida", tag=TAG, scope="received:read", responses={200: "application/pdf"}, problems=(404, 409))
async def danfe_pdf(request: web.Request) -> web.Response:
    """A4, drawn from the received XML."""
    row = await _find(request)
    drawn = await request.app[SERVICES].renderers.pdf(await whole(request, row))
    return file(drawn, "application/pdf", f"{row.chave}.pdf")


async def whole(request: web.Request, row: ReceivedNote) -> bytes:
    """The note's XML. Raises StateError while only the summary came."""
    body = await request.app[SERVICES].db.read(lambda conn: received.xml_of(conn, row))
    if body is None:
        raise StateError(
            "Desta nota só chegou o resumo.",
            code="RECEIVED-NO-XML",
            fix="Registre a ciência da operação: o XML chega na busca seguinte, em até uma hora.",
        )
    return body


@operation(
    "Manifestar-se sobre uma nota recebida",
    tag=TAG,
    scope="received:write",
    request=NewManifestation,
    responses={202: Manifestation, 200: Manifestation},
    parameters=(PREFER,),
    problems=(400, 404, 409, 422, 503),
)
async def manifest(request: web.Request) -> web.Response:
    """Registers ciência (10 days), confirmação, desconhecimento or operação não realizada (90 days), two of each at most: the
    last one counts. The same request again, right after, is the same event; with `ref`, for ever. Refused with 409, and
    nothing sent, when the deadline is over, after a conclusive answer (ciência), or when the company is not the addressee."""
    body = await read_json(request, NewManifestation)
    row = await _find(request)
    services = request.app[SERVICES]
    event, known = await received_intake.manifest(
        services.db, services.clock, row.id, body.event, body.reason, ref=body.ref, actor=actor(request)
    )
    latest, headers = await _awaited(request, row, event, known)
    return ok(await _manifestation(request, latest), status=200 if latest.status in FINAL else 202, headers=headers)


@operation(
    "Registrar um evento do destinatário",
    tag=TAG,
    scope="received:write",
    request=NewEvent,
    responses={202: ReceivedEvent, 200: ReceivedEvent},
    parameters=(PREFER,),
    problems=(400, 404, 409, 422, 503),
)
async def register(request: web.Request) -> web.Response:
    """Any event of IBS and CBS that is the addressee's (crédito presumido, aceite de débito, imobilização, perecimento, ...), by
    its official detail, and 110001, which undoes one by its protocol. The same request again is the same event; refused by SEFAZ,
    it is tried again. Refused with 409, and nothing sent, when the company is not the addressee or the note does not stand."""
    body = await read_json(request, NewEvent)
    row = await _find(request)
    services = request.app[SERVICES]
    event, known = await received_intake.register(
        services.db, services.clock, row.id, body.event, body.detEvento, ref=body.ref, actor=actor(request)
    )
    latest, headers = await _awaited(request, row, event, known)
    return ok(await _event(request, latest), status=200 if latest.status in FINAL else 202, headers=headers)


async def _awaited(
    request: web.Request, row: ReceivedNote, event: FiscalEvent, known: bool
) -> tuple[FiscalEvent, dict[str, str]]:
    """The event after the wait the caller asked for, and the headers of the answer."""
    services = request.app[SERVICES]
    headers: dict[str, str] = {"Idempotent-Replayed": "true"} if known else {}
    seconds = preferred_wait(request, services.settings.wait_limit)
    latest = event
    if seconds and event.status not in FINAL:

        async def final() -> bool:
            nonlocal latest
            found = await services.db.read(lambda conn: fiscal_events.get(conn, event.id))
            latest = found or latest
            return latest.status in FINAL

        await request.app[LIVE].until(f"event:{event.id}", final, seconds=seconds)
        headers["Preference-Applied"] = f"wait={seconds:.0f}"
    headers["Location"] = _base(request, row.chave)
    return latest, headers


def _base(request: web.Request, chave: str) -> str:
    return f"{request.app[SERVICES].settings.public_url}/v1/received/{chave}"


async def _summary(request: web.Request, row: ReceivedNote) -> dict[str, Any]:
    zone = await request.app[ZONES].of(row.branch)
    base = _base(request, row.chave)
    links = {"self": base}
    if row.xml_nsu is not None:
        links |= {"xml": f"{base}/xml", "danfe_pdf": f"{base}/danfe.pdf"}
    return {
        "chave_acesso": row.chave,
        "branch": row.branch,
        "environment": row.environment,
        "issuer": row.issuer,
        "issuer_name": row.issuer_name,
        "issuer_ie": row.issuer_ie,
        "number": int(row.chave[25:34]),
        "series": int(row.chave[22:25]),
        "issued_at": local(row.issued_at, zone),
        "authorized_at": maybe_local(row.authorized_at, zone),
        "protocolo": row.protocol,
        "value": row.value,
        "situation": row.situation,
        "situation_label": SITUATIONS[row.situation],
        "status": row.status,
        "status_label": RECEIVED.labels[row.status],
        "role": row.role,
        "manifestation": cast(Any, NAMES.get(row.manifestation or "")),
        "verdict": row.verdict,
        "verdict_label": None if row.verdict is None else VERDICTS[row.verdict],
        "aware_until": maybe_local(row.aware_until, zone),
        "conclude_until": maybe_local(row.conclude_until, zone),
        "created_at": local(row.created_at, zone),
        "updated_at": local(row.updated_at, zone),
        "links": links,
    }


async def _shown(request: web.Request, row: ReceivedNote) -> Received:
    def read(conn: Any) -> tuple[tuple[FiscalEvent, ...], tuple[FiscalEvent, ...], bytes | None]:
        return manifestations.of_note(conn, row), received_events.of_note(conn, row), received.xml_of(conn, row)

    answers, events, body = await request.app[SERVICES].db.read(read)
    chain = None if body is None else await asyncio.to_thread(followed, request.app[SERVICES], row, body)
    return Received(
        **await _summary(request, row),
        verdict_text=row.verdict_text,
        chain=None if chain is None else chain_told(chain),
        manifestations=tuple([await _manifestation(request, event) for event in answers]),
        events=tuple([await _event(request, event) for event in events]),
        content=None if body is None else await asyncio.to_thread(content_of, body),
    )


def followed(services: Services, row: ReceivedNote, xml: bytes) -> Followed | None:
    """Where the certificate of the note's signer leads to; None while nothing can be said of it. Slow: in a thread."""
    if row.verdict is None:
        return None
    return chain_of(xml, row.verdict, from_epoch_ms(row.authorized_at or row.issued_at), services.authorities)


async def _manifestation(request: web.Request, event: FiscalEvent) -> Manifestation:
    return Manifestation(**await _told(request, event))


async def _event(request: web.Request, event: FiscalEvent) -> ReceivedEvent:
    return ReceivedEvent(**await _told(request, event), detEvento=dict(event.values))


async def _told(request: web.Request, event: FiscalEvent) -> dict[str, Any]:
    zone = await request.app[ZONES].of(event.branch)
    return {
        "id": event.id,
        "ref": event.ref,
        "tpEvento": event.tp_evento,
        "label": event_kind(event.tp_evento).label,
        "nSeqEvento": event.n_seq,
        "status": event.status,
        "status_label": EVENT.labels[event.status],
        "protocolo": event.protocol,
        "cStat": event.cstat,
        "xMotivo": event.reason,
        "registered_at": maybe_local(event.registered_at, zone),
        "created_at": local(event.created_at, zone),
    }


def content_of(xml: bytes) -> ReceivedContent | None:
    """What a note says, or None for one that does not follow the layout we know; its XML is there all the same."""
    try:
        note = read_unchecked(xml)
    except (ValidationFailed, InvariantBroken):
        return None
    return _content(note)


def _content(note: NFe) -> ReceivedContent:
    inf = note.infNFe
    total, dest, cobr = inf.total.ICMSTot, inf.dest, inf.cobr
    return ReceivedContent(
        natureza_operacao=inf.ide.natOp,
        issuer_uf=inf.emit.enderEmit.UF,
        dest="" if dest is None else dest.CNPJ or dest.CPF or dest.idEstrangeiro or "",
        dest_name="" if dest is None else dest.xNome or "",
        items=tuple(
            ReceivedItem(
                number=det.nItem,
                code=det.prod.cProd,
                description=det.prod.xProd,
                ncm=det.prod.NCM,
                cfop=det.prod.CFOP,
                gtin="" if det.prod.cEAN == "SEM GTIN" else det.prod.cEAN,
                quantity=f"{det.prod.qCom:f}",
                unit=det.prod.uCom,
                unit_price=f"{det.prod.vUnCom:f}",
                total=f"{det.prod.vProd:f}",
            )
            for det in inf.det
        ),
        products=f"{total.vProd:f}",
        freight=f"{total.vFrete:f}",
        discount=f"{total.vDesc:f}",
        icms=f"{total.vICMS:f}",
        ipi=f"{total.vIPI:f}",
        total=f"{total.vNF:f}",
        installments=tuple(
            ReceivedInstallment(number=dup.nDup or "", due=dup.dVenc or "", amount=f"{dup.vDup:f}")
            for dup in (() if cobr is None else cobr.dup)
        ),
        information="" if inf.infAdic is None else inf.infAdic.infCpl or "",
    )
