"""The reviewed notes have, together, every code and every group of the layout that a retailer's taxes may need."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest
from lxml import etree

from gateway.nfe.operations import default, names
from gateway.nfe.reform.dataset import dataset
from gateway.nfe.xsd import folder
from tests.golden.nfe.test_notes import FOLDER
from tests.unit.nfe.made import AT

XS: Final = "{http://www.w3.org/2001/XMLSchema}"
TAXES: Final = ("ICMS", "ICMSUFDest", "IPI", "II", "PIS", "PISST", "COFINS", "COFINSST", "ISSQN", "IS", "IBSCBS", "impostoDevol")


@lru_cache(maxsize=1)
def notes() -> tuple[etree._Element, ...]:
    return tuple(etree.parse(str(file)).getroot() for file in sorted(FOLDER.glob("*.xml")))


def values(path: str) -> set[str]:
    """Texts at `path` (official tags, from infNFe down) in all the notes."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    return {found.text or "" for note in notes() for found in note.iterfind(f"{{*}}infNFe/{steps}")}


@lru_cache(maxsize=1)
def layout() -> dict[str, etree._Element]:
    root = etree.parse(str(Path(str(folder())) / "leiauteNFe_v4.00.xsd")).getroot()
    return {str(found.attrib["name"]): found for found in root.iter(f"{XS}element", f"{XS}complexType") if "name" in found.attrib}


def enumerated(of: etree._Element) -> set[str]:
    return {str(one.attrib["value"]) for one in of.iter(f"{XS}enumeration")}


def situations(holder: str) -> Iterator[tuple[str, set[str]]]:
    """Each group of `holder` and the values of its CST or CSOSN in the schema."""
    for group in layout()[holder].iter(f"{XS}element"):
        for code in group.iterfind(f"{XS}complexType/{XS}sequence/{XS}element"):
            if code.attrib.get("name") in ("CST", "CSOSN"):
                yield f"{group.attrib['name']}/{code.attrib['name']}", enumerated(code)


@pytest.mark.parametrize("holder", ["ICMS", "PIS", "COFINS"])
def test_every_code_of_a_tax_of_the_layout_has_a_note(holder: str) -> None:
    found = dict(situations(holder))
    assert found
    missing = {group: codes - values(f"det/imposto/{holder}/{group}") for group, codes in found.items()}
    assert {group: codes for group, codes in missing.items() if codes} == {}


def test_every_code_of_ipi_has_a_note() -> None:
    told = values("det/imposto/IPI/IPITrib/CST") | values("det/imposto/IPI/IPINT/CST")
    assert told == {"00", "01", "02", "03", "04", "05", "49", "50", "51", "52", "53", "54", "55", "99"}


def test_every_situation_of_ibs_and_cbs_that_goods_may_have_has_a_note() -> None:
    of_goods = {row["cst"] for row in dataset("cclasstrib.json")["rows"] if row["models"]}
    assert of_goods == {"000", "200", "410", "510", "515", "550", "620", "800", "810", "811", "830"}
    assert values("det/imposto/IBSCBS/CST") == of_goods


def test_every_group_of_the_taxes_is_in_a_note() -> None:
    groups = {
        *("gIBSCBS", "gIBSUF", "gIBSMun", "gCBS", "gRed", "gDif", "gDevTrib", "gTribRegular", "gTribCompraGov", "gALCZFMCBS"),
        *("gIBSCBSMono", "gIBSMonoAdRem", "gIBSMonoAdValorem", "gCBSMonoAdRem", "gCBSMonoAdValorem", "gpBioDiferenca"),
        *("gMonoPadrao", "gMonoReten", "gMonoRet", "gTransfCred", "gAjusteCompet", "gEstornoCred", "gCredPresIBSZFM"),
        *("gCredPresOper", "gIBSCredPres", "gCBSCredPres", "gMono", "IBSCBSTot", "ISTot", "ISSQNtot", "retTrib", *TAXES),
    }
    told = {etree.QName(tag).localname for note in notes() for tag in note.iter()}
    assert groups - told == set()


def test_every_purpose_payment_and_operation_has_a_note() -> None:
    assert values("ide/finNFe") == {"1", "2", "3", "4", "5", "6"}
    assert values("ide/tpNFDebito") == {f"0{kind}" for kind in range(1, 9)}
    assert values("emit/CRT") == {"1", "2", "3", "4"}
    assert values("pag/detPag/tPag") >= {"01", *(str(code) for code in range(10, 25)), "90", "91", "99"}
    written = {file.stem for file in FOLDER.glob("operation_*.xml")}
    composed = [name for name in names(AT.date()) if default(name, AT.date()).by != "outside"]
    assert len(composed) == 43
    assert [name for name in composed if name != "venda" and not any(f"operation_{name}" in stem for stem in written)] == []
