"""Model 65: a whole NFC-e is authorised, and what it may not carry is refused."""

from __future__ import annotations

import pytest
from sim_sefaz_judging import refuses_and_passes
from sim_sefaz_nfce_cases import CASES, NFCE, QR, TO_SOMEBODY
from sim_sefaz_note import CNPJ, HOMOLOGACAO_NAME, Edits, Signer, lot, signed

from gateway.sim.sefaz.authorizer import Authorizer


@pytest.mark.parametrize(("cStat", "bad", "good"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_refuses_and_its_neighbour_passes(
    authorizer: Authorizer, signer: Signer, cStat: str, bad: Edits, good: Edits
) -> None:
    refuses_and_passes(authorizer, signer, cStat, {**NFCE, **bad}, {**NFCE, **good})


def test_without_qr_code_it_is_394_and_a_nfe_may_have_one_since_the_rule_ended(authorizer: Authorizer, signer: Signer) -> None:
    bare = {name: value for name, value in NFCE.items() if name != "@qrCode"}

    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, bare)), CNPJ).cStat == "394"
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer, {"@qrCode": QR})), CNPJ).cStat == "100"


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


def test_a_lot_has_one_nfce_only(authorizer: Authorizer, signer: Signer) -> None:
    first, second = signed(signer, NFCE), signed(signer, {**NFCE, "ide/nNF": "1235"})

    assert authorizer.process("NFeAutorizacao4", lot(first, second, indSinc=0), CNPJ).cStat == "126"
    assert authorizer.register.authorized == []
    assert authorizer.process("NFeAutorizacao4", lot(first), CNPJ).cStat == "100"
