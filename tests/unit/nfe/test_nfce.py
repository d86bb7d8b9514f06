"""A NFC-e as written: valid by the schema, signed so that others verify it, taken by the SEFAZ simulator."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from gateway.core.errors import ValidationFailed
from gateway.nfe import nfce, tables
from gateway.nfe.build import build, dry_run
from gateway.nfe.certificate import Certificate
from gateway.nfe.sale import Customer, Freight, Intermediary
from gateway.nfe.signature import DSIG, NFE, digest, sign, verify
from gateway.nfe.supplement import supplemented
from gateway.nfe.xsd import validate
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.rules import Conditions, first_refusal
from tests.unit.nfe.made import AT, BRANCH, CONSUMER, RJ, SIMPLES, built, item, pays, sale
from tests.unit.nfe.made_nfce import CPF_ONLY, CSC, REASON, composed, delivered, made, settled
from tests.unit.nfe.made_nfce import nfce as nfce_sale
from tests.unit.nfe.test_signature import verify_with_xmlsec

D = Decimal
NS = {"n": NFE, "d": DSIG}
QR = "https://www.homologacao.nfce.fazenda.sp.gov.br/NFCeConsultaPublica/Paginas/ConsultaQRCode.aspx"


def judged(xml: bytes) -> str:
    """The simulator's word on the content: `100`, or the cStat it refuses with."""
    known = {CSC.id: CSC.secret}
    refusal = first_refusal(Note(etree.fromstring(xml)), Conditions(AT, "2", frozenset({"SP"}), known))
    return "100" if refusal is None else refusal.cStat


def text(root: etree._Element, path: str) -> str | None:
    return root.findtext("/".join(f"n:{step}" for step in path.split("/")), None, NS)


WHOLE: dict[str, tuple[Any, Any, bool]] = {
    "nobody, version 3": (nfce_sale(), BRANCH, False),
    "nobody, version 3, off-line": (nfce_sale(), BRANCH, True),
    "CPF, version 2": (nfce_sale(customer=CPF_ONLY), settled(qr_version="2"), False),
    "CPF, version 2, off-line": (nfce_sale(customer=CPF_ONLY), settled(qr_version="2"), True),
    "CPF, version 3, off-line": (nfce_sale(customer=CPF_ONLY), BRANCH, True),
    "CNPJ, off-line": (nfce_sale(customer=Customer(tax_id="11222333000181")), BRANCH, True),
    "name and address of another state": (
        nfce_sale(customer=Customer(tax_id=CPF_ONLY.tax_id, name="Zé", address=RJ)),
        SIMPLES,
        False,
    ),
    "delivery": (delivered(), BRANCH, False),
    "change and cards": (
        nfce_sale(payments=(pays("cartao_credito", "60.00"), pays("pix", "20"), pays("dinheiro", "50.00"))),
        SIMPLES,
        False,
    ),
}


@pytest.mark.parametrize(("of", "branch", "offline"), WHOLE.values(), ids=list(WHOLE))
def test_is_valid_signed_and_taken(certificate: Certificate, of: Any, branch: Any, offline: bool) -> None:
    plain = made(of, branch, certificate=certificate, csc=CSC, offline=offline)
    signed = sign(plain.xml, certificate)
    assert validate(signed.xml) == ()
    verify_with_xmlsec(signed.xml, certificate)
    assert verify(signed.xml) == certificate.der
    root = etree.fromstring(signed.xml)
    assert [etree.QName(child).localname for child in root] == ["infNFe", "infNFeSupl", "Signature"]
    assert judged(signed.xml) == "100"


def test_what_stands_outside_of_the_signature_does_not_change_it(certificate: Certificate) -> None:
    draft = composed(nfce_sale())
    plain = build(draft, number=7, cNF="10203040", dhEmi=AT)
    whole = supplemented(plain, draft, dhEmi=AT, csc=None, sign=certificate.sign_sha1)
    assert b"infNFeSupl" not in plain.xml
    assert digest(plain.xml) == digest(whole.xml) == sign(whole.xml, certificate).digest


def test_counter_sale_to_nobody(certificate: Certificate) -> None:
    plain = made(nfce_sale(order_number="PDV-1"), certificate=certificate)
    root = etree.fromstring(plain.xml)
    assert plain.chave.mod == "65"
    expected = {
        "ide/mod": "65",
        "ide/serie": "1",
        "ide/tpNF": "1",
        "ide/idDest": "1",
        "ide/tpImp": "4",
        "ide/tpEmis": "1",
        "ide/finNFe": "1",
        "ide/indFinal": "1",
        "ide/indPres": "1",
        "ide/indIntermed": None,
        "ide/dhSaiEnt": None,
        "ide/dhCont": None,
        "dest": None,
        "det/prod/xProd": "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL",
        "det/prod/CFOP": "5102",
        "det/prod/xPed": "PDV-1",
        "transp/modFrete": "9",
        "compra": None,
    }
    assert {path: text(root, f"infNFe/{path}") for path in expected} == expected
    assert text(root, "infNFeSupl/qrCode") == f"{QR}?p={plain.chave}|3|2"
    assert text(root, "infNFeSupl/urlChave") == "https://www.homologacao.nfce.fazenda.sp.gov.br/consulta"


def test_only_the_first_item_bears_the_words_of_homologacao(certificate: Certificate) -> None:
    two = nfce_sale(items=(item(), item()), payments=(pays("dinheiro", "200"),))
    names = [node.text for node in etree.fromstring(made(two, certificate=certificate).xml).iterfind(".//n:xProd", NS)]
    assert names == [nfce.HOMOLOGACAO_ITEM, "Camiseta básica"]


def test_series_is_the_nfces_own(certificate: Certificate) -> None:
    assert made(nfce_sale(), settled(series=7), certificate=certificate).chave.serie == 7


def test_a_long_order_number_is_told_in_the_notes(certificate: Certificate) -> None:
    root = etree.fromstring(made(nfce_sale(order_number="1234567890-123456", notes="Volte."), certificate=certificate).xml)
    assert text(root, "infNFe/infAdic/infCpl") == "Pedido 1234567890-123456. Volte."
    assert text(root, "infNFe/det/prod/xPed") is None


def test_a_document_alone_identifies_the_buyer(certificate: Certificate) -> None:
    root = etree.fromstring(made(nfce_sale(customer=CPF_ONLY), certificate=certificate).xml)
    dest = root.find("n:infNFe/n:dest", NS)
    assert dest is not None
    assert [(etree.QName(child).localname, child.text) for child in dest] == [("CPF", "52998224725"), ("indIEDest", "9")]


def test_buyer_of_another_state_pays_no_difal_at_the_counter(certificate: Certificate) -> None:
    visitor = Customer(tax_id=CPF_ONLY.tax_id, name="João da Praia", address=RJ)
    root = etree.fromstring(made(nfce_sale(customer=visitor), certificate=certificate).xml)
    assert text(root, "infNFe/ide/idDest") == "1"
    assert text(root, "infNFe/det/prod/CFOP") == "5102"
    assert root.find(".//n:ICMSUFDest", NS) is None


def test_delivery_tells_buyer_carrier_and_marketplace(certificate: Certificate) -> None:
    of = delivered(intermediary=Intermediary(cnpj="11222333000181", account="loja"))
    root = etree.fromstring(made(of, certificate=certificate).xml)
    assert text(root, "infNFe/ide/indPres") == "4"
    assert text(root, "infNFe/ide/indIntermed") == "1"
    assert text(root, "infNFe/transp/modFrete") == "0"
    assert text(root, "infNFe/transp/transporta/CNPJ") == "11222333000181"
    assert text(root, "infNFe/dest/enderDest/xMun") == "São Paulo"
    own = etree.fromstring(made(delivered(), certificate=certificate).xml)
    assert text(own, "infNFe/ide/indIntermed") == "0"


def test_a_store_that_delivers_by_itself_is_the_carrier(certificate: Certificate) -> None:
    root = etree.fromstring(made(delivered(freight=Freight(mode="proprio_remetente")), certificate=certificate).xml)
    assert text(root, "infNFe/transp/transporta/CNPJ") == BRANCH.cnpj
    assert text(root, "infNFe/transp/transporta/xNome") == BRANCH.name


def test_offline_says_since_when_and_why(certificate: Certificate) -> None:
    plain = made(nfce_sale(customer=CONSUMER), certificate=certificate, offline=True)
    root = etree.fromstring(plain.xml)
    assert plain.chave.tpEmis == "9"
    assert text(root, "infNFe/ide/dhCont") == "2026-11-20T10:30:00-03:00"
    assert text(root, "infNFe/ide/xJust") == REASON
    qr = text(root, "infNFeSupl/qrCode") or ""
    assert qr.startswith(f"{QR}?p={plain.chave}|3|2|20|100.00|2|52998224725|")


def test_version_2_needs_the_csc(certificate: Certificate) -> None:
    branch = settled(qr_version="2")
    with pytest.raises(ValidationFailed) as caught:
        made(nfce_sale(), branch, certificate=certificate)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [("NFCE-QR-01", "$.branch")]
    assert "{cnpj}" in caught.value.faults[0].fix
    dry_run(composed(nfce_sale(), branch), AT)
    assert made(nfce_sale(), certificate=certificate, csc=CSC).xml == made(nfce_sale(), certificate=certificate).xml


def test_a_nfe_has_no_supplement(certificate: Certificate) -> None:
    note = built(sale())
    draft = composed(nfce_sale())
    assert b"infNFeSupl" not in note.xml
    assert b"infNFeSupl" in supplemented(note, draft, dhEmi=AT, csc=None, sign=certificate.sign_sha1).xml


def test_policy_is_of_the_state_and_of_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        tables.table("nfce"),  # type: ignore[arg-type]
        "identify",
        [
            {"above": "10000.00", "since": date(2015, 2, 3)},
            {"uf": "ZZ", "above": "500.00", "since": date(2026, 12, 1)},
        ],
    )
    nfce._of_state.cache_clear()
    before, after = date(2026, 11, 30), date(2026, 12, 1)
    assert nfce.policy(BRANCH, "ZZ", before).identify_above == D("10000.00")
    assert nfce.policy(BRANCH, "ZZ", after).identify_above == D("500.00")
    assert nfce.policy(BRANCH, "SP", after).identify_above == D("10000.00")
    assert nfce.policy(BRANCH, "SP", date(2025, 11, 2)).qr_version == "2"
    assert nfce.policy(BRANCH, "SP", date(2025, 11, 3)).qr_version == "3"
    nfce._of_state.cache_clear()
