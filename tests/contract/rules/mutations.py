"""Systematic mutations of a note by path: drop a group, move a value, swap a code. What leaves the schema is left out."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from lxml import etree

from gateway.sim.sefaz.schema import DSIG, NFE, schema

_NUMBER = re.compile(r"(?:0|[1-9]\d*)\.\d{2,10}")
_SWAPS: dict[str, tuple[str, ...]] = {
    "tpNF": ("0", "1"),
    "idDest": ("1", "2", "3"),
    "finNFe": ("1", "2", "3", "4", "5", "6"),
    "indFinal": ("0", "1"),
    "indPres": ("0", "1", "2", "3", "4", "5", "9"),
    "indIntermed": ("0", "1"),
    "tpImp": ("1", "4", "6"),
    "tpEmis": ("1", "2", "6", "9"),
    "CRT": ("1", "2", "3", "4"),
    "indIEDest": ("1", "2", "9"),
    "UF": ("SP", "RJ", "BA", "EX"),
    "CFOP": ("1102", "1202", "2202", "5102", "5405", "5915", "5927", "5933", "6102", "6108", "7102"),
    "tPag": ("01", "03", "14", "15", "17", "90", "91", "99"),
    "indPag": ("0", "1"),
    "modFrete": ("0", "3", "9"),
    "orig": ("0", "1"),
    "CST": ("000", "200", "410", "510", "550", "800"),
    "cClassTrib": ("000001", "000002", "200034", "410003", "510001", "550001", "999999"),
    "indTot": ("0", "1"),
    "NCM": ("00", "00000000"),
    "serie": ("890", "920"),
    "cNF": ("11111111", "12345678"),
    "tpIntegra": ("1", "2"),
    "cEAN": ("7891234567895", "7891234567890"),
    "cMunFG": ("3304557",),
    "mod": ("55", "65"),
}
_Edit = Callable[[etree._Element], None]
_MOVES = (Decimal("0.01"), Decimal("-0.02"), Decimal("1.00"))
_SIGNATURE = (
    f'<Signature xmlns="{DSIG}"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
    f'<SignatureMethod Algorithm="{DSIG}rsa-sha1"/><Reference URI="#NFe{"0" * 44}"><Transforms>'
    f'<Transform Algorithm="{DSIG}enveloped-signature"/><Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
    f'</Transforms><DigestMethod Algorithm="{DSIG}sha1"/><DigestValue>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</DigestValue></Reference>'
    "</SignedInfo><SignatureValue>AAAA</SignatureValue><KeyInfo><X509Data><X509Certificate>AAAA</X509Certificate></X509Data>"
    "</KeyInfo></Signature>"
)


def follows_the_schema(root: etree._Element) -> bool:
    """Whether the note, signed by anybody, would be read at all."""
    signed = copy.deepcopy(root)
    if signed.find(f"{{{DSIG}}}Signature") is None:
        signed.append(etree.fromstring(_SIGNATURE))
    return schema("nfe_v4.00").validate(signed)


def mutations(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Each mutation by name, in the order of the document. The note given is not changed."""
    inf = root.find(f"{{{NFE}}}infNFe")
    assert inf is not None
    paths = [element.getroottree().getpath(element) for element in inf.iterdescendants() if isinstance(element.tag, str)]
    for path in paths:
        for name, edit in _edits(_at(root, path)):
            changed = copy.deepcopy(root)
            edit(_at(changed, path))
            yield f"{_readable(root, path)} {name}", changed


def _at(root: etree._Element, path: str) -> etree._Element:
    found = root.xpath(path)
    assert isinstance(found, list)
    element = found[0]
    assert isinstance(element, etree._Element)
    return element


def _readable(root: etree._Element, path: str) -> str:
    element: etree._Element | None = _at(root, path)
    steps: list[str] = []
    while element is not None and element is not root:
        steps.append(str(element.tag).rpartition("}")[2])
        element = element.getparent()
    return "/".join(reversed(steps))


def _edits(element: etree._Element) -> Iterator[tuple[str, _Edit]]:
    yield "dropped", _drop
    text = element.text or ""
    if len(element):
        return
    if _NUMBER.fullmatch(text):
        for move in _MOVES:
            moved = Decimal(text) + move
            if moved >= 0:
                yield f"{move:+}", _Write(f"{moved:f}")
    for other in _SWAPS.get(str(element.tag).rpartition("}")[2], ()):
        if other != text and (len(other) == len(text) or element.tag != f"{{{NFE}}}CST"):
            yield f"= {other}", _Write(other)


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


class _Write:
    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, element: etree._Element) -> None:
        element.text = self._text
