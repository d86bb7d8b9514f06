"""One `evento` as the authoriser reads it: fields, detail, and its own bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from gateway.sim.sefaz.chave import Key
from gateway.sim.sefaz.office import field
from gateway.sim.sefaz.schema import NFE

_EVENT = re.compile(rb"<evento[ >].*?</evento>", re.DOTALL)


class EventRequest:
    """An `<evento>` that the envelope's schema accepted; `xml` are the bytes in which it came."""

    def __init__(self, root: etree._Element, xml: bytes) -> None:
        inf = root[0]
        detail = inf.find(f"{{{NFE}}}detEvento")
        if detail is None:
            raise ValueError("infEvento sem detEvento")
        self.root = root
        self.xml = xml.decode()
        self.detail = detail
        self.Id = inf.get("Id") or ""
        self.cOrgao = field(inf, "cOrgao")
        self.tpAmb = field(inf, "tpAmb")
        self.author = field(inf, "CNPJ") or field(inf, "CPF")
        self.key = Key(field(inf, "chNFe"))
        self.dhEvento = datetime.fromisoformat(field(inf, "dhEvento"))
        self.tpEvento = field(inf, "tpEvento")
        self.nSeqEvento = int(field(inf, "nSeqEvento"))
        self.verEvento = field(inf, "verEvento")

    def told(self, path: str) -> str:
        """Text of a field of the detail, empty when absent."""
        return field(self.detail, path)

    @property
    def tags(self) -> list[str]:
        """Tags of the detail, in order."""
        return [etree.QName(child).localname for child in self.detail]


def requests_in(root: etree._Element, message: bytes) -> Iterator[EventRequest]:
    """Every event of a lot with its own bytes: what is registered is what was sent, not what a parser would write."""
    for element, found in zip(root.iterfind(f"{{{NFE}}}evento"), _EVENT.finditer(message), strict=True):
        yield EventRequest(element, found.group())
