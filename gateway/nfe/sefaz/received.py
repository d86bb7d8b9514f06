"""A part of an answer as SEFAZ wrote it: a protocol, the answer to an event, a whole procEventoNFe.

The law asks for the authorised file as it was received, so the element is cut out of the raw bytes and never written again.
A cut that leaves the namespace to its ancestors stays as it is: nfeProc declares the same default namespace, and joins it
unchanged. Only where cutting would change the meaning (prefixes, another encoding, a second one in the text) is the
element written anew, in canonical form, without prefixes and with the namespace declared on it.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from gateway.nfe.sefaz.soap import NFE_NS, Payload


def fragment_xml(payload: Payload, element: etree._Element) -> bytes:
    """The bytes of this element, ready to be joined into a document whose default namespace is the NF-e's."""
    return _cut(payload, element) or _canonical(element)


def _cut(payload: Payload, element: etree._Element) -> bytes | None:
    raw = payload.raw
    encoding = (element.getroottree().docinfo.encoding or "UTF-8").upper()
    name = re.escape(etree.QName(element).localname).encode()
    starts = list(re.finditer(rb"<%s(?=[\s>])" % name, raw))
    ends = list(re.finditer(rb"</%s\s*>" % name, raw))
    if len(starts) != 1 or len(ends) != 1 or ends[0].start() < starts[0].end():
        return None
    if encoding not in ("UTF-8", "US-ASCII", "ASCII") or not _plain(element):
        return None
    return raw[starts[0].start() : ends[0].end()]


def _plain(element: etree._Element) -> bool:
    """Whether every name in it is unprefixed: then nothing but the default namespace can come from an ancestor."""
    if etree.QName(element).namespace != NFE_NS:
        return False
    return not any(node.prefix or any(str(key).startswith("{") for key in node.attrib) for node in element.iter())


def _canonical(element: etree._Element) -> bytes:
    # A document of its own before C14N: lxml writes a spurious xmlns="" when it canonicalises a part of a tree.
    copy = _rewritten(element, None)
    return etree.tostring(etree.fromstring(etree.tostring(copy)), method="c14n")


def _rewritten(element: etree._Element, parent: etree._Element | None) -> etree._Element:
    """The same element in its namespace as the default one; what has none is taken as of the NF-e (inherited by mistake)."""
    name = etree.QName(element)
    namespace = name.namespace if name.namespace == "http://www.w3.org/2000/09/xmldsig#" else NFE_NS
    tag = f"{{{namespace}}}{name.localname}"
    nsmap: Any = {None: namespace}  # the stubs know no default namespace
    copy = etree.Element(tag, nsmap=nsmap) if parent is None else etree.SubElement(parent, tag, nsmap=nsmap)
    for key, value in element.attrib.items():
        copy.set(etree.QName(key).localname, value)
    copy.text = element.text
    for child in element:
        _rewritten(child, copy).tail = child.tail
    return copy
