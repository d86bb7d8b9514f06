"""Model 65: a whole NFC-e is authorised, and what it may not carry is refused."""

from __future__ import annotations

import pytest
from sim_sefaz_note import CNPJ, HOMOLOGACAO_NAME, Edits, Signer, lot, signed

from gateway.sim.sefaz.authorizer import Authorizer

QR = "https://www.example.com/nfce/qrcode?p={chave}|3|2"
NFCE: Edits = {
    "ide/mod": "65",
    "ide/tpImp": "4",
    "dest": None,
    "det/prod/xProd": "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL",
    "@qrCode": QR,
}
TO_SOMEBODY: Edits = {name: value for name, value in NFCE.items() if name != "dest"}

CASES: list[tuple[str, Edits, Edits]] = [
    ("703", {"ide/dhEmi": "2026-11-21T12:05:01-03:00"}, {"ide/dhEmi": "2026-11-21T12:05:00-03:00"}),
    ("707", {"ide/idDest": "2"}, {}),
    ("709", {"ide/tpImp": "1"}, {"ide/tpImp": "5"}),
    ("716", {"ide/indFinal": "0"}, {}),
    ("717", {"ide/indPres": "0"}, {}),
    ("705", {"ide/dhEmi>": "<dhSaiEnt>2026-11-21T11:00:00-03:00</dhSaiEnt>"}, {}),
    ("708", {"ide/verProc>": "<NFref><refNFe>35261111222333000181550010000012331718305829</refNFe></NFref>"}, {}),
    ("760", {"transp>": "<cobr><fat><nFat>1</nFat></fat></cobr>"}, {}),
    ("753", {"transp/modFrete": "0"}, {}),
    ("754", {"transp/modFrete>": "<transporta><xNome>Alguem</xNome></transporta>"}, {}),
    ("762", {"infAdic>": "<compra><xPed>1</xPed></compra>"}, {}),
    ("397", {"@qrCode": "https://www.example.com/nfce/qrcode?p={chave}|3|1"}, {}),
    ("373", {"det/prod/xProd": "Camiseta"}, {}),
    ("391", {"pag/detPag/tPag": "17"}, {"pag/detPag/tPag": "17", "pag/detPag/vPag>": "<card><tpIntegra>2</tpIntegra></card>"}),
    ("857", {"pag/detPag/tPag": "14"}, {"pag/detPag/tPag": "10"}),
    ("899", {"pag/detPag/tPag": "90", "pag/detPag/vPag": "0.00"}, {}),
    ("397", {"@qrCode": "https://www.example.com/qrcode?p=" + "35261111222333000181650010000012341718305827" + "|3|2"}, {}),
]


@pytest.mark.parametrize(("cStat", "bad", "good"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_refuses_and_its_neighbour_passes(
    authorizer: Authorizer, signer: Signer, cStat: str, bad: Edits, good: Edits
) -> None:
    refused = authorizer.process("NFeAutorizacao4", lot(signed(signer, {**NFCE, **bad})), CNPJ)

    assert refused.cStat == cStat, refused.xMotivo
    assert authorizer.register.authorized == []
    accepted = authorizer.process("NFeAutorizacao4", lot(signed(signer, {**NFCE, **good})), CNPJ)
    assert accepted.cStat == "100", accepted.xMotivo


def test_without_qr_code_it_is_394_and_a_nfe_with_one_is_393(authorizer: Authorizer, signer: Signer) -> None:
    bare = {name: value for name, value in NFCE.items() if name != "@qrCode"}

    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, bare)), CNPJ).cStat == "394"
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, {"@qrCode": QR})), CNPJ).cStat == "393"


def test_a_buyer_that_pays_icms_is_789(authorizer: Authorizer, signer: Signer) -> None:
    payer = {**TO_SOMEBODY, "dest/indIEDest": "1", "dest/indIEDest>": "<IE>110042490114</IE>"}

    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, payer)), CNPJ).cStat == "789"
    done = authorizer.process("NFeAutorizacao4", lot(signed(signer, {**TO_SOMEBODY, "dest/xNome": HOMOLOGACAO_NAME})), CNPJ)
    assert done.cStat == "100"


def test_delivery_needs_a_buyer(authorizer: Authorizer, signer: Signer) -> None:
    delivery = {"ide/indPres": "4", "ide/indPres>": "<indIntermed>0</indIntermed>"}

    carried = {**delivery, "transp/modFrete": "3", "transp/modFrete>": f"<transporta><CNPJ>{CNPJ}</CNPJ></transporta>"}

    for edits, cStat in (
        ({**NFCE, **carried}, "787"),
        ({**TO_SOMEBODY, **carried, "dest/enderDest": None}, "788"),
        ({**TO_SOMEBODY, **delivery}, "786"),
        ({**TO_SOMEBODY, **carried}, "100"),
    ):
        assert authorizer.process("NFeAutorizacao4", lot(signed(signer, edits)), CNPJ).cStat == cStat


def test_the_hash_of_version_2_is_checked_when_the_csc_is_known(authorizer: Authorizer, signer: Signer) -> None:
    wrong = {**NFCE, "@qrCode": "https://www.example.com/nfce/qrcode?p={chave}|2|2|1|" + "A" * 40}

    authorizer.state.csc = {"7": "segredo"}
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, wrong)), CNPJ).cStat == "462"
    authorizer.state.csc = {"1": "segredo"}
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, wrong)), CNPJ).cStat == "464"
    authorizer.state.csc = {}
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, wrong)), CNPJ).cStat == "100"
