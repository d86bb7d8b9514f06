"""Which cClassTrib, and why not the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from gateway.nfe.operations import default
from gateway.nfe.reform.areas import area_of
from gateway.nfe.reform.determine import CONSUMER, Buyer, Determination, determine
from tests.unit.nfe.made import product
from tests.unit.nfe.made_reform import DAY, good, note

SALE = default("venda", DAY)


def found(ncm: str, buyer: Buyer = CONSUMER, model: str = "55", day: date = DAY, stated: str = "") -> Determination:
    return determine(product(ncm=ncm, cclasstrib=stated), SALE, buyer, day, model=model)


def codes(of: Determination) -> set[str]:
    return {one.cclasstrib for one in of.candidates}


def reason(of: Determination, code: str) -> str:
    return next(one.reason for one in of.excluded if one.code == code)


def test_a_shirt_is_taxed_in_full_because_nothing_else_is_left() -> None:
    shirt = found("6109.10.00")
    assert (shirt.chosen, shirt.by, shirt.needs_person, codes(shirt)) == ("000001", "facts", False, {"000001"})
    assert reason(shirt, "200003") == "o NCM 61091000 não está nas posições deste tratamento"
    assert reason(shirt, "000003") == "depende de regime ou qualidade que o cadastro não declara"
    assert reason(shirt, "200022") == "o comprador não está em área incentivada deste tipo"
    assert len(shirt.excluded) + len(shirt.candidates) == 164


def test_rice_may_be_of_the_basket_and_a_person_says_so() -> None:
    rice = found("10063021")
    assert (rice.chosen, rice.by, rice.needs_person) == (None, "nobody", True)
    assert {"000001", "200003"} <= codes(rice)
    decided = found("10063021", stated="200003")
    assert (decided.chosen, decided.by, decided.needs_person) == ("200003", "register", False)


def test_what_is_not_known_of_the_buyer_excludes_nothing() -> None:
    medicine = "30049099"
    assert "200010" not in codes(found(medicine))
    assert reason(found(medicine), "200010") == "o comprador não é da administração pública"
    assert "200010" in codes(found(medicine, Buyer()))
    assert "200010" in codes(found(medicine, Buyer(government=True)))


def test_model_and_day_exclude() -> None:
    assert "200005" in codes(found("90189099", Buyer(government=True)))
    consumer_note = found("90189099", Buyer(government=True), model="65")
    assert reason(consumer_note, "200005") == "não é permitido no modelo 65"
    assert reason(found("30049099", day=date(2025, 12, 31)), "200053") == "não vale em 31/12/2025"


def test_a_code_that_is_no_longer_in_the_table_is_undecided() -> None:
    gone = found("61091000", stated="000009")
    assert (gone.chosen, gone.needs_person) == (None, True)
    assert "000009" in gone.why


def test_the_law_decides_what_the_operation_is() -> None:
    shirt = product(ncm="61091000", cclasstrib="000001")
    bonus = determine(shirt, default("bonificacao", DAY), CONSUMER, DAY)
    transfer = determine(shirt, default("transferencia", DAY), CONSUMER, DAY)
    assert (bonus.chosen, bonus.by, transfer.chosen) == ("410001", "law", "410002")
    returned = determine(shirt, default("devolucao_venda", DAY), CONSUMER, DAY)
    assert (returned.chosen, returned.by, returned.needs_person) == (None, "original", False)
    gift = determine(shirt, SALE, CONSUMER, DAY, donation=True)
    assert (gift.chosen, gift.by) == ("410003", "law")
    assert determine(good("410026"), SALE, CONSUMER, DAY, donation=True).chosen == "410026"
    debit = determine(shirt, note(finNFe="6", debit="07"), CONSUMER, DAY)
    assert (debit.chosen, debit.by) == ("410030", "law")


def test_exports_and_incentivised_areas_are_of_the_buyer() -> None:
    abroad = replace(CONSUMER, abroad=True)
    assert (found("61091000", abroad).chosen, found("61091000", abroad).by) == ("410004", "law")
    assert found("27101259", abroad).chosen == "410013"
    assert found("61091000", abroad, stated="410027").chosen == "410027"
    assert found("61091000", abroad, stated="000001").chosen == "410004"
    manaus = area_of("1302603")
    company = found("61091000", Buyer(government=False, company=True, abroad=False, area=manaus))
    assert (company.chosen, codes(company)) == (None, {"000001", "200022"})
    person = found("61091000", Buyer(government=False, company=False, abroad=False, area=manaus))
    assert (person.chosen, reason(person, "200022")) == ("000001", "o comprador não tem CNPJ")
