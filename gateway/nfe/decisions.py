"""What to do about a cStat, and whether a protocol proves that what was authorised is ours.

The table is data: `schemas/sefaz/cstat.json` (MOC 7.0 Annex I and later technical notes), and the rows of
`gateway.nfe.rejection_rows` for the codes it does not have. Pure: reads the packaged files once.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from functools import cache
from importlib.resources import files
from typing import Literal

from msgspec import Struct, json

from gateway.nfe.answers import Decision, Protocol
from gateway.nfe.rejection_rows import rejection_rows

Scope = Literal["aut", "cons", "ev", "inut", "svc", "cad", "dist"]
"""The service that answered: autorização, consulta, eventos, inutilização, status, cadastro, distribuição."""


class CstatRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One code. `message` is SEFAZ's wording, abridged; `action` says in pt-BR what a person does about it.

    consumes_number: True when the number cannot serve another document, False when SEFAZ stored nothing, None when it
    does not apply or cannot be told. `when` replaces the decision for one service. `since` is the first day in production.
    """

    cStat: str
    scope: tuple[str, ...]
    decision: Decision
    consumes_number: bool | None
    message: str
    action: str
    certainty: Literal["high", "medium", "low"]
    when: dict[Scope, Decision] = {}
    since: str | None = None


class CstatTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it is. `version` is the day of its last revision; `decisions` explains each word in pt-BR."""

    version: str
    source: str
    scopes: dict[str, str]
    decisions: dict[Decision, str]
    rows: tuple[CstatRow, ...]


@cache
def cstat_table() -> CstatTable:
    """The packaged table, read once."""
    return json.decode((files("schemas") / "sefaz" / "cstat.json").read_bytes(), type=CstatTable)


@cache
def _index() -> dict[str, CstatRow]:
    return {row.cStat: row for row in cstat_table().rows}


def cstat_row(cStat: str) -> CstatRow | None:
    """The row of a code, or None when nobody has described it."""
    return _index().get(cStat)


def decide(cStat: str, service: Scope) -> Decision:
    """The decision for a code that `service` answered.

    A code never seen is never guessed to be a success: 100 to 199 is asked about, anything else goes to a person, who
    reads xMotivo as SEFAZ wrote it, and is not retried by itself.
    """
    row = cstat_row(cStat)
    if row is not None:
        return row.when.get(service, row.decision)
    described = rejection_rows().get(cStat)
    if described is not None and described.decision is not None:
        return described.decision
    return "query_then_decide" if len(cStat) == 3 and cStat.startswith("1") else "fix_data"


def consumes_number(cStat: str) -> bool | None:
    """Whether the number is spent: see CstatRow. A code never seen: a refusal (2xx on) stores nothing; None for 1xx."""
    row = cstat_row(cStat)
    if row is not None:
        return row.consumes_number
    if cStat in rejection_rows():
        return False
    return None if len(cStat) == 3 and cStat.startswith("1") else False


def proves(protocol: Protocol, chave: str, digest: str) -> bool:
    """Whether the protocol is of these very bytes: same key and same digest.

    `digest` is the base64 DigestValue of our signature. A protocol without digVal proves nothing (the tag is optional in
    the layout): the caller parks such a document for a person and does not adopt it.
    """
    if protocol.chNFe != chave or protocol.digVal is None:
        return False
    theirs, ours = _sha1(protocol.digVal), _sha1(digest)
    return theirs is not None and ours is not None and hmac.compare_digest(theirs, ours)


def _sha1(text: str) -> bytes | None:
    """The 20 bytes behind a base64 text, however it was wrapped; None when it is not that."""
    try:
        value = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if len(value) == 20 else None
