"""How a message must be written before anybody reads it: encoding, prefixes, namespaces, blanks. Source: MOC 7.0, 4.2."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.schema import DSIG, NFE, complaint, parse

MAX_MESSAGE = 500 * 1024
"""214: 500 KB a message."""

_BETWEEN_TAGS = re.compile(rb">\s+(?:<|$)")
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']""")
_DECLARED = re.compile(rb"""\sxmlns(:[\w.-]+)?\s*=\s*["']([^"']*)["']""")
_ALLOWED = {NFE.encode(), DSIG.encode()}


def read(
    message: bytes, root_tag: str, compiled: etree.XMLSchema | None, schema_cStat: str, versao: str = "4.00"
) -> etree._Element | Refusal:
    """The message as a valid tree, or the reason why it is not one. Without `compiled` its layout is left unchecked."""
    refusal = next(_of_bytes(message), None)
    if refusal is not None:
        return refusal
    try:
        root = parse(message)
    except SyntaxError:
        return Refusal("243")
    refusal = next(_of_tree(message, root, root_tag, versao), None)
    if refusal is None and compiled is not None:
        fault = complaint(root, compiled)
        refusal = None if fault is None else Refusal(schema_cStat, f"[{fault}]")
    return refusal or root


def _of_bytes(message: bytes) -> Iterator[Refusal]:
    if len(message) > MAX_MESSAGE:
        yield Refusal("214")
    encoding = _ENCODING.match(message)
    if encoding is not None and encoding.group(1).lower() != b"utf-8":
        yield Refusal("402")
    blank_after_tag = any(blank in message for blank in (b"> ", b">\n", b">\r", b">\t"))  # cheap, and nearly always false
    if message[:1].isspace() or (blank_after_tag and _BETWEEN_TAGS.search(message)):
        yield Refusal("588")


def _of_tree(message: bytes, root: etree._Element, root_tag: str, versao: str) -> Iterator[Refusal]:
    for prefix, uri in _DECLARED.findall(message):
        if prefix:
            yield Refusal("404", f"[{prefix.decode()[1:]}]")
        if uri not in _ALLOWED:
            yield Refusal("587")
    if root.tag != f"{{{NFE}}}{root_tag}":
        yield Refusal("516", f"[{root_tag}]")
    if root.get("versao") != versao:
        yield Refusal("239")
