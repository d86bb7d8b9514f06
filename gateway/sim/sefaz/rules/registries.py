"""What SEFAZ looks up: registrations of issuer and recipient, the federal registry, the provider of the software.

Each registry is scripted (`taxpayers` of the state) and silent while empty. Source: MOC 7.0 annex I 1C and 5E; NT 2018.005;
NT 2026.007 v1.10.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from gateway.sim.sefaz import tables
from gateway.sim.sefaz.chave import valid_cnpj
from gateway.sim.sefaz.document import Node, Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """State registries, the RFB's, then infRespTec."""
    registry = conditions.taxpayers.state
    if registry:
        yield from _issuer(note, conditions)
        if note.dest is not None and note.mod == "55":
            yield from _recipient(note, note.dest, conditions)
    if conditions.taxpayers.rfb:
        yield from _federal(note, conditions)
    yield from _responsible(note, conditions)


def _issuer(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    taxpayer = conditions.taxpayers.state.get(note.issuer)
    ie = text(note.emit, "IE")
    own = "" if taxpayer is None else taxpayer.ie.get(note.issuer_uf, "")
    if not own:
        yield Refusal("230", rule="1C17-10")
    elif ie.lstrip("0") != own.lstrip("0"):
        yield Refusal("231", rule="1C17-20")
    if taxpayer is not None and not taxpayer.enabled:
        yield Refusal("203", rule="1C03-10")


def _recipient(note: Note, dest: Node, conditions: Conditions) -> Iterator[Refusal]:
    """5E17: the recipient's IE exists, is its own, and is not left out by who has one."""
    tax_id, ie = text(dest, "CNPJ") or text(dest, "CPF"), text(dest, "IE")
    taxpayer = conditions.taxpayers.state.get(tax_id)
    own = "" if taxpayer is None else taxpayer.ie.get(note.dest_uf, "")
    if ie:
        owners = {other.ie.get(note.dest_uf, "").lstrip("0") for other in conditions.taxpayers.state.values()}
        if ie.lstrip("0") not in owners:
            yield Refusal("233", rule="5E17-20")
        elif own.lstrip("0") != ie.lstrip("0"):
            yield Refusal("234", rule="5E17-30")
    elif own and text(dest, "CNPJ") and note.idDest != "3":
        yield Refusal("232", rule="5E17-10")


def _federal(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """NT 2026.007: CNPJs of issuer, recipient and places are in the RFB's registry, regular, and of the declared regime."""
    registry = conditions.taxpayers.rfb
    places = (
        (text(note.emit, "CNPJ"), "178", "179"),
        ("" if note.dest is None else text(note.dest, "CNPJ"), "181", "182"),
        (text(note.inf, "retirada/CNPJ"), "183", "184"),
        (text(note.inf, "entrega/CNPJ"), "185", "186"),
    )
    for cnpj, unknown, irregular in places:
        if not cnpj:
            continue
        taxpayer = registry.get(cnpj)
        if taxpayer is None:
            yield Refusal(unknown, rule=f"RFB-{unknown}")
        elif taxpayer.standing != "regular":
            yield Refusal(irregular, rule=f"RFB-{irregular}")
    issuer = registry.get(text(note.emit, "CNPJ"))
    if issuer is not None and issuer.CRT and issuer.CRT != note.CRT:
        yield Refusal("180", rule="RFB-180")


def _responsible(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """ZD: who answers for the software, and the hash that proves it."""
    day = conditions.now.date()
    group = find(note.inf, "infRespTec")
    if group is None:
        if note.issuer_uf in tables.ufs("demands_responsible", day):
            yield Refusal("972", rule="ZD01-10")
        return
    if not valid_cnpj(text(group, "CNPJ")):
        yield Refusal("973", rule="ZD02-10")
    idCSRT = text(group, "idCSRT")
    if not idCSRT:
        if note.issuer_uf in tables.ufs("demands_csrt", day):
            yield Refusal("975", rule="ZD07-10")
        return
    if idCSRT in conditions.taxpayers.csrt_revoked:
        yield Refusal("977", rule="ZD08-20")
    secrets = conditions.taxpayers.csrt
    if not secrets:
        return
    secret = secrets.get(idCSRT)
    if secret is None:
        yield Refusal("976", rule="ZD08-10")
        return
    digest = hashlib.sha1((secret + note.key.text).encode(), usedforsecurity=False).digest()
    if text(group, "hashCSRT") != base64.b64encode(digest).decode():
        yield Refusal("978", rule="ZD09-10")
