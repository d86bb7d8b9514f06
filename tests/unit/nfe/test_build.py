from __future__ import annotations

import base64
import hashlib
import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.chave import FORBIDDEN_CNF, cnf_allowed
from gateway.core.errors import InvariantBroken
from gateway.nfe.branch import TechnicalContact
from gateway.nfe.build import build, new_cnf
from gateway.nfe.goods import gtin
from tests.unit.nfe.made import AT, BRANCH, SP, composed, sale


def test_cnf_draws_again_what_sefaz_refuses() -> None:
    drawn = iter([11111111, 1234, 100_000_000, 12345678, 55_555_555, 42])
    assert new_cnf(1234, lambda _: next(drawn)) == "00000042"


@given(st.integers(1, 999_999_999), st.integers(0, 2**32))
def test_cnf_is_always_one_that_sefaz_takes(number: int, seed: int) -> None:
    cNF = new_cnf(number, random.Random(seed).getrandbits)  # noqa: S311
    assert cnf_allowed(cNF, number)
    assert cNF not in FORBIDDEN_CNF


def test_issue_date_is_written_in_the_branch_time_zone_and_gives_the_month_of_the_key() -> None:
    branch = msgspec.structs.replace(BRANCH, time_zone="America/Manaus", address=SP)
    draft = composed(sale(), branch)
    built = build(draft, number=1, cNF="10203040", dhEmi=datetime(2026, 12, 1, 3, 30, 15, 999, tzinfo=UTC))
    assert b"<dhEmi>2026-11-30T23:30:15-04:00</dhEmi>" in built.xml
    assert built.chave[2:6] == "2611"


def test_emission_type_is_in_the_key_and_in_the_document() -> None:
    reason = "SEFAZ de origem fora do ar"
    built = build(composed(sale()), number=7, cNF="10203040", dhEmi=AT, tpEmis="6", dhCont=AT, xJust=reason)
    assert built.chave.tpEmis == "6"
    assert b"<tpEmis>6</tpEmis>" in built.xml
    assert f"<dhCont>2026-11-20T10:30:00-03:00</dhCont><xJust>{reason}</xJust>".encode() in built.xml


@pytest.mark.parametrize(
    ("tpEmis", "dhCont", "xJust"),
    [
        ("9", None, "SEFAZ de origem fora do ar"),
        ("9", AT, "curta"),
        ("9", AT.replace(tzinfo=None), "SEFAZ de origem fora do ar"),
        ("1", AT, None),
        ("1", None, "SEFAZ de origem fora do ar"),
    ],
)
def test_contingency_without_its_reason_or_reason_without_contingency_stops_the_worker(
    tpEmis: str, dhCont: datetime | None, xJust: str | None
) -> None:
    with pytest.raises(InvariantBroken):
        build(composed(sale()), number=7, cNF="10203040", dhEmi=AT, tpEmis=tpEmis, dhCont=dhCont, xJust=xJust)


@pytest.mark.parametrize(
    ("number", "cNF"), [(0, "10203040"), (1_000_000_000, "10203040"), (5, "00000005"), (5, "11111111"), (5, "1")]
)
def test_number_and_cnf_that_the_layout_does_not_take_stop_the_worker(number: int, cNF: str) -> None:
    with pytest.raises(InvariantBroken):
        build(composed(sale()), number=number, cNF=cNF, dhEmi=AT)


def test_a_date_without_zone_is_refused() -> None:
    with pytest.raises(InvariantBroken):
        build(composed(sale()), number=1, cNF="10203040", dhEmi=AT.replace(tzinfo=None))


def test_csrt_hash_is_of_the_secret_and_the_key() -> None:
    contact = TechnicalContact(
        cnpj="11222333000181", contact="Suporte", email="a@example.com", phone="1133334444", csrt_id="1", csrt="SEGREDO"
    )
    built = build(
        composed(sale(), msgspec.structs.replace(BRANCH, technical_contact=contact)), number=1, cNF="10203040", dhEmi=AT
    )
    expected = base64.b64encode(hashlib.sha1(f"SEGREDO{built.chave}".encode()).digest())  # noqa: S324
    assert b"<hashCSRT>" + expected + b"</hashCSRT>" in built.xml
    assert b"SEGREDO" not in built.xml


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("7891000315507", "7891000315507"),
        ("07891000315507", "07891000315507"),
        ("96385074", "96385074"),
        ("7891000315508", "SEM GTIN"),
        ("2000000000008", "SEM GTIN"),
        ("0200000000004", "SEM GTIN"),
        ("0000000000000", "SEM GTIN"),
        ("78910", "SEM GTIN"),
        ("abc", "SEM GTIN"),
        ("", "SEM GTIN"),
        ("SEM GTIN", "SEM GTIN"),
    ],
)
def test_only_trade_item_codes_are_told(code: str, told: str) -> None:
    assert gtin(code) == told
