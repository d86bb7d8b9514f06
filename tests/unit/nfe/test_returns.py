"""What a return, a correction or an adjustment is refused for, beside a neighbour that passes; documents that others issued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ValidationFailed
from gateway.nfe.branch import Branch
from gateway.nfe.build import Built
from gateway.nfe.certificate import Certificate
from gateway.nfe.claims import Claim, Kept
from gateway.nfe.compose import compose
from gateway.nfe.findings import rules
from gateway.nfe.mirror import inverse_cfop
from gateway.nfe.operations import BranchOperation
from gateway.nfe.originals import keys, opened
from gateway.nfe.sale import Freight, ReturnedLine, Sale
from gateway.nfe.signature import digest, sign
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, SHIRT, SIMPLES, D, item, pays, sale
from tests.unit.nfe.made_returns import CARIOCA, SUPPLIER, US, given_back, kept, only, sold, taking, with_credit

NF = "http://www.portalfiscal.inf.br/nfe"
SOLD = sold()
BOUGHT = sold(branch=SUPPLIER, customer=US)
SLIP = sold(mod="65", customer=None)
TWO = sold(items=(item("1", "10.00"), item("2", "10.00")), payments=(pays("pix", "30.00"),), number=1240)
OTHER = sold(number=1235, customer=CARIOCA)
STRANGER = sold(branch=SUPPLIER, number=1236)
ENTERED = sold(operation="entrada_conserto", payments=(), number=1237)
OF_SIMPLES = sold(branch=SIMPLES, number=1238)
STORE = {
    **kept(SOLD),
    **kept(BOUGHT),
    **kept(SLIP),
    **kept(TWO),
    **kept(OTHER),
    **kept(STRANGER),
    **kept(ENTERED),
    **kept(OF_SIMPLES),
}


def back(of: Built = SOLD, operation: str = "devolucao_venda", **changes: Any) -> Sale:
    line = {name: changes.pop(name) for name in list(changes) if name in ReturnedLine.__struct_fields__}
    return msgspec.structs.replace(taking(operation, of, **line), **changes)


def lines(*given: ReturnedLine, **changes: Any) -> Sale:
    return msgspec.structs.replace(back(), returns=given, **changes)


def line(of: Built = SOLD, **changes: Any) -> ReturnedLine:
    return ReturnedLine(**{"chave_acesso": of.chave, "item": 1, "quantity": D(1), **changes})


def told(asked: Sale, store: dict[str, Kept] | None = None, branch: Branch = BRANCH) -> list[tuple[str, str]]:
    try:
        given_back(asked, STORE if store is None else store, branch)
    except ValidationFailed as error:
        return [(fault.code, fault.path) for fault in error.faults]
    return []


CREDIT = with_credit("perda_estoque", customer=None)


@pytest.mark.parametrize(
    ("code", "path", "bad", "good"),
    [
        ("NFE-RET-01", "$.returns", sale(operation="devolucao_venda", payments=()), back()),
        ("NFE-RET-01", "$.items", msgspec.structs.replace(back(), items=(item(),)), back()),
        ("NFE-RET-02", "$.returns[0].chave_acesso", back(sold(number=9)), back()),
        ("NFE-RET-06", "$.returns[0].item", back(item=2), back(item=1)),
        ("NFE-RET-06", "$.returns[0].sku", back(item=None, sku="CAM-2"), back(item=None, sku="CAM-1")),
        ("NFE-RET-07", "$.returns[0].sku", back(TWO, item=None, sku="CAM-1"), back(TWO, item=2, sku="CAM-1")),
        ("NFE-RET-08", "$.returns[0].quantity", back(quantity="3.0001"), back(quantity="3")),
        (
            "NFE-RET-08",
            "$.returns[0].amount",
            back(SOLD, "reducao_valor", amount="100.00"),
            back(SOLD, "reducao_valor", amount="99.99"),
        ),
        ("NFE-RET-09", "$.returns[0]", back(amount="10.00"), back(quantity="1")),
        ("NFE-RET-09", "$.returns[0]", back(SOLD, "multa_juros"), back(SOLD, "multa_juros", amount="500.00")),
        ("NFE-RET-09", "$.returns[0]", back(SOLD, "complemento_icms"), back(SOLD, "complemento_icms", icms_base="1.00")),
        ("NFE-RET-10", "$.returns", lines(line(), line(OTHER)), lines(line(), line(TWO))),
        ("NFE-RET-11", "$.returns[0].chave_acesso", back(SOLD, "devolucao_compra"), back(BOUGHT, "devolucao_compra")),
        ("NFE-RET-11", "$.returns[0].chave_acesso", back(BOUGHT), back()),
        ("NFE-RET-11", "$.returns[0].chave_acesso", back(ENTERED, "estorno"), back(SOLD, "estorno")),
        ("NFE-RET-12", "$.returns[1]", lines(line(), line()), lines(line(TWO), line(TWO, item=2))),
        (
            "NFE-RET-14",
            "$.returns[1].operation",
            lines(line(), line(operation="reducao_valor")),
            lines(line(), line(operation="entrada_troca")),
        ),
        ("NFE-RET-15", "$.returns[0]", back(OF_SIMPLES, "multa_juros", amount="1.00"), back(SOLD, "multa_juros", amount="1.00")),
        ("NFE-RET-17", "$.returns", back(SOLD, "remessa_comodato"), back(SOLD, "devolucao_venda")),
        ("NFE-RET-18", "$.returns[0].chave_acesso", back(STRANGER), back()),
        (
            "NFE-RET-19",
            "$.returns",
            lines(line(), line(TWO), operation="complemento_valor", payments=(pays("pix", "43.33"),)),
            lines(line(TWO), line(TWO, item=2), operation="complemento_valor", payments=(pays("pix", "20.00"),)),
        ),
        ("NFE-RET-20", "$", back(freight=Freight(amount=D("1.00"))), back(freight=Freight(mode="emitente"))),
        (
            "NFE-OP-07",
            "$.returns[0].chave_acesso",
            back(SLIP, "multa_juros", amount="1.00"),
            back(SOLD, "multa_juros", amount="1.00"),
        ),
        ("NFE-RTC-42", "$.items[0].reform.reversal", with_credit("perda_estoque", "0", "0", customer=None), CREDIT),
        (
            "NFE-RTC-46",
            "$.items[0].reform",
            with_credit("anulacao_credito", customer=None, month="2026-12"),
            with_credit("anulacao_credito", customer=None, month="2026-11"),
        ),
        (
            "NFE-RTC-41",
            "$.items[0].reform.transfer",
            with_credit("bonificacao"),
            with_credit("transferencia_credito_cooperativa"),
        ),
        ("NFE-CREDIT-04", "$.customer", with_credit("perda_estoque"), CREDIT),
        (
            "NFE-SALE-11",
            "$.items",
            sale(operation="bonificacao", items=(), payments=()),
            sale(operation="bonificacao", payments=()),
        ),
    ],
)
def test_a_rule_refuses_one_and_lets_its_neighbour_pass(code: str, path: str, bad: Sale, good: Sale) -> None:
    assert told(bad) == [(code, path)]
    assert told(good) == []


def test_a_sale_without_items_is_told_so_and_nothing_else() -> None:
    assert told(sale(items=(), discount=D("1.00"))) == [("NFE-SALE-11", "$.items")]


def test_only_an_authorised_note_is_returned() -> None:
    for status in ("cancelled", "processing", "denied", "rejected"):
        assert told(back(), kept(SOLD, status=status)) == [("NFE-RET-05", "$.returns[0].chave_acesso")]
    assert told(back(), kept(SOLD)) == []


def test_the_simples_writes_no_credit_or_debit_note() -> None:
    assert told(CREDIT, branch=SIMPLES) == [("NFE-CREDIT-03", "$.operation")]
    assert told(sale(operation="baixa_estoque", customer=None, payments=()), branch=SIMPLES) == []


def test_a_service_does_not_come_back_as_goods() -> None:
    xml = SOLD.xml
    start, end = xml.index(b"<ICMS>"), xml.index(b"</ICMS>") + len(b"</ICMS>")
    service = (
        b"<ISSQN><vBC>80.00</vBC><vAliq>5.00</vAliq><vISSQN>4.00</vISSQN><cMunFG>3550308</cMunFG><cListServ>14.06</cListServ>"
        b"<indISS>1</indISS><indIncentivo>2</indIncentivo></ISSQN>"
    )
    served = msgspec.structs.replace(SOLD, xml=xml[:start] + service + xml[end:])
    assert told(back(served), kept(served)) == [("NFE-RET-13", "$.returns[0]")]


def test_an_item_without_icms_of_its_own_has_nothing_to_complement() -> None:
    exempt = sold(operation="remessa_comodato", payments=())
    assert told(back(exempt, "complemento_icms", icms_base="1.00"), kept(exempt)) == [("NFE-RET-16", "$.returns[0]")]


def test_what_was_taken_before_is_taken_into_account() -> None:
    taken = Claim(1, "quantity", D(2), 1)
    assert told(back(quantity="2"), kept(SOLD, taken)) == [("NFE-RET-08", "$.returns[0].quantity")]
    rest = only(given_back(back(quantity=None), kept(SOLD, taken)))
    assert (rest.prod.qCom, rest.prod.vProd) == (D(1), D("33.33"))
    # 99.99 less the two thirds that came back: 33.33 may still be reduced.
    assert told(back(SOLD, "reducao_valor", amount="33.34"), kept(SOLD, taken)) == [("NFE-RET-08", "$.returns[0].amount")]
    assert told(back(SOLD, "reducao_valor", amount="33.33"), kept(SOLD, taken)) == []
    # Nothing is left of it.
    assert told(back(), kept(SOLD, Claim(1, "quantity", D(3), 1))) == [("NFE-RET-08", "$.returns[0].quantity")]


def test_goods_sold_by_another_establishment_bring_no_credit() -> None:
    """RICMS/SP, art. 452: ICMS 90 without values, and the sale is referred to all the same."""
    elsewhere = msgspec.structs.replace(BRANCH, cnpj="12ABC345000269")
    of = sold(branch=elsewhere)
    det = only(given_back(back(of), kept(of)))
    assert det.imposto.ICMS is not None
    assert det.imposto.ICMS.ICMS90 is not None
    assert (det.imposto.ICMS.ICMS90.vICMS, det.imposto.ICMSUFDest) == (None, None)
    assert det.DFeReferenciado is not None
    assert det.DFeReferenciado.chaveAcesso == of.chave


def test_the_branchs_own_cfop_comes_before_the_inverse() -> None:
    rows = (BranchOperation(operation="devolucao_venda", since=date(2026, 1, 1), cfop_internal="1949"),)
    asked = back()
    draft = compose(asked, BRANCH, {"CAM-1": SHIRT}, at=AT, operations=rows, originals=opened(asked, kept(SOLD)))
    assert only(draft).prod.CFOP == "1949"
    assert only(given_back(asked, kept(SOLD))).prod.CFOP == "1202"


def test_references_follow_the_day() -> None:
    """Item by item since 26/10/2026 in homologação (NT 2025.002 v1.52); in the header before."""
    before = datetime.fromisoformat("2026-10-25T10:00:00-03:00")
    old, new = given_back(back(), kept(SOLD), at=before), given_back(back(), kept(SOLD))
    assert [ref.refNFe for ref in old.header.references] == [SOLD.chave]
    assert only(old).DFeReferenciado is None
    assert new.header.references == ()
    assert only(new).DFeReferenciado is not None
    # A note without IBS and CBS keeps the header.
    simple = sold(branch=SIMPLES)
    assert [ref.refNFe for ref in given_back(back(simple), kept(simple), SIMPLES).header.references] == [simple.chave]


def test_a_customer_named_by_the_caller_takes_the_place_of_nobody() -> None:
    draft = given_back(back(SLIP, customer=CONSUMER), kept(SLIP))
    assert draft.dest is not None
    assert (draft.dest.CPF, draft.customer_name) == ("52998224725", "Maria Exemplo")


@pytest.mark.parametrize(
    ("old", "sold_", "first", "new"),
    [
        ("5102", True, "1", "1202"),
        ("6102", True, "2", "2202"),
        ("6108", True, "2", "2202"),
        ("5405", True, "1", "1411"),
        ("6404", True, "2", "2411"),
        ("5917", True, "1", "1918"),
        ("5908", True, "1", "1909"),
        ("5102", False, "5", "5202"),
        ("6401", False, "6", "6411"),
        ("5933", True, "1", None),
    ],
)
def test_pairs_of_cfop(old: str, sold_: bool, first: str, new: str | None) -> None:
    assert inverse_cfop(old, sold=sold_, first=first, day=AT.date()) == new


def proc(note: Built, certificate: Certificate, *, cStat: str = "100", digVal: str | None = None) -> str:
    signed = sign(note.xml, certificate).xml.decode()
    value = digVal or digest(note.xml)
    return (
        f'<nfeProc xmlns="{NF}" versao="4.00">{signed}<protNFe versao="4.00"><infProt><tpAmb>2</tpAmb><verAplic>1</verAplic>'
        f"<chNFe>{note.chave}</chNFe><dhRecbto>2026-11-20T10:30:00-03:00</dhRecbto><nProt>135260000000001</nProt>"
        f"<digVal>{value}</digVal><cStat>{cStat}</cStat><xMotivo>Autorizado o uso da NF-e</xMotivo></infProt></protNFe></nfeProc>"
    )


def brought(text: str) -> Callable[[], list[tuple[str, str]]]:
    return lambda: told(msgspec.structs.replace(back(), originals=(text,)), {})


def test_a_document_that_is_brought_is_verified(certificate: Certificate) -> None:
    good = proc(SOLD, certificate)
    assert brought(good)() == []
    assert brought(good.replace("<vProd>99.99", "<vProd>99.98", 1))() == [("NFE-RET-03", "$.originals[0]")]
    assert brought(proc(SOLD, certificate, cStat="302"))() == [("NFE-RET-04", "$.originals[0]")]
    assert brought(proc(SOLD, certificate, digVal="A" * 27 + "="))() == [("NFE-RET-04", "$.originals[0]")]
    assert brought(sign(SOLD.xml, certificate).xml.decode())() == [("NFE-RET-04", "$.originals[0]")]
    assert {path for _, path in brought("<html/>")()} == {"$.originals[0]"}
    of_another = msgspec.structs.replace(back(BOUGHT, "devolucao_compra"), originals=(proc(BOUGHT, certificate),))
    assert told(of_another, {}) == [("NFE-RET-21", "$.originals[0]")]


def test_keys_are_those_that_are_chaves() -> None:
    assert keys(("x", SOLD.chave, f" {SOLD.chave[:4]} {SOLD.chave[4:]}")) == (SOLD.chave,)
    assert isinstance(SOLD.chave, ChaveAcesso)


def test_every_fault_is_whole() -> None:
    for code, rule in rules().items():
        if code.startswith(("NFE-RET", "NFE-CREDIT")):
            assert rule.message.endswith("."), code
            assert rule.fix.endswith("."), code
            assert rule.source, code


def test_every_rule_of_returns_is_proven_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for code in rules():
        if code.startswith(("NFE-RET-", "NFE-CREDIT-")):
            assert source.count(f'"{code}"') >= 1, code
