"""What each answer of SEFAZ means for a document, as a result to be written with the job in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.jobs.handlers.effects import after_outcome
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter, WaitFor, Write
from gateway.nfe.answers import Protocol, Rejected
from gateway.nfe.content import fingerprint
from gateway.nfe.decisions import proves
from gateway.nfe.ports import SignedXml
from gateway.nfe.proc import join_nfe_proc
from gateway.store import documents, guards, receipts, rejections
from gateway.store.documents import DocumentRow
from gateway.store.other_key import OTHER_KEY

PARALYSED_SECONDS = 15.0
"""How long an issuer leaves a paralysed service alone: the first of the waits of nfe-rules 5."""


CONSUMO_INDEVIDO_SECONDS = 3600.0
AUTHORIZE, CONSULT, RECEIPT = "NFeAutorizacao4", "NFeConsultaProtocolo4", "NFeRetAutorizacao4"
EVENTS, VOIDING = "NFeRecepcaoEvento4", "NFeInutilizacao4"


def guard_key(doc: DocumentRow, service: str = AUTHORIZE) -> str:
    """The pause shared by every worker that calls this service for this issuer: SEFAZ blocks a CNPJ, not a note."""
    return issuer_guard(doc.branch, service)


def issuer_guard(branch: str, service: str) -> str:
    """The same pause, for what is no note."""
    return f"sefaz:{branch}:{service}"


def also(result: Result, write: Write) -> Result:
    """The result with one more thing to write, before what it writes already: all under the job's fencing token."""
    return replace(result, write=_both(write, result.write))


def _both(first: Write, second: Callable[[Any], None] | None) -> Write:
    def write(conn: Any) -> None:
        first(conn)
        if second is not None:
            second(conn)

    return write


def closing(doc: DocumentRow, seq: int, outcome: str, at: int, *, cstat: str | None = None, reason: str | None = None) -> Write:
    """Write down what came of a request."""

    def write(conn: Any) -> None:
        documents.end_transmission(conn, doc.id, seq, outcome=outcome, cstat=cstat, reason=reason, answer=None, at=at)

    return write


def losing(doc: DocumentRow, text: str, at: int, reason: str | None = None) -> Write:
    """From here on nobody knows what became of it; a document that is already so stays."""

    def write(conn: Any) -> None:
        if doc.status == "processing":
            documents.move(conn, doc.id, "lose", at=at, text=text, reason=reason)

    return write


def held_back(doc: DocumentRow, service: str, reason: str, seconds: float = CONSUMO_INDEVIDO_SECONDS) -> Result:
    """656 and 429: no worker calls this service for this issuer meanwhile."""

    def write(conn: Any) -> None:
        guards.pause(conn, guard_key(doc, service), seconds, reason)

    return WaitFor(seconds, reason, code="SEFAZ-656", write=write)


def received(doc: DocumentRow, seq: int, nrec: str, reason: str, after: float, at: int) -> Result:
    """103: the lot is in their queue; its receipt is asked about after `after` seconds."""

    def write(conn: Any) -> None:
        closing(doc, seq, "receipt", at, cstat="103", reason=reason)(conn)
        receipts.keep(conn, doc.id, nrec, at)
        losing(doc, f"Recebida pela SEFAZ e ainda não processada: recibo {nrec}.", at, reason)(conn)

    return WaitFor(after, reason, code="SEFAZ-103", write=write)


def authorized(doc: DocumentRow, seq: int, signed: bytes, protocol: Protocol, at: int) -> Result:
    """Adopt an authorisation that proves itself ours; any other is parked, never adopted."""
    if doc.chave is None or doc.digest is None or not proves(protocol, doc.chave, doc.digest):
        why = "sem o digVal" if protocol.digVal is None else "com outro digVal ou outra chave"
        reason = f"A SEFAZ respondeu autorizado {why}: nada prova que é esta nota."

        def park(conn: Any) -> None:
            documents.end_transmission(
                conn, doc.id, seq, outcome="unproved", cstat=protocol.cStat, reason=reason, answer=protocol.xml, at=at
            )
            if doc.status == "processing":
                documents.move(conn, doc.id, "lose", at=at, text=reason, cstat=protocol.cStat, reason=reason)
            else:
                documents.add_event(conn, doc.id, "unproved", reason, {"cStat": protocol.cStat}, at)

        return NeedsAttention(
            "SEFAZ-UNPROVED",
            reason,
            "Consulte a chave no portal da SEFAZ e compare o XML antes de tentar de novo.",
            write=park,
        )

    proc = join_nfe_proc(SignedXml(signed), protocol.xml)

    def write(conn: Any) -> None:
        documents.end_transmission(
            conn, doc.id, seq, outcome="authorized", cstat=protocol.cStat, reason=protocol.xMotivo, answer=protocol.xml, at=at
        )
        documents.put_artefact(conn, doc.id, "protocol", protocol.xml, at)
        documents.put_artefact(conn, doc.id, "proc", proc, at)
        documents.move(
            conn,
            doc.id,
            "authorize",
            at=at,
            text=f"Autorizada pela SEFAZ: protocolo {protocol.nProt}.",
            data={"nProt": protocol.nProt, "cStat": protocol.cStat, "alerts": [list(pair) for pair in protocol.alerts]},
            protocol=protocol.nProt,
            cstat=protocol.cStat,
            reason=protocol.xMotivo,
            authorized_at=int(protocol.dhRecbto.timestamp() * 1000),
        )
        after_outcome(conn, doc.id, at)

    return Done(write)


def denied(doc: DocumentRow, seq: int, protocol: Protocol, at: int) -> Result:
    """The number is consumed and the document void."""

    def write(conn: Any) -> None:
        documents.end_transmission(
            conn, doc.id, seq, outcome="denied", cstat=protocol.cStat, reason=protocol.xMotivo, answer=protocol.xml, at=at
        )
        if protocol.xml:  # a consulta may tell of a denial without its protNFe
            documents.put_artefact(conn, doc.id, "protocol", protocol.xml, at)
        documents.move(
            conn,
            doc.id,
            "deny",
            at=at,
            text=f"Uso denegado pela SEFAZ: {protocol.cStat} {protocol.xMotivo}",
            protocol=protocol.nProt,
            cstat=protocol.cStat,
            reason=protocol.xMotivo,
        )
        after_outcome(conn, doc.id, at)

    return Done(write)


def lost(doc: DocumentRow, seq: int, reason: str, after: float, at: int, cstat: str | None = None) -> Result:
    """Nobody knows: the document says so, and the next run asks."""

    def write(conn: Any) -> None:
        documents.end_transmission(conn, doc.id, seq, outcome="unknown", cstat=cstat, reason=reason, answer=None, at=at)
        losing(doc, f"Sem resposta clara da SEFAZ: {reason}", at, reason)(conn)

    return RetryAfter("SEFAZ-NO-ANSWER", f"Sem resposta clara da SEFAZ: {reason}", after, write=write)


def rejected(doc: DocumentRow, seq: int, signed: bytes, answer: Rejected, at: int) -> Result:
    """Refused and not stored by SEFAZ: the document keeps its number and waits for a correction."""

    def write(conn: Any) -> None:
        rejections.remember(conn, doc.id, fingerprint(signed), answer.cStat)
        documents.end_transmission(
            conn, doc.id, seq, outcome="rejected", cstat=answer.cStat, reason=answer.xMotivo, answer=None, at=at
        )
        documents.move(
            conn,
            doc.id,
            "reject",
            at=at,
            text=f"Rejeitada pela SEFAZ: {answer.cStat} {answer.xMotivo}",
            data={"decision": answer.decision},
            cstat=answer.cStat,
            reason=answer.xMotivo,
        )
        after_outcome(conn, doc.id, at)

    return Done(write)


def service_down(doc: DocumentRow, seq: int, answer: Rejected, at: int) -> Result:
    """108, 109, 999...: nothing was stored there, the same bytes go again later; the issuer's other notes wait too."""
    reason = f"{answer.cStat} {answer.xMotivo}"

    def write(conn: Any) -> None:
        guards.pause(conn, guard_key(doc), PARALYSED_SECONDS, reason)
        documents.end_transmission(
            conn, doc.id, seq, outcome="service_down", cstat=answer.cStat, reason=answer.xMotivo, answer=None, at=at
        )

    return RetryAfter(f"SEFAZ-{answer.cStat}", reason, write=write)


def other_chave(doc: DocumentRow, seq: int, answer: Rejected, other: str, at: int) -> Result:
    """539, 562: the number belongs to another key. Only a person knows whether it is the same sale."""
    text = f"O número {doc.number} da série {doc.series} já está na SEFAZ com outra chave: {other}."

    def write(conn: Any) -> None:
        closing(doc, seq, "other_key", at, cstat=answer.cStat, reason=answer.xMotivo)(conn)
        documents.add_event(conn, doc.id, OTHER_KEY, text, {"chave": other, "cStat": answer.cStat}, at)

    return NeedsAttention(
        f"SEFAZ-{answer.cStat}",
        text,
        "Se for a mesma venda, adote a nota dessa chave (POST /v1/nfe/{ref}/adopt); se não for, tome outro número "
        "(POST /v1/nfe/{ref}/renumber).",
        write=write,
    )
