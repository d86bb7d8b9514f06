"""The structs are the official schema's, and every number they write is one it takes."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import get_args, get_type_hints

import pytest
from lxml import etree

from gateway.nfe.layout import fields, generate
from gateway.nfe.layout.document import NFe
from gateway.nfe.layout.fields import Group, Places, Written
from gateway.nfe.layout.generate import NUMBERS
from gateway.nfe.layout.payment import Dup
from gateway.nfe.layout.special_goods import Comb
from gateway.nfe.xml_writer import canonical, decimal_text, kind_of
from gateway.nfe.xsd import folder

D = Decimal
XS = "{http://www.w3.org/2001/XMLSchema}"


@cache
def patterns() -> dict[str, re.Pattern[str]]:
    found = {}
    for name in ("tiposBasico_v4.00.xsd", "DFeTiposBasicos_v1.00.xsd"):
        for simple in etree.parse(str(folder() / name)).getroot().findall(f"{XS}simpleType"):
            pattern = simple.find(f"{XS}restriction/{XS}pattern")
            if pattern is not None:
                found[str(simple.attrib["name"])] = re.compile(str(pattern.attrib["value"]))
    return found


def groups(group: type[Group]) -> set[type[Group]]:
    found = {group}
    for hint in get_type_hints(group, include_extras=True).values():
        inner = kind_of(hint).type
        if isinstance(inner, type) and issubclass(inner, Group) and inner not in found:
            found |= groups(inner)
    return found


def test_the_files_are_what_the_schema_generates(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_the_document_reaches_every_group() -> None:
    reached = groups(NFe)
    assert len(reached) == 154
    tags = {name for group in reached for name in group.__struct_fields__}
    official = {
        str(element.attrib["name"])
        for name in ("leiauteNFe_v4.00.xsd", "DFeTiposBasicos_v1.00.xsd")
        for element in etree.parse(str(folder() / name)).getroot().iter(f"{XS}element")
        if "name" in element.attrib
    }
    assert tags - {"nItem", "xCampo", "Id", "versao", "dia", "Modulus", "Exponent"} <= official


@pytest.mark.parametrize("official", sorted(NUMBERS))
def test_a_number_is_written_as_its_type_wants(official: str) -> None:
    places = next(mark for mark in get_args(getattr(fields, NUMBERS[official])) if isinstance(mark, Places))
    pattern = patterns()[official]
    numbers = ["1", "1.50", "10", "12.34", "0.05"] + ([] if places.omit_zero else ["0", "0.00"])
    if places.most >= 4:
        numbers += ["0.1234", "7.1000"]
    for number in numbers:
        text = decimal_text(D(number), places.least, places.most)
        assert pattern.fullmatch(text), text


def test_a_number_that_was_read_keeps_its_digits() -> None:
    assert canonical(Dup(vDup=Written("10")), "dup") == "<dup><vDup>10</vDup></dup>"
    assert canonical(Dup(vDup=D("10")), "dup") == "<dup><vDup>10.00</vDup></dup>"
    assert decimal_text(Written("0.0000000"), 2, 10) == "0.0000000"
    assert decimal_text(Written("10") + 1, 2, 2) == "11.00"


def test_a_zero_that_was_read_is_not_left_out() -> None:
    fuel = {"cProdANP": "210203001", "descANP": "GLP", "UFCons": "SP"}
    assert "<pBio>0.5</pBio>" in canonical(Comb(**fuel, pBio=D("0.5")), "comb")  # type: ignore[arg-type]
    assert "pBio" not in canonical(Comb(**fuel, pBio=D("0.00")), "comb")  # type: ignore[arg-type]
    assert "<pBio>0.00</pBio>" in canonical(Comb(**fuel, pBio=Written("0.00")), "comb")  # type: ignore[arg-type]
