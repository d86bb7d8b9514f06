"""The Ambiente Nacional: manifestations of who buys, and the distribution of what was issued against it."""

from __future__ import annotations

import base64
import gzip
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from sim_sefaz_event import DIST, authorised, cancel, correct, event, manifest, send, valid, verify
from sim_sefaz_note import CNPJ, NFE, NOW, Signer, issue

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import SefazSimulator
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.records import Parcel
from gateway.sim.sefaz.supplier import Deposit, Supplier, Supply

BUYER, CARRIER = "11444777000161", "12ABC34501DE35"
TO_COMPANY = {"dest/CPF>": f"<CNPJ>{BUYER}</CNPJ>", "dest/CPF": None}


@pytest.fixture(scope="module")
def buyer(pki: TestPki) -> Signer:
    return Signer.from_pfx(issue(pki, BUYER), "senha")


def question(how: str, cnpj: str = BUYER, tpAmb: int = 2) -> bytes:
    return (
        f'<distDFeInt xmlns="{NFE}" versao="1.01"><tpAmb>{tpAmb}</tpAmb><cUFAutor>35</cUFAutor><CNPJ>{cnpj}</CNPJ>{how}'
        "</distDFeInt>"
    ).encode()


def since(nsu: int) -> str:
    return f"<distNSU><ultNSU>{nsu:015d}</ultNSU></distNSU>"


def one(nsu: int) -> str:
    return f"<consNSU><NSU>{nsu:015d}</NSU></consNSU>"


def by_key(chave: str) -> str:
    return f"<consChNFe><chNFe>{chave}</chNFe></consChNFe>"


def ask(authorizer: Authorizer, how: str, cnpj: str = BUYER, **other: str) -> tuple[str, int, int, list[tuple[int, str, str]]]:
    """cStat, ultNSU, maxNSU and documents of an answer that the public schema took."""
    done = authorizer.process(DIST, question(how, cnpj), other.get("transmitter", cnpj), wrapped=True)
    root = valid(done.answer, "nfelib.nfe_dist_dfe.schemas.v1_0", "retDistDFeInt_v1.01")
    docs = [
        (int(doc.get("NSU", "")), doc.get("schema", ""), gzip.decompress(base64.b64decode(doc.text or "")).decode())
        for doc in root.iter(f"{{{NFE}}}docZip")
    ]
    return done.cStat, int(root.findtext(f"{{{NFE}}}ultNSU") or ""), int(root.findtext(f"{{{NFE}}}maxNSU") or ""), docs


def schemas(answer: tuple[str, int, int, list[tuple[int, str, str]]]) -> list[str]:
    return [doc[1] for doc in answer[3]]


def test_who_buys_gets_the_summary_then_after_ciencia_the_note(authorizer: Authorizer, signer: Signer, buyer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer, TO_COMPANY)

    cStat, ult, most, [(nsu, schema, xml)] = ask(authorizer, since(0))

    assert (cStat, ult, most, nsu, schema) == ("138", 1, 1, 1, "resNFe_v1.01.xsd")
    root = valid(xml, "nfelib.nfe_dist_dfe.schemas.v1_0", "resNFe_v1.01")
    told = [root.findtext(f"{{{NFE}}}{tag}") for tag in ("chNFe", "CNPJ", "vNF", "nProt", "cSitNFe")]
    assert told == [chave, CNPJ, "190.00", nProt, "1"]
    done = send(authorizer, manifest(buyer, chave, "210210", author=BUYER), transmitter=BUYER)
    assert (done.cStat, "<nProt>891260000000002</nProt>" in done.answer) == ("135", True)
    authorizer.state.clock_offset_s = 3600
    cStat, ult, most, [(nsu, schema, xml)] = ask(authorizer, since(1))
    assert (cStat, ult, most, nsu, schema) == ("138", 2, 2, 2, "procNFe_v4.00.xsd")
    valid(xml, "nfelib.nfe.schemas.v4_0", "procNFe_v4.00")
    verify(etree.tostring(etree.fromstring(xml)[0]))


def test_the_issuer_hears_of_manifestations_but_not_of_its_own_notes(
    authorizer: Authorizer, signer: Signer, buyer: Signer
) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)
    assert authorizer.register.parcels(CNPJ[:8]) == []

    send(authorizer, manifest(buyer, chave, "210240", author=BUYER), transmitter=BUYER)

    assert schemas(ask(authorizer, since(0), CNPJ)) == ["procEventoNFe_v1.00.xsd"]
    assert ask(authorizer, by_key(chave), CNPJ)[0] == "641"


def test_a_person_is_not_served_and_carrier_and_reader_get_the_whole(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)
    carried = {
        "ide/nNF": "1235",
        "dest>": f"<autXML><CNPJ>{BUYER}</CNPJ></autXML>",
        "transp/modFrete": "0",
        "transp/modFrete>": f"<transporta><CNPJ>{CARRIER}</CNPJ></transporta>",
    }
    other, _ = authorised(authorizer, signer, carried)

    assert authorizer.register.original(chave) == ""
    assert schemas(ask(authorizer, since(0))) == ["procNFe_v4.00.xsd"]
    assert [(parcel.schema, parcel.chave) for parcel in authorizer.register.parcels(CARRIER[:8])] == [("procNFe_v4.00", other)]


def test_events_reach_who_has_the_note(authorizer: Authorizer, signer: Signer, buyer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer, TO_COMPANY)
    send(authorizer, correct(signer, chave))
    send(authorizer, manifest(buyer, chave, "210210", author=BUYER), transmitter=BUYER)
    send(authorizer, cancel(signer, chave, nProt))

    answer = ask(authorizer, since(0))

    wanted = ["resNFe_v1.01.xsd", "resEvento_v1.01.xsd", "procNFe_v4.00.xsd", "procEventoNFe_v1.00.xsd"]
    assert schemas(answer) == wanted
    valid(answer[3][1][2], "nfelib.nfe_dist_dfe.schemas.v1_0", "resEvento_v1.01")
    valid(answer[3][3][2], "nfelib.nfe_evento_generico.schemas.v1_0", "procEventoNFe_v1.00")
    assert ask(authorizer, by_key(chave))[0] == "653"


def test_the_one_hour_rule(authorizer: Authorizer, signer: Signer) -> None:
    assert ask(authorizer, since(0))[0] == "137"
    authorizer.state.clock_offset_s = 1200
    assert ask(authorizer, since(0))[0] == "656"
    authorizer.state.clock_offset_s = 3600  # forty minutes after the last question: it started the hour again
    assert ask(authorizer, since(0))[0] == "656"
    authorised(authorizer, signer, TO_COMPANY)
    authorizer.state.clock_offset_s = 7200
    assert ask(authorizer, since(0))[0] == "138"
    authorizer.state.clock_offset_s = 7201
    assert ask(authorizer, since(1))[0] == "656"  # the last NSU was handed over
    assert ask(authorizer, since(0), CNPJ)[0] == "137"  # another company is another queue


def test_fifty_at_a_time_and_no_wait_between_batches(authorizer: Authorizer) -> None:
    for nsu in range(1, 121):
        kept = Parcel(base=BUYER[:8], nsu=nsu, schema="resEvento_v1.01", xml="<x/>", at="2026-11-21T12:00:00-03:00")
        authorizer.register.store(kept)

    first, second, third = ask(authorizer, since(0)), ask(authorizer, since(50)), ask(authorizer, since(100))

    assert [(each[0], each[1], each[2], len(each[3])) for each in (first, second, third)] == [
        ("138", 50, 120, 50),
        ("138", 100, 120, 50),
        ("138", 120, 120, 20),
    ]
    assert [doc[0] for doc in second[3]] == list(range(51, 101))
    assert ask(authorizer, since(120))[0] == "656"


def test_by_nsu_and_by_key_twenty_in_an_hour(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)

    assert schemas(ask(authorizer, one(1))) == ["resNFe_v1.01.xsd"]
    assert ask(authorizer, one(2))[0] == "137"
    assert schemas(ask(authorizer, by_key(chave))) == ["resNFe_v1.01.xsd"]
    assert [ask(authorizer, one(1))[0] for _ in range(18)] == ["138"] * 17 + ["656"]  # 3 + 17 = 20 an hour
    assert ask(authorizer, by_key(chave))[0] == "656"
    authorizer.state.clock_offset_s = 3600
    assert ask(authorizer, by_key(chave))[0] == "138"


def test_after_ninety_days_documents_are_gone(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)
    authorizer.state.clock_offset_s = 90 * 86_400 + 1

    assert ask(authorizer, since(0))[0] == "137"
    assert ask(authorizer, by_key(chave))[0] == "632"


def test_who_may_not_ask_and_what_is_badly_asked(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)

    assert ask(authorizer, since(0), transmitter=CNPJ)[0] == "593"
    assert ask(authorizer, since(0), "11444777000162")[0] == "489"
    assert ask(authorizer, since(9))[0] == "589"
    assert ask(authorizer, by_key(chave))[0] == "640"
    assert ask(authorizer, by_key("3" * 44))[0] == "217"
    assert ask(authorizer, "<distNSU><ultNSU>1</ultNSU></distNSU>")[0] == "215"
    assert authorizer.process(DIST, question(since(0), tpAmb=1), BUYER, wrapped=True).cStat == "252"
    authorizer.state.an = "109"
    assert ask(authorizer, since(0))[0] == "109"


# ---- manifestations


def test_two_of_each_and_the_author_is_who_buys(authorizer: Authorizer, signer: Signer, buyer: Signer) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)

    def say(tpEvento: str, nSeq: int = 1, author: str = BUYER, who: Signer = buyer) -> str:
        return send(authorizer, manifest(who, chave, tpEvento, author=author, nSeq=nSeq), transmitter=author).cStat

    assert say("210200", author=CNPJ, who=signer) == "575"
    assert [say("210220", 1), say("210220", 2), say("210220", 3), say("210220", 2)] == ["135", "135", "594", "573"]
    assert say("210210") == "655"
    assert [event.tpEvento for event in authorizer.register.events] == ["210220", "210220"]


def test_deadlines_of_manifestations(authorizer: Authorizer, signer: Signer, buyer: Signer) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)

    def say(tpEvento: str, days: float) -> str:
        authorizer.state.clock_offset_s = days * 86_400
        asked = manifest(buyer, chave, tpEvento, author=BUYER, at=NOW + timedelta(days=days))
        return send(authorizer, asked, transmitter=BUYER).cStat

    assert [say("210210", 10.001), say("210210", 10), say("210200", 90.001), say("210200", 90)] == ["596", "135", "596", "135"]


def test_a_cancelled_note_takes_none(authorizer: Authorizer, signer: Signer, buyer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer, TO_COMPANY)
    assert send(authorizer, cancel(signer, chave, nProt)).cStat == "135"

    for tpEvento, cStat in (("210210", "650"), ("210220", "651"), ("210240", "652"), ("210200", "580")):
        assert send(authorizer, manifest(buyer, chave, tpEvento, author=BUYER), transmitter=BUYER).cStat == cStat


def test_a_note_unknown_to_the_ambiente_nacional_is_136(authorizer: Authorizer, signer: Signer, buyer: Signer) -> None:
    chave = authorised(authorizer, signer, TO_COMPANY)[0]
    authorizer.register.reset()

    assert send(authorizer, manifest(buyer, chave, "210200", author=BUYER), transmitter=BUYER).cStat == "136"
    assert send(authorizer, manifest(buyer, chave, "210200", author=BUYER), transmitter=BUYER).cStat == "573"


def test_an_actor_is_given_the_note(authorizer: Authorizer, signer: Signer, alphanumeric_signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)

    def name(reader: str, kind: str = "<tpAutorizacao>0</tpAutorizacao>", role: str = "1", nSeq: int = 1) -> str:
        detail = (
            f"<descEvento>Ator interessado na NF-e</descEvento><cOrgaoAutor>35</cOrgaoAutor><tpAutor>{role}</tpAutor>"
            f"<verAplic>1</verAplic><autXML><CNPJ>{reader}</CNPJ></autXML>{kind}"
        )
        return send(authorizer, event(signer, chave, "110150", detail, cOrgao="91", nSeq=nSeq)).cStat

    assert [name(BUYER), name(CNPJ), name(CARRIER, ""), name(CARRIER, role="2")] == ["422", "421", "827", "575"]
    assert name("12ABC34501DE36") == "323"
    assert name(CARRIER, "<tpAutorizacao>1</tpAutorizacao>") == "829"
    assert name(CARRIER) == "135"
    assert name(CARRIER, nSeq=2) == "423"
    assert [parcel.schema for parcel in authorizer.register.parcels(CARRIER[:8])] == ["procNFe_v4.00"]


# ---- what others do


def test_a_supplier_that_does_not_exist_sends_whole_notes(pki: TestPki, tmp_path: Path, buyer: Signer) -> None:
    simulator = SefazSimulator(pki=pki, clock=lambda: NOW, ledger_path=tmp_path / "ledger.jsonl")

    first = simulator.supply(Supply(cnpj=BUYER, vNF="120.00", reader=CARRIER))
    second = simulator.supply(Supply(cnpj=BUYER))

    assert [(note.nNF, note.vNF, note.chave) for note in simulator.authorized] == [(1, "120.00", first), (2, "100.00", second)]
    assert [parcel.schema for parcel in simulator.waiting(BUYER)] == ["resNFe_v1.01", "resNFe_v1.01"]
    [whole] = simulator.waiting(CARRIER)
    root = valid(whole.xml, "nfelib.nfe.schemas.v4_0", "procNFe_v4.00")
    verify(etree.tostring(root[0]))
    assert simulator.deposit(Deposit(cnpj=BUYER, schema="resEvento_v1.01", xml="<resEvento/>")) == 3
    with pytest.raises(ValueError, match="o fornecedor já emitiu a nota 2"):
        simulator.supply(Supply(cnpj=BUYER, nNF=2))


def test_a_supplier_is_judged_by_the_signatures_judge(authorizer: Authorizer, pki: TestPki) -> None:
    note = Supplier(pki).note(Supply(cnpj=BUYER), 7, NOW, "2")

    assert authorizer.judge.refusal(Note(etree.fromstring(note)), NOW) is None
