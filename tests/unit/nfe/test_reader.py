"""What is read from a note and written again is the same note, digit by digit; what is no note is refused with the reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from random import Random
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.core.errors import InvariantBroken, ValidationFailed
from gateway.nfe.layout.document import InfNFe, NFe
from gateway.nfe.layout.fields import Group, Written
from gateway.nfe.reader import read, read_unchecked
from gateway.nfe.signature import NFE, with_placeholder
from gateway.nfe.xml_writer import Kind, canonical, kind_of
from tests.unit.nfe.made import built, sale

REFUSED = {
    "41080676472349000430550010000001041671821888-ped-inu.xml": {("NFE-XSD-ROOT", "$")},
    "42210775277525000178550030000266631762885493-procNFe.xml": {("NFE-XSD-MISSING", "$.NFe")},
    "42211275277525000178550030000276771368212013-procNFe.xml": {("NFE-XSD-MISSING", "$.NFe")},
    "42220575277525000178550030000292481295366801-procNFe.xml": {("NFE-XSD-MISSING", "$.NFe")},
    "NFe35200159594315000157550010000000012062777161.xml": {
        ("NFE-XSD-VALUE", "$.NFe.infNFe"),
        ("NFE-XSD-UNEXPECTED", "$.NFe.infNFe.emit.enderEmit.cMun"),
        ("NFE-XSD-MISSING", "$.NFe"),
        ("NFE-XSD-MISSING", "$"),
    },
    "nfce_contingencia.xml": {
        ("NFE-XSD-MISSING", "$.infNFe.dest"),
        ("NFE-XSD-LENGTH", "$.infNFeSupl.qrCode"),
        ("NFE-XSD-MISSING", "$"),
    },
}
"""Samples of the wheel that are no valid document 4.00: a request to void numbers; notes without their signature; a nfeProc
without protocol, with an empty Id and a city out of place; a NFC-e with an empty group and no QR code."""


def samples() -> list[Traversable]:
    """Every sample of the wheel, found without importing its bindings."""
    before = set(sys.modules)
    root = resources.files("nfelib") / "nfe" / "samples" / "v4_0"
    for name in set(sys.modules) - before:
        del sys.modules[name]
    found, folders = [], [root]
    while folders:
        for entry in folders.pop().iterdir():
            if entry.is_dir():
                folders.append(entry)
            elif entry.name.endswith(".xml"):
                found.append(entry)
    return sorted(found, key=lambda entry: entry.name)


def body_c14n(xml: bytes) -> bytes:
    """C14N of infNFe; blanks between tags and comments are no part of the layout."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True, remove_comments=True))
    body = next(root.iter(f"{{{NFE}}}infNFe"))
    return etree.tostring(body, method="c14n")


def written(note: NFe) -> bytes:
    return canonical(note, "NFe").replace("<NFe>", f'<NFe xmlns="{NFE}">', 1).encode()


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_round_trips_or_is_refused_with_the_reason(sample: Traversable) -> None:
    xml = sample.read_bytes()
    reasons = REFUSED.get(sample.name)
    if reasons is not None:
        with pytest.raises(ValidationFailed) as caught:
            read(xml)
        assert {(fault.code, fault.path) for fault in caught.value.faults} == reasons
        return
    assert body_c14n(written(read(xml))) == body_c14n(xml)


def test_the_list_of_samples_is_complete() -> None:
    names = [sample.name for sample in samples()]
    assert len(names) == 20
    assert set(REFUSED) < set(names)


def test_our_own_note_reads_back_as_it_was_built() -> None:
    xml = built(sale()).xml
    note = read(with_placeholder(xml))
    assert written(note) == xml
    assert read_unchecked(xml) == note
    assert note.infNFe.det[0].prod.vProd == 100
    assert type(note.infNFe.det[0].prod.vProd) is Written


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"not xml", "NFE-XSD-MALFORMED"),
        (b"", "NFE-XSD-MALFORMED"),
        (b'<!DOCTYPE NFe [<!ENTITY a "b">]><NFe xmlns="http://www.portalfiscal.inf.br/nfe">&a;</NFe>', "NFE-XSD-MALFORMED"),
        (b"<NFe/>", "NFE-XSD-ROOT"),
        (b'<cteProc xmlns="http://www.portalfiscal.inf.br/cte"/>', "NFE-XSD-ROOT"),
        (b" " * (8 * 1024 * 1024 + 1), "NFE-XSD-SIZE"),
    ],
)
def test_what_is_no_note_is_refused(xml: bytes, code: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        read(xml)
    assert caught.value.faults[0].code == code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<vProd>100.00</vProd><cEANTrib>", b"<vProd>1E2</vProd><cEANTrib>"),
        (b"<vProd>100.00</vProd><cEANTrib>", b"<vProd>0100.00</vProd><cEANTrib>"),
        (b"<vProd>100.00</vProd><cEANTrib>", b"<vProd>cem</vProd><cEANTrib>"),
        (b"<vProd>100.00</vProd><cEANTrib>", b"<cEANTrib>"),
        (b"<natOp>", b"<natOp>A</natOp><natOp>"),
        (b"<natOp>", b"<inventada>A</inventada><natOp>"),
    ],
)
def test_unchecked_text_that_breaks_the_layout_is_never_misread(old: bytes, new: bytes) -> None:
    xml = built(sale()).xml
    assert xml.count(old) == 1
    with pytest.raises(InvariantBroken):
        read_unchecked(xml.replace(old, new))


ALPHABET = "".join(map(chr, range(0x20, 0x7F))) + "\r\n\tÀÇãéõü\xff"


class Maker:
    """Random groups: each field there or not, whatever the schema's choices say; the same seed gives the same one."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - data for a test, no secret

    def make(self, group: type[Group]) -> Any:
        return group(**dict(self._fields(group)))

    def _fields(self, group: type[Group]) -> Iterator[tuple[str, Any]]:
        for field, kind in kinds(group):
            if kind.repeated:
                least = 1 if field.required else 0
                yield field.name, tuple(self._value(kind) for _ in range(self._random.randint(least, 2)))
            elif field.required or self._random.random() < 0.5:
                yield field.name, self._value(kind)

    def _value(self, kind: Kind) -> Any:
        if kind.places is not None:
            decimals = self._random.randint(0, kind.places.most)
            text = str(self._random.randint(0, 10 ** self._random.randint(1, 11)))
            return Written(text + "." + "".join(self._random.choices("0123456789", k=decimals)) if decimals else text)
        if kind.type is str:
            return "".join(self._random.choices(ALPHABET, k=self._random.randint(0, 12)))
        return self.make(kind.type)


@cache
def kinds(group: type[Group]) -> tuple[tuple[msgspec.structs.FieldInfo, Kind], ...]:
    hints = get_type_hints(group, include_extras=True)
    return tuple((field, kind_of(hints[field.name])) for field in msgspec.structs.fields(group))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_any_model_written_and_read_is_the_same(seed: int) -> None:
    note = NFe(infNFe=Maker(seed).make(InfNFe))
    text = written(note)
    again = read_unchecked(text)
    assert again == note
    assert written(again) == text
    assert etree.tostring(etree.fromstring(text), method="c14n") == text
