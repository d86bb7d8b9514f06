"""A schema equal in language to the official one of the note and cheaper to run: what it accepts, the official one accepts.

libxml2 spends a third of its time on a few patterns (it counts and backtracks) and on the key of the items. So patterns met in
every item are replaced, where their text is exactly the one known, by deterministic ones of the same language, and the key
`pk_nItem` is left to `items_differ`. What is refused here is judged again by the official schema, which also tells why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from lxml import etree

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_BODY: Final = "{http://www.portalfiscal.inf.br/nfe}infNFe"
_DET: Final = "{http://www.portalfiscal.inf.br/nfe}det"
_KEY: Final = "pk_nItem"


def _up_to(times: int) -> str:
    """`[0-9]{0,times}` without a counter."""
    return "([0-9]" * times + ")?" * times


_NUMBER: Final = f"[1-9]{_up_to(10)}"
EQUAL: Final = {
    # TString
    "[!-ÿ]{1}[ -ÿ]{0,}[!-ÿ]{1}|[!-ÿ]{1}": "[!-ÿ]+( +[!-ÿ]+)*",
    # TDec_1302, TDec1302RTC
    r"0|0\.[0-9]{2}|[1-9]{1}[0-9]{0,12}(\.[0-9]{2})?": rf"(0|[1-9]{_up_to(12)})(\.[0-9][0-9])?",
    # TDec_0302a04, TDec_0302_04RTC
    r"0|0\.[0-9]{2,4}|[1-9]{1}[0-9]{0,2}(\.[0-9]{2,4})?": rf"(0|[1-9]{_up_to(2)})(\.[0-9][0-9]{_up_to(2)})?",
    # TDec_1104v
    r"0|0\.[0-9]{1,4}|[1-9]{1}[0-9]{0,10}|[1-9]{1}[0-9]{0,10}(\.[0-9]{1,4})?": rf"(0|{_NUMBER})(\.[0-9]{_up_to(3)})?",
    # TDec_1110v
    r"0|0\.[0-9]{1,10}|[1-9]{1}[0-9]{0,10}|[1-9]{1}[0-9]{0,10}(\.[0-9]{1,10})?": rf"(0|{_NUMBER})(\.[0-9]{_up_to(9)})?",
    # cEAN, cEANTrib
    "SEM GTIN|[0-9]{0}|[0-9]{8}|[0-9]{12,14}": f"(SEM GTIN|{'[0-9]' * 8}({'[0-9]' * 4}{_up_to(2)})?)?",
    # NCM
    "[0-9]{2}|[0-9]{8}": f"[0-9][0-9]({'[0-9]' * 6})?",
}
"""Pattern of the official schema -> pattern of the same language."""


def derive(path: Path) -> etree._ElementTree:
    """The schema of `path` with its includes inside, patterns of `EQUAL` replaced and without the key of the items."""
    files = _files(path)
    names: dict[Any, str] = {prefix: uri for file in files for prefix, uri in file.nsmap.items()}
    attributes = {str(name): str(value) for name, value in files[0].attrib.items()}
    schema = etree.Element(f"{_XS}schema", attributes, nsmap=names)
    parts = [part for file in files for part in file if part.tag != f"{_XS}include"]
    # Imports come before anything else, and their places are beside the file that is no longer read.
    schema.extend(sorted(parts, key=lambda part: part.tag != f"{_XS}import"))
    for imported in schema.iterfind(f"{_XS}import"):
        imported.set("schemaLocation", (path.parent / imported.get("schemaLocation", "")).as_uri())
    for pattern in schema.iter(f"{_XS}pattern"):
        value = pattern.get("value", "")
        pattern.set("value", EQUAL.get(value, value))
    for key in schema.findall(f".//{_XS}unique[@name='{_KEY}']"):
        parent = key.getparent()
        if parent is not None:
            parent.remove(key)
    return etree.ElementTree(schema)


def _files(path: Path) -> list[etree._Element]:
    """The roots of the file at `path` and of what it includes."""
    root = etree.parse(str(path), etree.XMLParser(remove_comments=True)).getroot()
    found = [root]
    for include in root.iterfind(f"{_XS}include"):
        found += _files(path.parent / include.get("schemaLocation", ""))
    return found


def items_differ(document: etree._ElementTree) -> bool:
    """The key `pk_nItem` of a document that `derive`'s schema accepted: no two items of its infNFe have the same nItem."""
    body = document.getroot().iterchildren(_BODY)
    numbers = [det.get("nItem") for infNFe in body for det in infNFe.iterchildren(_DET)]
    return len(set(numbers)) == len(numbers)
