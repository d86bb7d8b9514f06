"""The dated tables: complete, sourced, and asked by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import get_args

import pytest

from gateway.nfe import operations, tables
from gateway.nfe.municipios import uf_code
from gateway.nfe.sale import PaymentMethod

DAY = date(2026, 11, 22)
UFS = sorted({row["uf"] for row in tables.table("icms")["internal"]})
D = Decimal


def test_every_state_has_an_internal_rate() -> None:
    assert len(UFS) == 27
    for uf in UFS:
        rate = tables.icms_internal(uf, DAY)
        assert rate is not None and D("17") <= rate <= D("23"), uf
        assert uf_code(uf) is not None


@pytest.mark.parametrize("name", ["icms", "pis_cofins", "operations"])
def test_every_row_is_dated_sourced_and_graded(name: str) -> None:
    for kind, rows in tables.table(name).items():
        for row in rows:
            assert isinstance(row["since"], date), (name, kind)
            assert row["source"], (name, kind)
            assert row["certainty"] in ("C", "M", "U"), (name, kind)


@pytest.mark.parametrize(
    ("origin", "destination", "goods", "rate"),
    [
        ("SP", "RJ", "0", "12.00"),
        ("SP", "BA", "0", "7.00"),
        ("SP", "ES", "0", "7.00"),
        ("RS", "DF", "5", "7.00"),
        ("BA", "SP", "0", "12.00"),
        ("ES", "AM", "0", "12.00"),
        ("SP", "BA", "1", "4.00"),
        ("BA", "SP", "2", "4.00"),
        ("SP", "RJ", "3", "4.00"),
        ("SP", "RJ", "8", "4.00"),
        ("SP", "AC", "6", "7.00"),
    ],
)
def test_interstate_rate(origin: str, destination: str, goods: str, rate: str) -> None:
    assert tables.icms_interstate(origin, destination, goods, DAY) == D(rate)


def test_the_newest_row_that_counts_wins() -> None:
    assert tables.icms_internal("MA", date(2025, 2, 22)) is None
    with pytest.raises(LookupError):
        operations.operation("venda", date(1999, 1, 1))


def test_every_means_of_payment_of_the_api_has_its_code() -> None:
    assert set(tables.means_of_payment()) == set(get_args(PaymentMethod))
    codes = [means.code for means in tables.means_of_payment().values()]
    assert len(codes) == len(set(codes))
    assert {"01", "05", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "90", "91", "99"} < set(codes)


def test_brands_by_any_spelling() -> None:
    assert tables.brand_code("Visa") == "01"
    assert tables.brand_code("American Express") == "03"
    assert tables.brand_code("Diners Club") == "05"
    assert tables.brand_code("Banco Qualquer") == "99"
    assert tables.brand_code("") is None
