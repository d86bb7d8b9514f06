from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.money import MAX_REAIS, AmountInvalid, amount, from_centavos, split, to_cents

D = Decimal
CENTS = st.integers(0, 10**15 - 1).map(lambda units: D(units).scaleb(-2))


@pytest.mark.parametrize("bad", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+400", "dez", "", "10000000000000"])
def test_what_is_not_an_amount_is_refused(bad: str) -> None:
    with pytest.raises(AmountInvalid):
        amount(bad)


def test_amounts_keep_their_value() -> None:
    assert amount("10.005") == D("10.005")
    assert amount(7) == D(7)
    assert amount(MAX_REAIS) == MAX_REAIS
    assert from_centavos(1999) == D("19.99")


@pytest.mark.parametrize(("value", "cents"), [("1.005", "1.01"), ("1.004", "1.00"), ("2.675", "2.68"), ("-1.005", "-1.01")])
def test_cents_round_half_up(value: str, cents: str) -> None:
    assert to_cents(D(value)) == D(cents)


def test_split_gives_the_cents_over_to_the_largest_remainders() -> None:
    assert split(D("10.00"), [D(1), D(1), D(1)]) == (D("3.34"), D("3.33"), D("3.33"))
    assert split(D("0.05"), [D(0), D(0)]) == (D("0.03"), D("0.02"))
    assert split(D("1.00"), [D("10.00"), D("20.00"), D("30.01")]) == (D("0.17"), D("0.33"), D("0.50"))
    assert split(D("0"), []) == ()


def test_split_of_the_largest_amounts_loses_nothing() -> None:
    weights = [MAX_REAIS - D("0.01"), D("0.01"), D("3333333333333.33")]
    assert sum(split(MAX_REAIS, weights)) == MAX_REAIS


@given(CENTS, st.lists(CENTS, min_size=1, max_size=30))
def test_split_is_exhaustive_and_each_part_is_its_share_within_a_cent(total: Decimal, weights: list[Decimal]) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert part >= 0
        assert part.as_tuple().exponent == -2
        if whole:
            assert abs(part * whole - total * weight) < D("0.01") * whole


@given(st.lists(CENTS, min_size=1, max_size=10), st.integers(0, 100))
def test_a_discount_split_by_value_never_passes_the_value(values: list[Decimal], percent: int) -> None:
    discount = to_cents(sum(values, D(0)) * percent / 100)
    if discount <= sum(values):
        assert all(part <= value for part, value in zip(split(discount, values), values, strict=True) if sum(values))


@pytest.mark.parametrize(("total", "weights"), [("-1", ["1"]), ("1", ["1", "-1"]), ("1", [])])
def test_split_refuses_what_has_no_answer(total: str, weights: list[str]) -> None:
    with pytest.raises(ValueError, match="rateio"):
        split(D(total), [D(weight) for weight in weights])
