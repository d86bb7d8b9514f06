"""The answers of SEFAZ as values of `gateway.nfe.answers`.

Every function raises Unclear when the answer does not say what became of the request. Layouts retEnviNFe, retConsSitNFe and
retConsStatServ 4.00 (MOC 7.0 Annex I). Does not compare digVal with ours: that is `gateway.nfe.decisions.proves`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from lxml import etree

from gateway.nfe.answers import (
    Authorized,
    Cancelled,
    Consultation,
    Decision,
    Denied,
    NotFound,
    Outcome,
    Pending,
    Protocol,
    Rejected,
    ServiceStatus,
)
from gateway.nfe.decisions import Scope, consumes_number, decide
from gateway.nfe.sefaz.received import fragment_xml
from gateway.nfe.sefaz.soap import Payload, Unclear

MIN_POLL_SECONDS = 15.0
"""Shortest wait before a receipt is asked about (MOC 7.0, consulta de recibo)."""

_CSTAT = re.compile(r"[0-9]{3,4}")
_NPROT = re.compile(r"[0-9]{15}|[0-9]{17}")
_OTHER_CHAVE = re.compile(r"chNFe\W{0,4}([0-9]{6}[0-9A-Z]{12}[0-9]{26})", re.IGNORECASE)
_BRASILIA = timezone(timedelta(hours=-3))
_AUTHORIZED = frozenset({"100", "120", "150"})
_CANCELLED = frozenset({"101", "151", "155"})
_CANCEL_EVENTS = frozenset({"110111", "110112"})
_CANCEL_DONE = frozenset({"135", "136", "155"})
# A refusal with nProt is a denial; these decisions are not refusals of the note, whatever else they carry.
_DENIABLE: frozenset[Decision] = frozenset({"denied", "fix_data", "fix_config"})


def authorization(payload: Payload, *, chave: str, tpAmb: int) -> Outcome:
    """Answer to a lot of one note: the protocol decides, never the lot's cStat when there is a protocol."""
    answer = payload.element
    cStat, xMotivo = head(answer, tpAmb)
    found = answer.find("{*}protNFe")
    if found is not None:
        protocol = _protocol(payload, found, tpAmb)
        return _of_protocol(protocol, chave)
    if cStat in ("103", "105"):
        return _pending(answer, cStat, xMotivo)
    if cStat == "104" or cStat in _AUTHORIZED:
        raise Unclear(f"A SEFAZ processou o lote (cStat {cStat}) e não mandou o protocolo.")
    return _refusal(cStat, xMotivo, "aut")


def receipt(payload: Payload, *, chave: str, tpAmb: int) -> Outcome:
    """Answer to the consultation of a receipt: our note's protocol among the lot's. 105: not finished; 106: no such lot."""
    answer = payload.element
    cStat, xMotivo = head(answer, tpAmb)
    for found in answer.findall("{*}protNFe"):
        protocol = _protocol(payload, found, tpAmb)
        if protocol.chNFe == chave:
            return _of_protocol(protocol, chave)
    if cStat == "105":
        return Pending(cStat, xMotivo, text_of(answer, "nRec"), MIN_POLL_SECONDS)
    if cStat == "104" or cStat in _AUTHORIZED:
        raise Unclear(f"A SEFAZ processou o lote (cStat {cStat}) e não mandou o protocolo da nota.")
    return _refusal(cStat, xMotivo, "aut")


def consultation(payload: Payload, *, chave: str, tpAmb: int) -> Consultation:
    """Answer to a consulta protocolo. A registered cancelamento makes the note cancelled, whatever the first cStat says."""
    answer = payload.element
    cStat, xMotivo = head(answer, tpAmb)
    found = answer.find("{*}protNFe")
    protocol = None if found is None else _ours(_protocol(payload, found, tpAmb), chave)
    if cStat in _CANCELLED or (cStat in _AUTHORIZED and _cancel_registered(answer, chave)):
        return Cancelled(cStat, xMotivo, protocol)
    if cStat in _AUTHORIZED:
        if protocol is None:
            raise Unclear(f"A SEFAZ diz que a nota está autorizada (cStat {cStat}) e não mandou o protocolo.")
        return Authorized(_with_number(protocol))
    if cStat == "217":
        return NotFound(cStat, xMotivo)
    if decide(cStat, "cons") == "denied":
        return Denied(protocol or _bare_protocol(answer, chave, cStat, xMotivo, tpAmb))
    return _refusal(cStat, xMotivo, "cons")


def service_status(payload: Payload, *, tpAmb: int) -> ServiceStatus:
    """Answer to a status request; any cStat is an answer. tMed in seconds."""
    answer = payload.element
    cStat, xMotivo = head(answer, tpAmb)
    back = text_of(answer, "dhRetorno")
    return ServiceStatus(cStat, xMotivo, _seconds(answer), None if back is None else instant(back))


def _of_protocol(protocol: Protocol, chave: str) -> Outcome:
    if protocol.cStat in _AUTHORIZED:
        return Authorized(_with_number(_ours(protocol, chave)))
    decision = decide(protocol.cStat, "aut")
    if protocol.nProt is not None and decision in _DENIABLE:
        return Denied(_ours(protocol, chave))
    return _refusal(protocol.cStat, protocol.xMotivo, "aut")


def _refusal(cStat: str, xMotivo: str, service: Scope) -> Rejected:
    decision = decide(cStat, service)
    if decision == "denied":
        # 110 or 205 without a protocol: the consultation brings it, or settles the denial by key.
        decision = "query_then_decide"
    if decision in ("ok", "ok_alert", "ok_event", "info", "poll"):
        raise Unclear(f"A SEFAZ respondeu {cStat} ({xMotivo}), que não diz o que foi feito da nota.")
    if decision == "query_then_decide" and consumes_number(cStat) is not True:
        raise Unclear(f"A SEFAZ respondeu {cStat} ({xMotivo}): não se sabe se a nota foi guardada.")
    other = _OTHER_CHAVE.search(xMotivo)
    return Rejected(cStat, xMotivo, decision, None if other is None else other[1].upper())


def _pending(answer: etree._Element, cStat: str, xMotivo: str) -> Pending:
    receipt = answer.find("{*}infRec")
    nRec = text_of(answer if receipt is None else receipt, "nRec")
    if cStat == "105" and nRec is None:
        raise Unclear("A SEFAZ ainda processa o lote (105) e não deu o recibo.")
    tMed = _seconds(answer if receipt is None else receipt)
    return Pending(cStat, xMotivo, nRec, max(MIN_POLL_SECONDS, float(tMed or 0)))


def _protocol(payload: Payload, found: etree._Element, tpAmb: int) -> Protocol:
    inf = found.find("{*}infProt")
    if inf is None:
        raise Unclear("O protocolo da SEFAZ veio sem infProt.")
    cStat, xMotivo = head(inf, tpAmb)
    nProt = text_of(inf, "nProt")
    if nProt is not None and not _NPROT.fullmatch(nProt):
        raise Unclear(f"O protocolo da SEFAZ tem nProt inválido: {nProt[:20]}.")
    return Protocol(
        chNFe=text_of(inf, "chNFe") or "",
        cStat=cStat,
        xMotivo=xMotivo,
        nProt=nProt,
        dhRecbto=instant(text_of(inf, "dhRecbto") or ""),
        digVal=text_of(inf, "digVal"),
        tpAmb=str(tpAmb),
        xml=fragment_xml(payload, found),
        alerts=_alerts(inf),
    )


def _bare_protocol(answer: etree._Element, chave: str, cStat: str, xMotivo: str, tpAmb: int) -> Protocol:
    """A denial told without protNFe: it is about the key, so it is final; `xml` is empty and nProt unknown."""
    at = instant(text_of(answer, "dhRecbto") or "")
    return Protocol(chave, cStat, xMotivo, None, at, None, str(tpAmb), b"")


def _ours(protocol: Protocol, chave: str) -> Protocol:
    if protocol.chNFe != chave:
        raise Unclear(f"A SEFAZ mandou o protocolo de outra chave ({protocol.chNFe[:44]}).")
    return protocol


def _with_number(protocol: Protocol) -> Protocol:
    if protocol.nProt is None:
        raise Unclear("A SEFAZ diz que autorizou e não mandou o número do protocolo.")
    return protocol


def _cancel_registered(answer: etree._Element, chave: str) -> bool:
    for event in answer.findall("{*}procEventoNFe/{*}retEvento/{*}infEvento"):
        if text_of(event, "tpEvento") in _CANCEL_EVENTS and text_of(event, "cStat") in _CANCEL_DONE:
            return text_of(event, "chNFe") in (chave, None)
    return False


def _alerts(inf: etree._Element) -> tuple[tuple[str, str], ...]:
    """cMsg and xMsg in pairs, as they come (NT 2026.002: up to five)."""
    codes = [(element.text or "").strip() for element in inf.iterfind("{*}cMsg")]
    texts = [(element.text or "").strip() for element in inf.iterfind("{*}xMsg")]
    return tuple(zip(codes, texts, strict=False))


def head(element: etree._Element, tpAmb: int | None) -> tuple[str, str]:
    """cStat and xMotivo; tpAmb None: the layout does not tell it. Raises Unclear."""
    cStat = text_of(element, "cStat") or ""
    if not _CSTAT.fullmatch(cStat):
        raise Unclear(f"A resposta da SEFAZ veio sem cStat válido: {cStat[:20]!r}.")
    told = text_of(element, "tpAmb")
    if tpAmb is not None and told is not None and told != str(tpAmb):
        raise Unclear(f"A SEFAZ respondeu pelo ambiente {told[:8]} e a pergunta era do ambiente {tpAmb}.")
    return cStat, text_of(element, "xMotivo") or ""


def _seconds(element: etree._Element) -> int | None:
    text = text_of(element, "tMed")
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 4 else None


def instant(text: str) -> datetime:
    """Aware instant. The consultation may leave the offset out (layout of retConsSitNFe): Brasília is meant."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unclear(f"A SEFAZ mandou uma data inválida: {text[:40]!r}.") from error
    return at.replace(tzinfo=_BRASILIA) if at.tzinfo is None else at


def text_of(element: etree._Element, name: str) -> str | None:
    """Text of a direct child by local name, without blanks around; None when absent or empty."""
    child = element.find(f"{{*}}{name}")
    return None if child is None else (child.text or "").strip() or None
