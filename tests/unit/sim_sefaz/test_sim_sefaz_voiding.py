"""Inutilização: what may be voided, what may not, and what a voided number is good for."""

from __future__ import annotations

import pytest
from sim_sefaz_event import INUT, authorised, cancel, epec, send, valid, void
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ, Signer, build, compose_key, lot, new_authorizer, query, signed

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.authorizer import Authorizer, Processed
from gateway.sim.sefaz.faults import Fault


def ask(authorizer: Authorizer, message: bytes, fault: Fault | None = None) -> Processed:
    done = authorizer.process(INUT, message, CNPJ, fault)
    valid(done.answer, "nfelib.nfe.schemas.v4_0", "retInutNFe_v4.00")
    return done


def test_a_range_is_voided_with_a_protocol_and_its_numbers_are_dead(authorizer: Authorizer, signer: Signer) -> None:
    done = ask(authorizer, void(signer, 1230, 1239))

    assert (done.cStat, done.xMotivo) == ("102", "Inutilizacao de numero homologado")
    assert "<nProt>135260000000001</nProt>" in done.answer
    assert "<nNFIni>1230</nNFIni><nNFFin>1239</nNFFin><dhRecbto>2026-11-21T12:00:00-03:00</dhRecbto>" in done.answer
    [voided] = authorizer.register.voided
    assert (voided.book, voided.first, voided.last) == (("35", CNPJ, "55", 1), 1230, 1239)
    assert authorizer.process("NFeAutorizacao4", lot(signed(signer)), CNPJ).cStat == "206"
    assert authorizer.register.authorized == []
    authorised(authorizer, signer, {"ide/nNF": "1240"})
    authorised(authorizer, signer, {"ide/serie": "2"})


def test_the_same_range_again_brings_the_first_protocol(authorizer: Authorizer, signer: Signer) -> None:
    ask(authorizer, void(signer, 1, 10))

    again = ask(authorizer, void(signer, 1, 10))

    assert again.cStat == "563"
    assert again.xMotivo.endswith("[nProt:135260000000001]")
    assert "<nProt>135260000000001</nProt>" in again.answer
    assert len(authorizer.register.voided) == 1


def test_used_and_voided_numbers(authorizer: Authorizer, signer: Signer) -> None:
    chave, nProt = authorised(authorizer, signer)
    ask(authorizer, void(signer, 1, 10))

    assert ask(authorizer, void(signer, 10, 20)).cStat == "256"
    assert ask(authorizer, void(signer, 1230, 1234)).xMotivo.endswith("[nNF:1234]")
    assert send(authorizer, cancel(signer, chave, nProt)).cStat == "135"
    assert ask(authorizer, void(signer, 1234, 1234)).cStat == "241"  # a cancelled number was used
    other = {"ide/nNF": "1300", "ide/tpEmis": "4"}
    assert send(authorizer, epec(signer, compose_key(build(other)[0]))).cStat == "136"
    assert ask(authorizer, void(signer, 1299, 1301)).cStat == "241"
    assert len(authorizer.register.voided) == 1
    assert ask(authorizer, void(signer, 1235, 1299)).cStat == "102"


@pytest.mark.parametrize(
    ("cStat", "first", "last", "other"),
    [
        ("252", 1, 1, {"tpAmb": "1"}),
        ("266", 1, 1, {"serie": 890}),
        ("453", 1, 1, {"ano": "27"}),
        ("454", 1, 1, {"ano": "05"}),
        ("224", 2, 1, {}),
        ("201", 1, 10_001, {}),
        ("502", 1, 1, {"Id": f"ID3526{CNPJ}55001000000001000000002"}),
        ("207", 1, 1, {"author": "11222333000180"}),
    ],
)
def test_what_is_refused(
    authorizer: Authorizer, signer: Signer, cStat: str, first: int, last: int, other: dict[str, str]
) -> None:
    assert ask(authorizer, void(signer, first, last, **other)).cStat == cStat  # type: ignore[arg-type]
    assert authorizer.register.voided == []
    assert ask(authorizer, void(signer, 1, 10_000)).cStat == "102"


def test_another_state_is_250(pki: TestPki, signer: Signer) -> None:
    assert ask(new_authorizer(pki, uf="RJ"), void(signer, 1, 1)).cStat == "250"


def test_the_signature_is_judged(authorizer: Authorizer, signer: Signer, alphanumeric_signer: Signer) -> None:
    assert ask(authorizer, void(signer, 1, 1).replace(b"pulados", b"PULADOS")).cStat == "297"
    assert ask(authorizer, void(alphanumeric_signer, 1, 1)).cStat == "213"
    assert ask(authorizer, void(signer, 1, 1).replace(b"<ano>26</ano>", b"<ano>2026</ano>")).cStat == "215"
    done = authorizer.process(INUT, void(alphanumeric_signer, 1, 1, author=ALPHANUMERIC_CNPJ), CNPJ)
    assert done.cStat == "102"


def test_home_paralysed_takes_none_and_a_fault_may_lose_the_answer(authorizer: Authorizer, signer: Signer) -> None:
    authorizer.state.status = "108"
    assert ask(authorizer, void(signer, 1, 1)).cStat == "108"
    authorizer.state.status = "107"
    lost = ask(authorizer, void(signer, 1, 1), Fault(action="cstat", cStat="999", phase="after"))
    assert lost.cStat == "999"
    assert ask(authorizer, void(signer, 1, 1)).cStat == "563"


def test_a_voided_number_has_no_key(authorizer: Authorizer, signer: Signer) -> None:
    ask(authorizer, void(signer, 1234, 1234))

    chave = compose_key(build()[0])
    assert authorizer.process("NFeConsultaProtocolo4", query(chave), CNPJ).cStat == "217"
