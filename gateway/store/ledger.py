"""The chain of hashes over everything that must be kept: append one link for each proof, in the transaction that stores it.

A link's hash is SHA-256 of `seq\\nat\\nkind\\nsubject\\n`, the proof's own SHA-256 and the hash before it (32 zero bytes for the
first). Whoever changes a stored proof, takes one out or puts one in without rewriting every later link is found by
`gateway verify`; whoever rewrites them all is found by a head noted outside (`--head`), as each monthly export does.

kind and subject: `artefact`, `document:version` of an nfeProc; `event` and `inutilizacao`, the id of their row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, text

from gateway.core.errors import InvariantBroken
from gateway.store.custody_tables import ledger

Kind = Literal["artefact", "event", "inutilizacao"]
KINDS: tuple[Kind, ...] = ("artefact", "event", "inutilizacao")
GENESIS = bytes(32)
_LOCK = 0x6C656467
"""Key of PostgreSQL's advisory lock: one transaction at a time appends. SQLite has one writer anyway."""
_WAIT_TURN = text(f"SELECT pg_advisory_xact_lock({_LOCK})")
_HEAD = select(ledger).order_by(ledger.c.seq.desc()).limit(1)
_INSERT = insert(ledger)


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the chain. `at` in milliseconds; the three hashes are 32 bytes."""

    seq: int
    at: int
    kind: str
    subject: str
    sha256: bytes
    previous: bytes
    hash: bytes

    def computed(self) -> bytes:
        """What `hash` must be."""
        return link_hash(self.seq, self.at, self.kind, self.subject, self.sha256, self.previous)


def link_hash(seq: int, at: int, kind: str, subject: str, sha256: bytes, previous: bytes) -> bytes:
    """The hash of a link: see the module."""
    return hashlib.sha256(f"{seq}\n{at}\n{kind}\n{subject}\n".encode() + sha256 + previous).digest()


def append(conn: Connection, kind: Kind, subject: str, sha256: bytes, at: int) -> Link:
    """Add a proof's hash to the end of the chain. The same proof again answers its link and adds nothing.

    Call it last in the transaction: on PostgreSQL the chain's end is held until COMMIT. Raises InvariantBroken when the subject
    is in the chain with other bytes: a proof is never replaced.
    """
    _hold(conn)
    known = conn.execute(select(ledger).where(ledger.c.kind == kind, ledger.c.subject == subject)).first()
    if known is not None:
        link = as_link(known)
        if link.sha256 != sha256:
            raise InvariantBroken(f"{kind} {subject} já está na cadeia com outro conteúdo.")
        return link
    return _add(conn, kind, subject, sha256, at)


def append_new(conn: Connection, kind: Kind, subject: str, sha256: bytes, at: int) -> Link:
    """`append`, of a subject that the caller has just made: it is not looked for first, and a second one is an IntegrityError."""
    _hold(conn)
    return _add(conn, kind, subject, sha256, at)


def _hold(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(_WAIT_TURN)


def _add(conn: Connection, kind: str, subject: str, sha256: bytes, at: int) -> Link:
    last = head(conn)
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    link = Link(seq, at, kind, subject, sha256, previous, link_hash(seq, at, kind, subject, sha256, previous))
    conn.execute(_INSERT, {name: getattr(link, name) for name in Link.__slots__})
    return link


def append_proof(conn: Connection, kind: Kind, subject: str, body: bytes, at: int) -> Link:
    """`append`, of the bytes themselves: for a procEventoNFe or a procInutNFe, as it is stored."""
    return append(conn, kind, subject, hashlib.sha256(body).digest(), at)


def head(conn: Connection) -> Link | None:
    """The last link, or None of an empty chain."""
    row = conn.execute(_HEAD).first()
    return None if row is None else as_link(row)


def as_link(row: Any) -> Link:
    """A row of the table as a value."""
    return Link(row.seq, row.at, row.kind, row.subject, bytes(row.sha256), bytes(row.previous), bytes(row.hash))


def last_of(conn: Connection, kind: Kind, subjects: Sequence[str]) -> Link | None:
    """The latest link among those of some subjects (a few hundred), or None."""
    mine = (ledger.c.kind == kind, ledger.c.subject.in_(subjects))
    row = conn.execute(select(ledger).where(*mine).order_by(ledger.c.seq.desc()).limit(1)).first()
    return None if row is None else as_link(row)
