"""Decisions of composing that the golden notes do not show."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.core.money import to_cents
from gateway.nfe.compose import compose
from gateway.nfe.sale import Customer
from gateway.nfe.taxes.compute import compute
from gateway.nfe.taxes.rule import ContributionRule, DifalRule, IcmsRule, TaxRule
from gateway.nfe.taxes.sums import Sums
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, MG, RJ, SHIRT, SIMPLES, composed, item, pays, product, sale

D = Decimal
CARIOCA = msgspec.structs.replace(CONSUMER, address=RJ)


def test_draft_keeps_the_real_buyer_while_the_note_of_homologacao_says_so() -> None:
    draft = composed(sale())
    assert draft.total == D("100.00")
    assert (draft.customer_name, draft.customer_tax_id) == ("Maria Exemplo", "52998224725")
    assert draft.dest.xNome == "NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
    production = composed(sale(), msgspec.structs.replace(BRANCH, environment=1))
    assert production.dest.xNome == "Maria Exemplo"


def test_a_sale_taken_away_from_the_store_is_internal_when_the_branch_says_so() -> None:
    by_address = composed(sale(customer=CARIOCA))
    assert (by_address.header.idDest, by_address.det[0].prod.CFOP) == ("2", "6108")
    branch = msgspec.structs.replace(BRANCH, overrides={"policy.in_store": D(1)})
    in_store = composed(sale(customer=CARIOCA), branch)
    assert (in_store.header.idDest, in_store.det[0].prod.CFOP) == ("1", "5102")
    assert in_store.det[0].imposto.ICMSUFDest is None
    shipped = composed(sale(customer=CARIOCA, presence="internet"), branch)
    assert shipped.header.idDest == "2"


def test_overrides_of_the_branch_win_over_the_tables() -> None:
    branch = msgspec.structs.replace(BRANCH, overrides={"icms.RJ": D("22"), "fcp.RJ": D("0")})
    total = composed(sale(customer=CARIOCA), branch).totals.ICMSTot
    assert (total.vICMSUFDest, total.vFCPUFDest) == (D("10.00"), D("0.00"))


def test_isento_is_a_non_contributor_and_never_indicator_2() -> None:
    draft = composed(sale(customer=msgspec.structs.replace(CONSUMER, state_registration="ISENTO")))
    assert (draft.dest.indIEDest, draft.dest.IE, draft.header.indFinal) == ("9", None, "1")


def test_a_contributor_may_buy_as_final_consumer_and_pays_no_difal_to_us() -> None:
    buyer = Customer(
        tax_id="11222333000181", name="Indústria", address=MG, state_registration="0623079040081", final_consumer=True
    )
    draft = composed(sale(customer=buyer))
    assert (draft.header.indFinal, draft.dest.indIEDest) == ("1", "1")
    assert draft.det[0].prod.CFOP == "6102"
    assert draft.det[0].imposto.ICMSUFDest is None


def test_exemption_with_a_reason_tells_the_exempted_icms_without_lowering_the_total() -> None:
    draft = composed(sale(), BRANCH, product(situation="isenta", exemption_reason="9"))
    assert draft.totals.ICMSTot.vICMSDeson == D("18.00")
    assert draft.total == D("100.00")
    reduced = composed(sale(), BRANCH, product(situation="reduzida", icms_reduction=D("50"), exemption_reason="9")).totals.ICMSTot
    assert (reduced.vICMS, reduced.vICMSDeson) == (D("9.00"), D("9.00"))


def test_pis_cofins_of_the_simples_are_inside_the_das_unless_untaxed() -> None:
    taxed = composed(sale(), SIMPLES).det[0].imposto
    assert taxed.PIS is not None
    assert taxed.PIS.PISOutr is not None
    assert taxed.PIS.PISOutr.CST == "49"
    monophase = composed(sale(), SIMPLES, product(pis_cofins_cst="04")).det[0].imposto
    assert monophase.PIS is not None
    assert monophase.PIS.PISNT is not None
    above_limit = composed(sale(), msgspec.structs.replace(BRANCH, crt="2")).det[0].imposto
    assert above_limit.ICMS is not None
    assert above_limit.ICMS.ICMS00 is not None
    assert above_limit.IBSCBS is None


def test_other_operations_with_rates_are_computed() -> None:
    total = composed(sale(), BRANCH, product(pis_cofins_cst="99", pis_rate=D("1"), cofins_rate=D("2"))).totals.ICMSTot
    assert (total.vPIS, total.vCOFINS) == (D("0.82"), D("1.64"))


def test_difal_on_the_double_base() -> None:
    """1000 at 12% is 120; (1000 - 120) / (1 - 0.20) = 1100; 1100 x 20% - 120 = 100."""
    nothing = D("0.00")
    rule = TaxRule(
        icms=IcmsRule("00", "0", D("12"), D(0), D(0), "", None),
        difal=DifalRule(D("20"), D("12"), D(0), "dupla", exempt=False),
        contributions=ContributionRule("01", D(0), D(0), "aliq", None),
        exclude=(True, False, False),
        reform=None,
    )
    imposto = compute(rule, to_cents(D(1000)), D(1), Sums())
    assert imposto.ICMSUFDest is not None
    assert imposto.ICMSUFDest.vBCUFDest == D("1100.00")
    assert imposto.ICMSUFDest.vICMSUFDest == D("100.00")
    assert imposto.ICMSUFDest.vICMSUFRemet == nothing


def test_an_inline_product_wins_over_the_registered_one() -> None:
    inline = product(description="Da linha", ncm="61099000")
    draft = composed(sale(items=(item(product=inline),)))
    assert (draft.det[0].prod.xProd, draft.det[0].prod.NCM) == ("Da linha", "61099000")


def test_freight_of_the_items_needs_no_total() -> None:
    draft = composed(
        sale(items=(item(freight=D("1.50")), item()), payments=(pays("pix", "201.50"),)),
    )
    assert [one.prod.vFrete for one in draft.det] == [D("1.50"), D("0.00")]
    assert draft.total == D("201.50")


def test_a_long_order_number_stays_out_of_the_items() -> None:
    draft = composed(sale(order_number="1234567890-01-ABCDEF"))
    assert draft.det[0].prod.xPed is None
    assert draft.compra is not None
    assert draft.compra.xPed == "1234567890-01-ABCDEF"


def test_posterior_payment_is_written_with_zero() -> None:
    draft = composed(sale(payments=(pays("pix", "40.00"), pays("pagamento_posterior", "60.00"))))
    assert [(one.tPag, one.vPag) for one in draft.pag.detPag] == [("17", D("40.00")), ("91", D("0.00"))]


def test_the_tax_day_is_the_one_of_the_branch_time_zone() -> None:
    """02:00 UTC of 1 January 2026 is still 2025 in São Paulo: the reform's group starts with the local year."""
    assert compose(sale(), BRANCH, {"CAM-1": SHIRT}, at=datetime(2026, 1, 1, 2, tzinfo=UTC)).totals.IBSCBSTot is None
    assert compose(sale(), BRANCH, {"CAM-1": SHIRT}, at=datetime(2026, 1, 1, 3, tzinfo=UTC)).totals.IBSCBSTot is not None


def test_composing_needs_an_aware_instant() -> None:
    with pytest.raises(ValueError, match="fuso"):
        compose(sale(), BRANCH, {}, at=AT.replace(tzinfo=None))


def test_what_is_remembered_of_a_branch_or_a_product_is_never_anothers() -> None:
    """Issuers and labels are kept from note to note: a change in any field is seen in the next note, faults every time."""
    assert composed(sale()).emit.xNome == "Loja Exemplo Ltda"
    renamed = msgspec.structs.replace(BRANCH, name="Loja Nova Ltda")
    assert composed(sale(), renamed).emit.xNome == "Loja Nova Ltda"
    assert composed(sale()).emit.xNome == "Loja Exemplo Ltda"
    described = msgspec.structs.replace(SHIRT, description="Camisa  nova")
    assert composed(sale(), BRANCH, described).det[0].prod.xProd == "Camisa nova"
    assert composed(sale(), BRANCH, SHIRT).det[0].prod.xProd == SHIRT.description
    unnamed = msgspec.structs.replace(BRANCH, state_registration="1")
    for _ in range(2):
        with pytest.raises(ValidationFailed) as raised:
            composed(sale(), unnamed)
        assert [fault.code for fault in raised.value.faults] == ["NFE-BRANCH-02"]
