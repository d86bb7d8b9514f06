"""Answers about events and voided numbers as values. Layouts retEnvEvento 1.00 and retInutNFe 4.00 (MOC 7.0 Annex I).

Every function raises Unclear when the answer does not say what became of the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.nfe.decisions import decide
from gateway.nfe.event_answers import (
    EventOutcome,
    EventRefused,
    EventRegistered,
    RegisteredEvent,
    Voided,
    VoidedBefore,
    VoidingOutcome,
    VoidingRefused,
)
from gateway.nfe.sefaz.parse import head, instant, text_of
from gateway.nfe.sefaz.received import fragment_xml
from gateway.nfe.sefaz.soap import Payload, Unclear

_REGISTERED = frozenset({"124", "135", "136", "155"})
_NPROT = re.compile(r"nProt\W{0,4}([0-9]{17}|[0-9]{15})", re.IGNORECASE)
_ONLY_NPROT = re.compile(r"(?<![0-9])([0-9]{17}|[0-9]{15})(?![0-9])")


def event_outcome(payload: Payload, *, chave: str, tpEvento: str, n_seq: int, tpAmb: int) -> EventOutcome:
    """Answer to a lot of one event: its retEvento decides; the lot's own cStat only when there is none."""
    cStat, xMotivo = head(payload.element, tpAmb)
    found = payload.element.find("{*}retEvento")
    inf = None if found is None else found.find("{*}infEvento")
    if found is None or inf is None:
        if cStat == "128":
            raise Unclear("A SEFAZ processou o lote de eventos (128) e não mandou o resultado.")
        return _refused(cStat, xMotivo)
    cStat, xMotivo = head(inf, tpAmb)
    told = (text_of(inf, "chNFe"), text_of(inf, "tpEvento"), text_of(inf, "nSeqEvento"))
    for value, ours in zip(told, (chave, tpEvento, str(n_seq)), strict=True):
        if value is not None and value != ours:
            raise Unclear(f"A SEFAZ respondeu por outro evento ({value[:44]}).")
    if cStat not in _REGISTERED:
        return _refused(cStat, xMotivo)
    nProt = text_of(inf, "nProt")
    if nProt is None:
        raise Unclear(f"A SEFAZ registrou o evento ({cStat}) e não mandou o número do protocolo.")
    at = instant(text_of(inf, "dhRegEvento") or "")
    return EventRegistered(cStat, xMotivo, nProt, at, fragment_xml(payload, found), late=cStat == "155", linked=cStat != "136")


_IDENTITY = re.compile(rb'<infEvento Id="ID([0-9]{6})[0-9A-Z]{44}([0-9]{2})"')


def identity_of(event: bytes) -> tuple[str, int]:
    """tpEvento and nSeqEvento of a signed event of ours. Raises ValueError."""
    found = _IDENTITY.search(event, 0, 400)
    if found is None:
        raise ValueError("o evento não tem Id")
    return found[1].decode("ascii"), int(found[2])


def registered_events(payload: Payload) -> Iterator[RegisteredEvent]:
    """Every event that a consulta protocolo lists, in its order; what has no type or sequence is left out."""
    for found in payload.element.findall("{*}procEventoNFe"):
        asked, answer = found.find("{*}evento/{*}infEvento"), found.find("{*}retEvento")
        inf = None if answer is None else answer.find("{*}infEvento")
        if asked is None or answer is None or inf is None:
            continue
        tpEvento, n_seq = text_of(asked, "tpEvento"), text_of(asked, "nSeqEvento")
        if tpEvento is None or n_seq is None or not n_seq.isdigit():
            continue
        at = text_of(inf, "dhRegEvento")
        detail = asked.find("{*}detEvento")
        yield RegisteredEvent(
            tpEvento=tpEvento,
            n_seq=int(n_seq),
            chave=text_of(asked, "chNFe") or "",
            cStat=text_of(inf, "cStat") or "",
            xMotivo=text_of(inf, "xMotivo") or "",
            nProt=text_of(inf, "nProt"),
            at=None if at is None else instant(at),
            xml=fragment_xml(payload, found),
            answer=fragment_xml(payload, answer),
            correction=None if detail is None else text_of(detail, "xCorrecao"),
        )


def voiding_outcome(payload: Payload, *, tpAmb: int) -> VoidingOutcome:
    """Answer to an inutilização. 563 is success seen late: nProt or its text brings the protocol (MOC 7.0, regra I05)."""
    inf = payload.element.find("{*}infInut")
    if inf is None:
        raise Unclear("A resposta da inutilização veio sem infInut.")
    cStat, xMotivo = head(inf, tpAmb)
    if cStat == "102":
        nProt = text_of(inf, "nProt")
        if nProt is None:
            raise Unclear("A SEFAZ inutilizou os números e não mandou o protocolo.")
        return Voided(cStat, xMotivo, nProt, instant(text_of(inf, "dhRecbto") or ""), fragment_xml(payload, payload.element))
    if cStat == "563":
        told = text_of(inf, "nProt")
        found = _NPROT.search(xMotivo) or _ONLY_NPROT.search(xMotivo)
        return VoidedBefore(xMotivo, told or (None if found is None else found[1]))
    decision = decide(cStat, "inut")
    if decision in ("ok", "ok_event", "info", "poll"):
        raise Unclear(f"A SEFAZ respondeu {cStat} ({xMotivo}), que não diz se os números foram inutilizados.")
    return VoidingRefused(cStat, xMotivo, decision)


def _refused(cStat: str, xMotivo: str) -> EventRefused:
    decision = decide(cStat, "ev")
    if decision in ("ok", "ok_alert", "ok_event", "info", "poll"):
        raise Unclear(f"A SEFAZ respondeu {cStat} ({xMotivo}), que não diz se o evento foi registrado.")
    return EventRefused(cStat, xMotivo, decision)


def is_same(known: RegisteredEvent, *, tpEvento: str, n_seq: int, correction: str | None) -> bool:
    """Whether an event found in a consulta is the one that was sent: type, sequence, and for a CC-e the text too."""
    return known.tpEvento == tpEvento and known.n_seq == n_seq and (correction is None or known.correction == correction)
