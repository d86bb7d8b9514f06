"""From the XML of a note, ours or a third party's, to the structs of the layout: the inverse of `gateway.nfe.xml_writer`.

Whatever is written again from what was read has the same canonical form (C14N) of `infNFe`, but for blanks between tags and
comments, which the layout does not have and SEFAZ refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec
from lxml import etree

from gateway.core.errors import InvariantBroken, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.layout.document import NFe
from gateway.nfe.layout.fields import Group, Written
from gateway.nfe.signature import NFE
from gateway.nfe.xml_writer import Kind, kind_of
from gateway.nfe.xsd import MAX_XML, SOURCE, validate

_PREFIX = f"{{{NFE}}}"
G = TypeVar("G", bound=Group)


def read(xml: bytes) -> NFe:
    """The note of a signed `<NFe>` or of an `<nfeProc>`. The signature is checked for its form only: see `signature.verify`.

    Raises ValidationFailed with everything the schema refuses (NFE-XSD-*), also for what is no XML, passes 8 MB, has a DOCTYPE
    or starts by another element.
    """
    faults = validate(xml, _schema_of(xml))
    if faults:
        raise ValidationFailed(faults)
    return read_unchecked(xml)


def read_unchecked(xml: bytes) -> NFe:
    """As `read`, for text that is known to follow the schema, as what the gateway itself wrote; it need not be signed.

    Raises ValidationFailed for what is no note, InvariantBroken for a note that does not follow the schema after all.
    """
    root = _parse(xml)
    note = root if root is not None and root.tag == f"{_PREFIX}NFe" else None
    if root is not None and root.tag == f"{_PREFIX}nfeProc":
        note = root.find(f"{_PREFIX}NFe")
    if note is None:
        raise ValidationFailed([_not_a_note()])
    return from_element(NFe, note)


def _not_a_note() -> Fault:
    message = "O texto não é o XML de uma NF-e."
    return Fault(code="NFE-XSD-ROOT", path="$", message=message, fix="Envie um documento NFe ou nfeProc.", source=SOURCE)


def _parse(xml: bytes) -> etree._Element | None:
    if len(xml) > MAX_XML:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError:
        return None


def _schema_of(xml: bytes) -> str:
    """`nfeProc` or `nfe`; what is neither is left for the schema to refuse."""
    root = _parse(xml)
    return "nfeProc" if root is not None and root.tag == f"{_PREFIX}nfeProc" else "nfe"


@dataclass(frozen=True, slots=True)
class _Tag:
    """A field of a struct, ready to be read."""

    kind: Kind
    value: Callable[[etree._Element], object]


def _text(element: etree._Element) -> str:
    return element.text or ""


def _number(element: etree._Element) -> Written:
    text = element.text or ""
    number = Written(text)
    if f"{number:f}" != text:
        raise ValueError(text)
    return number


@cache
def _tags(group: type[Group]) -> tuple[dict[str, _Tag], tuple[str, ...]]:
    """Elements and attributes of a struct."""
    hints = get_type_hints(group, include_extras=True)
    elements: dict[str, _Tag] = {}
    attributes: list[str] = []
    for field in msgspec.structs.fields(group):
        kind = kind_of(hints[field.name])
        if kind.attribute:
            attributes.append(field.name)
        elif kind.places is not None:
            elements[_PREFIX + field.name] = _Tag(kind, _number)
        elif kind.type is str:
            elements[_PREFIX + field.name] = _Tag(kind, _text)
        else:
            elements[_PREFIX + field.name] = _Tag(kind, _nested(kind.type))
    return elements, tuple(attributes)


def _nested(group: type[Group]) -> Callable[[etree._Element], object]:
    return lambda element: from_element(group, element)


def from_element(group: type[G], element: etree._Element) -> G:
    """`element` as a `group`. Raises InvariantBroken for a tag, a number or an absence that the schema does not allow.

    The signature is no part of the model and is passed over.
    """
    elements, attributes = _tags(group)
    values: dict[str, Any] = {name: element.attrib[name] for name in attributes if name in element.attrib}
    for child in element:
        tag = elements.get(child.tag)
        name = etree.QName(child).localname
        if tag is None:
            if group is NFe and name == "Signature":
                continue
            raise InvariantBroken(f"A tag {name} não é do grupo {etree.QName(element).localname}.")
        try:
            value = tag.value(child)
        except (ValueError, ArithmeticError) as error:
            raise InvariantBroken(f"O número {child.text!r} da tag {name} não é do leiaute.") from error
        if tag.kind.repeated:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise InvariantBroken(f"A tag {name} aparece mais de uma vez.")
        else:
            values[name] = value
    try:
        return group(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
    except TypeError as error:
        raise InvariantBroken(f"Falta uma tag no grupo {etree.QName(element).localname}: {error}.") from error
