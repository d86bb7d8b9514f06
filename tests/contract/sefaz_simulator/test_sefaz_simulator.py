"""The gateway's client and the simulated SEFAZ, written apart from the same manuals, understand each other in every service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from gateway.core.chave import ChaveAcesso
from gateway.core.clock import SystemClock
from gateway.core.taxid import Cnpj
from gateway.nfe.certificate import Certificate, load
from gateway.nfe.event_answers import AfterNsu, EventRefused, EventRegistered, OneChave, Voided, VoidedBefore
from gateway.nfe.events.compose import compose_event, sign_event
from gateway.nfe.events.inutilizacao import compose_voiding, sign_voiding
from gateway.nfe.events.table import event_kind
from gateway.nfe.ports import Pfx, Target
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.sim.pki import TestPki
from gateway.sim.sefaz import SefazSimulator
from gateway.sim.sefaz.policies import Registration
from gateway.sim.sefaz.supplier import Supply

CNPJ = "11222333000181"


@dataclass(frozen=True)
class Pair:
    client: SefazClient
    simulator: SefazSimulator
    target: Target
    certificate: Certificate


@pytest.fixture
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    pki = TestPki(tmp_path_factory.mktemp("pki"))
    pfx = Pfx(pki.issue_a1(CNPJ, "LOJA DE TESTE", "senha"), "senha")
    async with SefazSimulator(pki=pki) as simulator:
        url = simulator.url
        endpoints = Endpoints(override_url=url, override_svc=f"{url}/svc", override_an=f"{url}/an", override_ca=simulator.ca_path)
        client = SefazClient(endpoints, clock=SystemClock(), connect_timeout=5, read_timeout=5)
        try:
            yield Pair(client, simulator, Target("SP", 2, "55", pfx), load(pfx))
        finally:
            await client.close()


async def manifest(pair: Pair, chave: str, tpEvento: str) -> EventRegistered | EventRefused | object:
    composed = compose_event(event_kind(tpEvento), ChaveAcesso(chave), tax_id=CNPJ, cUF="35", n_seq=1, environment=2, values={})
    signed = sign_event(composed, pair.certificate, datetime.now(UTC).replace(microsecond=0))
    return await pair.client.send_event(pair.target, signed, idLote=1)


async def test_a_received_note_from_summary_to_whole(pair: Pair) -> None:
    chave = pair.simulator.supply(Supply(cnpj=CNPJ, vNF="250.00"))

    first = await pair.client.distribute(pair.target, CNPJ, AfterNsu(0))
    assert (first.cStat, first.last_nsu, first.max_nsu) == ("138", 1, 1)
    assert chave.encode() in first.documents[0].xml
    aware = await manifest(pair, chave, "210210")
    assert isinstance(aware, EventRegistered)
    assert (aware.cStat, aware.nProt[:3]) == ("135", "891")
    again = await manifest(pair, chave, "210210")
    assert isinstance(again, EventRefused)
    assert again.cStat == "573"
    whole = await pair.client.distribute(pair.target, CNPJ, OneChave(chave))
    assert (whole.cStat, whole.documents[0].schema) == ("138", "procNFe_v4.00.xsd")
    throttled = await pair.client.distribute(pair.target, CNPJ, AfterNsu(1))
    assert throttled.cStat == "656"


async def test_numbers_are_voided_once(pair: Pair) -> None:
    year = datetime.now(UTC).year
    asked = compose_voiding(
        cUF="35", year=year, this_year=year, cnpj=Cnpj(CNPJ), mod="55", series=1, first=7, last=9,
        reason="Numeros pulados por falha", environment=2,
    )  # fmt: skip
    signed = sign_voiding(asked, pair.certificate)

    first = await pair.client.inutilize(pair.target, signed)
    again = await pair.client.inutilize(pair.target, signed)

    assert isinstance(first, Voided)
    assert isinstance(again, VoidedBefore)
    assert again.nProt == first.nProt == pair.simulator.voided[0].nProt


async def test_the_cadastro_of_each_state(pair: Pair) -> None:
    rows = [Registration(UF=uf, IE="131234567", CNPJ=CNPJ) for uf in ("SP", "MG", "MT")]
    pair.simulator.state.registrations = rows

    for uf in ("SP", "MG", "MT"):
        found = await pair.client.taxpayer(pair.target, uf, CNPJ)
        assert (found.cStat, [each.uf for each in found.registrations]) == ("111", [uf])
    assert (await pair.client.taxpayer(pair.target, "BA", CNPJ)).cStat == "259"


async def test_the_svc_has_its_own_status(pair: Pair) -> None:
    svc = Target("SP", 2, "55", pair.target.pfx, tpEmis="6")
    pair.simulator.set_state(status="108", svc="107")

    assert (await pair.client.status(pair.target)).cStat == "108"
    assert (await pair.client.status(svc)).cStat == "107"
