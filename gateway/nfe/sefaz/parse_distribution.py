"""Answers of the cadastro (retConsCad 2.00) and of the distribution of documents (retDistDFeInt 1.01) as values."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator
from datetime import date

from lxml import etree

from gateway.nfe.decisions import decide
from gateway.nfe.event_answers import Distributed, DistributionBatch, Registration, Taxpayer
from gateway.nfe.sefaz.parse import head, text_of
from gateway.nfe.sefaz.soap import Payload, Unclear

MAX_DOCUMENT = 8 * 1024 * 1024
"""Bytes of one unpacked document: SEFAZ takes notes of up to 500 KB."""
MAX_DOCUMENTS = 50


def taxpayer(payload: Payload) -> Taxpayer:
    """Registrations of a taxpayer. MG answers without the NF-e's namespace: names are matched without it."""
    inf = payload.element.find("{*}infCons")
    if inf is None:
        raise Unclear("A resposta do cadastro veio sem infCons.")
    cStat, xMotivo = head(inf, None)
    found = tuple(_registration(element) for element in inf.findall("{*}infCad"))
    return Taxpayer(cStat, xMotivo, found)


def _registration(element: etree._Element) -> Registration:
    since = text_of(element, "dIniAtiv")
    return Registration(
        ie=text_of(element, "IE") or "",
        tax_id=text_of(element, "CNPJ") or text_of(element, "CPF") or "",
        uf=text_of(element, "UF") or "",
        active=text_of(element, "cSit") == "1",
        issues_nfe=text_of(element, "indCredNFe") in ("1", "2", "3", "4"),
        name=text_of(element, "xNome") or "",
        trade_name=text_of(element, "xFant"),
        since=_day(since),
    )


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text[:10])
    except ValueError:
        return None


def distribution(payload: Payload, *, tpAmb: int) -> DistributionBatch:
    """One batch. Raises Unclear for a document that does not unpack: no NSU may be skipped unseen."""
    answer = payload.element
    cStat, xMotivo = head(answer, tpAmb)
    documents = tuple(_documents(answer))
    if cStat == "138" and not documents:
        raise Unclear("A SEFAZ disse que há documentos (138) e não mandou nenhum.")
    return DistributionBatch(cStat, xMotivo, decide(cStat, "dist"), _nsu(answer, "ultNSU"), _nsu(answer, "maxNSU"), documents)


def _documents(answer: etree._Element) -> Iterator[Distributed]:
    found = answer.findall("{*}loteDistDFeInt/{*}docZip")
    if len(found) > MAX_DOCUMENTS:
        raise Unclear(f"A SEFAZ mandou {len(found)} documentos em um lote; o protocolo permite {MAX_DOCUMENTS}.")
    for element in found:
        nsu = element.get("NSU", "")
        if not (nsu.isascii() and nsu.isdigit() and len(nsu) <= 15):
            raise Unclear("A SEFAZ mandou um documento sem NSU.")
        yield Distributed(int(nsu), element.get("schema", "")[:60], _unpacked(element.text or "", nsu))


def _unpacked(text: str, nsu: str) -> bytes:
    """The document behind base64 and gzip, bounded: a small bomb may not fill the memory."""
    try:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        xml = unpacker.decompress(base64.b64decode("".join(text.split()), validate=True), MAX_DOCUMENT)
    except (binascii.Error, zlib.error) as error:
        raise Unclear(f"O documento do NSU {nsu} não abre.") from error
    if not unpacker.eof:
        raise Unclear(f"O documento do NSU {nsu} está truncado ou passa de {MAX_DOCUMENT // 1024 // 1024} MB.")
    return xml


def _nsu(answer: etree._Element, name: str) -> int:
    text = text_of(answer, name) or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Unclear(f"A SEFAZ mandou {name} inválido: {text[:20]!r}.")
    return int(text)
