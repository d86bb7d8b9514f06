"""The quick schema accepts what the official one accepts, and only that: pattern by pattern, and document by document."""

from __future__ import annotations

import random
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.nfe import xsd
from gateway.nfe.certificate import Certificate
from gateway.nfe.signature import sign, with_placeholder
from gateway.nfe.xsd_derived import EQUAL, derive, items_differ
from tests.unit.nfe.made import built, sale
from tests.unit.nfe.test_reader import samples

XS = "{http://www.w3.org/2001/XMLSchema}"
OFFICIAL = etree.XMLSchema(etree.parse(str(xsd.schema_file("nfe"))))
QUICK = etree.XMLSchema(derive(xsd.schema_file("nfe")))
PAIRS = [pytest.param(*pair, id=pair[0][:24]) for pair in EQUAL.items()]
NOTES = Path(__file__).parents[2] / "golden" / "nfe" / "notes"


@pytest.mark.parametrize(("official", "ours"), PAIRS)
def test_every_pattern_is_one_of_the_official_schema(official: str, ours: str) -> None:
    names = ("leiauteNFe_v4.00.xsd", "tiposBasico_v4.00.xsd", "DFeTiposBasicos_v1.00.xsd")
    there = {
        pattern.get("value") for name in names for pattern in etree.parse(str(xsd.folder() / name)).getroot().iter(f"{XS}pattern")
    }
    assert official in there
    assert ours not in there


@pytest.mark.parametrize(("official", "ours"), PAIRS)
def test_every_short_text_has_the_same_verdict(official: str, ours: str) -> None:
    alphabet = " !ÿ\u0100\n" if official.startswith("[!") else "019. S"
    theirs, quick = re.compile(official), re.compile(ours)
    for length in range(6):
        for chars in product(alphabet, repeat=length):
            text = "".join(chars)
            assert bool(theirs.fullmatch(text)) == bool(quick.fullmatch(text)), text


@pytest.mark.parametrize(("official", "ours"), PAIRS)
def test_every_count_of_digits_has_the_same_verdict(official: str, ours: str) -> None:
    theirs, quick = re.compile(official), re.compile(ours)
    texts = ["SEM GTIN", "SEM GTIN1", *(first + "5" * more for first in ("", "0", "1") for more in range(20))]
    texts += [f"{whole}.{'7' * decimals}" for whole in texts for decimals in range(14)]
    for text in texts:
        assert bool(theirs.fullmatch(text)) == bool(quick.fullmatch(text)), text


@pytest.mark.parametrize(("official", "ours"), PAIRS)
@given(data=st.data())
def test_texts_of_either_language_are_of_both(official: str, ours: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(official, fullmatch=True) | st.from_regex(ours, fullmatch=True))
    # One character more, less or other is where two languages would part.
    at = data.draw(st.integers(0, len(text)))
    other = data.draw(st.sampled_from(["", "0", "9", ".", " ", "ÿ", "a"]))
    for candidate in (text, text[:at] + other + text[at:], text[:at] + other + text[at + 1 :]):
        assert bool(re.fullmatch(official, candidate)) == bool(re.fullmatch(ours, candidate)), candidate


def both(xml: bytes) -> tuple[bool, bool]:
    """Verdicts of the official schema and of the quick one with the key of the items.

    libxml2 lets an NCM of nine digits pass by the official pattern, `[0-9]{2}|[0-9]{8}`.
    """
    document = etree.ElementTree(etree.fromstring(xml))
    ncms = document.iter("{http://www.portalfiscal.inf.br/nfe}NCM")
    return OFFICIAL.validate(document) and all(len(ncm.text or "") in (2, 8) for ncm in ncms), QUICK.validate(
        document
    ) and items_differ(document)


def documents() -> dict[str, bytes]:
    """Our golden notes, unfolded and with a signature's shape, and every note of the wheel's samples."""
    found = {path.name: with_placeholder(path.read_bytes().replace(b"\n", b"")) for path in NOTES.glob("*.xml")}
    for sample in samples():
        for note in etree.fromstring(sample.read_bytes()).iter("{http://www.portalfiscal.inf.br/nfe}NFe"):
            found[sample.name] = etree.tostring(note, with_tail=False)
    return found


def mutated(xml: bytes, seed: int) -> bytes:
    """`xml` with one value, tag or attribute broken, lost or doubled; still well formed."""
    chance = random.Random(seed)  # noqa: S311 - mutations, not keys
    root = etree.fromstring(xml)
    elements = [element for element in root.iter("{*}*") if element is not root]
    element = chance.choice(elements)
    parent = element.getparent()
    assert parent is not None
    match chance.randrange(4):
        case 0:
            parent.remove(element)
        case 1:
            parent.insert(parent.index(element), etree.fromstring(etree.tostring(element, with_tail=False)))
        case 2 if element.attrib:
            element.set(chance.choice(list(element.attrib)), chance.choice(["1", "", "01", "x"]))
        case _:
            text = element.text or ""
            at = chance.randrange(len(text) + 1)
            wrong = chance.choice(["", "0", "9", ".", " ", "\n", "Á", "5555555555555"])
            element.text = text[:at] + wrong + text[at + chance.randrange(2) :]
    return etree.tostring(root)


def test_golden_notes_samples_and_what_is_broken_of_them_have_the_same_verdict() -> None:
    seen = {True: 0, False: 0}
    found = documents()
    assert len(found) > 60
    for name, xml in found.items():
        for seed in range(-1, 25):
            candidate = xml if seed < 0 else mutated(xml, seed)
            official, quick = both(candidate)
            assert official == quick, (name, seed)
            seen[official] += 1
    assert min(seen.values()) > 300, seen


@pytest.mark.parametrize(
    ("second", "accepted"),
    [
        pytest.param(b'<det nItem="2">', True, id="another"),
        pytest.param(b'<det nItem="1">', False, id="repeated"),
        pytest.param(b"<det nItem='1' >", False, id="repeated in other quotes"),
        pytest.param(b'<det nItem="&#49;">', False, id="repeated as a reference"),
    ],
)
def test_the_key_of_the_items_holds(certificate: Certificate, second: bytes, accepted: bool) -> None:
    xml = sign(built(sale()).xml, certificate).xml
    start, end = xml.index(b"<det "), xml.index(b"</det>") + len(b"</det>")
    item = xml[start:end].replace(b'<det nItem="1">', second)
    two = (xml[:end] + item + xml[end:]).replace(b"<infNFe", b"<!-- infNFe --><infNFe", 1)
    assert both(two) == (accepted, accepted)
    faults = xsd.validate(two)
    assert [fault.path for fault in faults] == ([] if accepted else ["$.infNFe.det[1]"])


def test_an_ncm_of_nine_digits_is_refused_whatever_libxml2_reads() -> None:
    xml = with_placeholder(built(sale()).xml).replace(b"<NCM>61091000", b"<NCM>610910001")
    assert OFFICIAL.validate(etree.ElementTree(etree.fromstring(xml)))
    assert [(fault.code, fault.path) for fault in xsd.validate(xml)] == [("NFE-XSD-PATTERN", "$.infNFe.det[0].prod.NCM")]


def test_a_valid_note_never_reaches_the_official_schema(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    xml = sign(built(sale()).xml, certificate).xml
    asked: list[str] = []
    official = xsd._schema

    def schema(root: str) -> etree.XMLSchema:
        asked.append(root)
        return official(root)

    monkeypatch.setattr(xsd, "_schema", schema)
    assert xsd.validate(xml) == ()
    assert asked == []
    assert xsd.validate(xml.replace(b"<NCM>61091000", b"<NCM>6109")) != ()
    assert asked == ["nfe"]
