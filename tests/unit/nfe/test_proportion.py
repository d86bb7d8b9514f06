"""However an item is split into returns, the parts add up to it to the cent, and each part keeps base x rate within a cent."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.nfe.layout.item import Det
from gateway.nfe.mirror import Facing, mirrored
from gateway.nfe.operations import default
from gateway.nfe.proportion import Step, amounts, cents, part_of
from gateway.nfe.reader import read_unchecked
from tests.golden.nfe.return_cases import _wine
from tests.unit.nfe.made import AT, item, pays, product
from tests.unit.nfe.made_returns import CARIOCA, D, sold

DAY = AT.date()
RETURN = default("devolucao_venda", DAY)
FACING = Facing(crt="3", regime="nao_cumulativo", sold=True, elsewhere=False, turned=True)


@cache
def _whole(kind: str, quantity: str, price: str, discount: str, freight: str) -> Det:
    if kind == "wine":
        note = _wine()
    else:
        total = cents(Fraction(quantity) * Fraction(price)) - D(discount) + D(freight)
        line = item(quantity, price, discount=D(discount), freight=D(freight))
        changes = {"customer": CARIOCA} if kind == "interstate" else {}
        tax = (
            {"fcp_rate": D("2")}
            if kind == "fcp"
            else {"situation": "reduzida", "icms_reduction": D("33.33")}
            if kind == "reduced"
            else {}
        )
        note = sold(items=(line,), payments=(pays("pix", str(total)),), product=product(**tax), **changes)
    return mirrored(read_unchecked(note.xml).infNFe.det[0], RETURN, FACING, DAY)


@st.composite
def splits(draw: st.DrawFn) -> tuple[Det, list[Decimal]]:
    """An item, and its quantity in one to six parts of up to four decimals."""
    kind = draw(st.sampled_from(("plain", "interstate", "fcp", "reduced", "wine")))
    price = draw(st.decimals("0.50", "999.99", places=2))
    whole = _whole(
        kind,
        f"{draw(st.integers(1, 12)) if kind != 'wine' else 2}",
        str(price),
        str(draw(st.decimals("0.00", "0.40", places=2))),
        str(draw(st.decimals("0.00", "9.99", places=2))),
    )
    units = int(Decimal(whole.prod.qCom) * 10_000)
    cuts = sorted(draw(st.lists(st.integers(1, units - 1), max_size=5, unique=True)))
    edges = [0, *cuts, units]
    return whole, [Decimal(b - a).scaleb(-4) for a, b in itertools.pairwise(edges)]


def _taken(whole: Det, parts: list[Decimal], known: list[bool]) -> list[Det]:
    made: list[Det] = []
    steps: list[Step] = []
    for size, told in zip(parts, known, strict=True):
        part = Fraction(size) / Fraction(whole.prod.qCom)
        det = part_of(whole, steps, part, size)
        made.append(det)
        steps.append(Step(part, det if told else None))
    return made


@settings(max_examples=150, deadline=None)
@given(splits(), st.data())
def test_any_split_adds_up_to_the_item(split: tuple[Det, list[Decimal]], data: st.DataObject) -> None:
    whole, parts = split
    known = [data.draw(st.booleans()) for _ in parts]
    made = [amounts(det) for det in _taken(whole, parts, known)]
    for path, value in amounts(whole).items():
        assert sum(one.get(path, D(0)) for one in made) == value, path


@settings(max_examples=150, deadline=None)
@given(splits())
def test_each_part_keeps_base_and_rate_within_a_cent(split: tuple[Det, list[Decimal]]) -> None:
    whole, parts = split
    for det in _taken(whole, parts, [True] * len(parts)):
        tax = det.imposto
        assert tax.ICMS is not None
        own = tax.ICMS.ICMS00 or tax.ICMS.ICMS10 or tax.ICMS.ICMS20
        assert own is not None
        assert abs(own.vBC * own.pICMS / 100 - own.vICMS) <= D("0.01")
        assert abs(det.prod.qCom * det.prod.vUnCom - det.prod.vProd) <= D("0.01")
        if tax.ICMSUFDest is not None:
            rate = tax.ICMSUFDest.pICMSUFDest - D(tax.ICMSUFDest.pICMSInter)
            assert abs(tax.ICMSUFDest.vBCUFDest * rate / 100 - tax.ICMSUFDest.vICMSUFDest) <= D("0.01")
        assert tax.IBSCBS is not None
        values = tax.IBSCBS.gIBSCBS
        assert values is not None
        assert abs(values.vBC * values.gCBS.pCBS / 100 - values.gCBS.vCBS) <= D("0.01")
        assert values.vIBS == values.gIBSUF.vIBSUF + values.gIBSMun.vIBSMun


def test_a_part_that_died_leaves_its_cents_to_the_last() -> None:
    """Of three shirts the second part alone was authorised: it took COFINS 2.07 of 6.23; the others, 2.08 and what is left."""
    whole = _whole("plain", "3", "33.33", "0", "0")
    third = Fraction(1, 3)
    second = part_of(whole, [Step(third)], third, D(1))
    now = part_of(whole, [Step(third, second)], third, D(1))
    last = part_of(whole, [Step(third, second), Step(third, now)], third, D(1))
    told = [amounts(det)["imposto.COFINS.COFINSOutr.vCOFINS"] for det in (second, now, last)]
    # Two thirds reached: 54.66 x 7.6% = 4.1542 -> 4.15, less 2.07; then 6.23 - 2.07 - 2.08.
    assert told == [D("2.07"), D("2.08"), D("2.08")]


def test_a_part_of_another_shape_counts_as_its_share() -> None:
    """Two shirts went without ICMS (symbolic return): the third takes a third of 18.00, not all of it."""
    whole = _whole("plain", "3", "33.33", "0", "0")
    symbolic = default("retorno_simbolico_consignacao", DAY)
    bare = mirrored(read_unchecked(sold().xml).infNFe.det[0], symbolic, FACING, DAY)
    gone = part_of(bare, [], Fraction(2, 3), D(2))
    assert "imposto.ICMS.ICMS00.vICMS" not in amounts(gone)
    rest = amounts(part_of(whole, [Step(Fraction(2, 3), gone)], Fraction(1, 3), D(1)))
    assert rest["imposto.ICMS.ICMS00.vICMS"] == D("6.00")
    assert rest["prod.vProd"] == D("33.33")
