"""What the commercial groups of a sale become in the note, with values computed by hand."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import docs
from gateway.core.errors import ValidationFailed
from gateway.nfe import request
from gateway.nfe.branch import Branch, BranchText
from gateway.nfe.build import build, dry_run
from gateway.nfe.draft import Draft
from gateway.nfe.message_size import limit, too_large
from gateway.nfe.product import ApproximateTax
from gateway.nfe.sale import Card, Freight, Sale
from gateway.nfe.trade import Billing, Information, Installment, Observation, Place, Process, Purchase, Vehicle, Volume
from tests.unit.nfe import made_nfce
from tests.unit.nfe.commerce_pairs import BAHIA, CONTACT, PARANA, TELLS
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, FOREIGNER, MG, RJ, SHIRT, composed, item, pays, product, sale

D = Decimal
replace = msgspec.structs.replace


def tried(draft: Draft) -> Draft:
    """The draft, which the schema takes."""
    dry_run(draft, AT)
    return draft


def plain(group: Any) -> Any:
    """The group as its tags and texts, without what is absent."""
    if isinstance(group, msgspec.Struct):
        told = {name: getattr(group, name) for name in group.__struct_fields__}
        return {name: plain(value) for name, value in told.items() if value is not None and value != ()}
    return [plain(one) for one in group] if isinstance(group, tuple) else str(group)


def test_payment_data_is_told_whole() -> None:
    card = Card(
        brand="Elo",
        authorization="A1",
        acquirer_cnpj="11.222.333/0001-81",
        integrated=True,
        beneficiary_cnpj="12ABC34501DE35",
        terminal="POS-7",
    )
    payment = pays(
        "cartao_credito",
        "100.00",
        card=card,
        paid_on=date(2026, 11, 19),
        processed_by="11222333000181",
        processed_in="RJ",
        term=True,
    )
    assert plain(tried(composed(sale(payments=(payment,)))).pag) == {
        "detPag": [
            {
                "indPag": "1",
                "tPag": "03",
                "vPag": "100.00",
                "dPag": "2026-11-19",
                "CNPJPag": "11222333000181",
                "UFPag": "RJ",
                "card": {
                    "tpIntegra": "1",
                    "CNPJ": "11222333000181",
                    "tBand": "06",
                    "cAut": "A1",
                    "CNPJReceb": "12ABC34501DE35",
                    "idTermPag": "POS-7",
                },
            }
        ]
    }


@pytest.mark.parametrize(
    ("method", "since"),
    [("pix_automatico", "2026-05-04"), ("transferencia_interna", "2026-05-04"), ("pagamento_posterior", "2025-11-03")],
)
def test_a_means_of_payment_has_its_first_day(method: str, since: str) -> None:
    first = datetime.fromisoformat(f"{since}T12:00:00-03:00")
    simples = replace(BRANCH, crt="1")
    before = first - timedelta(days=1)
    with pytest.raises(ValidationFailed) as caught:
        composed(sale(payments=(pays(method, "100.00"),)), simples, at=before)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [("NFE-PAY-10", "$.payments[0].method")]
    assert composed(sale(payments=(pays(method, "100.00"),)), simples, at=first).pag.detPag[0].tPag in ("23", "24", "91")


def test_the_bill_of_the_sale() -> None:
    # 100.00 less 10.00 in three: 30 + 30 + 30.
    bill = Billing(
        number="F-1",
        original=D("100.00"),
        discount=D("10.00"),
        installments=tuple(Installment(due=date(2026, 12, day), amount=D(30)) for day in (1, 15, 31)),
    )
    draft = tried(composed(sale(payments=(pays("boleto", "100.00", term=True),), billing=bill)))
    assert plain(draft.cobr) == {
        "fat": {"nFat": "F-1", "vOrig": "100.00", "vDesc": "10.00", "vLiq": "90.00"},
        "dup": [
            {"nDup": "001", "dVenc": "2026-12-01", "vDup": "30.00"},
            {"nDup": "002", "dVenc": "2026-12-15", "vDup": "30.00"},
            {"nDup": "003", "dVenc": "2026-12-31", "vDup": "30.00"},
        ],
    }
    alone = tried(composed(sale(billing=Billing(number="F-2"))))
    assert plain(alone.cobr) == {"fat": {"nFat": "F-2", "vOrig": "100.00", "vDesc": "0.00", "vLiq": "100.00"}}


def test_a_branch_derives_the_bill_from_what_is_paid_later() -> None:
    payments = (
        pays("dinheiro", "20.00"),
        pays("boleto", "50.00", due=date(2027, 1, 20)),
        pays("boleto", "30.00", due=date(2026, 12, 20)),
    )
    asked = sale(payments=payments, order_number="P-9")
    assert composed(asked).cobr is None
    term = replace(BRANCH, billing="term")
    assert plain(tried(composed(asked, term)).cobr) == {
        "fat": {"nFat": "P-9", "vOrig": "80.00", "vDesc": "0.00", "vLiq": "80.00"},
        "dup": [
            {"nDup": "001", "dVenc": "2026-12-20", "vDup": "30.00"},
            {"nDup": "002", "dVenc": "2027-01-20", "vDup": "50.00"},
        ],
    }
    assert composed(sale(), term).cobr is None
    with pytest.raises(ValidationFailed) as caught:
        composed(sale(payments=(pays("boleto", "100.00", due=date(2026, 11, 19)),)), term)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [("NFE-BILL-03", "$.payments[0].due")]


def test_a_due_date_is_the_issue_only_in_every_reading() -> None:
    # 20/11 23:30 in São Paulo is 21/11 in UTC: due on the 20th or the 21st, nobody can say it is the same day.
    late = datetime.fromisoformat("2026-11-20T23:30:00-03:00")
    for day in (20, 21):
        bill = Billing(installments=(Installment(due=date(2026, 11, day), amount=D(100)),))
        assert composed(sale(payments=(pays("boleto", "100.00", term=True),), billing=bill), at=late).cobr is not None


def test_places_take_the_document_of_whose_they_are() -> None:
    asked = sale(pickup=Place(address=MG, name="Depósito"), delivery=Place(address=RJ, email="porta@example.com"))
    draft = tried(composed(asked))
    assert draft.retirada is not None and draft.entrega is not None
    assert (draft.retirada.CNPJ, draft.retirada.CPF, draft.retirada.xNome, draft.retirada.UF) == (
        "12ABC34501DE35",
        None,
        "Depósito",
        "MG",
    )
    assert (draft.entrega.CNPJ, draft.entrega.CPF, draft.entrega.cMun, draft.entrega.email) == (
        None,
        "52998224725",
        "3304557",
        "porta@example.com",
    )
    # A delivery elsewhere does not change where the sale happens.
    assert draft.header.idDest == "1"


def test_readers_of_the_branch_and_of_the_sale_each_once() -> None:
    branch = replace(BRANCH, readers=("11.222.333/0001-81",))
    # The buyer may read it already, and is left out (326).
    draft = tried(composed(sale(readers=("11222333000181", "111.444.777-35", "529.982.247-25")), branch))
    assert [(one.CNPJ, one.CPF) for one in draft.autXML] == [("11222333000181", None), (None, "11144477735")]


def test_bahia_demands_a_reader_of_the_nfe_only() -> None:
    with pytest.raises(ValidationFailed) as caught:
        composed(sale(), BAHIA)
    assert [fault.code for fault in caught.value.faults] == ["NFE-READER-03"]
    assert "contador" in caught.value.faults[0].fix
    assert made_nfce.composed(made_nfce.nfce(), BAHIA).autXML == ()


def test_the_csrt_is_demanded_by_state_date_and_environment() -> None:
    plain_contact = replace(PARANA, technical_contact=CONTACT)
    early = datetime.fromisoformat("2025-09-14T12:00:00-03:00")
    assert composed(sale(), replace(plain_contact, crt="1"), at=early).branch.technical_contact == CONTACT
    with pytest.raises(ValidationFailed) as caught:
        composed(sale(), replace(plain_contact, crt="1"), at=early + timedelta(days=1))
    assert [fault.code for fault in caught.value.faults] == ["NFE-BRANCH-10"]


def test_carriage_is_told_whole() -> None:
    freight = Freight(
        mode="terceiros",
        carrier_tax_id="11222333000181",
        carrier_name="Transportes Exemplo",
        carrier_state_registration="99.999.99-3",
        carrier_address="Rua A, 1",
        carrier_city="Rio de Janeiro",
        carrier_uf="rj",
        vehicle=Vehicle(plate="abc-1d23", uf="RJ", rntc="12345678"),
        trailers=(Vehicle(plate="XYZ9876"),),
        volume_lines=(
            Volume(quantity=2, kind="CAIXA", brand="Exemplo", numbering="1-2", net_weight=D("1.5"), seals=("A1", "A2")),
            Volume(quantity=1, kind="PALETE", gross_weight=D("10")),
        ),
    )
    assert plain(tried(composed(sale(freight=freight))).transp) == {
        "modFrete": "2",
        "transporta": {
            "CNPJ": "11222333000181",
            "xNome": "Transportes Exemplo",
            "IE": "99999993",
            "xEnder": "Rua A, 1",
            "xMun": "Rio de Janeiro",
            "UF": "RJ",
        },
        "veicTransp": {"placa": "ABC1D23", "UF": "RJ", "RNTC": "12345678"},
        "reboque": [{"placa": "XYZ9876"}],
        "vol": [
            {
                "qVol": "2",
                "esp": "CAIXA",
                "marca": "Exemplo",
                "nVol": "1-2",
                "pesoL": "1.500",
                "lacres": [{"nLacre": "A1"}, {"nLacre": "A2"}],
            },
            {"qVol": "1", "esp": "PALETE", "pesoB": "10.000"},
        ],
    }


def test_information_to_the_buyer_and_to_the_fisco() -> None:
    texts = (
        BranchText(text="Regime especial 1/2026.", since=date(2026, 1, 1)),
        BranchText(text="Antigo.", since=date(2025, 1, 1), until=date(2025, 12, 31)),
        BranchText(text="Só no cupom.", since=date(2026, 1, 1), models=("65",)),
    )
    extra = Information(
        fisco="Beneficio X",
        observations=(Observation(field="Vendedor", text="Maria"),),
        fisco_observations=(Observation(field="Ato", text="1"),),
        processes=(Process(number="123", origin="sefaz", act="08"), Process(number="9", origin="justica_federal")),
    )
    asked = sale(
        notes="Obrigado.", information=extra, order_number="P-1", purchase=Purchase(commitment="2026NE1", contract="C-2")
    )
    branch = replace(BRANCH, texts=texts)
    draft = tried(composed(asked, branch))
    assert plain(draft.infAdic) == {
        "infAdFisco": "Beneficio X",
        "infCpl": "Obrigado. Regime especial 1/2026.",
        "obsCont": [{"xCampo": "Vendedor", "xTexto": "Maria"}],
        "obsFisco": [{"xCampo": "Ato", "xTexto": "1"}],
        "procRef": [{"nProc": "123", "indProc": "0", "tpAto": "08"}, {"nProc": "9", "indProc": "1"}],
    }
    assert plain(draft.compra) == {"xNEmp": "2026NE1", "xPed": "P-1", "xCont": "C-2"}
    slip = made_nfce.composed(made_nfce.nfce(), branch)
    assert slip.infAdic is not None
    assert slip.infAdic.infCpl == "Regime especial 1/2026. Só no cupom."


def test_a_foreigner_in_the_store_is_an_internal_consumer() -> None:
    draft = tried(composed(sale(customer=replace(FOREIGNER, foreign_id=""))))
    assert (draft.header.idDest, draft.header.indFinal, draft.det[0].prod.CFOP) == ("1", "1", "5102")
    assert draft.dest is not None and draft.dest.idEstrangeiro == ""
    assert (draft.customer_name, draft.customer_tax_id) == ("Juan Ejemplo", None)
    assert b"<idEstrangeiro></idEstrangeiro>" in build(draft, number=1, cNF="87654321", dhEmi=AT).xml
    slip = made_nfce.composed(made_nfce.nfce(customer=msgspec.structs.replace(FOREIGNER, address=None, name="")))
    assert slip.dest is not None
    assert (slip.dest.idEstrangeiro, slip.dest.xNome, slip.dest.indIEDest) == ("AB123456", None, "9")


CAR = product(approximate_tax=ApproximateTax(federal=D("13.45"), state=D("18"), source="IBPT 26.2.A"))


def test_taxes_inside_the_price_are_told_to_final_consumers() -> None:
    # Line: 3 x 33.33 = 99.99 less 9.99 = 90.00: 13.45% = 12.105 -> 12.11; 18% = 16.20; 28.31 in all.
    asked = sale(items=(item("3", "33.33", discount=D("9.99")),), payments=(pays("pix", "90.00"),), notes="Volte sempre.")
    draft = tried(composed(asked, TELLS, CAR))
    assert draft.det[0].imposto.vTotTrib == D("28.31")
    assert draft.totals.ICMSTot.vTotTrib == D("28.31")
    assert draft.total == D("90.00")
    assert draft.infAdic is not None
    assert (
        draft.infAdic.infCpl == "Trib aprox R$: 12,11 Federal, 16,20 Estadual e 0,00 Municipal. Fonte: IBPT 26.2.A. Volte sempre."
    )
    off = composed(asked, BRANCH, CAR)
    assert (off.det[0].imposto.vTotTrib, off.totals.ICMSTot.vTotTrib) == (None, None)
    contributor = replace(CONSUMER, tax_id="11222333000181", state_registration="110042490114")
    assert composed(replace(asked, customer=contributor), TELLS, CAR).totals.ICMSTot.vTotTrib is None
    assert composed(asked, TELLS, SHIRT).totals.ICMSTot.vTotTrib is None
    slip = made_nfce.composed(made_nfce.nfce(), TELLS, CAR)
    assert slip.totals.ICMSTot.vTotTrib == D("31.45")


def test_the_total_is_the_sum_of_the_items_that_say_it() -> None:
    asked = sale(items=(item("1", "0.05"), item("1", "0.05"), item("1", "99.90", sku="B")))
    # 13.45% of 0.05 = 0.006725 -> 0.01, and 18% = 0.009 -> 0.01: 0.02 a line; B says nothing.
    draft = tried(composed(asked, TELLS, CAR, product("B")))
    assert [one.imposto.vTotTrib for one in draft.det] == [D("0.02"), D("0.02"), None]
    assert draft.totals.ICMSTot.vTotTrib == D("0.04")


def test_a_box_is_taxed_by_the_bottle() -> None:
    # 2 boxes of 12 at 100.00: 24 bottles; 200.00 / 24 = 8.3333333333.
    box = product(
        unit="CX",
        taxable_unit="UN",
        taxable_factor=D("12"),
        taxable_gtin="7898350000015",
        fci="B01F70AF-10BF-4B1F-848C-65FF57F616FE",
    )
    asked = sale(items=(item("2"),), payments=(pays("pix", "200.00"),))
    prod = tried(composed(asked, BRANCH, box)).det[0].prod
    assert (prod.uCom, prod.qCom, prod.vUnCom) == ("CX", D("2"), D("100.00"))
    assert (prod.uTrib, prod.qTrib, prod.vUnTrib) == ("UN", D("24"), D("8.3333333333"))
    assert (prod.cEAN, prod.cEANTrib, prod.nFCI) == ("7891000315507", "7898350000015", "B01F70AF-10BF-4B1F-848C-65FF57F616FE")


def test_a_document_too_large_to_travel_is_refused_before_it_has_a_number() -> None:
    most = limit("SP", AT.date())
    assert most == 500 * 1024
    assert too_large(b"x" * (most - 1024), "$.items", "SP", AT.date()) == ()
    (fault,) = too_large(b"x" * (most - 1023), "$.items", "SP", AT.date())
    assert (fault.code, fault.path) == ("NFE-SIZE-01", "$.items")
    # Six items of 100 KiB beside 976 bytes, and 1024 of envelope: 616,400 bytes, or 602 KB. There are 510,000 bytes for items:
    # four of them, hence two notes.
    whole = b"x" * 976 + (b"<det >" + b"x" * (102_400 - 12) + b"</det>") * 6
    (fault,) = too_large(whole, "$.items", "SP", AT.date())
    assert fault.message == "A nota tem 602 KB, com 6 itens; a SEFAZ aceita mensagens de até 500 KB."
    assert fault.fix.startswith("Divida a venda em 2 notas de até 4 itens como estes")
    # A shirt is about one thousand bytes: 990 are a message of 990 KB, 400 pass.
    many = sale(items=(item("1", "1.00"),) * 990, payments=(pays("pix", "990.00"),))
    with pytest.raises(ValidationFailed) as caught:
        request.dry_run(composed(many), AT)
    (fault,) = caught.value.faults
    assert fault.code == "NFE-SIZE-01"
    # As many as it says fit do fit.
    told = re.search(r"até (\d+) itens", fault.fix)
    assert told is not None
    most_items = int(told.group(1))
    assert 400 <= most_items < 600
    fits = replace(many, items=many.items[:most_items], payments=(pays("pix", f"{most_items}.00"),))
    request.dry_run(composed(fits), AT)


def test_a_branch_that_says_nothing_of_this_is_as_before() -> None:
    made = Branch(cnpj=BRANCH.cnpj, name="A B", state_registration="110042490114", address=BRANCH.address)
    assert (made.billing, made.readers, made.approximate_taxes, made.texts) == ("off", (), "off", ())


def test_the_examples_of_the_documentation_are_sales() -> None:
    page = (Path(docs.__file__).parent / "how-to" / "billing.md").read_text(encoding="utf-8")
    examples = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        base = msgspec.to_builtins(sale(items=(item("3"),), payments=(pays("transferencia", "300.00"),)))
        tried(composed(msgspec.convert(base | msgspec.json.decode(example), Sale)))
