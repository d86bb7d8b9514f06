"""Sales whose notes are kept as files, with the values that matter computed by hand beside each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import msgspec

from gateway.nfe.branch import Branch, BranchText, TechnicalContact
from gateway.nfe.build import Built, build
from gateway.nfe.item_details import Batch, ItemDetails
from gateway.nfe.product import ApproximateTax
from gateway.nfe.qrcode import Csc
from gateway.nfe.sale import Card, Customer, Freight, Intermediary, PaymentMethod, Sale
from gateway.nfe.supplement import supplemented
from gateway.nfe.trade import (
    Billing,
    Information,
    Installment,
    Observation,
    Place,
    Process,
    Purchase,
    Vehicle,
    Volume,
)
from tests.unit.nfe import made_nfce
from tests.unit.nfe.made import AT, BRANCH, MG, RJ, SIMPLES, SP, built, composed, item, pays, product, sale

D = Decimal
CARIOCA = Customer(tax_id="52998224725", name="João da Praia", address=RJ, email="joao@example.com")
INDUSTRY = Customer(tax_id="11.222.333/0001-81", name="Indústria Exemplo S/A", address=MG, state_registration="0623079040081")
CARD = Card(brand="Visa", authorization="A1B2C3")


@dataclass(frozen=True, slots=True)
class Case:
    """A note and its hand-computed facts: tag (by path from infNFe) to text; None means the tag is absent."""

    name: str
    make: Callable[[], Built]
    facts: dict[str, str | None]


def _simples_cash() -> Built:
    return built(sale(items=(item("2", "49.90"),), payments=(pays("dinheiro", "100.00"),)), SIMPLES)


def _simples_st() -> Built:
    return built(
        sale(items=(item("3", "10.00"),), payments=(pays("cartao_credito", "30.00", card=CARD),)),
        SIMPLES,
        product(situation="st", cest="28.038.00"),
    )


def _taxed() -> Built:
    return built(sale())


def _reduced() -> Built:
    return built(sale(), BRANCH, product(situation="reduzida", icms_reduction=D("33.33"), cbenef="SP000123"))


def _untaxed() -> Built:
    return built(
        sale(items=(item("1", "50.00", sku="A"), item("1", "30.00", sku="B"), item("1", "20.00", sku="C"))),
        BRANCH,
        product("A", situation="isenta", cbenef="SP000999"),
        product("B", situation="nao_tributada"),
        product("C", situation="st", cest="2803800"),
    )


def _difal() -> Built:
    return built(
        sale(
            customer=CARIOCA,
            items=(item("2", "100.00", discount=D("10.00")),),
            freight=Freight(mode="emitente", amount=D("20.00")),
            payments=(pays("pix", "210.00"),),
            presence="internet",
        )
    )


def _difal_exempt() -> Built:
    return built(sale(customer=CARIOCA, presence="internet"), BRANCH, product(situation="isenta"))


def _difal_st() -> Built:
    return built(sale(customer=CARIOCA, presence="internet"), BRANCH, product(situation="st", cest="2803800"))


def _simples_interstate() -> Built:
    return built(sale(customer=CARIOCA, presence="internet"), SIMPLES)


def _contributor() -> Built:
    return built(
        sale(customer=INDUSTRY, items=(item("1.5", "100.00"),), payments=(pays("boleto", "150.00", term=True),)),
        BRANCH,
        product(origin="1", unit="M"),
    )


def _apportioned() -> Built:
    return built(
        sale(
            items=(item("1", "10.00"), item("1", "20.00"), item("1", "30.01")),
            discount=D("1.00"),
            other=D("0.50"),
            freight=Freight(mode="emitente", amount=D("10.00")),
            payments=(
                pays("cartao_credito", "40.00", card=CARD),
                pays("cartao_debito", "10.00", card=Card(brand="Bandeira Nova")),
                pays("pix", "10.00"),
                pays("dinheiro", "10.00"),
            ),
        ),
        SIMPLES,
    )


def _every_means() -> Built:
    means = [name for name in get_args(PaymentMethod) if name != "sem_pagamento"]
    payments = tuple(
        pays(name, "10.00", description="Permuta" if name == "outros" else "", term=name == "duplicata") for name in means
    )
    billing = Billing(installments=(Installment(due=date(2026, 12, 20), amount=D("10.00")),))
    return built(sale(items=(item("22", "10.00"),), payments=payments, billing=billing), SIMPLES)


def _unpaid() -> Built:
    return built(sale(payments=(pays("sem_pagamento", "0"),)), SIMPLES)


def _fcp() -> Built:
    branch = msgspec.structs.replace(BRANCH, address=RJ, state_registration="99999993")
    return built(sale(customer=CARIOCA), branch)


def _immune() -> Built:
    return built(sale(), BRANCH, product(situation="nao_tributada", pis_cofins_cst="06", ibs_cbs_cst="410", cclasstrib="410999"))


def _cumulative_own_rates() -> Built:
    branch = msgspec.structs.replace(BRANCH, pis_cofins_regime="cumulativo", overrides={"icms.SP": D("25.00")})
    return built(sale(items=(item("3", None, total=D("100.00")),)), branch, product(fcp_rate=D("2")))


def _complete() -> Built:
    contact = TechnicalContact(
        cnpj="11222333000181",
        contact="Suporte",
        email="suporte@example.com",
        phone="(11) 3333-4444",
        csrt_id="1",
        csrt="G8063VRTNDMO886SFNK5LDUDEI24XJ22YIPO",
    )
    branch = msgspec.structs.replace(BRANCH, environment=1, series=0, trade_name="Exemplo", technical_contact=contact)
    buyer = Customer(tax_id="12.abc.345/01de-35", name="Compradora <& Cia>", address=MG, phone="+55 (31) 99999-8888")
    return built(
        sale(
            customer=buyer,
            items=(item(note="Cor azul"),),
            presence="internet",
            intermediary=Intermediary(cnpj="11222333000181", account="loja-exemplo"),
            freight=Freight(
                mode="terceiros",
                carrier_tax_id="11222333000181",
                carrier_name="Transportes Exemplo",
                volumes=2,
                net_weight=D("1.5"),
                gross_weight=D("1.75"),
            ),
            references=("3526 1112 ABC3 4501 DE35 5500 1000 0012 3418 7654 3215",),
            notes="Pedido separado por Maria.",
            order_number="PED-2026-0001",
        ),
        branch,
    )


def _commerce() -> Built:
    """A sale on credit that says all it may: bill, places, readers, vehicle, words, taxes inside the price, batch, box of six."""
    branch = msgspec.structs.replace(
        BRANCH,
        readers=("11222333000181",),
        approximate_taxes="on",
        texts=(BranchText(text="Regime especial 1/2026.", since=date(2026, 1, 1)),),
    )
    box = product(
        unit="CX",
        taxable_unit="UN",
        taxable_factor=D("6"),
        approximate_tax=ApproximateTax(federal=D("13.45"), state=D("18.00"), source="Tabela da loja"),
    )
    batch = Batch(number="L-1", quantity=D("1"), made=date(2026, 1, 2), expires=date(2027, 1, 2))
    dues = (Installment(due=date(2026, 12, 20), amount=D("50.00")), Installment(due=date(2027, 1, 20), amount=D("49.00")))
    return built(
        sale(
            items=(item(details=ItemDetails(batches=(batch,))),),
            payments=(pays("boleto", "100.00", term=True),),
            billing=Billing(number="F-1", original=D("100.00"), discount=D("1.00"), installments=dues),
            pickup=Place(address=SP, name="Depósito"),
            delivery=Place(address=SP, name="Portaria"),
            # The buyer is a reader already, and is left out.
            readers=("529.982.247-25", "111.444.777-35"),
            purchase=Purchase(commitment="2026NE000001", contract="C-7"),
            order_number="P-1",
            notes="Obrigado.",
            information=Information(
                fisco="Credito outorgado.",
                observations=(Observation(field="Vendedor", text="Maria"),),
                processes=(Process(number="123", origin="sefaz", act="08"),),
            ),
            freight=Freight(
                mode="terceiros",
                carrier_name="Transportes Exemplo",
                carrier_tax_id="11222333000181",
                carrier_state_registration="110042490114",
                carrier_city="São Paulo",
                carrier_uf="SP",
                vehicle=Vehicle(plate="ABC-1D23", uf="SP"),
                volume_lines=(Volume(quantity=1, kind="CAIXA", gross_weight=D("2.5"), seals=("S1",)),),
            ),
        ),
        branch,
        box,
    )


def _nfce(of: Sale, branch: Branch, csc: Csc | None = None, **contingency: Any) -> Built:
    """Without a key, so that the file does not depend on one: what is signed off-line is three bytes here."""
    draft = made_nfce.composed(of, branch)
    plain = build(draft, number=1234, cNF="87654321", dhEmi=AT, **contingency)
    return supplemented(plain, draft, dhEmi=AT, csc=csc, sign=lambda _: b"abc")


def _nfce_counter() -> Built:
    return _nfce(made_nfce.nfce(items=(item("2", "49.90"),)), SIMPLES)


def _nfce_delivered() -> Built:
    freight = msgspec.structs.replace(made_nfce.CARRIER, amount=D("12.00"))
    return _nfce(made_nfce.delivered(freight=freight, payments=(pays("pix", "112.00"),)), BRANCH)


def _nfce_version_2() -> Built:
    branch = msgspec.structs.replace(made_nfce.settled(SIMPLES, qr_version="2", series=3), environment=1)
    return _nfce(made_nfce.nfce(customer=made_nfce.CPF_ONLY), branch, made_nfce.CSC)


def _nfce_offline() -> Built:
    contingency = {"tpEmis": "9", "dhCont": AT, "xJust": made_nfce.REASON}
    return _nfce(made_nfce.nfce(customer=made_nfce.CPF_ONLY), SIMPLES, **contingency)


def _svc() -> Built:
    return build(composed(sale()), number=1234, cNF="87654321", dhEmi=AT, tpEmis="6", dhCont=AT, xJust=made_nfce.REASON)


CASES = (
    Case(
        "crt1_csosn102_cash_with_change",
        _simples_cash,
        {
            "det/prod/CFOP": "5102",
            "det/imposto/ICMS/ICMSSN102/CSOSN": "102",
            "det/imposto/PIS/PISOutr/CST": "49",
            "det/imposto/IBSCBS": None,
            "det/vItem": None,
            "total/ICMSTot/vProd": "99.80",
            "total/ICMSTot/vICMS": "0.00",
            "total/ICMSTot/vNF": "99.80",
            "pag/vTroco": "0.20",
        },
    ),
    Case(
        "crt1_csosn500_card",
        _simples_st,
        {
            "det/prod/CFOP": "5405",
            "det/prod/CEST": "2803800",
            "det/imposto/ICMS/ICMSSN500/CSOSN": "500",
            "total/ICMSTot/vNF": "30.00",
            "pag/detPag/card/tBand": "01",
            "pag/detPag/card/cAut": "A1B2C3",
        },
    ),
    Case(
        # vICMS 100 x 18%; PIS and COFINS on 82.00: 1.353, 6.232; IBS/CBS on 100 - 1.35 - 6.23 - 18 = 74.42: 0.07442, 0.66978.
        "crt3_00_in_state",
        _taxed,
        {
            "det/imposto/ICMS/ICMS00/vICMS": "18.00",
            "det/imposto/PIS/PISAliq/vBC": "82.00",
            "total/ICMSTot/vBC": "100.00",
            "total/ICMSTot/vPIS": "1.35",
            "total/ICMSTot/vCOFINS": "6.23",
            "total/ICMSTot/vNF": "100.00",
            "total/IBSCBSTot/vBCIBSCBS": "74.42",
            "total/IBSCBSTot/gIBS/gIBSUF/vIBSUF": "0.07",
            "total/IBSCBSTot/gIBS/vIBS": "0.07",
            "total/IBSCBSTot/gCBS/vCBS": "0.67",
            "det/vItem": "100.00",
            "total/vNFTot": "100.00",
        },
    ),
    Case(
        # Base 66.67, ICMS 12.0006; PIS/COFINS on 88.00: 1.452, 6.688; IBS/CBS on 79.86: 0.07986, 0.71874.
        "crt3_20_reduced_base",
        _reduced,
        {
            "det/imposto/ICMS/ICMS20/pRedBC": "33.33",
            "det/prod/cBenef": "SP000123",
            "total/ICMSTot/vBC": "66.67",
            "total/ICMSTot/vICMS": "12.00",
            "total/ICMSTot/vPIS": "1.45",
            "total/ICMSTot/vCOFINS": "6.69",
            "total/IBSCBSTot/vBCIBSCBS": "79.86",
            "total/IBSCBSTot/gIBS/vIBS": "0.08",
            "total/IBSCBSTot/gCBS/vCBS": "0.72",
        },
    ),
    Case(
        # PIS 0.825 + 0.495 + 0.33, COFINS 3.80 + 2.28 + 1.52; IBS on 45.37 + 27.22 + 18.15.
        "crt3_40_41_60",
        _untaxed,
        {
            "det[1]/imposto/ICMS/ICMS40/CST": "40",
            "det[2]/imposto/ICMS/ICMS40/CST": "41",
            "det[3]/imposto/ICMS/ICMS60/CST": "60",
            "det[3]/prod/CFOP": "5405",
            "total/ICMSTot/vBC": "0.00",
            "total/ICMSTot/vPIS": "1.66",
            "total/ICMSTot/vCOFINS": "7.60",
            "total/ICMSTot/vNF": "100.00",
            "total/IBSCBSTot/vBCIBSCBS": "90.74",
            "total/IBSCBSTot/gIBS/vIBS": "0.10",
            "total/IBSCBSTot/gCBS/vCBS": "0.81",
        },
    ),
    Case(
        # Amount 200 - 10 + 20 = 210: ICMS 12% 25.20, DIFAL (20 - 12)% 16.80, FCP 2% 4.20; PIS/COFINS on 184.80: 3.0492, 14.0448;
        # IBS/CBS on 210 - 3.05 - 14.04 - 25.20 - 16.80 - 4.20 = 146.71: 0.14671, 1.32039.
        "crt3_interstate_consumer_difal",
        _difal,
        {
            "ide/idDest": "2",
            "ide/indFinal": "1",
            "ide/indPres": "2",
            "ide/indIntermed": "0",
            "dest/indIEDest": "9",
            "det/prod/CFOP": "6108",
            "det/imposto/ICMS/ICMS00/pICMS": "12.00",
            "det/imposto/ICMSUFDest/vBCUFDest": "210.00",
            "det/imposto/ICMSUFDest/pICMSInter": "12.00",
            "total/ICMSTot/vICMS": "25.20",
            "total/ICMSTot/vICMSUFDest": "16.80",
            "total/ICMSTot/vFCPUFDest": "4.20",
            "total/ICMSTot/vICMSUFRemet": "0.00",
            "total/ICMSTot/vFCP": "0.00",
            "total/ICMSTot/vPIS": "3.05",
            "total/ICMSTot/vCOFINS": "14.04",
            "total/ICMSTot/vNF": "210.00",
            "total/IBSCBSTot/vBCIBSCBS": "146.71",
            "total/IBSCBSTot/gIBS/vIBS": "0.15",
            "total/IBSCBSTot/gCBS/vCBS": "1.32",
        },
    ),
    Case(
        "crt3_interstate_consumer_exempt",
        _difal_exempt,
        {"det/imposto/ICMSUFDest/vBCUFDest": "0.00", "total/ICMSTot/vICMSUFDest": "0.00", "total/ICMSTot/vFCPUFDest": "0.00"},
    ),
    Case(
        # What the issuer's state retained by substitution does not pay the destination's share: 8% and 2% of 100.
        "crt3_interstate_consumer_st",
        _difal_st,
        {"det/prod/CFOP": "6404", "total/ICMSTot/vICMSUFDest": "8.00", "total/ICMSTot/vFCPUFDest": "2.00"},
    ),
    Case(
        "crt1_interstate_consumer_without_difal",
        _simples_interstate,
        {"det/prod/CFOP": "6108", "det/imposto/ICMSUFDest": None, "total/ICMSTot/vICMSUFDest": None},
    ),
    Case(
        # Imported goods: 4% of 150 = 6.00; PIS/COFINS on 144: 2.376, 10.944; IBS/CBS on 130.68: 0.13068, 1.17612.
        "crt3_interstate_contributor_imported",
        _contributor,
        {
            "ide/indFinal": "0",
            "dest/indIEDest": "1",
            "dest/IE": "0623079040081",
            "det/prod/CFOP": "6102",
            "det/prod/qCom": "1.5",
            "det/imposto/ICMSUFDest": None,
            "total/ICMSTot/vICMS": "6.00",
            "total/ICMSTot/vPIS": "2.38",
            "total/ICMSTot/vCOFINS": "10.94",
            "total/IBSCBSTot/vBCIBSCBS": "130.68",
            "total/IBSCBSTot/gIBS/vIBS": "0.13",
            "total/IBSCBSTot/gCBS/vCBS": "1.18",
            "pag/detPag/indPag": "1",
            "pag/detPag/tPag": "15",
        },
    ),
    Case(
        # Weights 10.00, 20.00, 30.01. Discount 16.66.. 33.32.. 50.00..: the cent over goes to the largest remainder.
        "apportionment_and_change",
        _apportioned,
        {
            "det[1]/prod/vDesc": "0.17",
            "det[2]/prod/vDesc": "0.33",
            "det[3]/prod/vDesc": "0.50",
            "det[1]/prod/vOutro": "0.08",
            "det[2]/prod/vOutro": "0.17",
            "det[3]/prod/vOutro": "0.25",
            "det[1]/prod/vFrete": "1.67",
            "det[2]/prod/vFrete": "3.33",
            "det[3]/prod/vFrete": "5.00",
            "total/ICMSTot/vProd": "60.01",
            "total/ICMSTot/vNF": "69.51",
            "pag/detPag[2]/card/tBand": "99",
            "pag/vTroco": "0.49",
        },
    ),
    Case(
        # Taxes of 100.00: 13.45 + 18.00 = 31.45. A box of six: 100.00 / 6 = 16.6666666667. 100.00 - 1.00 = 50.00 + 49.00.
        "commercial_groups",
        _commerce,
        {
            "retirada/CNPJ": "12ABC34501DE35",
            "entrega/CPF": "52998224725",
            "autXML/CNPJ": "11222333000181",
            "det/prod/uTrib": "UN",
            "det/prod/qTrib": "6",
            "det/prod/vUnTrib": "16.6666666667",
            "det/prod/rastro/qLote": "1.000",
            "det/imposto/vTotTrib": "31.45",
            "total/ICMSTot/vTotTrib": "31.45",
            "total/ICMSTot/vNF": "100.00",
            "transp/veicTransp/placa": "ABC1D23",
            "transp/vol/lacres/nLacre": "S1",
            "cobr/fat/vLiq": "99.00",
            "cobr/dup/nDup": "001",
            "cobr/dup/vDup": "50.00",
            "infAdic/infCpl": "Trib aprox R$: 13,45 Federal, 18,00 Estadual e 0,00 Municipal. Fonte: Tabela da loja. Obrigado."
            " Regime especial 1/2026.",
            "compra/xNEmp": "2026NE000001",
            "compra/xCont": "C-7",
        },
    ),
    Case("every_means_of_payment", _every_means, {"total/ICMSTot/vNF": "220.00", "pag/vTroco": None}),
    Case("without_payment", _unpaid, {"pag/detPag/tPag": "90", "pag/detPag/vPag": "0.00", "pag/detPag/indPag": None}),
    Case(
        # RJ: 20% + FCP 2%; PIS/COFINS on 80: 1.32, 6.08; IBS/CBS on 100 - 1.32 - 6.08 - 20 - 2 = 70.60: 0.0706, 0.6354.
        "crt3_fcp_of_the_state",
        _fcp,
        {
            "ide/idDest": "1",
            "ide/cUF": "33",
            "det/imposto/ICMS/ICMS00/pFCP": "2.00",
            "total/ICMSTot/vICMS": "20.00",
            "total/ICMSTot/vFCP": "2.00",
            "total/ICMSTot/vPIS": "1.32",
            "total/ICMSTot/vCOFINS": "6.08",
            "total/IBSCBSTot/vBCIBSCBS": "70.60",
            "total/IBSCBSTot/gIBS/vIBS": "0.07",
            "total/IBSCBSTot/gCBS/vCBS": "0.64",
        },
    ),
    Case(
        "crt3_ibs_cbs_without_values",
        _immune,
        {
            "det/imposto/PIS/PISNT/CST": "06",
            "det/imposto/IBSCBS/CST": "410",
            "det/imposto/IBSCBS/gIBSCBS": None,
            "total/IBSCBSTot/vBCIBSCBS": "0.00",
            "total/IBSCBSTot/gIBS": None,
            "total/vNFTot": "100.00",
        },
    ),
    Case(
        # 100 / 3 with ten decimals; ICMS 25% 25.00 and FCP 2% 2.00; PIS 0.65% and COFINS 3% of 75: 0.4875, 2.25;
        # IBS/CBS on 100 - 0.49 - 2.25 - 25 - 2 = 70.26: 0.07026, 0.63234.
        "crt3_cumulative_overrides_and_line_total",
        _cumulative_own_rates,
        {
            "det/prod/vUnCom": "33.3333333333",
            "det/prod/vProd": "100.00",
            "det/imposto/ICMS/ICMS00/pFCP": "2.00",
            "total/ICMSTot/vICMS": "25.00",
            "total/ICMSTot/vFCP": "2.00",
            "total/ICMSTot/vPIS": "0.49",
            "total/ICMSTot/vCOFINS": "2.25",
            "total/IBSCBSTot/vBCIBSCBS": "70.26",
            "total/IBSCBSTot/gIBS/vIBS": "0.07",
            "total/IBSCBSTot/gCBS/vCBS": "0.63",
        },
    ),
    Case(
        "complete",
        _complete,
        {
            "ide/serie": "0",
            "ide/tpAmb": "1",
            "ide/indIntermed": "1",
            "ide/NFref/refNFe": "35261112ABC34501DE35550010000012341876543215",
            "dest/CNPJ": "12ABC34501DE35",
            "dest/xNome": "Compradora <& Cia>",
            "dest/enderDest/fone": "31999998888",
            "det/prod/xPed": "PED-2026-0001",
            "det/infAdProd": "Cor azul",
            "transp/modFrete": "2",
            "transp/vol/pesoL": "1.500",
            "infIntermed/idCadIntTran": "loja-exemplo",
            "infAdic/infCpl": "Pedido separado por Maria.",
            "compra/xPed": "PED-2026-0001",
            "infRespTec/idCSRT": "01",
        },
    ),
    Case(
        # 2 x 49.90, 100.00 in cash: 0.20 of change.
        "nfce_counter_sale",
        _nfce_counter,
        {
            "ide/mod": "65",
            "ide/tpImp": "4",
            "ide/indPres": "1",
            "dest": None,
            "det/prod/CFOP": "5102",
            "det/prod/xProd": "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL",
            "det/imposto/ICMS/ICMSSN102/CSOSN": "102",
            "total/ICMSTot/vNF": "99.80",
            "transp/modFrete": "9",
            "pag/vTroco": "0.20",
        },
    ),
    Case(
        # 100.00 + 12.00 of freight; ICMS 18% 20.16; PIS 1.65% and COFINS 7.6% of 91.84: 1.51536, 6.97984;
        # IBS/CBS on 112.00 - 20.16 - 1.52 - 6.98 = 83.34: 0.08334, 0.75006.
        "nfce_delivery",
        _nfce_delivered,
        {
            "ide/indPres": "4",
            "ide/indIntermed": "0",
            "dest/indIEDest": "9",
            "dest/enderDest/UF": "SP",
            "total/ICMSTot/vFrete": "12.00",
            "total/ICMSTot/vICMS": "20.16",
            "total/ICMSTot/vPIS": "1.52",
            "total/ICMSTot/vCOFINS": "6.98",
            "total/ICMSTot/vNF": "112.00",
            "total/IBSCBSTot/vBCIBSCBS": "83.34",
            "total/IBSCBSTot/gIBS/vIBS": "0.08",
            "total/IBSCBSTot/gCBS/vCBS": "0.75",
            "transp/modFrete": "0",
            "transp/transporta/CNPJ": "11222333000181",
        },
    ),
    Case(
        "nfce_qr_version_2",
        _nfce_version_2,
        {
            "ide/serie": "3",
            "ide/tpAmb": "1",
            "dest/CPF": "52998224725",
            "dest/xNome": None,
            "det/prod/xProd": "Camiseta básica",
            "total/ICMSTot/vNF": "100.00",
        },
    ),
    Case(
        "nfce_offline",
        _nfce_offline,
        {
            "ide/tpEmis": "9",
            "ide/dhCont": "2026-11-20T10:30:00-03:00",
            "ide/xJust": made_nfce.REASON,
            "total/ICMSTot/vNF": "100.00",
        },
    ),
    Case(
        "contingency_svc",
        _svc,
        {"ide/mod": "55", "ide/tpEmis": "6", "ide/xJust": made_nfce.REASON, "total/ICMSTot/vNF": "100.00"},
    ),
)
