"""Amounts, quantities and registrations as printed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from gateway.printers import formats as f
from gateway.printers.vocabulary import payment_name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0,00"),
        ("1234567.8", "1.234.567,80"),
        ("2.665", "2,67"),
        ("-12.3", "-12,30"),
        ("9999999999999.99", "9.999.999.999.999,99"),
    ],
)
def test_money(value: str, text: str) -> None:
    assert f.money(Decimal(value)) == text


def test_reais() -> None:
    assert f.reais(Decimal("1234.5")) == "R$ 1.234,50"
    assert f.reais(Decimal("-12.3")) == "-R$ 12,30"


@pytest.mark.parametrize(
    ("value", "text"),
    [("2.0000", "2"), ("0.6550", "0,655"), ("1234.5", "1.234,5"), ("0.00005", "0,0001"), ("100", "100"), ("1E+2", "100")],
)
def test_quantity(value: str, text: str) -> None:
    assert f.quantity(Decimal(value)) == text


@pytest.mark.parametrize(("value", "text"), [("49.9000000000", "49,90"), ("3.3333333333", "3,3333333333"), ("1250", "1.250,00")])
def test_unit_price(value: str, text: str) -> None:
    assert f.unit_price(Decimal(value)) == text


def test_dates_keep_their_own_offset() -> None:
    assert f.moment(datetime.fromisoformat("2026-11-22T23:59:58-04:00")) == "22/11/2026 23:59:58"
    assert f.day(date(2026, 1, 2)) == "02/01/2026"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("11222333000181", "11.222.333/0001-81"),
        ("12ABC34501DE35", "12.ABC.345/01DE-35"),
        ("52998224725", "529.982.247-25"),
        ("AB1234", "AB1234"),
        ("", ""),
    ],
)
def test_tax_id(text: str, printed: str) -> None:
    assert f.tax_id(text) == printed


def test_postal_code_and_phone() -> None:
    assert f.postal_code("01001000") == "01001-000"
    assert f.phone("1133334444") == "(11) 3333-4444"
    assert f.phone("11933334444") == "(11) 93333-4444"
    assert f.phone("08001234567890") == "08001234567890"


def test_chave_blocks() -> None:
    assert f.chave_blocks("35261112ABC34501DE35550010000001261482019370")[2:5] == ("ABC3", "4501", "DE35")


def test_payment_names() -> None:
    assert payment_name("17", "") == "PIX"
    assert payment_name("99", "Vale troca") == "Vale troca"
    assert payment_name("77", "Novidade") == "Novidade"
    assert payment_name("77", "") == "Forma 77"
    assert payment_name("01", "ignorado") == "Dinheiro"
