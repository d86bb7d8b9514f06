"""The official XSDs, read from nfelib's wheel as data and compiled once a process."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import as_file, files

from lxml import etree

NFE = "http://www.portalfiscal.inf.br/nfe"
DSIG = "http://www.w3.org/2000/09/xmldsig#"


@lru_cache(maxsize=16)
def schema(name: str) -> etree.XMLSchema:
    """The compiled schema of one message, by its file's name without extension, e.g. `enviNFe_v4.00`."""
    file = files("nfelib.nfe.schemas.v4_0").joinpath(f"{name}.xsd")
    with as_file(file) as path:  # beside it lie the files it includes: wheels are installed unzipped
        return etree.XMLSchema(etree.parse(path, _parser()))


@lru_cache(maxsize=64)
def event_schema(name: str) -> etree.XMLSchema:
    """`envEvento`, `inutNFe`, or the detEvento of a tpEvento, with letters allowed in CNPJ and chave, which the public
    schemas of events do not allow yet. Raises KeyError for an event without a layout."""
    with as_file(files("nfelib.nfe.schemas.v4_0").joinpath("xmldsig-core-schema_v1.01.xsd")) as path:
        text = files("schemas").joinpath("sefaz/eventos_v1.00.xsd").read_text("utf-8").replace(path.name, path.as_uri())
    if name.isdigit():
        if f'<xs:complexType name="e{name}"' not in text:
            raise KeyError(name)
        text = text.replace("</xs:schema>", f'<xs:element name="detEvento" type="e{name}"/></xs:schema>')
    return etree.XMLSchema(etree.fromstring(text.encode(), _parser()))


def complaint(root: etree._Element, compiled: etree.XMLSchema) -> str | None:
    """The first complaint of a schema, short enough for xMotivo; None when the message is valid."""
    try:
        compiled.assertValid(root)
    except etree.DocumentInvalid as error:
        text = str(error).replace(f"{{{NFE}}}", "").replace(f"{{{DSIG}}}", "")
        return re.sub(r"\s+", " ", text)[:160]
    return None


def parse(xml: bytes) -> etree._Element:
    """One message as a tree: no entities, no network, no DTD, depth and size bounded by libxml2.

    Raises SyntaxError (etree.XMLSyntaxError is one).
    """
    if b"<!DOCTYPE" in xml:
        raise SyntaxError("DTD não é aceito")
    return etree.fromstring(xml, _parser())


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
