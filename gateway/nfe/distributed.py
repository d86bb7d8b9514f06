"""What the distribution hands over, read to the facts a list needs: a summary, a whole note, or news of an event.

Source: NT 2014.002, resNFe 1.01, resEvento 1.01, procNFe 4.00, procEventoNFe 1.00.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from lxml import etree

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ProtocolBroken
from gateway.core.money import amount
from gateway.nfe.event_answers import Distributed
from gateway.nfe.signature import DSIG, NFE

_NS = {"n": NFE, "d": DSIG}
Situation = Literal["authorized", "denied", "cancelled"]
_SITUATIONS: dict[str, Situation] = {"1": "authorized", "2": "denied", "3": "cancelled"}


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """A note of somebody, from its summary or from itself. value: vNF in reais; times aware; whole: the XML has the note.

    dest, carrier and readers (autXML) are only known of a whole note. digest: DigestValue of the note; answered_digest: digVal
    of its protocol, and answered_chave its chNFe.
    """

    chave: ChaveAcesso
    issuer: str
    issuer_name: str
    issuer_ie: str
    issued_at: datetime
    authorized_at: datetime | None
    tpNF: str
    value: Decimal
    nProt: str
    situation: Situation
    whole: bool
    digest: str | None = None
    dest: str | None = None
    carrier: str | None = None
    readers: tuple[str, ...] = ()
    answered_digest: str | None = None
    answered_chave: str | None = None
    answered_cStat: str | None = None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event of a note, by its summary or by its procEventoNFe."""

    chave: ChaveAcesso
    tpEvento: str
    n_seq: int
    author: str
    at: datetime
    nProt: str


def read_distributed(document: Distributed) -> NoteFacts | EventFacts | None:
    """The facts of one document; None for a kind that says nothing about a note. Raises ProtocolBroken when it cannot be read."""
    if document.kind == "other":
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document.xml, parser)
        match document.kind:
            case "resNFe":
                return _summary(root)
            case "procNFe":
                return _whole(root)
            case "resEvento":
                return _event(root, "n:dhRecbto")
            case "procEventoNFe":
                return _event_of(root)
    except (etree.XMLSyntaxError, ValueError, InvalidOperation) as error:
        raise ProtocolBroken(f"O documento do NSU {document.nsu} ({document.schema}) não pôde ser lido.") from error


def _summary(root: etree._Element) -> NoteFacts:
    return NoteFacts(
        chave=ChaveAcesso(_text(root, "n:chNFe")),
        issuer=_text(root, "n:CNPJ", "n:CPF"),
        issuer_name=_text(root, "n:xNome"),
        issuer_ie=_optional(root, "n:IE") or "",
        issued_at=_moment(_text(root, "n:dhEmi")),
        authorized_at=_moment(_text(root, "n:dhRecbto")),
        tpNF=_text(root, "n:tpNF"),
        value=amount(_text(root, "n:vNF")),
        nProt=_optional(root, "n:nProt") or "",
        situation=_SITUATIONS[_text(root, "n:cSitNFe")],
        whole=False,
        digest=_optional(root, "n:digVal"),
    )


def _whole(root: etree._Element) -> NoteFacts:
    body = root.find("n:NFe/n:infNFe", _NS)
    answer = root.find("n:protNFe/n:infProt", _NS)
    if body is None or answer is None:
        raise ValueError("nfeProc")
    cStat = _text(answer, "n:cStat")
    received = _optional(answer, "n:dhRecbto")
    readers = tuple(text for one in body.findall("n:autXML", _NS) if (text := _optional(one, "n:CNPJ", "n:CPF")))
    return NoteFacts(
        chave=ChaveAcesso(str(body.get("Id", ""))[3:]),
        issuer=_text(body, "n:emit/n:CNPJ", "n:emit/n:CPF"),
        issuer_name=_text(body, "n:emit/n:xNome"),
        issuer_ie=_optional(body, "n:emit/n:IE") or "",
        issued_at=_moment(_text(body, "n:ide/n:dhEmi")),
        authorized_at=None if received is None else _moment(received),
        tpNF=_text(body, "n:ide/n:tpNF"),
        value=amount(_text(body, "n:total/n:ICMSTot/n:vNF")),
        nProt=_optional(answer, "n:nProt") or "",
        # Some files bring a protocol rewritten after a cancellation; number and date are still the authorisation's.
        situation="cancelled" if cStat in ("101", "151", "155") else "denied" if cStat in _DENIED else "authorized",
        whole=True,
        digest=_optional(root, "n:NFe/d:Signature/d:SignedInfo/d:Reference/d:DigestValue"),
        dest=_optional(body, "n:dest/n:CNPJ", "n:dest/n:CPF"),
        carrier=_optional(body, "n:transp/n:transporta/n:CNPJ", "n:transp/n:transporta/n:CPF"),
        readers=readers,
        answered_digest=_optional(answer, "n:digVal"),
        answered_chave=_optional(answer, "n:chNFe"),
        answered_cStat=cStat,
    )


_DENIED = frozenset({"110", "205", "301", "302", "303"})


def _event_of(root: etree._Element) -> EventFacts:
    body = root.find("n:evento/n:infEvento", _NS)
    answer = root.find("n:retEvento/n:infEvento", _NS)
    if body is None or answer is None:
        raise ValueError("procEventoNFe")
    return EventFacts(
        chave=ChaveAcesso(_text(body, "n:chNFe")),
        tpEvento=_text(body, "n:tpEvento"),
        n_seq=int(_text(body, "n:nSeqEvento")),
        author=_text(body, "n:CNPJ", "n:CPF"),
        at=_moment(_optional(answer, "n:dhRegEvento") or _text(body, "n:dhEvento")),
        nProt=_optional(answer, "n:nProt") or "",
    )


def _event(root: etree._Element, at: str) -> EventFacts:
    return EventFacts(
        chave=ChaveAcesso(_text(root, "n:chNFe")),
        tpEvento=_text(root, "n:tpEvento"),
        n_seq=int(_text(root, "n:nSeqEvento")),
        author=_text(root, "n:CNPJ", "n:CPF"),
        at=_moment(_text(root, at)),
        nProt=_optional(root, "n:nProt") or "",
    )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


def _optional(body: etree._Element, *paths: str) -> str | None:
    return next((text for text in (body.findtext(path, None, _NS) for path in paths) if text), None)


def _text(body: etree._Element, *paths: str) -> str:
    text = _optional(body, *paths)
    if text is None:
        raise ValueError(paths[0])
    return text
