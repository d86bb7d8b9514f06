"""Walking the chain of hashes: each link against the one before it and against the bytes it stands for, a page at a time.

Says exactly what is wrong: bytes altered, bytes gone, a link altered, links missing or out of order, a proof that no link knows,
a noted head that is not there any more. Reads everything, writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from gateway.store.custody_tables import ledger
from gateway.store.ledger import GENESIS, Link, as_link, head
from gateway.store.proofs import SOURCES, Proof, Source

PAGE = 500
"""Links a page: some 5 MB of documents."""
MAX_UNCHAINED = 100

Damage = Literal["altered", "missing", "link", "order", "unchained", "head"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. seq: the link, 0 when there is none; label: the chave or the id of what it is about."""

    damage: Damage
    seq: int
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk stands: the last link seen."""

    seq: int = 0
    hash: bytes = GENESIS
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What a page found. `ended`: nothing is left of the chain, or of the period."""

    findings: tuple[Finding, ...]
    cursor: Cursor
    ended: bool


def begin(conn: Connection, since: int | None) -> Cursor:
    """Where a walk over links from `since` (ms) on begins: the link before them is believed. None: the whole chain."""
    if since is None:
        return Cursor()
    first = conn.execute(select(ledger.c.seq).where(ledger.c.at >= since).order_by(ledger.c.seq).limit(1)).scalar()
    last = head(conn)
    if first is None:
        return Cursor(last.seq, last.hash) if last else Cursor()
    before = conn.execute(select(ledger).where(ledger.c.seq < first).order_by(ledger.c.seq.desc()).limit(1)).first()
    return Cursor() if before is None else Cursor(before.seq, bytes(before.hash))


def walk(conn: Connection, cursor: Cursor, until: int | None, sources: Sequence[Source] = SOURCES) -> Page:
    """The next page, of links stored before `until` (ms; None: all)."""
    query = select(ledger).where(ledger.c.seq > cursor.seq).order_by(ledger.c.seq).limit(PAGE)
    if until is not None:
        query = query.where(ledger.c.at < until)
    links = [as_link(row) for row in conn.execute(query)]
    if not links:
        return Page((), cursor, ended=True)
    bodies: dict[str, dict[str, Proof]] = {
        source.kind: source.read(conn, [link.subject for link in links if link.kind == source.kind]) for source in sources
    }
    known = {source.kind for source in sources}
    found: list[Finding] = []
    seq, previous = cursor.seq, cursor.hash
    for link in links:
        proof = bodies.get(link.kind, {}).get(link.subject)
        label = proof.label if proof is not None else link.subject
        if link.seq != seq + 1:
            gone = f"o elo {seq + 1}" if link.seq == seq + 2 else f"os elos {seq + 1} a {link.seq - 1}"
            found.append(Finding("order", link.seq, label, f"Falta {gone} da cadeia: foi apagado, ou a ordem foi trocada."))
        elif link.previous != previous:
            found.append(Finding("order", link.seq, label, f"O elo {link.seq} não continua o elo {seq}: a ordem foi trocada."))
        if link.computed() != link.hash:
            found.append(Finding("link", link.seq, label, f"O elo {link.seq} foi alterado: o hash não é o do seu conteúdo."))
        if link.kind in known:
            found += _against(link, None if proof is None else proof.body, label)
        seq, previous = link.seq, link.hash
    return Page(tuple(found), Cursor(seq, previous, cursor.seen + len(links)), ended=len(links) < PAGE)


def _against(link: Link, body: bytes | None, label: str) -> list[Finding]:
    if body is None:
        return [Finding("missing", link.seq, label, f"O documento {label} do elo {link.seq} não está mais guardado.")]
    if hashlib.sha256(body).digest() != link.sha256:
        return [Finding("altered", link.seq, label, f"O XML de {label} (elo {link.seq}) foi alterado depois de guardado.")]
    return []


def unchained(conn: Connection, sources: Sequence[Source] = SOURCES) -> list[Finding]:
    """Proofs that no link knows: put in by another hand, or the end of the chain was cut off. At most 100 a kind."""
    return [
        Finding("unchained", 0, label, f"O documento {label} está guardado e não está na cadeia.")
        for source in sources
        for label in source.unchained(conn, MAX_UNCHAINED)
    ]


def against_head(conn: Connection, noted: tuple[int, str]) -> list[Finding]:
    """Whether the chain still holds a head noted before, by its seq and hash (hex)."""
    seq, text = noted
    stored = conn.execute(select(ledger.c.hash).where(ledger.c.seq == seq)).scalar()
    if stored is not None and bytes(stored).hex() == text.lower():
        return []
    what = "não existe mais" if stored is None else "tem outro hash"
    return [Finding("head", seq, f"elo {seq}", f"O elo {seq} anotado fora do gateway {what}: a cadeia foi refeita.")]
