"""The four services, the lot's rules, duplicates and the consultation; every answer against its XSD."""

from __future__ import annotations

from importlib.resources import files

import pytest
from lxml import etree
from sim_sefaz_note import (
    CNPJ,
    NFE,
    NOW,
    Signer,
    chave_of,
    lot,
    new_authorizer,
    query,
    receipt_query,
    signed,
    status_query,
)

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.authorizer import Authorizer, Processed
from gateway.sim.sefaz.faults import Fault
from gateway.sim.sefaz.state import State

AUTORIZACAO, CONSULTA = "NFeAutorizacao4", "NFeConsultaProtocolo4"
RECIBO, STATUS = "NFeRetAutorizacao4", "NFeStatusServico4"


def field(done: Processed, path: str) -> str | None:
    """Text at a path of the answer, after the answer was checked against the official schema of its root."""
    root = etree.fromstring(done.answer)
    name = etree.QName(root).localname
    path_xsd = str(files("nfelib.nfe.schemas.v4_0").joinpath(f"{name}_v4.00.xsd"))
    etree.XMLSchema(file=path_xsd).assertValid(root)
    return root.findtext("/".join(f"{{{NFE}}}{step}" for step in path.split("/")))


def authorize(authorizer: Authorizer, message: bytes, fault: Fault | None = None) -> Processed:
    return authorizer.process(AUTORIZACAO, message, CNPJ, fault)


# ---- autorização


def test_a_good_note_is_authorised(authorizer: Authorizer, signer: Signer) -> None:
    note = signed(signer)

    done = authorize(authorizer, lot(note))

    assert field(done, "cStat") == "104"
    assert field(done, "protNFe/infProt/cStat") == "100"
    assert field(done, "protNFe/infProt/chNFe") == chave_of(note)
    assert field(done, "protNFe/infProt/nProt") == "135260000000001"
    assert field(done, "protNFe/infProt/dhRecbto") == "2026-11-21T12:00:00-03:00"
    digest = note.partition(b"<DigestValue>")[2].partition(b"<")[0].decode()
    assert field(done, "protNFe/infProt/digVal") == digest
    [record] = authorizer.register.authorized
    assert (record.nNF, record.serie, record.vNF, record.digVal) == (1234, 1, "190.00", digest)


def test_a_refused_note_is_not_stored_and_its_number_can_be_used(authorizer: Authorizer, signer: Signer) -> None:
    refused = authorize(authorizer, lot(signed(signer, {"total/ICMSTot/vNF": "1.00"})))

    assert field(refused, "cStat") == "104"
    assert field(refused, "protNFe/infProt/cStat") == "610"
    assert field(refused, "protNFe/infProt/nProt") is None
    assert authorizer.register.authorized == []
    assert authorize(authorizer, lot(signed(signer))).cStat == "100"


def test_the_same_note_again_is_204_and_changes_nothing(authorizer: Authorizer, signer: Signer) -> None:
    note = lot(signed(signer))
    authorize(authorizer, note)
    before = authorizer.register.authorized

    again = authorize(authorizer, note)

    assert field(again, "protNFe/infProt/cStat") == "204"
    assert again.xMotivo == "Rejeicao: Duplicidade de NF-e [nRec:350000000000001]"
    assert authorizer.register.authorized == before


def test_the_same_number_with_another_key_is_539_and_names_the_first(authorizer: Authorizer, signer: Signer) -> None:
    first = signed(signer)
    authorize(authorizer, lot(first))

    second = authorize(authorizer, lot(signed(signer, {"ide/cNF": "71830583"})))
    next_number = authorize(authorizer, lot(signed(signer, {"ide/nNF": "1235"})))
    other_series = authorize(authorizer, lot(signed(signer, {"ide/serie": "2"})))

    assert second.cStat == "539"
    assert f"[chNFe:{chave_of(first)}][nRec:350000000000001]" in second.xMotivo
    assert (next_number.cStat, other_series.cStat) == ("100", "100")


def test_a_lot_of_one_must_be_synchronous(authorizer: Authorizer, signer: Signer) -> None:
    refused = authorize(authorizer, lot(signed(signer), indSinc=0))

    assert field(refused, "cStat") == "452"
    assert authorizer.register.authorized == []


def test_a_lot_of_two_must_not_be_synchronous(authorizer: Authorizer, signer: Signer) -> None:
    two = [signed(signer), signed(signer, {"ide/nNF": "1235"})]

    assert field(authorize(authorizer, lot(*two)), "cStat") == "764"
    accepted = authorize(authorizer, lot(*two, indSinc=0))

    assert field(accepted, "cStat") == "103"
    nRec = field(accepted, "infRec/nRec")
    assert nRec is not None
    result = authorizer.process(RECIBO, receipt_query(nRec), CNPJ)
    assert field(result, "cStat") == "104"
    assert result.answer.count("<cStat>100</cStat>") == 2


def test_a_lot_of_two_models_is_765(authorizer: Authorizer, signer: Signer) -> None:
    two = [signed(signer), signed(signer, {"ide/mod": "65"})]

    assert authorize(authorizer, lot(*two, indSinc=0)).cStat == "765"


def test_no_digval_when_told_so(authorizer: Authorizer, signer: Signer) -> None:
    note = signed(signer)

    once = authorize(authorizer, lot(note), Fault(action="no_digval"))

    assert field(once, "protNFe/infProt/cStat") == "100"
    assert field(once, "protNFe/infProt/digVal") is None
    asked = authorizer.process(CONSULTA, query(chave_of(note)), CNPJ)
    assert field(asked, "protNFe/infProt/digVal") == authorizer.register.authorized[0].digVal
    authorizer.state = State(omit_digval=True)
    asked_again = authorizer.process(CONSULTA, query(chave_of(note)), CNPJ)
    assert field(asked_again, "protNFe/infProt/digVal") is None


def test_alerts_are_an_authorisation(authorizer: Authorizer, signer: Signer) -> None:
    note = signed(signer)

    done = authorize(authorizer, lot(note), Fault(action="alerts"))

    assert field(done, "protNFe/infProt/cStat") == "120"
    assert field(done, "protNFe/infProt/cMsg") == "172"
    assert field(authorizer.process(CONSULTA, query(chave_of(note)), CNPJ), "protNFe/infProt/cStat") == "120"


def test_a_denial_has_a_protocol_and_consumes_the_number(authorizer: Authorizer, signer: Signer) -> None:
    note = signed(signer)

    denied = authorize(authorizer, lot(note), Fault(action="denied"))

    assert field(denied, "protNFe/infProt/cStat") == "302"
    assert field(denied, "protNFe/infProt/nProt") == "135260000000001"
    assert authorizer.register.authorized == []
    assert [record.nNF for record in authorizer.register.denied] == [1234]
    assert authorize(authorizer, lot(note)).cStat == "205"
    assert authorize(authorizer, lot(signed(signer, {"ide/cNF": "71830583"}))).cStat == "539"
    asked = authorizer.process(CONSULTA, query(chave_of(note)), CNPJ)
    assert (field(asked, "cStat"), field(asked, "protNFe/infProt/cStat")) == ("110", "302")


def test_a_receipt_answers_105_before_the_result(authorizer: Authorizer, signer: Signer) -> None:
    accepted = authorize(authorizer, lot(signed(signer)), Fault(action="receipt", polls=1))

    nRec = field(accepted, "infRec/nRec")
    assert nRec is not None
    assert field(authorizer.process(RECIBO, receipt_query(nRec), CNPJ), "cStat") == "105"
    assert field(authorizer.process(RECIBO, receipt_query(nRec), CNPJ), "protNFe/infProt/cStat") == "100"
    assert field(authorizer.process(RECIBO, receipt_query("350000000009999"), CNPJ), "cStat") == "106"


def test_a_paralysed_service_refuses_and_says_so(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state = State(status="108")

    assert field(authorize(authorizer, lot(signed(signer))), "cStat") == "108"
    assert field(authorizer.process(STATUS, status_query(), CNPJ), "cStat") == "108"
    assert authorizer.register.authorized == []
    authorizer.state = State()
    assert authorize(authorizer, lot(signed(signer))).cStat == "100"


def test_a_transmitter_without_tax_id_is_282(authorizer: Authorizer, signer: Signer) -> None:
    assert authorizer.process(AUTORIZACAO, lot(signed(signer)), "").cStat == "282"


# ---- how a message is written


def test_wire_rules(authorizer: Authorizer, signer: Signer) -> None:
    good = lot(signed(signer))
    ns = NFE.encode()
    cases = {
        "214": good.replace(b"ref-abc-1", b"x" * 512_000),
        "588": good.replace(b"</idLote><indSinc>", b"</idLote>\n<indSinc>"),
        "243": good.replace(b"</idLote>", b"</idlote>"),
        "404": good.replace(b'<enviNFe xmlns="', b'<enviNFe xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="'),
        "587": good.replace(b'xmlns="' + ns + b'"', b'xmlns="http://example.com"', 1),
        "516": query("3" * 44),
        "239": good.replace(b'versao="4.00"><idLote>', b'versao="3.10"><idLote>'),
        "402": b'<?xml version="1.0" encoding="ISO-8859-1"?>' + good,
        "225": good.replace(b"<qCom>2.0000</qCom>", b"<qCom>dois</qCom>"),
    }

    for cStat, message in cases.items():
        refused = authorize(authorizer, message)
        assert (field(refused, "cStat"), cStat) == (cStat, cStat)
    assert authorizer.register.authorized == []
    assert authorize(authorizer, good).cStat == "100"


def test_a_schema_fault_says_where(authorizer: Authorizer, signer: Signer) -> None:
    refused = authorize(authorizer, lot(signed(signer)).replace(b"<qCom>2.0000</qCom>", b"<qCom>dois</qCom>"))

    assert refused.xMotivo.startswith("Rejeicao: Falha no Schema XML do lote de NFe [Element 'qCom'")


@pytest.mark.parametrize("attack", [b'<!DOCTYPE x [<!ENTITY e "v">]>', b'<!DOCTYPE x SYSTEM "file:///etc/hostname">'])
def test_no_dtd(authorizer: Authorizer, signer: Signer, attack: bytes) -> None:
    assert authorize(authorizer, attack + lot(signed(signer))).cStat == "243"


# ---- consulta


def test_consultation_finds_what_was_authorised(authorizer: Authorizer, signer: Signer) -> None:
    note = signed(signer)
    authorize(authorizer, lot(note))

    found = authorizer.process(CONSULTA, query(chave_of(note)), CNPJ)

    assert field(found, "cStat") == "100"
    assert field(found, "chNFe") == chave_of(note)
    assert field(found, "protNFe/infProt/nProt") == "135260000000001"


def test_consultation_of_what_is_not_there(authorizer: Authorizer, signer: Signer) -> None:
    first = signed(signer)
    other_cNF = signed(signer, {"ide/cNF": "71830583"})
    other_month = signed(signer, {"ide/dhEmi": "2026-10-31T11:00:00-03:00"})
    other_tpEmis = signed(signer, {"ide/tpEmis": "6"})

    def ask(note: bytes) -> Processed:
        return authorizer.process(CONSULTA, query(chave_of(note)), CNPJ)

    assert field(ask(first), "cStat") == "217"
    authorize(authorizer, lot(first))
    for note, cStat in ((other_cNF, "562"), (other_month, "561"), (other_tpEmis, "613")):
        answer = ask(note)
        assert field(answer, "cStat") == cStat
        assert f"[chNFe:{chave_of(first)}]" in answer.xMotivo


def test_consultation_refuses_a_bad_key(authorizer: Authorizer, signer: Signer, pki: TestPki) -> None:
    key = chave_of(signed(signer))
    wrong_digit = key[:43] + str((int(key[43]) + 1) % 10)

    assert field(authorizer.process(CONSULTA, query(wrong_digit), CNPJ), "cStat") == "236"
    assert field(authorizer.process(CONSULTA, query("99" + key[2:]), CNPJ), "cStat") == "614"
    assert field(authorizer.process(CONSULTA, query("1" * 10), CNPJ), "cStat") == "215"
    assert field(authorizer.process(CONSULTA, query(key, tpAmb=1), CNPJ), "cStat") == "252"
    assert field(new_authorizer(pki, uf="RJ").process(CONSULTA, query(key), CNPJ), "cStat") == "249"


# ---- status


def test_status_answers_for_the_uf_that_asked(authorizer: Authorizer, pki: TestPki) -> None:
    of_acre = authorizer.process(STATUS, status_query("12"), CNPJ)

    assert (field(of_acre, "cStat"), field(of_acre, "cUF")) == ("107", "12")
    assert field(of_acre, "dhRecbto") == "2026-11-21T10:00:00-05:00"
    assert field(new_authorizer(pki, uf="RJ").process(STATUS, status_query("35"), CNPJ), "cStat") == "410"
    assert field(authorizer.process(STATUS, status_query(tpAmb=1), CNPJ), "cStat") == "252"


# ---- consumo indevido


def test_the_same_refusal_too_often_is_656_and_blocks_the_issuer(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state = State(guard_rejections=3, guard_block_s=3600)
    bad, good = lot(signed(signer, {"total/ICMSTot/vNF": "1.00"})), lot(signed(signer, {"ide/nNF": "1235"}))

    answers = [authorize(authorizer, bad).cStat for _ in range(4)]

    assert answers == ["610", "610", "610", "656"]
    blocked = authorize(authorizer, good)
    assert field(blocked, "cStat") == "656"
    authorizer.state.clock_offset_s = 3601
    assert authorize(authorizer, good).cStat == "100"


def test_consulting_too_soon_is_656_only_when_switched_on(authorizer: Authorizer, signer: Signer) -> None:
    ask = query(chave_of(signed(signer)))

    assert [authorizer.process(CONSULTA, ask, CNPJ).cStat for _ in range(5)] == ["217"] * 5
    authorizer.state = State(guard_consult_interval_s=60, guard_block_s=600)
    assert authorizer.process(CONSULTA, ask, CNPJ).cStat == "217"
    assert authorizer.process(CONSULTA, ask, CNPJ).cStat == "656"
    authorizer.state.clock_offset_s = 601
    assert authorizer.process(CONSULTA, ask, CNPJ).cStat == "217"


# ---- scripted cStat, determinism


def test_a_scripted_cstat_answers_without_processing_or_after_it(authorizer: Authorizer, signer: Signer) -> None:
    note = lot(signed(signer))

    before = authorize(authorizer, note, Fault(action="cstat", cStat="778"))
    assert field(before, "protNFe/infProt/cStat") == "778"
    assert authorizer.register.authorized == []
    of_the_lot = authorize(authorizer, note, Fault(action="cstat", cStat="656"))
    assert field(of_the_lot, "cStat") == "656"
    after = authorize(authorizer, note, Fault(action="cstat", cStat="999", phase="after"))
    assert field(after, "cStat") == "999"
    assert len(authorizer.register.authorized) == 1
    for service, message in ((CONSULTA, query(chave_of(note))), (STATUS, status_query()), (RECIBO, receipt_query("1" * 15))):
        forced = authorizer.process(service, message, CNPJ, Fault(action="cstat", cStat="108"))
        assert field(forced, "cStat") == "108"


def test_same_clock_and_sequence_give_the_same_bytes(pki: TestPki, signer: Signer) -> None:
    notes = [lot(signed(signer, {"ide/nNF": str(n)})) for n in (1, 2, 2, 3)]

    def run() -> list[str]:
        authorizer = new_authorizer(pki)
        return [authorizer.process(AUTORIZACAO, note, CNPJ).answer for note in notes]

    first = run()
    assert first == run()
    assert [("<nProt>13526000000000" in answer) for answer in first] == [True, True, False, True]


def test_the_clock_can_be_moved(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state = State(clock_offset_s=3600)

    done = authorize(authorizer, lot(signed(signer)))

    assert NOW.isoformat() == "2026-11-21T15:00:00+00:00"
    assert field(done, "protNFe/infProt/dhRecbto") == "2026-11-21T13:00:00-03:00"
