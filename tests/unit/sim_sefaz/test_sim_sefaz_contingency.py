"""The SVC, EPEC and the off-line NFC-e: who authorises what, who knows of it, and the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sim_sefaz_event import authorised, cancel, correct, epec, offline, send, valid
from sim_sefaz_nfce_cases import CONTINGENCY, NFCE
from sim_sefaz_note import CNPJ, CPF, NOW, Edits, Signer, build, chave_of, compose_key, lot, query, signed, status_query

from gateway.sim.sefaz.authorizer import Authorizer, Face, Processed
from gateway.sim.sefaz.services.contingency import LATE

SVC: Edits = {"ide/tpEmis": "6", "ide/verProc>": CONTINGENCY}
EPEC: Edits = {"ide/tpEmis": "4", "ide/verProc>": CONTINGENCY}


def authorize(authorizer: Authorizer, signer: Signer, edits: Edits, face: Face = "") -> Processed:
    done = authorizer.process("NFeAutorizacao4", lot(signed(signer, edits)), CNPJ, face=face)
    valid(done.answer, "nfelib.nfe.schemas.v4_0", "retEnviNFe_v4.00")
    return done


def consult(authorizer: Authorizer, chave: str, face: Face = "") -> str:
    return authorizer.process("NFeConsultaProtocolo4", query(chave), CNPJ, face=face).cStat


def status(authorizer: Authorizer, face: Face = "", cUF: str = "35") -> Processed:
    done = authorizer.process("NFeStatusServico4", status_query(cUF), CNPJ, face=face)
    valid(done.answer, "nfelib.nfe.schemas.v4_0", "retConsStatServ_v4.00")
    return done


# ---- SVC


def test_the_svc_has_a_status_of_its_own(authorizer: Authorizer) -> None:
    assert (status(authorizer).cStat, status(authorizer, "svc").cStat) == ("107", "114")
    authorizer.state.status, authorizer.state.svc = "108", "107"
    assert (status(authorizer).cStat, status(authorizer, "svc").cStat) == ("108", "107")
    authorizer.state.svc, authorizer.state.svc_until = "113", "21/11/26 as 14:00 horas"
    assert status(authorizer, "svc").xMotivo == (
        "SVC em processo de desativacao SVC-AN sera desabilitada para a SEFAZ-SP em 21/11/26 as 14:00 horas"
    )
    assert "SVC-RS" in status(authorizer, "svc", "29").xMotivo


@pytest.mark.parametrize("face", ["", "svc"])
def test_a_svc_that_is_off_is_114_and_takes_nothing(authorizer: Authorizer, signer: Signer, face: Face) -> None:
    assert authorize(authorizer, signer, SVC, face).cStat == "114"
    assert authorizer.register.authorized == []
    authorizer.state.svc = "113"
    assert authorize(authorizer, signer, SVC, face).cStat == "100"


def test_the_svc_works_while_home_is_paralysed(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.status, authorizer.state.svc = "109", "107"

    assert authorize(authorizer, signer, {}).cStat == "109"
    assert authorize(authorizer, signer, SVC, "svc").cStat == "100"


def test_each_authoriser_takes_its_own_tpEmis(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.svc = "107"

    assert authorize(authorizer, signer, {}, "svc").cStat == "713"
    assert authorize(authorizer, signer, {**SVC, "ide/tpEmis": "7"}, "svc").cStat == "713"  # SP's is SVC-AN
    assert authorize(authorizer, signer, NFCE, "svc").cStat == "783"
    authorizer.state.faces_apart = True
    assert authorize(authorizer, signer, SVC).cStat == "570"
    assert authorizer.register.authorized == []
    assert authorize(authorizer, signer, SVC, "svc").cStat == "100"


def test_home_learns_of_the_svcs_notes_later(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.svc, authorizer.state.svc_sync_s, authorizer.state.faces_apart = "107", 600, True
    chave, nProt = authorised(authorizer, signer, SVC, "svc")

    assert (consult(authorizer, chave, "svc"), consult(authorizer, chave)) == ("100", "217")
    assert send(authorizer, correct(signer, chave)).cStat == "494"
    authorizer.state.clock_offset_s = 600
    assert consult(authorizer, chave) == "100"
    assert send(authorizer, correct(signer, chave)).cStat == "135"
    assert send(authorizer, correct(signer, chave, nSeq=2), face="svc").cStat == "657"  # the letter goes home
    assert send(authorizer, cancel(signer, chave, nProt), face="svc").cStat == "135"
    assert consult(authorizer, chave) == "101"


def test_the_svc_knows_its_own_notes_only(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.svc = "107"
    chave, nProt = authorised(authorizer, signer)

    assert consult(authorizer, chave, "svc") == "217"
    assert send(authorizer, cancel(signer, chave, nProt), face="svc").cStat == "657"
    assert consult(authorizer, chave) == "100"


def test_a_number_of_the_svc_is_taken_at_home_too(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.svc = "107"
    chave, _ = authorised(authorizer, signer, SVC, "svc")

    assert f"[chNFe:{chave}]" in authorize(authorizer, signer, {}).xMotivo


def test_what_the_svc_authorised_it_cancels_after_it_is_off(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.svc = "107"
    chave, nProt = authorised(authorizer, signer, SVC, "svc")
    authorizer.state.svc = "114"

    assert send(authorizer, cancel(signer, chave, nProt), face="svc").cStat == "135"


# ---- EPEC


def key(edits: Edits) -> str:
    return compose_key(build(edits)[0])


def test_an_epec_then_its_note(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.epec_sync_s = 300
    authorizer.state.status = "108"
    assert authorize(authorizer, signer, EPEC).cStat == "108"

    done = send(authorizer, epec(signer, key(EPEC)), face="an")

    assert (done.cStat, done.xMotivo) == ("136", "Evento registrado, mas nao vinculado a NF-e")
    assert "<nProt>891260000000001</nProt>" in done.answer
    authorizer.state.status = "107"
    assert authorize(authorizer, signer, EPEC).cStat == "468"
    authorizer.state.clock_offset_s = 300
    assert authorize(authorizer, signer, EPEC).cStat == "100"
    assert consult(authorizer, key(EPEC)) == "100"


def test_a_note_without_epec_or_unlike_it(authorizer: Authorizer, signer: Signer) -> None:
    assert authorize(authorizer, signer, EPEC).cStat == "468"
    send(authorizer, epec(signer, key(EPEC), vNF="190.01"))

    assert authorize(authorizer, signer, EPEC).cStat == "467"
    assert authorize(authorizer, signer, {**EPEC, "ide/cNF": "71830583"}).cStat == "468"  # another key
    assert authorize(authorizer, signer, {}).cStat == "485"  # the number is the EPEC's
    assert authorizer.register.authorized == []


def test_what_is_no_epec(authorizer: Authorizer, signer: Signer) -> None:
    chave = key(EPEC)

    assert send(authorizer, epec(signer, key({}))).cStat == "484"
    assert send(authorizer, epec(signer, chave, cOrgao="35")).cStat == "657"
    assert send(authorizer, epec(signer, chave)).cStat == "136"
    assert send(authorizer, epec(signer, chave)).cStat == "573"
    assert send(authorizer, epec(signer, key({**EPEC, "ide/cNF": "71830583"}))).cStat == "485"
    authorised(authorizer, signer, {"ide/nNF": "1235"})
    assert send(authorizer, epec(signer, key({**EPEC, "ide/nNF": "1235"}))).cStat == "661"
    authorizer.state.an = "108"
    assert send(authorizer, epec(signer, key({**EPEC, "ide/nNF": "1236"}))).cStat == "108"


@pytest.mark.parametrize("cUF", ["25", "41"])
def test_pb_and_pr_have_no_epec(authorizer: Authorizer, signer: Signer, cUF: str) -> None:
    chave = key({**EPEC, "ide/cUF": cUF})
    wanted = epec(signer, chave).replace(b"<cOrgaoAutor>35<", f"<cOrgaoAutor>{cUF}<".encode())

    assert send(authorizer, wanted).cStat == "297"  # changed after it was signed
    assert send(authorizer, epec(signer, chave, cOrgaoAutor=cUF)).cStat == "121"


def test_an_overdue_epec_blocks_the_next(authorizer: Authorizer, signer: Signer) -> None:
    first, second = key(EPEC), {**EPEC, "ide/nNF": "1235"}
    week = timedelta(hours=168)
    send(authorizer, epec(signer, first))
    authorizer.state.clock_offset_s = week.total_seconds()
    assert send(authorizer, epec(signer, key(second), at=NOW + week)).cStat == "136"

    authorizer.state.clock_offset_s += 1
    third = key({**EPEC, "ide/nNF": "1236"})
    refused = send(authorizer, epec(signer, third, at=NOW + week))

    assert refused.xMotivo.endswith(f"[chNFe:{first}]")
    assert refused.cStat == "142"
    assert authorize(authorizer, signer, EPEC).cStat == "100"
    assert send(authorizer, epec(signer, third, at=NOW + week)).cStat == "136"


# ---- off-line NFC-e


def test_an_offline_nfce_arrives_in_time_late_or_too_late(authorizer: Authorizer, signer: Signer) -> None:
    """Emitted at 11:00, it is 12:00: 23 hours later it is 24 hours old."""
    authorizer.state.offline_refused_s = 48 * 3600
    for number, hours, cStat in ((1, 23, "100"), (2, 23.001, "150"), (3, 47, "150"), (4, 47.001, "704")):
        authorizer.state.clock_offset_s = hours * 3600
        done = authorize(authorizer, signer, offline(signer, {"ide/nNF": str(number)}))
        assert done.cStat == cStat, number
    assert len(authorizer.register.authorized) == 3


def test_a_state_may_bar_offline_and_delayed_notes(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.online_limit_s = 3600

    assert authorize(authorizer, signer, NFCE).cStat == "100"
    authorizer.state.clock_offset_s = 1
    assert authorize(authorizer, signer, {**NFCE, "ide/nNF": "1235"}).cStat == "704"
    assert LATE["65"] == timedelta(hours=24)


# ---- consumo indevido


def test_the_same_number_refused_too_often_blocks_every_service_and_asking_extends_it(
    authorizer: Authorizer, signer: Signer
) -> None:
    authorizer.state.guard_rejections, authorizer.state.guard_block_s = 3, 3600
    good = signed(signer, {"ide/nNF": "1235"})
    rebuilt = [{"total/ICMSTot/vNF": "1.00", "ide/cNF": f"7183058{digit}"} for digit in range(4)]

    assert [authorize(authorizer, signer, edits).cStat for edits in rebuilt] == ["610", "610", "610", "656"]
    assert consult(authorizer, chave_of(good)) == "656"
    assert send(authorizer, correct(signer, chave_of(good))).cStat == "656"
    authorizer.state.clock_offset_s = 3599
    assert authorize(authorizer, signer, {"ide/nNF": "1235"}).cStat == "656"  # starts the hour again
    authorizer.state.clock_offset_s = 3599 + 3599
    assert consult(authorizer, chave_of(good)) == "656"
    authorizer.state.clock_offset_s += 3600
    assert authorize(authorizer, signer, {"ide/nNF": "1235"}).cStat == "100"
    assert CPF in authorizer.register.authorized[0].dest
