"""Check digits of the state registrations: published examples, their wrong neighbours, and zeros on the left."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.nfe.state_registration import example, valid
from gateway.nfe.tables import table

FORMATS = table("ie")["format"]
ALSO = {"101625219"}
"""Of Rondônia's nine digits no more, but of its fourteen without zeros on the left."""


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: f"{row['uf']}-{row['length']}")
def test_the_example_passes_and_no_other_last_digit_does(row: Any) -> None:
    number, uf = row["example"], row["uf"]
    at = row["digits"][0]["at"]
    wrong = [number[:at] + digit + number[at + 1 :] for digit in "0123456789" if digit != number[at]]
    assert valid(number, uf)
    assert [one for one in wrong if valid(one, uf) and one not in ALSO] == []


def test_every_state_has_a_format() -> None:
    assert len({row["uf"] for row in FORMATS}) == 27
    assert example("SP") == "110042490114"
    with pytest.raises(LookupError):
        example("XX")


@pytest.mark.parametrize(
    ("number", "uf", "passes"),
    [
        # SP, by hand: 1+3x1+7x4 ... = 1x1+3x1+4x0+5x0+6x4+7x2+8x4+10x9 = 164; 164 % 11 = 10: last digit 0.
        ("110042490114", "SP", True),
        ("110042491114", "SP", False),
        # The zeros on the left that its length asks for may be missing, or be too many (DF begins with 07).
        ("730000100109", "DF", True),
        ("00730000100109", "DF", True),
        ("625213", "RO", True),
        ("101625213", "RO", True),
        # A number of nine digits in PE is of nine, never of fourteen without its zeros.
        ("436964431", "PE", False),
        # RR: 2x1+4x2+0x3+0x4+6x5+6x6+2x7+8x8 = 154; 154 % 9 = 1.
        ("240066281", "RR", True),
        # Nothing but zeros, too long.
        ("000000000", "SP", False),
        ("123456789012345", "SP", False),
        # Outside of the table nothing is known to be wrong.
        ("123", "EX", True),
    ],
)
def test_by_hand(number: str, uf: str, passes: bool) -> None:
    assert valid(number, uf) is passes


def test_ranges_of_amapa_and_goias() -> None:
    # AP 0301702x: 9x0+8x3+7x0+6x1+5x7+4x0+3x2+2xN, plus 9. N=6: 71+12+9 = 92; 92 % 11 = 4: digit 7. Outside of the range, +0: 1.
    assert valid("030170267", "AP")
    assert not valid("030170261", "AP")
    # GO: 9x1+7x1+5x3+4x1+3x1+2x... of 10103119: 9+0+7+0+15+4+3+18 = 56; 56 % 11 = 1: inside of the range the digit is 1.
    assert valid("101031191", "GO")
    assert not valid("101031190", "GO")
