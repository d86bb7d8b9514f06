"""What each answer of SEFAZ means for a document, as a result to be written with the job in one transaction."""

from __future__ import annotations

from typing import Any

from gateway.jobs.handlers.effects import after_outcome
from gateway.jobs.results import Done, NeedsAttention, Result, RetryAfter
from gateway.nfe.answers import Protocol, Rejected
from gateway.nfe.decisions import proves
from gateway.nfe.ports import SignedXml
from gateway.nfe.proc import join_nfe_proc
from gateway.store import documents, guards
from gateway.store.documents import DocumentRow

PARALYSED_SECONDS = 15.0
"""How long an issuer leaves a paralysed service alone: the first of the waits of nfe-rules 5."""


def guard_key(doc: DocumentRow) -> str:
    """The pause shared by every worker that sends notes of this issuer and model."""
    return issuer_guard(doc.branch, doc.model)


def issuer_guard(branch: str, model: str) -> str:
    """The same pause, by issuer and model: whatever goes to that authoriser waits for it."""
    return f"sefaz:{branch}:{model}"


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
        if doc.status != "unknown":
            documents.move(conn, doc.id, "lose", at=at, text=f"Sem resposta clara da SEFAZ: {reason}", reason=reason)

    return RetryAfter("SEFAZ-NO-ANSWER", f"Sem resposta clara da SEFAZ: {reason}", after, write=write)


def rejected(doc: DocumentRow, seq: int, answer: Rejected, at: int) -> Result:
    """Refused and not stored by SEFAZ: the document keeps its number and waits for a correction."""

    def write(conn: Any) -> None:
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


def other_chave(doc: DocumentRow, answer: Rejected, other: str) -> Result:
    """539: the number belongs to another key. Only a person knows whether it is the same sale."""
    return NeedsAttention(
        f"SEFAZ-{answer.cStat}",
        f"O número {doc.number} da série {doc.series} já está na SEFAZ com outra chave: {other}.",
        "Consulte essa chave: se for a mesma venda, adote-a; se não for, ajuste a numeração da série e tente de novo.",
    )
