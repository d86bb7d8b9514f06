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


def fault_of(root: etree._Element, name: str) -> str | None:
    """The first complaint of the schema, short enough for xMotivo; None when the message is valid."""
    try:
        schema(name).assertValid(root)
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
