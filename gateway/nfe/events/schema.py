"""The schema of events and voided numbers, ours: `schemas/sefaz/eventos_v1.00.xsd`. Letters are good in CNPJ and chave.

The public schemas of most events still want digits only. The envelope takes any detail, and the detail is checked detached
against its own type, which is how the Portal's generic package does it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol, cast

from lxml import etree

from gateway.core.faults import Fault
from gateway.nfe.xsd import folder
from gateway.nfe.xsd_messages import explain

_XS = "{http://www.w3.org/2001/XMLSchema}"
_SOURCE = "schemas/sefaz/eventos_v1.00.xsd"
_local = threading.local()


class _Entry(Protocol):
    """What is read of lxml's error log."""

    type_name: str
    message: str
    path: str | None


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a detail. `fixed`: the only text the schema takes, or the last of its variants (without accents)."""

    name: str
    required: bool
    repeated: bool
    attribute: bool = False
    fixed: str | None = None
    tags: tuple[Tag, ...] = ()


def _text() -> str:
    text = (files("schemas") / "sefaz" / "eventos_v1.00.xsd").read_text(encoding="utf-8")
    # The signature's schema comes with the official package, wherever it is installed.
    return text.replace("xmldsig-core-schema_v1.01.xsd", (folder() / "xmldsig-core-schema_v1.01.xsd").as_uri())


@cache
def details() -> Mapping[str, tuple[Tag, ...]]:
    """The tags of the detail of every event that has one, by tpEvento, in the order of the schema."""
    root = etree.fromstring(_text().encode())
    found = root.findall(f"{_XS}complexType")
    return {name[1:]: tuple(_tags(type_)) for type_ in found if (name := str(type_.get("name"))).startswith("e")}


def _tags(type_: etree._Element, *, required: bool = True) -> Iterator[Tag]:
    if type_.tag == f"{_XS}complexType":
        for attribute in type_.findall(f"{_XS}attribute"):
            fixed = "1.00" if attribute.get("type") == "TVerEvento" else None
            yield Tag(str(attribute.get("name")), required=True, repeated=False, attribute=True, fixed=fixed)
    for child in type_.iterchildren(f"{_XS}sequence", f"{_XS}choice", f"{_XS}element"):
        if child.tag != f"{_XS}element":
            yield from _tags(child, required=child.tag == f"{_XS}sequence")
            continue
        nested = child.find(f"{_XS}complexType")
        variants = [str(each.get("value")) for each in child.iterfind(f"{_XS}simpleType/{_XS}restriction/{_XS}enumeration")]
        name = str(child.get("name"))
        # Several variants are one text with and without accents, but for codes, which the caller chooses.
        only = variants[-1] if len(variants) == 1 or (variants and name in ("descEvento", "xCondUso")) else None
        yield Tag(
            name,
            required=required and child.get("minOccurs", "1") != "0",
            repeated=child.get("maxOccurs", "1") != "1",
            fixed=only,
            tags=() if nested is None else tuple(_tags(nested)),
        )


def _compiled(key: str) -> etree.XMLSchema:
    """The schema of `evento`, `inutNFe`..., or of the detail of a tpEvento; one per thread, like lxml's error log."""
    known: dict[str, etree.XMLSchema] = _local.__dict__.setdefault("schemas", {})
    schema = known.get(key)
    if schema is None:
        text = _text()
        if key.isdigit():
            text = text.replace("</xs:schema>", f'<xs:element name="detEvento" type="e{key}"/></xs:schema>')
        schema = known[key] = etree.XMLSchema(etree.fromstring(text.encode()))
    return schema


def check(xml: bytes, key: str) -> tuple[Fault, ...]:
    """What the schema refuses, told by the path of the official tag; empty when valid.

    key: `evento`, `envEvento`, `procEventoNFe` or `inutNFe`, or a tpEvento, and then `xml` is its detEvento by itself.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        document = etree.ElementTree(etree.fromstring(xml, parser))
    except etree.XMLSyntaxError as error:
        message = f"O texto não é XML bem formado: {error.msg}."
        return (Fault(code="NFE-XSD-MALFORMED", path="$", message=message, fix="Envie o XML como foi gerado.", source=_SOURCE),)
    schema = _compiled(key)
    if schema.validate(document):
        return ()
    faults: dict[str, Fault] = {}
    for entry in cast("Iterable[_Entry]", schema.error_log):
        path = f"$.{_named(document, entry.path)}"
        if path not in faults:
            told = explain(entry.type_name, entry.message)
            faults[path] = Fault(code=told.code, path=path, message=told.message, fix=told.fix, source=_SOURCE)
    return tuple(faults.values())


def _named(document: etree._ElementTree, xpath: str | None) -> str:
    """The path by tags, from the root on."""
    found = document.xpath(xpath) if xpath else []
    element: etree._Element | None = document.getroot()
    if isinstance(found, list) and found and isinstance(found[0], etree._Element):
        element = found[0]
    steps: list[str] = []
    while element is not None:
        parent = element.getparent()
        name = etree.QName(element).localname
        twins = [] if parent is None else parent.findall(element.tag)
        steps.append(f"{name}[{twins.index(element)}]" if len(twins) > 1 else name)
        element = parent
    return ".".join(reversed(steps))
