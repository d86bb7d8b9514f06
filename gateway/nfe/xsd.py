"""Validation against the official schemas, which come as data in the `nfelib` wheel; its bindings are never imported.

Schema pack: PL_010f v1.04 (nfelib 3.2). Compiling takes some 8 ms, once per thread: lxml keeps the error log of a run inside
the compiled schema, so threads may not share one, while libxml2 validates outside the GIL. A note is tried first on a schema
of the same language that runs faster (`gateway.nfe.xsd_derived`); only the official one refuses and tells why.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, cast

from lxml import etree

from gateway.core.errors import ConfigInvalid
from gateway.core.faults import Fault
from gateway.nfe.xsd_derived import derive, items_differ
from gateway.nfe.xsd_messages import explain

MAX_XML: Final = 8 * 1024 * 1024
_OPEN: Final = b"<NFe "
SOURCE: Final = "leiauteNFe_v4.00.xsd, PL_010f v1.04"
_FILES: Final = {
    "nfe": "nfe_v4.00.xsd",
    "nfeProc": "procNFe_v4.00.xsd",
    "enviNFe": "enviNFe_v4.00.xsd",
    "consSitNFe": "consSitNFe_v4.00.xsd",
    "consStatServ": "consStatServ_v4.00.xsd",
    "inutNFe": "inutNFe_v4.00.xsd",
}
_NCM: Final = "{http://www.portalfiscal.inf.br/nfe}NCM"
_STEP = re.compile(r"^\{[^}]*\}")
_local = threading.local()


class _Entry(Protocol):
    """What is read of lxml's error log."""

    type_name: str
    message: str
    path: str | None


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where the schemas are. `find_spec` looks without importing: `import nfelib` would bring xsdata with it.

    Raises ConfigInvalid when the wheel is not installed.
    """
    spec = importlib.util.find_spec("nfelib")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigInvalid("Os esquemas XSD não estão instalados.", code="XSD-MISSING", fix="Instale o pacote nfelib 3.2.")
    return Path(next(iter(spec.submodule_search_locations))) / "nfe" / "schemas" / "v4_0"


def schema_file(root: str) -> Path:
    """Where the schema of document `root` is (see `validate`); its includes are beside it. Raises as `folder`."""
    return folder() / _FILES[root]


def _schema(root: str) -> etree.XMLSchema:
    compiled: dict[str, etree.XMLSchema] = _local.__dict__.setdefault("compiled", {})
    schema = compiled.get(root)
    if schema is None:
        schema = compiled[root] = etree.XMLSchema(etree.parse(str(schema_file(root))))
    return schema


def _accepted_at_once(document: etree._ElementTree) -> bool:
    """Whether the derived schema accepts the note; False decides nothing."""
    quick: etree.XMLSchema | None = _local.__dict__.get("quick")
    if quick is None:
        quick = _local.quick = etree.XMLSchema(derive(schema_file("nfe")))
    return quick.validate(document) and items_differ(document)


def _parser() -> etree.XMLParser:
    parser: etree.XMLParser | None = _local.__dict__.get("parser")
    if parser is None:
        parser = _local.parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return parser


def _path(document: etree._ElementTree, xpath: str) -> str:
    """JSON path by official tags, from the root's content: `$.infNFe.det[0].prod.NCM`."""
    found = document.xpath(xpath) if xpath else []
    element = found[0] if isinstance(found, list) and found else document.getroot()
    steps: list[str] = []
    while isinstance(element, etree._Element):
        parent = element.getparent()
        if parent is None:
            break
        name = _STEP.sub("", str(element.tag))
        twins = parent.findall(element.tag)
        steps.append(f"{name}[{twins.index(element)}]" if len(twins) > 1 or name == "det" else name)
        element = parent
    return ".".join(["$", *reversed(steps)])


def _overlooked(document: etree._ElementTree) -> Iterator[Fault]:
    """libxml2 lets nine digits pass by the pattern of NCM (`[0-9]{2}|[0-9]{8}`); other validators do not."""
    for element in document.iter(_NCM):
        if len(element.text or "") not in (2, 8):
            refused = f"The value '{element.text}' is not accepted by the pattern '[0-9]{{2}}|[0-9]{{8}}'."
            told = explain("SCHEMAV_CVC_PATTERN_VALID", f"Element 'NCM': [facet 'pattern'] {refused}")
            path = _path(document, document.getpath(element))
            yield Fault(code=told.code, path=path, message=told.message, fix=told.fix, source=SOURCE)


def validate(xml: bytes, root: str = "nfe") -> tuple[Fault, ...]:
    """What the schema refuses in `xml`, as faults with the path of the official tag; empty when it is valid.

    `root`: nfe, nfeProc, enviNFe, consSitNFe, consStatServ, inutNFe. Never raises for bad content: text that is not XML is
    the fault NFE-XSD-MALFORMED.
    """
    if len(xml) > MAX_XML:
        message = "O XML passa de 8 MB."
        return (Fault(code="NFE-XSD-SIZE", path="$", message=message, fix="Divida a nota em mais de uma.", source=SOURCE),)
    try:
        document = etree.ElementTree(etree.fromstring(xml, _parser()))
    except etree.XMLSyntaxError as error:
        message = f"O texto não é XML bem formado: {error.msg}."
        return (Fault(code="NFE-XSD-MALFORMED", path="$", message=message, fix="Envie o XML como foi gerado.", source=SOURCE),)
    # What begins by opening its root has no place for a DOCTYPE.
    if not xml.startswith(_OPEN) and bool(document.docinfo.internalDTD):
        message = "O XML da nota não pode trazer DOCTYPE."
        return (Fault(code="NFE-XSD-MALFORMED", path="$", message=message, fix="Retire o DOCTYPE do XML.", source=SOURCE),)
    if root == "nfe" and _accepted_at_once(document):
        return ()
    schema = _schema(root)
    if schema.validate(document):
        return tuple(_overlooked(document))
    faults: dict[str, Fault] = {}
    for entry in cast("Iterable[_Entry]", schema.error_log):
        path = _path(document, entry.path or "")
        # libxml2 tells one broken value twice (facet, then type): the first, more exact one is kept.
        if path not in faults:
            told = explain(entry.type_name, entry.message)
            faults[path] = Fault(code=told.code, path=path, message=told.message, fix=told.fix, source=SOURCE)
    return tuple(faults.values())
