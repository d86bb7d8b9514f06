"""Rules of every event, the correction letter, delivery, conciliation and the events of the reform."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sim_sefaz_event import EVENTO, authorised, cancel, correct, event, events_lot, manifest, send, valid, verify
from sim_sefaz_nfce_cases import NFCE
from sim_sefaz_note import CNPJ, NOW, Signer, issue, new_authorizer, query

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.faults import Fault
from gateway.sim.sefaz.services.event_kinds import KINDS

BUYER = "11444777000161"
TO_COMPANY = {"dest/CPF>": f"<CNPJ>{BUYER}</CNPJ>", "dest/CPF": None}
BY = "<cOrgaoAutor>35</cOrgaoAutor><tpAutor>1</tpAutor><verAplic>1</verAplic>"
UNDELIVERED = "<descEvento>Cancelamento Insucesso na Entrega da NF-e</descEvento>"
BEFORE_EMISSION = NOW - timedelta(hours=1, seconds=1)  # NOW is 12:00 in Brasilia, the note's hour 11:00


@pytest.fixture(scope="module")
def buyer(pki: TestPki) -> Signer:
    return Signer.from_pfx(issue(pki, BUYER), "senha")


# ---- what every event must be


def test_hours_have_five_minutes_of_tolerance(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)
    five, second = timedelta(minutes=5), timedelta(seconds=1)

    for at, cStat in (
        (NOW + five + second, "578"),
        (NOW - five - second, "579"),
        (BEFORE_EMISSION, "577"),
        (NOW + five, "135"),
    ):
        assert send(authorizer, correct(signer, chave, at=at)).cStat == cStat
    assert send(authorizer, correct(signer, chave, at=NOW - five, nSeq=2)).cStat == "135"


@pytest.mark.parametrize(
    ("cStat", "other"),
    [
        ("252", {"tpAmb": "1"}),
        ("492", {"verEvento": "2.00"}),
        ("657", {"cOrgao": "33"}),
        ("657", {"cOrgao": "91"}),
        ("572", {"Id": "ID110110" + "3" * 44 + "01"}),
        ("594", {"nSeq": 21}),
        ("489", {"author": "11222333000182"}),
    ],
)
def test_what_no_event_may_be(authorizer: Authorizer, signer: Signer, cStat: str, other: dict[str, object]) -> None:
    chave, _ = authorised(authorizer, signer)
    if "verEvento" in other:
        done = authorizer.process(EVENTO, events_lot(correct(signer, chave, **other)), CNPJ)
        assert done.cStat == "215"  # the envelope's own schema has the version
        return
    assert send(authorizer, correct(signer, chave, **other)).cStat == cStat
    assert authorizer.register.events == []
    assert send(authorizer, correct(signer, chave)).cStat == "135"


def test_the_signature_and_its_certificate(authorizer: Authorizer, signer: Signer, buyer: Signer, pki: TestPki) -> None:
    chave, _ = authorised(authorizer, signer)
    good = correct(signer, chave)

    assert send(authorizer, good.replace(b"azul", b"anil")).cStat == "297"
    assert send(authorizer, correct(buyer, chave)).cStat == "213"
    assert send(authorizer, correct(buyer, chave, author=BUYER)).cStat == "574"
    expired = Signer.from_pfx(issue(pki, CNPJ, start=2024, end=2025), "senha")
    assert send(authorizer, correct(expired, chave)).cStat == "291"
    assert authorizer.register.events == []
    done = send(authorizer, good)
    assert done.cStat == "135"
    verify(authorizer.register.events[0].evento)


def test_branches_of_one_company_sign_for_each_other(authorizer: Authorizer, signer: Signer, pki: TestPki) -> None:
    chave, _ = authorised(authorizer, signer)
    branch = Signer.from_pfx(issue(pki, "11222333000262"), "senha")

    assert send(authorizer, correct(branch, chave)).cStat == "135"


def test_a_detail_of_the_wrong_shape_is_493_and_says_where(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)

    def ask(detail: str) -> str:
        return send(authorizer, event(signer, chave, "110111", detail)).xMotivo

    text = "Rejeicao: Evento nao atende o Schema XML especifico"
    reason = "<xJust>Pedido desfeito pelo cliente</xJust>"
    assert ask(f"<descEvento>Cancelado</descEvento><nProt>{nProt}</nProt>{reason}") == f"{text} [descEvento]"
    assert ask(f"<descEvento>Cancelamento</descEvento>{reason}") == f"{text} [nProt]"
    assert ask(f"<descEvento>Cancelamento</descEvento><nProt>{nProt}</nProt>{reason}<xExtra>1</xExtra>") == f"{text} [xExtra]"
    assert ask(f"<descEvento>Cancelamento</descEvento><nProt>{nProt}</nProt><xJust>curto</xJust>").startswith(f"{text} [Element")
    assert authorizer.register.events == []


def test_an_event_of_the_fisco_or_of_nobody_is_491(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)

    assert send(authorizer, event(signer, chave, "990900", "<descEvento>Vistoria SUFRAMA</descEvento>")).cStat == "491"


def test_a_key_of_nobody(authorizer: Authorizer, signer: Signer, pki: TestPki) -> None:
    chave, _ = authorised(authorizer, signer)
    digit = chave[:43] + str((int(chave[43]) + 1) % 10)

    assert send(authorizer, correct(signer, digit)).cStat == "236"
    assert send(authorizer, correct(signer, "99" + chave[2:])).cStat == "614"
    assert send(new_authorizer(pki, uf="RJ"), correct(signer, chave)).cStat == "249"


def test_how_the_message_is_written(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)
    good = events_lot(correct(signer, chave))

    for message, cStat in (
        (good.replace(b"</idLote>", b"</idLote>\n"), "588"),
        (good.replace(b'versao="1.00"><idLote>', b'versao="4.00"><idLote>'), "239"),
        (good.replace(b"<idLote>7</idLote>", b""), "215"),
        (query(chave), "516"),
    ):
        assert authorizer.process(EVENTO, message, CNPJ).cStat == cStat
    assert authorizer.process(EVENTO, good, "").cStat == "282"
    assert authorizer.process(EVENTO, events_lot(*[correct(signer, chave)] * 21), CNPJ).cStat == "215"
    assert authorizer.register.events == []


def test_home_paralysed_takes_none_while_the_ambiente_nacional_goes_on(
    authorizer: Authorizer, signer: Signer, buyer: Signer
) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)
    authorizer.state.status = "109"

    assert send(authorizer, correct(signer, chave)).cStat == "109"
    assert send(authorizer, manifest(buyer, chave, "210210", author=BUYER), transmitter=BUYER).cStat == "135"
    authorizer.state.an = "108"
    assert send(authorizer, manifest(buyer, chave, "210200", author=BUYER), transmitter=BUYER).cStat == "108"


def test_a_fault_refuses_before_or_loses_the_answer_after(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)
    asked = events_lot(cancel(signer, chave, nProt))

    refused = authorizer.process(EVENTO, asked, CNPJ, Fault(action="cstat", cStat="240"))
    assert (refused.cStat, "<cStat>128</cStat>" in refused.answer) == ("240", True)
    assert authorizer.register.events == []
    lost = authorizer.process(EVENTO, asked, CNPJ, Fault(action="cstat", cStat="999", phase="after"))
    valid(lost.answer, "nfelib.nfe_evento_generico.schemas.v1_0", "retEnvEvento_v1.00")
    assert lost.cStat == "999"
    assert authorizer.process("NFeConsultaProtocolo4", query(chave), CNPJ).cStat == "101"


# ---- correction letter


def test_twenty_corrections_in_thirty_days_of_a_nfe_that_stands(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)
    nfce, _ = authorised(authorizer, signer, NFCE)

    assert [send(authorizer, correct(signer, chave, nSeq=n)).cStat for n in (1, 2, 20)] == ["135", "135", "135"]
    assert send(authorizer, correct(signer, chave, nSeq=2)).cStat == "573"
    assert send(authorizer, correct(signer, nfce)).cStat == "784"
    authorizer.state.clock_offset_s = 720 * 3600
    assert send(authorizer, correct(signer, chave, nSeq=3, at=NOW + timedelta(hours=720))).cStat == "135"
    authorizer.state.clock_offset_s += 1
    assert send(authorizer, correct(signer, chave, nSeq=4, at=NOW + timedelta(hours=720))).cStat == "501"
    authorizer.state.clock_offset_s = 0
    assert send(authorizer, cancel(signer, chave, nProt)).cStat == "135"
    assert send(authorizer, correct(signer, chave, nSeq=5)).cStat == "580"
    told = authorizer.process("NFeConsultaProtocolo4", query(chave), CNPJ)
    valid(told.answer, "nfelib.nfe.schemas.v4_0", "retConsSitNFe_v4.00")
    assert told.answer.count("<procEventoNFe ") == 5


# ---- events that others undo


def test_delivery_and_its_cancellation(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)
    proof = (
        f"<descEvento>Comprovante de Entrega da NF-e</descEvento>{BY}<dhEntrega>2026-11-21T11:30:00-03:00</dhEntrega>"
        "<nDoc>52998224725</nDoc><xNome>Maria Teste</xNome><hashComprovante>2jmj7l5rSw0yVb/vlWAYkK/YBwk=</hashComprovante>"
    )

    def undo(nProt: str, nSeq: int = 1) -> str:
        told = f"<descEvento>Cancelamento Comprovante de Entrega da NF-e</descEvento>{BY}<nProtEvento>{nProt}</nProtEvento>"
        return send(authorizer, event(signer, chave, "110131", told, nSeq=nSeq)).cStat

    assert send(authorizer, event(signer, chave, "110130", proof)).cStat == "135"
    nProt = authorizer.register.events[0].nProt
    assert undo("135260000000099") == "222"
    assert undo(nProt) == "135"
    assert undo(nProt, 2) == "580"
    other_state = proof.replace("<cOrgaoAutor>35", "<cOrgaoAutor>33")
    assert send(authorizer, event(signer, chave, "110130", other_state, nSeq=2)).cStat == "455"
    not_the_issuer = proof.replace("<tpAutor>1", "<tpAutor>2")
    assert send(authorizer, event(signer, chave, "110130", not_the_issuer, nSeq=2)).cStat == "493"


def test_an_event_of_the_reform_is_cancelled_by_110001(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)
    by = "<cOrgaoAutor>35</cOrgaoAutor><tpAutor>1</tpAutor><verAplic>1</verAplic>"
    moved = f"<descEvento>{KINDS['112150'].descEvento[0]}</descEvento>{by}<dPrevEntrega>2026-12-01</dPrevEntrega>"

    done = send(authorizer, event(signer, chave, "112150", moved))
    assert done.cStat == "135", done.xMotivo
    nProt = authorizer.register.events[0].nProt

    def undo(tpEventoAut: str, nSeq: int = 1) -> str:
        told = (
            "<descEvento>Cancelamento de Evento</descEvento><cOrgaoAutor>35</cOrgaoAutor><verAplic>1</verAplic>"
            f"<tpEventoAut>{tpEventoAut}</tpEventoAut><nProtEvento>{nProt}</nProtEvento>"
        )
        return send(authorizer, event(signer, chave, "110001", told, nSeq=nSeq)).cStat

    assert undo("112110") == "222"
    assert undo("112150") == "135"
    assert undo("112150", 2) == "580"


def test_events_of_the_buyer_in_the_reform_are_of_the_buyer(authorizer: Authorizer, signer: Signer, buyer: Signer) -> None:
    chave, _ = authorised(authorizer, signer, TO_COMPANY)
    accepted = (
        f"<descEvento>{KINDS['211128'].descEvento[0]}</descEvento><cOrgaoAutor>35</cOrgaoAutor><tpAutor>2</tpAutor>"
        "<verAplic>1</verAplic><indAceitacao>1</indAceitacao>"
    )

    assert send(authorizer, event(signer, chave, "211128", accepted)).cStat == "575"
    done = send(authorizer, event(buyer, chave, "211128", accepted, author=BUYER), transmitter=BUYER)
    assert done.cStat == "135", done.xMotivo


def test_what_is_registered_is_what_was_sent(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)
    sent = correct(signer, chave, text="Texto com &amp;, &lt; e ação   com três espaços")

    assert send(authorizer, sent).cStat == "135"

    assert authorizer.register.events[0].evento.encode() == sent


def test_conciliation_and_failed_delivery_and_their_cancellation(authorizer: Authorizer, signer: Signer) -> None:
    chave, _ = authorised(authorizer, signer)
    paid = (
        "<descEvento>ECONF</descEvento><verAplic>1</verAplic><detPag><tPag>17</tPag><vPag>190.00</vPag><dPag>2026-11-21</dPag>"
        f"<CNPJPag>{CNPJ}</CNPJPag><UFPag>SP</UFPag><CNPJReceb>{CNPJ}</CNPJReceb><UFReceb>SP</UFReceb></detPag>"
    )
    failed = (
        "<descEvento>Insucesso na Entrega da NF-e</descEvento><cOrgaoAutor>35</cOrgaoAutor><verAplic>1</verAplic>"
        "<dhTentativaEntrega>2026-11-21T11:30:00-03:00</dhTentativaEntrega><nTentativa>1</nTentativa><tpMotivo>1</tpMotivo>"
        "<hashTentativaEntrega>2jmj7l5rSw0yVb/vlWAYkK/YBwk=</hashTentativaEntrega>"
    )
    for tpEvento, detail, undo, described in (
        ("110750", paid, "110751", "<descEvento>Cancelamento Conciliação Financeira</descEvento>"),
        (
            "110192",
            failed,
            "110193",
            "<descEvento>Cancelamento Insucesso na Entrega da NF-e</descEvento><cOrgaoAutor>35</cOrgaoAutor>",
        ),
    ):
        done = send(authorizer, event(signer, chave, tpEvento, detail))
        assert done.cStat == "135", done.xMotivo
        nProt = authorizer.register.events[-1].nProt
        told = f"{described}<verAplic>1</verAplic><nProtEvento>{nProt}</nProtEvento>"
        done = send(authorizer, event(signer, chave, undo, told))
        assert done.cStat == "135", done.xMotivo
        assert send(authorizer, event(signer, chave, undo, told, nSeq=2)).cStat == "580"
