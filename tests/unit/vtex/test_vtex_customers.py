"""CPF or CNPJ: by content and check digits, with a person asked when both could be the buyer."""

from __future__ import annotations

from typing import Any

import pytest
from vtex_order_files import codes, load, read

CPF, CNPJ, ALPHA = "11144477735", "11222333000181", "12ABC34501DE35"


def _with(**profile: Any) -> dict[str, Any]:
    order = load("kit")
    order["clientProfileData"].update(profile)
    return order


@pytest.mark.parametrize(
    ("document", "corporate", "tax_id"),
    [
        ("111.444.777-35", None, CPF),
        (" 11144477735 ", "", CPF),
        ("11.222.333/0001-81", None, CNPJ),
        (None, "11222333000181", CNPJ),
        ("", "12.abc.345/01de-35", ALPHA),
        (CNPJ, CNPJ, CNPJ),
        (11144477735, None, CPF),
        ("11144477735", "123", CPF),
    ],
)
@pytest.mark.req("LX-46")
def test_one_document_is_the_buyer(document: Any, corporate: str | None, tax_id: str) -> None:
    order = read(_with(document=document, corporateDocument=corporate, documentType="other"))
    assert codes(order) == []
    assert order.customer is not None
    assert order.customer.tax_id == tax_id
    assert order.customer_candidates == (order.customer,)


@pytest.mark.parametrize(
    ("document", "corporate", "is_corporate"),
    [
        ("11144477734", None, False),
        (None, None, False),
        ("", "", True),
        ("11111111111", None, False),
        (CPF, "11222333000180", True),
        ("AB123456", None, False),
    ],
)
def test_no_valid_document_waits(document: str | None, corporate: str | None, is_corporate: bool) -> None:
    order = read(_with(document=document, corporateDocument=corporate, isCorporate=is_corporate))
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [("VTEX-NO-DOCUMENT", False)]
    assert order.customer is None
    assert order.draft is not None and order.draft.customer is None


@pytest.mark.req("LX-47", "LX-48")
def test_both_documents_wait_for_a_choice_with_the_company_first() -> None:
    order = read("both_documents_not_corporate")
    assert order.customer is None
    assert [(c.tax_id, c.name) for c in order.customer_candidates] == [
        ("11222333000181", "Empresa Exemplo Ltda"),
        ("11144477735", "Joana Exemplo"),
    ]
    assert order.draft is not None and order.draft.customer is None


@pytest.mark.req("LX-47")
def test_a_corporate_purchase_is_the_companys_unless_the_policy_always_asks() -> None:
    order = read("company_with_contact_cpf")
    assert order.customer is not None
    assert (order.customer.tax_id, order.customer.state_registration, order.customer.taxpayer) == (CNPJ, "110042490114", True)
    assert [c.tax_id for c in order.customer_candidates] == [CNPJ, CPF]
    assert codes(read("company_with_contact_cpf", both_documents="ask_always")) == ["VTEX-BOTH-DOCUMENTS"]


def test_two_companies_wait_for_a_choice() -> None:
    order = read(_with(document=ALPHA, corporateDocument=CNPJ, isCorporate=True))
    assert codes(order) == ["VTEX-BOTH-DOCUMENTS"]
    assert [c.tax_id for c in order.customer_candidates] == [CNPJ, ALPHA]


@pytest.mark.parametrize(
    "profile", [{"document": "111.***.***-35"}, {"firstName": "J***"}, {"corporateDocument": "**.***.333/0001-81"}]
)
def test_masked_data_look_again_by_itself(profile: dict[str, str]) -> None:
    order = read(_with(**profile))
    assert [(hold.code, hold.by_itself) for hold in order.holds] == [("VTEX-MASKED", True)]
    assert order.customer is None


@pytest.mark.parametrize(
    ("typed", "registration", "taxpayer"),
    [
        ("110.042.490.114", "110042490114", True),
        ("P-01100424.3/002", "P011004243002", True),
        ("Isento", "ISENTO", False),
        ("ISENTA", "ISENTO", False),
        ("", "", False),
        (None, "", False),
        ("000", "", False),
        ("não tenho", "", False),
        ("110.042.490.115", "", False),  # the digits of no registration of the state
    ],
)
def test_state_registration(typed: str | None, registration: str, taxpayer: bool) -> None:
    order = read(_with(document=None, corporateDocument=CNPJ, corporateName="Empresa", stateInscription=typed))
    assert order.customer is not None
    assert (order.customer.state_registration, order.customer.taxpayer) == (registration, taxpayer)
    ignored = read(
        _with(document=None, corporateDocument=CNPJ, corporateName="Empresa", stateInscription=typed), state_registration="ignore"
    )
    assert ignored.customer is not None
    assert (ignored.customer.state_registration, ignored.customer.taxpayer) == ("", False)


def test_a_wrong_state_registration_is_kept_only_when_the_account_says_so() -> None:
    given = _with(document=None, corporateDocument=CNPJ, corporateName="Empresa", stateInscription="110042490115")
    kept = read(given, state_registration="as_given").customer
    assert kept is not None
    assert (kept.state_registration, kept.taxpayer) == ("110042490115", True)


def test_names_phones_and_mails() -> None:
    company = read(
        _with(document=CNPJ, corporateName=" ", tradeName="Fantasia", corporatePhone=None, phone="+5511912345678")
    ).customer
    assert company is not None
    assert (company.name, company.phone, company.email) == ("Fantasia", "11912345678", "joana@example.com")
    person = read(_with(phone="telefone", email="a***@b")).customer
    assert person is not None
    assert (person.name, person.phone, person.email) == ("Joana Exemplo", "", "")
    assert codes(read(_with(firstName=None, lastName=None))) == ["VTEX-NAME"]


def test_a_stand_in_takes_the_place_of_an_invalid_document_only() -> None:
    order = read(_with(document="11144477734"), stand_in_cpf="529.982.247-25")
    assert codes(order) == []
    assert order.customer is not None and order.customer.tax_id == "52998224725"
    assert order.draft is not None and "CPF de teste" in order.draft.notes
    valid = read(_with(), stand_in_cpf="529.982.247-25")
    assert valid.customer is not None and valid.customer.tax_id == CPF
    assert valid.draft is not None and "teste" not in valid.draft.notes
    assert codes(read(_with(document=None), stand_in_cpf="529.982.247-25")) == ["VTEX-NO-DOCUMENT"]
