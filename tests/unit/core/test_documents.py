"""CNPJ, CPF and chave de acesso."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.chave import ChaveAcesso, check_digit, cnf_allowed
from gateway.core.taxid import Cnpj, Cpf, masked, parse_tax_id

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def modulo_11(text: str, highest: int) -> str:
    """The rule written another way, to check against: weights 2..highest from the right."""
    total, weight = 0, 2
    for char in reversed(text):
        total += (ord(char) - ord("0")) * weight
        weight = 2 if weight == highest else weight + 1
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)


def test_official_alphanumeric_cnpj() -> None:
    cnpj = Cnpj("12.abc.345/01de-35")
    assert cnpj == "12ABC34501DE35"
    assert cnpj.formatted() == "12.ABC.345/01DE-35"
    assert cnpj.root == "12ABC345"


@given(st.text(ALPHABET, min_size=12, max_size=12))
def test_cnpj_with_its_digits_is_accepted_and_any_other_digit_refused(base: str) -> None:
    first = modulo_11(base, 9)
    second = modulo_11(base + first, 9)
    value = base + first + second
    if len(set(value)) == 1:
        return
    assert Cnpj(value) == value
    wrong = value[:13] + str((int(value[13]) + 1) % 10)
    with pytest.raises(ValueError, match="CNPJ"):
        Cnpj(wrong)


@given(st.text("0123456789", min_size=9, max_size=9))
def test_cpf_with_its_digits_is_accepted_and_any_other_digit_refused(base: str) -> None:
    first = modulo_11(base, 99)
    second = modulo_11(base + first, 99)
    value = base + first + second
    if len(set(value)) == 1:
        return
    assert parse_tax_id(value) == value
    with pytest.raises(ValueError, match="CPF"):
        Cpf(value[:10] + str((int(value[10]) + 1) % 10))


@pytest.mark.parametrize("bad", ["", "1", "11111111111", "00000000000000", "5299822472X", "52998224725 1", "１２ABC34501DE35"])
def test_what_is_no_tax_id_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"CNPJ|CPF"):
        parse_tax_id(bad)


def test_lists_and_logs_show_the_middle_of_a_cpf() -> None:
    assert masked("52998224725") == "***.982.247-**"
    assert Cpf("52998224725").formatted() == "529.982.247-25"


def test_key_is_composed_and_taken_apart() -> None:
    key = ChaveAcesso.build(
        cUF="35",
        dhEmi=datetime(2026, 11, 20, tzinfo=UTC),
        tax_id="12ABC34501DE35",
        mod="55",
        serie=1,
        nNF=1234,
        tpEmis="1",
        cNF="87654321",
    )
    assert key == "35261112ABC34501DE35550010000012341876543215"
    assert (key.cUF, key.tax_id, key.mod, key.serie, key.nNF, key.tpEmis, key.cNF) == (
        "35",
        "12ABC34501DE35",
        "55",
        1,
        1234,
        "1",
        "87654321",
    )
    assert key.grouped() == "3526 1112 ABC3 4501 DE35 5500 1000 0012 3418 7654 3215"


def test_key_of_a_person_is_padded() -> None:
    key = ChaveAcesso.build(
        cUF="41",
        dhEmi=datetime(2026, 1, 2, tzinfo=UTC),
        tax_id="52998224725",
        mod="55",
        serie=920,
        nNF=1,
        tpEmis="1",
        cNF="10203040",
    )
    assert key.tax_id == "00052998224725"


@given(
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.text(ALPHABET, min_size=12, max_size=12),
    st.from_regex(r"[0-9]{25}", fullmatch=True),
)
def test_check_digit_is_modulo_11_and_a_changed_one_is_refused(head: str, middle: str, tail: str) -> None:
    first = head + middle + tail
    digit = modulo_11(first, 9)
    assert check_digit(first) == digit
    assert ChaveAcesso(first + digit)[43] == digit
    with pytest.raises(ValueError, match="verificador"):
        ChaveAcesso(first + str((int(digit) + 1) % 10))


@pytest.mark.parametrize("bad", ["", "1" * 43, "a" * 44, "35261112ABC34501DE3555001000001234187654321"])
def test_key_of_another_shape_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="44"):
        ChaveAcesso(bad)


def test_cnf_rules() -> None:
    assert cnf_allowed("10203040", 1)
    assert not cnf_allowed("00000000", 1)
    assert not cnf_allowed("12345678", 1)
    assert not cnf_allowed("00001234", 1234)
    assert not cnf_allowed("1234567", 1)
    assert not cnf_allowed("1234567a", 1)
