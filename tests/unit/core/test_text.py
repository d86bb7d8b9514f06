from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.text import clean_text

TSTRING = re.compile(r"[!-ÿ][ -ÿ]*[!-ÿ]|[!-ÿ]")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Camiseta", "Camiseta"),
        ("  duas   vezes ", "duas vezes"),
        ("linha\r\n\toutra", "linha outra"),
        ("“aspas” — traço…", '"aspas" - traço...'),
        ("Ação São João", "Ação São João"),
        ("Ac\u0327a\u0303o", "Ação"),
        ("Łódź ő", "ódz o"),
        ("preço €5 ™", "preço EUR5 (TM)"),
        ("a\u00a0b\u00adc", "a bc"),
        ("x\x00\x1f\x7f\x9fy", "xy"),
        ("🎉", ""),
        ("ﬁm", "fim"),
        ("", ""),
    ],
)
def test_text_keeps_what_the_layout_accepts(text: str, cleaned: str) -> None:
    assert clean_text(text, 60) == cleaned


def test_text_is_cut_without_a_blank_at_the_end() -> None:
    assert clean_text("abcd efgh", 5) == "abcd"
    assert clean_text("é" * 70, 60) == "é" * 60


@given(st.text(max_size=200), st.integers(1, 120))
def test_text_always_fits_tstring(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)
    assert len(cleaned) <= limit
    assert cleaned == "" or TSTRING.fullmatch(cleaned)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]|  ", cleaned)
    assert clean_text(cleaned, limit) == cleaned
