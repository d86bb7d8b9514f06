"""The table of municipalities: complete, without two answers for one name, found however a shop's form wrote it."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from gateway.nfe.municipios import city_code, city_name, uf_code, uf_sigla

NO_CHECK_DIGIT = {"2201919", "2201988", "2202251", "2611533", "3117836", "3152131", "4305871", "5203939", "5203962"}


def _rows(name: str) -> list[list[str]]:
    text = files("schemas.ibge").joinpath(name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines(), delimiter=";"))[1:]


def _check_digit(code: str) -> str:
    products = [int(digit) * (1 + i % 2) for i, digit in enumerate(code[:6])]
    return str(-sum(p // 10 + p % 10 for p in products) % 10)


def test_the_table_has_every_municipality_in_order() -> None:
    rows = _rows("municipios.csv")
    codes = [code for code, _, _ in rows]
    assert len(rows) == 5571
    assert codes == sorted(set(codes))
    assert {code for code in codes if _check_digit(code) != code[6]} == NO_CHECK_DIGIT


def test_every_name_answers_its_own_code() -> None:
    wrong = [(name, uf) for code, name, uf in _rows("municipios.csv") if city_code(name, uf) != code]
    assert wrong == []


def test_every_other_name_answers_the_code_of_today() -> None:
    siglas = {code: uf for code, uf, _ in _rows("ufs.csv")}
    wrong = [(code, name) for code, name in _rows("municipios_outros_nomes.csv") if city_code(name, siglas[code[:2]]) != code]
    assert wrong == []


@pytest.mark.parametrize(
    ("city", "uf", "code"),
    [
        ("São Paulo", "SP", "3550308"),
        ("sao paulo ", "sp", "3550308"),
        ("RIO DE JANEIRO", "Rio de Janeiro", "3304557"),
        ("Santa Bárbara d'Oeste", "SP", "3545803"),
        ("Santa Barbara D´Oeste", "SP", "3545803"),
        ("SANTA BARBARA DOESTE", "SP", "3545803"),
        ("São Miguel d'Oeste", "SC", "4217204"),
        ("São Miguel do Oeste", "SC", "4217204"),
        ("Olho de Água Grande", "AL", "2705903"),
        ("Mogi-Mirim", "SP", "3530805"),
        ("Sant'Ana do Livramento", "RS", "4317103"),
        ("Santana do Livramento", "RS", "4317103"),
        ("Embu", "SP", "3515004"),
        ("Taguatinga", "DF", "5300108"),
        ("Boa Esperança do Norte", "MT", "5101837"),
    ],
)
def test_names_as_people_write_them(city: str, uf: str, code: str) -> None:
    assert city_code(city, uf) == code


@pytest.mark.parametrize(
    ("city", "uf"), [("Campinas do Norte", "SP"), ("São Paulo", "RJ"), ("", "SP"), ("", "DF"), ("São Paulo", "XX")]
)
def test_what_does_not_exist_has_no_code(city: str, uf: str) -> None:
    assert city_code(city, uf) is None


def test_names_and_states() -> None:
    assert city_name("4206702") == "Herval d'Oeste"
    assert city_name("9999999") is None
    assert [uf_code("SP"), uf_code("são paulo"), uf_code("EX")] == ["35", "35", None]
    assert uf_sigla("Mato Grosso do Sul") == "MS"
    assert sorted(uf_code(uf) or "" for _, uf, _ in _rows("ufs.csv")) == sorted(code for code, _, _ in _rows("ufs.csv"))
