"""CadConsultaCadastro4, and the faces and wrappers as they are on the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from lxml import etree
from sim_sefaz_event import CADASTRO, DIST, EVENTO, correct, events_lot, void
from sim_sefaz_note import (
    AUTORIZACAO,
    CNPJ,
    CPF,
    NFE,
    SOAP,
    STATUS,
    Signer,
    chave_of,
    content_type,
    cStat,
    lot,
    signed,
    status_query,
)

from gateway.sim.sefaz import SefazSimulator
from gateway.sim.sefaz.authorizer import Authorizer, Processed
from gateway.sim.sefaz.policies import Registration

Call = Callable[..., Awaitable[tuple[int, bytes]]]


def question(uf: str, tag: str, document: str) -> bytes:
    return (
        f'<ConsCad xmlns="{NFE}" versao="2.00"><infCons><xServ>CONS-CAD</xServ><UF>{uf}</UF><{tag}>{document}</{tag}></infCons>'
        "</ConsCad>"
    ).encode()


def ask(authorizer: Authorizer, uf: str, tag: str, document: str, *, wrapped: bool = False) -> Processed:
    return authorizer.process(CADASTRO, question(uf, tag, document), CNPJ, wrapped=wrapped)


@pytest.fixture
def registered(authorizer: Authorizer) -> Authorizer:
    authorizer.state.registrations = [
        Registration(UF="SP", IE="111111111111", CNPJ=CNPJ, xNome="Loja & Filhos", dIniAtiv="2020-02-01"),
        Registration(UF="RJ", IE="22222222", CNPJ=CNPJ),
        Registration(UF="RJ", IE="33333333", CNPJ=CNPJ, cSit="0"),
        Registration(UF="MG", IE="0012345678901", CPF=CPF),
        Registration(UF="MT", IE="131234567", CNPJ=CNPJ),
    ]
    return authorizer


def test_one_or_more_registrations(registered: Authorizer) -> None:
    one = ask(registered, "SP", "CNPJ", CNPJ)
    assert (one.cStat, one.xMotivo) == ("111", "Consulta cadastro com uma ocorrencia")
    root = etree.fromstring(one.answer)
    tags = [etree.QName(child).localname for child in root[0]]
    assert tags == ["verAplic", "cStat", "xMotivo", "UF", "CNPJ", "dhCons", "cUF", "infCad"]
    row = {etree.QName(child).localname: child.text for child in root[0][-1]}
    assert row == {
        "IE": "111111111111",
        "CNPJ": CNPJ,
        "UF": "SP",
        "cSit": "1",
        "indCredNFe": "1",
        "indCredCTe": "4",
        "xNome": "Loja & Filhos",
        "dIniAtiv": "2020-02-01",
    }
    two = ask(registered, "RJ", "CNPJ", CNPJ)
    assert (two.cStat, two.answer.count("<infCad>")) == ("112", 2)
    assert ask(registered, "RJ", "IE", "33333333").cStat == "111"


def test_who_is_not_registered_or_badly_asked(registered: Authorizer) -> None:
    for uf, tag, document, wanted in (
        ("SP", "CNPJ", "11444777000161", "259"),
        ("SP", "CNPJ", "11444777000162", "258"),
        ("SP", "CPF", CPF, "264"),
        ("SP", "CPF", "52998224726", "263"),
        ("SP", "IE", "999", "261"),
        ("SP", "IE", "ABC", "260"),
        ("XX", "CNPJ", CNPJ, "265"),
        ("SP", "xNome", "LOJA", "215"),
    ):
        assert ask(registered, uf, tag, document).cStat == wanted
    registered.state.cadastro_refused = [CNPJ]
    assert ask(registered, "SP", "CNPJ", CNPJ).cStat == "257"


def test_mg_leaves_the_namespace_out_and_mt_wants_a_wrapper(registered: Authorizer) -> None:
    assert ask(registered, "MG", "CPF", CPF).answer.startswith(f'<retConsCad versao="2.00"><infCons xmlns="{NFE}">')
    assert ask(registered, "SP", "CNPJ", CNPJ).answer.startswith(f'<retConsCad xmlns="{NFE}" versao="2.00"><infCons>')
    assert ask(registered, "MT", "CNPJ", CNPJ).cStat == "215"
    assert ask(registered, "MT", "CNPJ", CNPJ, wrapped=True).cStat == "111"
    registered.state.mg_bare = registered.state.mt_wrapped = False
    assert ask(registered, "MT", "CNPJ", CNPJ).cStat == "111"
    assert ask(registered, "MG", "CPF", CPF).answer.startswith(f'<retConsCad xmlns="{NFE}"')


# ---- on the wire


def wrapped(service: str, operation: str, message: bytes) -> bytes:
    ns = f"{NFE}/wsdl/{service}"
    opening = f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><{operation} xmlns="{ns}"><nfeDadosMsg>'.encode()
    return opening + message + f"</nfeDadosMsg></{operation}></soap:Body></soap:Envelope>".encode()


async def test_every_service_has_its_address_and_each_face_its_own(call: Call, simulator: SefazSimulator, signer: Signer) -> None:
    note = signed(signer)
    assert cStat((await call(AUTORIZACAO, lot(note)))[1]) == ["104", "100"]
    assert cStat((await call(EVENTO, events_lot(correct(signer, chave_of(note)))))[1]) == ["128", "135"]
    assert cStat((await call("NFeInutilizacao4", void(signer, 1, 9)))[1]) == ["102"]
    assert cStat((await call(STATUS, status_query(), path=f"svc/{STATUS}"))[1]) == ["114"]
    assert (await call("NFeInutilizacao4", void(signer, 10, 19), path="svc/NFeInutilizacao4"))[0] == 404
    assert (await call(STATUS, status_query(), path=f"an/{STATUS}"))[0] == 404
    assert [(line.service, line.face, line.event, line.cStat) for line in simulator.ledger] == [
        (AUTORIZACAO, "", "", "100"),
        (EVENTO, "", "110110", "135"),
        ("NFeInutilizacao4", "", "", "102"),
        (STATUS, "svc", "", "114"),
    ]


async def test_distribution_comes_wrapped_and_is_answered_so(call: Call, simulator: SefazSimulator, client_context: Any) -> None:
    message = (
        f'<distDFeInt xmlns="{NFE}" versao="1.01"><tpAmb>2</tpAmb><CNPJ>{CNPJ}</CNPJ><distNSU><ultNSU>{0:015d}</ultNSU></distNSU>'
        "</distDFeInt>"
    ).encode()
    assert (await call(DIST, message))[0] == 400  # without the operation's element
    headers = {"Content-Type": content_type(DIST)}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client_context)) as session,
        session.post(
            f"{simulator.url}/an/{DIST}", data=wrapped(DIST, "nfeDistDFeInteresse", message), headers=headers
        ) as response,
    ):
        body = await response.read()
    assert response.status == 200
    ns = f"{{{NFE}/wsdl/{DIST}}}"
    answer = etree.fromstring(body).find(f"{{{SOAP}}}Body/{ns}nfeDistDFeInteresseResponse/{ns}nfeDistDFeInteresseResult")
    assert answer is not None
    assert cStat(body) == ["137"]


async def test_a_rule_may_name_a_face(call: Call, control: Any) -> None:
    rule = {"action": "cstat", "service": STATUS, "face": "svc", "cStat": "108", "times": 0}
    await control("POST", "faults", rule)

    assert cStat((await call(STATUS, status_query()))[1]) == ["107"]
    assert cStat((await call(STATUS, status_query(), path=f"svc/{STATUS}"))[1]) == ["108"]


async def test_the_control_api_seeds_and_shows(call: Call, control: Any, signer: Signer) -> None:
    status, answer = await control("POST", "supply", {"cnpj": CNPJ, "vNF": "250.00"})
    assert (status, len(answer["chave"])) == (200, 44)
    assert (await control("POST", "supply", {"cnpj": "1"}))[0] == 400
    deposit = {"cnpj": CNPJ, "schema": "resEvento_v1.01", "xml": "<resEvento/>"}
    assert await control("POST", "deposit", deposit) == (200, {"nsu": 2})
    _, waiting = await control("GET", f"waiting?cnpj={CNPJ}")
    assert [(each["nsu"], each["schema"]) for each in waiting] == [(1, "resNFe_v1.01"), (2, "resEvento_v1.01")]
    await call("NFeInutilizacao4", void(signer, 1, 9))
    [voided] = (await control("GET", "voided"))[1]
    assert (voided["first"], voided["last"]) == (1, 9)
    assert (await control("GET", "events"))[1] == []
    assert (await control("POST", "state", {"svc": "107", "svc_sync_s": 60}))[1]["svc"] == "107"
    assert (await control("POST", "state", {"svc": "999"}))[0] == 400
