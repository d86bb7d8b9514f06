"""Generated sales at the till: what the gateway composes the SEFAZ simulator authorises; what the gateway refuses, the simulator
refuses too, for one of the reasons given."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.core.errors import ValidationFailed
from gateway.nfe.certificate import Certificate
from gateway.nfe.findings import rules
from gateway.nfe.sale import Customer, Freight, Sale
from gateway.nfe.signature import sign
from gateway.nfe.xsd import validate
from tests.unit.nfe.made import BRANCH, CONSUMER, RJ, SIMPLES, item, pays, product
from tests.unit.nfe.made_nfce import CARRIER, CPF_ONLY, CSC, composed, made, nfce, settled
from tests.unit.nfe.test_nfce import judged
from tests.unit.nfe.test_nfce_rules import DECIDED_ELSEWHERE

replace = msgspec.structs.replace
CHAVE = "35261112ABC34501DE35550010000012341876543215"

CUSTOMERS = [
    None,
    CPF_ONLY,
    CONSUMER,
    replace(CONSUMER, address=RJ),
    Customer(tax_id="11222333000181"),
    Customer(tax_id=BRANCH.cnpj),
    replace(CONSUMER, state_registration="110042490114"),
    replace(CONSUMER, state_registration="110042490114", taxpayer=False),
    replace(CONSUMER, final_consumer=False),
]
FREIGHTS = [Freight(), CARRIER, replace(CARRIER, mode="sem_frete"), Freight(mode="terceiros"), Freight(mode="proprio_remetente")]
PRESENCES = ["presencial"] * 5 + ["entrega"] * 4 + ["internet", "teleatendimento", "outros"]
PRICES = ["0.50", "19.90", "9999.99", "10000.00", "10000.01", "200000.00", "200000.01"]
MEANS = ["dinheiro", "pix", "cartao_credito", "vale_presente", "credito_loja", "pagamento_posterior", "outros", "sem_pagamento"]
BRANCHES = [BRANCH, SIMPLES, settled(qr_version="2"), settled(SIMPLES, series=0)]
GOODS = [product(), product(situation="isenta"), product(situation="st", cest="2803800"), product(situation="nao_tributada")]


def mostly(usual: object, *others: object) -> st.SearchStrategy[Any]:
    """`usual` in about three of four: a sale with every oddity at once proves little."""
    return st.integers(0, 3).flatmap(lambda n: st.sampled_from(others) if n == 3 else st.just(usual))


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    presence = draw(st.sampled_from(PRESENCES))
    buyer = draw(mostly(CONSUMER, *CUSTOMERS) if presence == "entrega" else mostly(*CUSTOMERS))
    price = draw(mostly("19.90", *PRICES))
    discount = draw(st.sampled_from([Decimal(0), Decimal("0.01")]))
    total = Decimal(price) - discount
    means = draw(mostly(*MEANS))
    # Paid later, nothing is paid now: the gateway still wants the parts to add up, the authoriser does not look.
    off = mostly(0, *([0] if means == "pagamento_posterior" else [Decimal("-0.01"), 5]))
    paid = Decimal(0) if means == "sem_pagamento" else max(Decimal(0), total + draw(off))
    return nfce(
        items=(item(unit_price=price),),
        discount=discount,
        customer=buyer,
        presence=presence,
        freight=draw(mostly(CARRIER if presence == "entrega" else Freight(), *FREIGHTS)),
        references=draw(mostly((), (CHAVE,))),
        payments=(pays(means, str(paid), description="Permuta" if means == "outros" else ""),),
        notes=draw(st.sampled_from(["", "Obrigado & volte"])),
    )


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(of=sales(), branch=st.sampled_from(BRANCHES), goods=st.sampled_from(GOODS), offline=st.booleans())
def test_gateway_and_simulator_agree(certificate: Certificate, of: Sale, branch: object, goods: object, offline: bool) -> None:
    codes: set[str] = set()
    try:
        composed(of, branch, goods)  # type: ignore[arg-type]
    except ValidationFailed as refused:
        codes = {fault.code for fault in refused.faults}
    assume(not codes & DECIDED_ELSEWHERE.keys())
    written = made(of, branch, goods, certificate=certificate, csc=CSC, offline=offline)  # type: ignore[arg-type]
    signed = sign(written.xml, certificate).xml
    if codes:
        assert judged(signed) in {rules()[code].cStat for code in codes}
    else:
        assert validate(signed) == ()
        assert judged(signed) == "100"
