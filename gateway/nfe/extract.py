"""The few facts that lists and checks need of a note's XML, read without building the whole document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ProtocolBroken
from gateway.core.money import amount
from gateway.nfe.signature import DSIG, NFE

_MAX_XML = 8 * 1024 * 1024
_NS = {"n": NFE, "d": DSIG}


@dataclass(frozen=True, slots=True)
class NoteSummary:
    """Facts of a note. dhEmi is aware; total is vNF in reais; digest is None when the note is not signed."""

    chave: ChaveAcesso
    number: int
    series: int
    dhEmi: datetime
    total: Decimal
    digest: str | None
    issuer: str
    issuer_name: str
    customer: str | None
    customer_name: str | None


def summary(xml: bytes) -> NoteSummary:
    """Facts of an `NFe` or `nfeProc`, ours or not. Raises ProtocolBroken when it is not one, or passes 8 MB."""
    if len(xml) > _MAX_XML:
        raise ProtocolBroken("O XML passa de 8 MB.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
        body = root.find(".//n:infNFe", _NS)
        if body is None:
            raise ProtocolBroken("O XML não é de uma NF-e.")
        digest = root.findtext(".//d:DigestValue", None, _NS)
        return NoteSummary(
            chave=ChaveAcesso(str(body.get("Id", ""))[3:]),
            number=int(_text(body, "n:ide/n:nNF")),
            series=int(_text(body, "n:ide/n:serie")),
            dhEmi=datetime.fromisoformat(_text(body, "n:ide/n:dhEmi")),
            total=amount(_text(body, "n:total/n:ICMSTot/n:vNF")),
            digest=digest,
            issuer=_text(body, "n:emit/n:CNPJ", "n:emit/n:CPF"),
            issuer_name=_text(body, "n:emit/n:xNome"),
            customer=_optional(body, "n:dest/n:CNPJ", "n:dest/n:CPF", "n:dest/n:idEstrangeiro"),
            customer_name=_optional(body, "n:dest/n:xNome"),
        )
    except (etree.XMLSyntaxError, ValueError, InvalidOperation) as error:
        raise ProtocolBroken("O XML não é de uma NF-e que se possa ler.") from error


def _optional(body: etree._Element, *paths: str) -> str | None:
    return next((text for text in (body.findtext(path, None, _NS) for path in paths) if text), None)


def _text(body: etree._Element, *paths: str) -> str:
    text = _optional(body, *paths)
    if text is None:
        raise ProtocolBroken(f"Falta na NF-e o campo {paths[0].replace('n:', '')}.")
    return text
