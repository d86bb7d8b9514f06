"""A rejection against a note: where it points, what it corrects, and what a person has to decide."""

from __future__ import annotations

from dataclasses import replace as with_
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.nfe.corrections import _BY_CODE, Case, correct
from gateway.nfe.explanation import explain, value_at
from gateway.nfe.field_changes import Change, between
from gateway.nfe.layout.document import NFe
from gateway.nfe.layout.total import Total
from gateway.nfe.parties import HOMOLOGACAO_NAME
from gateway.nfe.raw import RawNote, build_raw, complete
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rejections import rejection
from gateway.nfe.request import Request
from gateway.nfe.sale import Sale
from gateway.nfe.story import Attempt, Happening, named, tell
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, SHIRT, built, item, pays, sale
from tests.unit.nfe.made_raw import BOOK, WINE, raw

SOLD = sale(items=(item(), item("2", "30.00", sku="CAM-2")), payments=(pays("dinheiro", "160.00"),))
"""100.00 + 2 x 30.00 = 160.00."""
SECOND = replace(SHIRT, sku="CAM-2", ncm="61091000", gtin="")
PRODUCTS = {"CAM-1": SHIRT, "CAM-2": SECOND}


def _xml(of: Sale) -> bytes:
    return built(of, BRANCH, *PRODUCTS.values()).xml


def signed(of: Sale = SOLD) -> NFe:
    return read_unchecked(_xml(of))


def note(*items: Any, **changes: Any) -> tuple[RawNote, NFe]:
    asked = raw(*(items or (WINE, BOOK)), paid="156.20", **changes)
    return asked, read_unchecked(build_raw(complete(asked, BRANCH, at=AT), number=7, cNF="87654321", dhEmi=AT).xml)


def case(request: Request, of: NFe | None, item: int | None = None) -> Case:
    return Case(request, None if of is None else of.infNFe, item, PRODUCTS, 2)


def told(cStat: str, xMotivo: str, request: Request, of: NFe | None) -> Any:
    return explain(cStat, xMotivo, request, of, environment=2, at=AT, products=PRODUCTS)


def test_the_item_sefaz_names_is_the_field() -> None:
    found = told("778", "Informado NCM inexistente [nItem:2]", SOLD, signed())
    assert [(one.path, one.layout, one.value) for one in found.fields] == [
        ("$.items[1].sku", "/infNFe/det[2]/prod/NCM", "61091000")
    ]
    assert found.draft is None
    assert found.cause == "O NCM do item não existe na tabela em vigor."


def test_without_an_item_every_suspect_is_shown() -> None:
    found = told("778", "Informado NCM inexistente", SOLD, signed())
    assert [one.layout for one in found.fields] == ["/infNFe/det[1]/prod/NCM", "/infNFe/det[2]/prod/NCM"]


def test_an_item_that_the_note_does_not_have_is_not_believed() -> None:
    found = told("778", "Informado NCM inexistente [nItem:9]", SOLD, signed())
    assert len(found.fields) == 2


def test_a_product_of_the_body_is_named_by_its_own_field() -> None:
    own = replace(SOLD, items=(replace(SOLD.items[0], product=SHIRT), SOLD.items[1]))
    found = told("611", "GTIN invalido [nItem:1]", own, signed(own))
    assert found.fields[0].path == "$.items[0].product.gtin"
    assert found.changes == (Change("$.items[0].product.gtin", SHIRT.gtin, ""),)


def test_the_rule_that_sees_it_says_the_numbers() -> None:
    asked, of = note()
    wrong = replace(of, infNFe=replace(of.infNFe, total=_total(of, vProd=Decimal("151.00"))))
    found = told("564", "Total dos produtos difere", asked, wrong)
    assert [(one.path, one.value) for one in found.fields] == [("$.infNFe.total.ICMSTot.vProd", "151.00")]
    assert "151" in found.cause
    assert "150" in found.cause  # 100.00 of wine and 50.00 of the book


def _total(of: NFe, **changes: Any) -> Total:
    return replace(of.infNFe.total, ICMSTot=replace(of.infNFe.total.ICMSTot, **changes))


def test_totals_that_the_caller_gave_are_summed_again() -> None:
    asked, of = note()
    given = replace(asked, infNFe=replace(asked.infNFe, total=of.infNFe.total))
    made = correct("531", case(given, of))
    assert isinstance(made, RawNote)
    assert made.infNFe.total is None
    assert correct("531", case(asked, of)) is None  # the gateway summed it: nothing to change


def test_a_bar_code_goes_away_only_where_it_is_known_which() -> None:
    made = correct("611", case(SOLD, signed()))
    assert isinstance(made, Sale)
    assert made.items[0].product is not None
    assert (made.items[0].product.gtin, made.items[0].product.ncm) == ("", SHIRT.ncm)
    assert made.items[1] == SOLD.items[1]
    assert correct("611", with_(case(SOLD, signed()), products={})) is None
    assert correct("611", case(SOLD, signed(), 1)) is None  # the second has no bar code
    assert correct("611", case(SOLD, None)) is None


def test_a_payment_alone_becomes_the_total() -> None:
    short = replace(SOLD, payments=(pays("dinheiro", "150.00"),))
    made = correct("865", case(short, signed()))
    assert isinstance(made, Sale)
    assert made.payments[0].amount == Decimal("160.00")
    two = replace(SOLD, payments=(pays("dinheiro", "100.00"), pays("pix", "50.00")))
    assert correct("865", case(two, signed())) is None  # whose is the difference, a person says


def test_change_is_what_is_left_over() -> None:
    asked, of = note()
    pag = asked.infNFe.pag
    paid = replace(
        asked, infNFe=replace(asked.infNFe, pag=replace(pag, detPag=(replace(pag.detPag[0], vPag=Decimal("160.00")),)))
    )
    made = correct("866", case(paid, of))
    assert isinstance(made, RawNote)
    assert made.infNFe.pag.vTroco == Decimal("3.80")  # 160.00 - 156.20


def test_the_destination_and_its_cfop_go_together() -> None:
    asked, of = note()
    made = correct("773", case(asked, of))
    assert isinstance(made, RawNote)
    assert made.infNFe.ide.idDest == "2"
    assert [det.prod.CFOP for det in made.infNFe.det] == ["6401", "6102"]
    back = correct("772", case(made, of))
    assert isinstance(back, RawNote)
    assert (back.infNFe.ide.idDest, back.infNFe.det[0].prod.CFOP) == ("1", "5401")


def test_the_name_of_homologacao() -> None:
    asked, of = note()
    made = correct("598", case(asked, of))
    assert isinstance(made, RawNote)
    assert made.infNFe.dest is not None
    assert made.infNFe.dest.xNome == HOMOLOGACAO_NAME
    assert correct("598", with_(case(asked, of), environment=1)) is None


def test_a_state_without_exempt_taxpayers() -> None:
    exempt = replace(SOLD, customer=replace(CONSUMER, state_registration="ISENTO"))
    made = correct("805", case(exempt, signed()))
    assert isinstance(made, Sale)
    assert made.customer is not None
    assert (made.customer.state_registration, made.customer.taxpayer, made.customer.final_consumer) == ("", False, True)


@pytest.mark.parametrize("code", sorted(_BY_CODE))
@pytest.mark.parametrize("kind", ["sale", "raw"])
def test_a_correction_keeps_the_note_and_is_made_once(code: str, kind: str) -> None:
    assert rejection(code) is not None
    request, of = (SOLD, signed()) if kind == "sale" else note()
    made = correct(code, case(request, of))
    if made is None:
        return
    assert made.ref == request.ref
    assert made.branch == request.branch
    assert between(request, made)
    assert correct(code, case(made, of)) is None


def test_values_of_the_note_by_path() -> None:
    _, of = note()
    assert value_at(of.infNFe, "/infNFe/det[2]/prod/NCM") == "49019900"
    assert value_at(of.infNFe, "/infNFe/det/prod/NCM") == "22042100, 49019900"
    assert value_at(of.infNFe, "/infNFe/det[3]/prod/NCM") is None
    assert value_at(of.infNFe, "/infNFe/det[1]/imposto/ICMS") is None
    assert value_at(None, "/infNFe/ide/nNF") is None


def test_the_story_says_what_changed_and_which_refusal_went() -> None:
    first = Attempt(1, 1000, _xml(SOLD), "778", "NCM inexistente", True)
    mended = replace(SOLD, items=(SOLD.items[0], replace(SOLD.items[1], product=replace(SECOND, ncm="61099000"))))
    second = Attempt(2, 2000, _xml(mended), "806", "Falta o CEST", True)
    third = Attempt(3, 3000, _xml(mended), "100", "Autorizado", True)
    lines = tell([Happening(500, "accepted", "Pedido de emissão aceito.")], [first, second, third])
    assert [line.text for line in lines] == [
        "Pedido de emissão aceito.",
        "Da 1ª para a 2ª tentativa, você mudou o NCM do item 2 (61091000 → 61099000); a 778 saiu, a 806 apareceu.",
        "Da 2ª para a 3ª tentativa, nada mudou nos dados da nota; a 806 saiu.",
    ]
    assert lines[1].changes == (Change("$.det[1].prod.NCM", "61091000", "61099000"),)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("$.det[0].prod.CEST", "o CEST do item 1"),
        ("$.dest.IE", "a inscrição estadual do destinatário"),
        ("$.infAdic.infCpl", "as informações complementares"),
        ("$.infAdic.obsCont[0].xTexto", "o campo xTexto"),
        ("$.pag.detPag[1].vPag", "o valor do pagamento"),
    ],
)
def test_fields_have_names_for_people(path: str, words: str) -> None:
    assert named(path) == words
