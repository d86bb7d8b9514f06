"""What the rules over the document find, told to whoever sent the sale or the note."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe import request as requests
from gateway.nfe.build import dry_run
from gateway.nfe.draft import Draft
from gateway.nfe.raw import dry_run_raw
from gateway.nfe.rules import Finding
from gateway.nfe.rules.told import beside, json_path, of_sale, of_tags
from tests.unit.nfe.made import AT, composed, sale
from tests.unit.nfe.made_document import put
from tests.unit.nfe.made_raw import BOOK, WINE, completed


def returned() -> Draft:
    """A sale composed with a CFOP of return, of which the gateway only warns."""
    draft = composed(sale())
    return replace(draft, det=(put(draft.det[0], "prod.CFOP", "5202"),))


def finding(path: str, cStat: str = "999", message: str = "Item 2: Frase.") -> Finding:
    return Finding("R-X", "X", cStat, path, message, "Corrija.", "MOC")


def told(error: pytest.ExceptionInfo[ValidationFailed]) -> list[tuple[str, str]]:
    return [(fault.code, fault.path) for fault in error.value.faults]


def test_a_sale_is_warned_at_its_item() -> None:
    (warning,) = dry_run(returned(), AT).warnings
    assert (warning.code, warning.path) == ("R-328", "$.items[0]")
    assert warning.message == "Item 1: O CFOP 5202 é de devolução, e a finalidade da nota não é."
    assert dry_run(composed(sale()), AT).warnings == ()


def test_a_sale_is_refused_by_a_rule_the_operator_promotes() -> None:
    with pytest.raises(ValidationFailed) as caught:
        dry_run(returned(), AT, {"R-328": "refuse"})
    assert told(caught) == [("R-328", "$.items[0]")]
    assert dry_run(returned(), AT, {"R-328": "off"}).warnings == ()


def test_the_draft_carries_what_is_foreseen() -> None:
    tried = requests.dry_run(returned(), AT)
    assert isinstance(tried, Draft)
    assert [fault.code for fault in tried.foreseen.warnings] == ["R-328"]
    assert [found.path for found in tried.foreseen.judgement.warned] == ["/infNFe/det[1]/prod/CFOP"]


def test_a_raw_note_is_refused_by_schema_and_rules_together() -> None:
    """An NCM of three digits, a vProd that is not 1 x 50 and the total of a wine that is not its own."""
    book: dict[str, Any] = {**BOOK, "prod": {**BOOK["prod"], "NCM": "490", "vProd": 60}}
    with pytest.raises(ValidationFailed) as caught:
        dry_run_raw(completed(WINE, book, paid="166.20"), AT)
    assert told(caught) == [
        ("NFE-XSD-PATTERN", "$.infNFe.det[1].prod.NCM"),
        ("R-I11-10", "$.infNFe.det[1].prod.vProd"),
        ("R-I11-20", "$.infNFe.det[1].prod.vProd"),
    ]
    assert caught.value.faults[1].message == "Item 2: O valor vProd R$ 60 difere de qCom × vUnCom, R$ 50.00."
    assert dry_run_raw(completed(WINE, BOOK, paid="156.20"), AT).warnings == ()


def test_a_placeholder_breaks_no_rule() -> None:
    """Number, cNF, key and date are the gateway's until the note is numbered."""
    draft = completed(WINE)
    assert (draft.body.Id, draft.body.ide.nNF, draft.body.ide.cDV) == ("", "", "")
    assert dry_run_raw(draft, AT).judgement.refused == ()


def test_paths_of_tags_count_from_zero() -> None:
    assert json_path("/infNFe/det[12]/imposto/ICMS") == "$.infNFe.det[11].imposto.ICMS"
    assert json_path("/infNFe/@Id") == "$.infNFe.Id"
    assert of_tags(finding("/infNFe/cobr/dup[1]/dVenc")).path == "$.infNFe.cobr.dup[0].dVenc"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/infNFe/det[2]/prod/vProd", "$.items[1]"),
        ("/infNFe/det[2]/prod/cEAN", "$.items[1].sku"),
        ("/infNFe/det[1]/imposto/IBSCBS/CST", "$.items[0].product"),
        ("/infNFe/dest", "$.customer"),
        ("/infNFe/dest/CNPJ", "$.customer.tax_id"),
        ("/infNFe/dest/enderDest/cMun", "$.customer.address"),
        ("/infNFe/pag/detPag[2]/vPag", "$.payments[1]"),
        ("/infNFe/pag/vTroco", "$.payments"),
        ("/infNFe/ide/NFref[1]/refNFe", "$.references[0]"),
        ("/infNFe/transp/transporta", "$.freight"),
    ],
)
def test_a_sale_is_told_at_its_own_words(path: str, wanted: str) -> None:
    assert of_sale(finding(path), [True, False]).path == wanted


def test_what_a_sale_does_not_say_is_told_by_the_part_of_the_note() -> None:
    fault = of_sale(finding("/infNFe/total/ICMSTot/vNF", message="O total difere."), [])
    assert (fault.path, fault.message) == ("$.infNFe.total.ICMSTot.vNF", "Totais da nota: O total difere.")
    assert of_sale(finding("/infNFe", message="Falta algo."), []).message == "Falta algo."


def test_the_same_fault_is_told_once() -> None:
    def business(code: str, path: str) -> Fault:
        return Fault(code=code, path=path, message="Já dito.")

    def left(known: Fault, found: Finding) -> list[str]:
        return [fault.path for fault in beside([known], [(found, of_tags(found))])]

    total = finding("/infNFe/total/ICMSTot/vNF", cStat="610,999")
    assert left(business("NFE-XSD-PATTERN", "$.infNFe.total.ICMSTot"), total) == []
    assert left(business("NFE-XSD-PATTERN", "$.infNFe.total.ICMSTot.vN"), total) == ["$.infNFe.total.ICMSTot.vNF"]
    assert left(business("NFE-XSD-MALFORMED", "$"), total) == ["$.infNFe.total.ICMSTot.vNF"]
    # NFE-SALE-08 avoids 610 as well.
    assert left(business("NFE-SALE-08", "$.infNFe.total.ICMSTot.vNF"), total) == []
