"""What no program that signs by RSA and validates by libxml2 goes below on this machine: the floor our figures are ratios to.

The text of the note comes ready but for its values, which a template takes as texts: nothing is composed, taxed, checked or
escaped. Then the signature, spliced in, and the official schema, compiled once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml import etree

from gateway.nfe.certificate import Certificate
from gateway.nfe.signature import sign
from gateway.nfe.xsd import schema_file

_ITEM = re.compile(r"<det .*?</det>", re.DOTALL)
_VALUE = re.compile(r"(?<=>)[^<]+(?=<)")


def written(xml: bytes) -> Callable[[], bytes]:
    """A function that writes the note `xml` again, with the values of its items put into a template."""
    text = xml.decode()
    items: list[str] = _ITEM.findall(text)
    head, tail = text[: text.index(items[0])], text[text.rindex(items[-1]) + len(items[-1]) :]
    # All items of the measure have the same tags; their numbers are values as well.
    template = re.sub(r'nItem="\d+"', 'nItem="%s"', _VALUE.sub("%s", items[0].replace("%", "%%")))
    rows = [(str(number), *_VALUE.findall(item)) for number, item in enumerate(items, start=1)]

    def write() -> bytes:
        return f"{head}{''.join([template % row for row in rows])}{tail}".encode()

    return write


def floor(xml: bytes, certificate: Certificate) -> Callable[[], None]:
    """A function that makes the note of `xml` (ours, unsigned) once: writes, signs and validates it."""
    write = written(xml)
    schema = etree.XMLSchema(etree.parse(str(schema_file("nfe"))))

    def make() -> None:
        if not schema.validate(etree.fromstring(sign(write(), certificate).xml)):
            raise AssertionError("a nota da medição não é válida")

    return make
