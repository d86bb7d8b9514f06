"""SOAP 1.2 around a message, by splicing text, and what is inside an answer.

The envelope declares default namespaces only: no prefix is in scope of the signed `NFe`, so its inclusive C14N is the
same inside the envelope as alone. Signed bytes are copied, never parsed and written again. Source: MOC 7.0 Annex III,
layout 4.00 (no SOAP header).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.core.errors import ProtocolBroken, Refused
from gateway.nfe.sefaz.endpoints import Endpoint

MAX_ANSWER = 1024 * 1024
"""Bytes of an answer that are read: the largest honest one (a consultation with many events) is a fifth of it."""
MAX_BATCH = 8 * 1024 * 1024
"""The same for a batch of distribution: 50 notes, zipped, of up to 500 KB each before."""

NFE_NS = "http://www.portalfiscal.inf.br/nfe"
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body>'
_TAIL = b"</Body></Envelope>"
_ENVELOPES = frozenset({"http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"})
# .NET, Axis and JAX-WS: the dispatcher found no operation, so nothing was processed.
_NO_OPERATION = ("did not recognize the value", "actionnotsupported", "cannot find dispatch method", "no such operation")


class Unclear(ProtocolBroken):
    """An answer did arrive, and it does not say what became of the request."""

    code = "SEFAZ-UNCLEAR"


@dataclass(frozen=True, slots=True)
class Payload:
    """The answer's own element, parsed once, and the bytes it was parsed from."""

    element: etree._Element
    raw: bytes


def content_type(endpoint: Endpoint) -> str:
    return f'application/soap+xml; charset=utf-8; action="{endpoint.action}"'


def envelope(endpoint: Endpoint, message: bytes) -> bytes:
    """The bytes to POST; `message` goes in as it is."""
    ns = endpoint.ns.encode("ascii")
    if not endpoint.wrapper:
        return b"".join((_HEAD, b'<nfeDadosMsg xmlns="', ns, b'">', message, b"</nfeDadosMsg>", _TAIL))
    wrapper = endpoint.wrapper.encode("ascii")
    opening = b'<%s xmlns="%s"><nfeDadosMsg>' % (wrapper, ns)
    return b"".join((_HEAD, opening, message, b"</nfeDadosMsg></%s>" % wrapper, _TAIL))


def most_of(endpoint: Endpoint) -> int:
    """Bytes of an answer of this service that are read."""
    return MAX_BATCH if endpoint.service == "NFeDistribuicaoDFe" else MAX_ANSWER


def parse_xml(raw: bytes, most: int = MAX_ANSWER) -> etree._Element:
    """The root of foreign XML: bounded, without DTD, entities or network. Raises Unclear."""
    if len(raw) > most:
        raise Unclear(f"A SEFAZ respondeu mais de {most // 1024} KiB.", code="SEFAZ-TOO-LARGE")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise Unclear("A SEFAZ respondeu um XML com DTD, o que o protocolo não permite.", code="SEFAZ-DTD")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unclear(f"A SEFAZ respondeu algo que não é XML: {_glimpse(raw)}", code="SEFAZ-NOT-XML") from error
    # The same check for encodings in which the byte search above sees nothing (UTF-16).
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unclear("A SEFAZ respondeu um XML com DTD, o que o protocolo não permite.", code="SEFAZ-DTD")
    return root


def open_answer(raw: bytes, expected: str, most: int = MAX_ANSWER) -> Payload:
    """The element `expected` (local name) inside the envelope. Raises Unclear; Refused for a fault that proves nothing ran.

    Tolerates what authorisers do: a wrapper around the result, SOAP 1.1, and the message as escaped text or CDATA.
    """
    root = parse_xml(raw, most)
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in _ENVELOPES:
        raise Unclear(f"A SEFAZ respondeu {name.localname} em lugar de um envelope SOAP.", code="SEFAZ-NOT-SOAP")
    body = root.find("{*}Body")
    if body is None or len(body) == 0:
        raise Unclear("A SEFAZ respondeu um envelope SOAP vazio.", code="SEFAZ-NOT-SOAP")
    if etree.QName(body[0]).localname == "Fault":
        raise _fault(body[0])
    for element in body.iter(f"{{*}}{expected}"):
        return Payload(element, raw)
    for element in body.iter("{*}nfeResultMsg"):
        text = (element.text or "").strip()
        if text.startswith("<"):
            inner = text.encode("utf-8")
            if inner.startswith(b"<?xml"):
                inner = inner[inner.find(b"?>") + 2 :].lstrip()
            payload = parse_xml(inner, most)
            if etree.QName(payload).localname == expected:
                return Payload(payload, inner)
    raise Unclear(f"A resposta da SEFAZ não tem {expected}.", code="SEFAZ-WRONG-ROOT")


def _fault(fault: etree._Element) -> ProtocolBroken | Refused:
    text = " ".join(" ".join(str(part) for part in fault.itertext()).split())[:300]
    if any(sign in text.lower() for sign in _NO_OPERATION):
        return Refused(
            f"A SEFAZ não reconheceu a operação: {text}",
            code="SEFAZ-OPERATION",
            fix="Confira o endereço do serviço em schemas/sefaz/endpoints.toml.",
        )
    return Unclear(f"A SEFAZ respondeu uma falha SOAP: {text or 'sem texto'}", code="SEFAZ-FAULT")


def _glimpse(raw: bytes) -> str:
    """The first words of a wrong answer, for the person who will read the error."""
    words = " ".join(raw[:400].decode("utf-8", "replace").split())
    return repr(words[:120]) if words else "resposta vazia"
