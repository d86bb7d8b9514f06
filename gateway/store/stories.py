"""A document's whole story, and a number's, read in one unit of work: what happened, what changed, and what may be done now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gateway.core.chave import ChaveAcesso
from gateway.core.clock import from_epoch_ms
from gateway.core.errors import NotFound
from gateway.core.taxid import Cnpj
from gateway.nfe import happenings
from gateway.nfe.branch import Branch
from gateway.nfe.events.lifecycle import EVENT
from gateway.nfe.events.table import event_kind
from gateway.nfe.happenings import Episode, Request, Voiding
from gateway.nfe.lifecycle import DOCUMENT
from gateway.nfe.story import Attempt, Happening, StoryLine, tell
from gateway.store import contingencies, documents, event_intake, fiscal_events, number_gaps, numbers, orders, setup, voidings
from gateway.store.documents import DocumentRow, EventRow, TransmissionRow
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.jobs import live_for
from gateway.store.numbers import NumberKey
from gateway.store.tables import artefacts, prints

_ENDED = frozenset({"registered", "rejected"})


@dataclass(frozen=True, slots=True)
class Story:
    """The life of a document, or of a number that has none (document None).

    headline: one pt-BR sentence; lines: oldest first; now: what may or must be done, a sentence each. zone: the branch's.
    """

    ref: str
    document: DocumentRow | None
    headline: str
    lines: tuple[StoryLine, ...]
    now: tuple[str, ...]
    zone: ZoneInfo


def find(conn: Connection, name: str) -> DocumentRow | None:
    """By ref, by the chave of its live bytes, by a chave it had before, or as `CNPJ-modelo-série-número`."""
    row = documents.by_ref(conn, name) or documents.by_chave(conn, name)
    if row is None and (key := number_named(conn, name)) is not None:
        owner = numbers.owner(conn, key)
        if owner is None and len(name) == 44 and (given_up := numbers.foreign(conn, key)) is not None and given_up[0] != name:
            owner = given_up[1]  # the key it had, before it let go of the number
        row = None if owner is None else documents.get(conn, owner)
    return row


def number_named(conn: Connection, name: str) -> NumberKey | None:
    """The number that `CNPJ-modelo-série-número` or a chave names, in its branch's environment; None for anything else."""
    try:
        chave = ChaveAcesso(name)
        cnpj, model, series, number = chave.tax_id, chave.mod, chave.serie, chave.nNF
    except ValueError:
        parts = name.split("-")
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts[1:]):
            return None
        cnpj, model, series, number = parts[0], parts[1], int(parts[2]), int(parts[3])
    try:
        branch = setup.get_branch(conn, Cnpj(cnpj))
    except ValueError:
        return None
    if branch is None or model not in ("55", "65"):
        return None
    return NumberKey(branch.cnpj, model, series, branch.environment, number)


def told(conn: Connection, name: str, now: datetime) -> Story:
    """The story of whatever `name` names. Raises NotFound."""
    row = find(conn, name)
    if row is not None:
        return story(conn, row, now)
    key = number_named(conn, name)
    if key is None:
        fix = "Confira o ref enviado ou procure no console; um número se diz CNPJ-modelo-série-número."
        raise NotFound(f"Nenhum documento com ref, chave ou número {name[:120]!r}.", fix=fix)
    return number_story(conn, key)


def story(conn: Connection, row: DocumentRow, now: datetime) -> Story:
    """From its acceptance to now. now: aware."""
    branch = setup.get_branch(conn, row.branch)
    assert branch is not None  # documents.branch is a foreign key
    zone = ZoneInfo(branch.time_zone)
    sent = documents.transmissions(conn, row.id)
    attempts = _attempts(conn, row.id, sent)
    events = documents.events(conn, row.id)
    asked = fiscal_events.of_document(conn, row.id)
    found = [*happenings.requests([_request(one) for one in sent]), *_timeline(events, asked)]
    found += _contingency(conn, row, zone)
    found += _voidings(conn, row)
    found += _prints(conn, row.id, events)
    found += _order(conn, row.id)
    lines = tell(found, attempts)
    return Story(
        row.ref, row, _headline(row, sum(one.sent for one in attempts)), lines, _now(conn, row, branch, asked, now), zone
    )


def _request(one: TransmissionRow) -> Request:
    return Request(one.kind, one.started_at, one.ended_at, one.outcome, one.cstat, one.reason)


def _timeline(events: tuple[EventRow, ...], asked: tuple[FiscalEvent, ...]) -> Iterator[Happening]:
    known = {event.id: event for event in asked}
    for one in events:
        text = one.text
        if one.kind == "event_requested" and (event := known.get(str(one.data.get("event")))) is not None:
            text += happenings.quoted(event.values)
        yield Happening(one.at, one.kind, text)


def _contingency(conn: Connection, row: DocumentRow, zone: ZoneInfo) -> Iterator[Happening]:
    entered = contingencies.of_document(conn, row.id)
    if entered is None:
        return
    due_at = contingencies.due_at(conn, row.id)
    due = None if due_at is None else from_epoch_ms(due_at).astimezone(zone)
    one = Episode(entered.mode, entered.since, entered.reason, entered.entered_by, entered.left_at, entered.left_by, due_at)
    yield from happenings.episode(one, row.authorized_at, due)


def _voidings(conn: Connection, row: DocumentRow) -> Iterator[Happening]:
    if row.number is None:
        return
    key = NumberKey(row.branch, row.model, row.series, row.environment, row.number)
    for one in voidings.covering(conn, key):
        yield from happenings.voiding(_voiding(one), ends=False)


def _voiding(one: voidings.VoidingRow) -> Voiding:
    return Voiding(
        first=one.first,
        last=one.last,
        status=one.status,
        justification=one.justification,
        protocol=one.protocol,
        cStat=one.cstat,
        reason=one.reason,
        asked_at=one.created_at,
        ended_at=one.updated_at,
    )


def _prints(conn: Connection, document: str, events: tuple[EventRow, ...]) -> Iterator[Happening]:
    """Those that the timeline does not tell of."""
    known = {str(one.data.get("print")) for one in events if one.kind == "printed"}
    query = select(prints.c.id, prints.c.state, prints.c.reason, prints.c.updated_at).where(prints.c.document == document)
    for one in conn.execute(query):
        if one.id not in known:
            yield Happening(one.updated_at, "printed", happenings.printing(one.state, one.reason))


def _order(conn: Connection, document: str) -> Iterator[Happening]:
    order = orders.by_document(conn, document)
    if order is not None:
        sold = f"Pedido {order.external_id} da conta {order.account}"
        for one in orders.events(conn, order.id):
            yield Happening(one.at, "order", f"{sold}: {one.text}")


def _headline(row: DocumentRow, sent: int) -> str:
    number = f"Nota {row.number} da série {row.series}" if row.number else "Nota ainda sem número"
    tries = "ainda não foi enviada" if not sent else "foi enviada uma vez" if sent == 1 else f"foi enviada em {sent} tentativas"
    said = f"; a última resposta foi {row.cstat}, {row.reason}" if row.cstat and row.status in ("rejected", "denied") else ""
    return f"{number} (ref {row.ref}), R$ {_reais(row.total)}: {DOCUMENT.labels[row.status].lower()}, {tries}{said}."


def _reais(value: Decimal) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def _now(conn: Connection, row: DocumentRow, branch: Branch, asked: tuple[FiscalEvent, ...], now: datetime) -> tuple[str, ...]:
    """What may or must be done, the most pressing first."""
    found: list[str] = []
    zone = ZoneInfo(branch.time_zone)
    due_at = contingencies.due_at(conn, row.id)
    if due_at is not None and row.status in contingencies.NOT_THERE_YET:
        due = from_epoch_ms(due_at).astimezone(zone)
        over = "terminou" if now > due else "termina"
        found.append(f"O prazo para a SEFAZ receber esta nota, emitida em contingência, {over} em {due:%d/%m/%Y às %H:%M}.")
    for job in live_for(conn, row.id):
        if job.state == "needs_attention":
            found.append(f"Espera uma pessoa: {job.error or 'sem motivo informado'} {job.fix or ''}".strip())
    if row.status == "rejected":
        found.append("Corrija e reenvie: a nota mantém a ref e o número.")
        if row.number is not None:
            limit = number_gaps.deadline(from_epoch_ms(row.created_at).astimezone(zone).date())
            found.append(f"Sem correção, o número {row.number} precisa ser inutilizado até {limit:%d/%m/%Y}.")
    if row.status == "unknown":
        found.append("A SEFAZ está sendo consultada: não envie a venda de novo com outra ref.")
    for event in asked:
        if event.status not in _ENDED:
            found.append(f"{event_kind(event.tp_evento).label}: {EVENT.labels[event.status].lower()}.")
    found += [one.text for one in event_intake.terms(row, branch, now)]
    return tuple(found)


def number_story(conn: Connection, key: NumberKey) -> Story:
    """Of a number that no document holds: void, asked to be, another key's, or never used."""
    branch = setup.get_branch(conn, key.branch)
    assert branch is not None  # the key was made from it
    rows = voidings.covering(conn, key)
    found = [line for one in rows for line in happenings.voiding(_voiding(one), ends=True)]
    other = numbers.foreign(conn, key)
    now: tuple[str, ...] = ()
    state = "nunca foi usado por este gateway"
    if other is not None:
        state = f"na SEFAZ, é da nota de chave {other[0]}"
    elif any(one.status == "registered" for one in rows):
        state = "inutilizado na SEFAZ: nenhuma nota pode usá-lo"
    elif any(one.status in voidings.RESERVED for one in rows):
        state = "com inutilização em andamento"
    elif numbers.given(conn, key):
        state = "ficou sem nota"
        now = ("Veja em Numeração o prazo para inutilizá-lo.",)
    headline = f"Número {key.number} da série {key.series}, modelo {key.model}, filial {key.branch}: {state}."
    ref = f"{key.branch}-{key.model}-{key.series}-{key.number}"
    return Story(ref, None, headline, tell(found, ()), now, ZoneInfo(branch.time_zone))


def _attempts(conn: Connection, document: str, sent: tuple[TransmissionRow, ...]) -> list[Attempt]:
    """Every version of the signed bytes, with the last answer to an authorisation of it."""
    answers = {one.signed_version: one for one in sent if one.kind == "authorize"}
    query = (
        select(artefacts.c.version, artefacts.c.body, artefacts.c.created_at)
        .where(artefacts.c.document == document, artefacts.c.kind == "signed")
        .order_by(artefacts.c.version)
    )
    found = []
    for row in conn.execute(query):
        answer = answers.get(row.version)
        cStat, reason = (None, None) if answer is None else (answer.cstat, answer.reason)
        found.append(Attempt(row.version, row.created_at, bytes(row.body), cStat, reason, answer is not None))
    return found
