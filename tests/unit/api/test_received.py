"""`/v1/received`, `/v1/taxpayers` and the page of received notes over stored documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient

from gateway.api.app import make_app
from gateway.core.chave import ChaveAcesso
from gateway.core.errors import Throttled
from gateway.nfe.event_answers import Distributed, DistributionBatch, Registration, Taxpayer
from gateway.store import distribution, fiscal_events, received_rows, setup
from tests.unit.api.house import CNPJ, OTHER, House
from tests.unit.api.test_console import csrf, enter
from tests.unit.api.test_work import audits

Client = TestClient[Any, Any]
THEM = "45543915000181"
NFE = "http://www.portalfiscal.inf.br/nfe"


def key_of(house: House, number: int) -> ChaveAcesso:
    return ChaveAcesso.build(
        cUF="35", dhEmi=house.clock.now(), tax_id=THEM, mod="55", serie=1, nNF=number, tpEmis="1", cNF="71830582"
    )


async def arrive(house: House, *ages: int, branch: str = CNPJ, awareness: str = "manual") -> list[ChaveAcesso]:
    """Summaries of notes authorised so many days ago, in a queue of `branch`."""
    chaves = []
    for number, days in enumerate(ages, 1):
        chave = key_of(house, number)
        at = (house.clock.now() - timedelta(days=days)).isoformat(timespec="seconds")
        xml = (
            f'<resNFe xmlns="{NFE}" versao="1.01"><chNFe>{chave}</chNFe><CNPJ>{THEM}</CNPJ><xNome>Fornecedor &lt;b&gt;</xNome>'
            f"<IE>110042490114</IE><dhEmi>{at}</dhEmi><tpNF>1</tpNF><vNF>1190.50</vNF><dhRecbto>{at}</dhRecbto>"
            f"<nProt>13526000000000{number}</nProt><cSitNFe>1</cSitNFe></resNFe>"
        )
        chaves.append((chave, xml))

    def write(conn: Any) -> None:
        stored = setup.get_branch(conn, branch)
        assert stored is not None
        stored = msgspec.structs.replace(stored, receive="on", awareness=awareness)
        seen = distribution.cursor_of(conn, branch[:8], 2)
        batch = tuple(Distributed(n, "resNFe_v1.01.xsd", xml.encode()) for n, (_, xml) in enumerate(chaves, seen.last_nsu + 1))
        answer = DistributionBatch("138", "ok", "ok", batch[-1].nsu, batch[-1].nsu, batch)
        taken = distribution.prepare(batch, branch[:8])
        assert distribution.store(conn, seen, answer, taken, stored, house.clock.epoch_ms())

    await house.db.write(write)
    return [chave for chave, _ in chaves]


async def test_the_list_filters_by_deadline_issuer_and_search(client: Client, house: House) -> None:
    chaves = await arrive(house, 1, 8, 80)
    headers = await house.key("received:read")

    async def listed(query: str) -> list[str]:
        answer = await client.get(f"/v1/received{query}", headers=headers)
        assert answer.status == 200
        return sorted(item["chave_acesso"] for item in (await answer.json())["items"])

    assert await listed("") == sorted(chaves)
    # 8 days old: the ciência is due in 2; 80 days old: the conclusive answer in 10.
    assert await listed("?deadline=2") == [chaves[1]]
    assert await listed("?deadline=10") == sorted(chaves)
    assert await listed("?deadline=9") == sorted(chaves[:2])
    assert await listed("?status=ciente") == []
    assert await listed("?issuer=45.543.915/0001-81") == sorted(chaves)
    assert await listed(f"?search={chaves[2]}") == [chaves[2]]
    assert await listed("?issuer=99999999000191") == []
    assert (await client.get("/v1/received?deadline=logo", headers=headers)).status == 422


async def test_a_note_shows_its_facts_in_the_branch_s_time(client: Client, house: House) -> None:
    (chave,) = await arrive(house, 1)

    answer = await (await client.get(f"/v1/received/{chave}", headers=await house.key("received:read"))).json()

    assert (answer["number"], answer["series"], answer["value"], answer["status_label"]) == (1, 1, "1190.50", "Só o resumo")
    assert answer["aware_until"].endswith("-04:00")  # Manaus
    assert answer["links"] == {"self": f"/v1/received/{chave}"}
    assert answer["content"] is None


async def test_a_key_of_another_branch_sees_nothing(client: Client, house: House) -> None:
    (chave,) = await arrive(house, 1)
    headers = await house.key("received:read", "received:write", branches=(OTHER,))

    assert (await (await client.get("/v1/received", headers=headers)).json())["items"] == []
    assert (await client.get(f"/v1/received/{chave}", headers=headers)).status == 404
    asked = await client.post(f"/v1/received/{chave}/manifestation", headers=headers, json={"event": "ciencia"})
    assert asked.status == 404


async def events(house: House, chave: str) -> list[tuple[str, int, str]]:
    def read(conn: Any) -> list[tuple[str, int, str]]:
        from gateway.store import manifestations  # noqa: PLC0415

        note = received_rows.by_chave(conn, chave)
        assert note is not None
        return [(one.tp_evento, one.n_seq, one.status) for one in manifestations.of_note(conn, note)]

    return await house.db.read(read)


async def test_an_answer_is_asked_for_once_and_audited(client: Client, house: House) -> None:
    (chave,) = await arrive(house, 1)
    headers = await house.key("received:write")
    body = {"event": "nao_realizada", "reason": "Mercadoria recusada na entrega"}

    first = await client.post(f"/v1/received/{chave}/manifestation", headers=headers, json=body)
    second = await client.post(f"/v1/received/{chave}/manifestation", headers=headers, json=body)

    assert (first.status, second.status) == (202, 202)
    assert (await first.json())["id"] == (await second.json())["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await events(house, chave) == [("210240", 1, "requested")]
    assert [row for row in await audits(house) if "received.manifest" in row] != []


async def test_one_ref_is_one_answer(client: Client, house: House) -> None:
    (chave,) = await arrive(house, 1)
    headers = await house.key("received:write")
    path = f"/v1/received/{chave}/manifestation"

    first = await client.post(path, headers=headers, json={"event": "confirmacao", "ref": "r-1"})
    other = await client.post(path, headers=headers, json={"event": "desconhecimento", "ref": "r-1"})
    again = await client.post(path, headers=headers, json={"event": "confirmacao", "ref": "r-1"})

    assert (first.status, other.status, again.status) == (202, 409, 202)
    assert await events(house, chave) == [("210200", 1, "requested")]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"event": "nao_realizada"}, "$.reason"),
        ({"event": "confirmacao", "reason": "Mercadoria recusada na entrega"}, "$.reason"),
        ({"event": "nao_realizada", "reason": "curto"}, "$.reason"),
        ({"event": "recusa"}, "$.event"),
    ],
)
async def test_a_bad_answer_names_its_field_and_changes_nothing(
    client: Client, house: House, body: dict[str, str], path: str
) -> None:
    (chave,) = await arrive(house, 1)

    answer = await client.post(f"/v1/received/{chave}/manifestation", headers=await house.key("received:write"), json=body)

    assert answer.status == 422
    assert [fault["path"] for fault in (await answer.json())["faults"]] == [path]
    assert await events(house, chave) == []


async def test_past_its_deadline_nothing_is_sent(client: Client, house: House) -> None:
    aware, over = await arrive(house, 11, 91)
    headers = await house.key("received:write")

    late = await client.post(f"/v1/received/{aware}/manifestation", headers=headers, json={"event": "ciencia"})
    later = await client.post(f"/v1/received/{over}/manifestation", headers=headers, json={"event": "confirmacao"})

    assert (late.status, later.status) == (409, 409)
    assert "O prazo de ciência da operação terminou em" in (await late.json())["detail"]
    assert await events(house, aware) == []
    assert await events(house, over) == []


async def test_a_refused_answer_is_tried_again_with_its_own_sequence(client: Client, house: House) -> None:
    (chave,) = await arrive(house, 1)
    headers = await house.key("received:write")
    path = f"/v1/received/{chave}/manifestation"
    event = (await (await client.post(path, headers=headers, json={"event": "confirmacao"})).json())["id"]
    at = house.clock.epoch_ms()
    await house.db.write(lambda conn: fiscal_events.move(conn, event, "reject", at=at, cstat="596", reason="Fora do prazo"))

    again = await (await client.post(path, headers=headers, json={"event": "confirmacao"})).json()

    assert (again["id"], again["nSeqEvento"], again["status"], again["cStat"]) == (event, 1, "requested", None)


async def test_the_page_lists_answers_and_warns(house: House, aiohttp_client: Callable[..., Awaitable[Client]]) -> None:
    browser = await aiohttp_client(make_app(house.services), cookie_jar=CookieJar(unsafe=True))
    await house.user()
    await enter(browser)
    empty = await (await browser.get("/console/recebidas")).text()
    assert "Nenhuma nota recebida ainda." in empty
    chaves = await arrive(house, 8, 80)

    first = await (await browser.get("/console")).text()
    page = await (await browser.get("/console/recebidas")).text()
    note = await (await browser.get(f"/console/recebidas/{chaves[0]}")).text()

    assert "Prazo da ciência termina em até 3 dias" in first
    assert "Prazo da manifestação termina em até 15 dias" in first
    assert page.count("Fornecedor &lt;b&gt;") == 2
    assert "lido até o NSU 2 de 2" in page
    assert "Dar ciência" in note
    assert "Confirmar a operação" in note
    token = await csrf(browser)
    form = {"csrf": token, "event": "ciencia"}
    done = await browser.post(f"/console/recebidas/{chaves[0]}/manifestar", data=form, allow_redirects=False)
    assert (done.status, done.headers["Location"]) == (303, f"/console/recebidas/{chaves[0]}?feito=manifestation")
    assert await events(house, chaves[0]) == [("210210", 1, "requested")]
    short = {"csrf": token, "event": "nao_realizada", "reason": "curto"}
    assert (await browser.post(f"/console/recebidas/{chaves[1]}/manifestar", data=short)).status == 422
    assert await events(house, chaves[1]) == []


FOUND = Taxpayer(
    "111",
    "Consulta cadastro com uma ocorrencia",
    (Registration("110042490114", THEM, "SP", True, True, "FORNECEDOR LTDA", None, date(2015, 3, 1)),),
)


async def test_a_taxpayer_is_told_as_the_state_said_it(client: Client, house: House) -> None:
    house.edges.taxpayer = FOUND

    answer = await client.get(f"/v1/taxpayers/sp/45.543.915%2F0001-81?branch={CNPJ}", headers=await house.key("received:read"))

    assert answer.status == 200
    told = await answer.json()
    assert (told["cStat"], [one["ie"] for one in told["registrations"]]) == ("111", ["110042490114"])
    assert house.edges.taxpayer_questions == [(CNPJ, "SP", THEM)]


@pytest.mark.parametrize(
    "path", [f"/v1/taxpayers/XX/{THEM}?branch={CNPJ}", f"/v1/taxpayers/SP/{THEM}", f"/v1/taxpayers/SP/!?branch={CNPJ}"]
)
async def test_a_question_that_makes_no_sense_is_not_asked(client: Client, house: House, path: str) -> None:
    assert (await client.get(path, headers=await house.key("received:read"))).status == 422
    assert house.edges.taxpayer_questions == []


async def test_too_many_questions_say_when_to_come_back(client: Client, house: House) -> None:
    house.edges.taxpayer = Throttled("Muitas consultas.", after=90.0, code="TAXPAYER-RATE")

    answer = await client.get(f"/v1/taxpayers/SP/{THEM}?branch={CNPJ}", headers=await house.key("received:read"))

    assert (answer.status, answer.headers["Retry-After"]) == (503, "90")


async def test_a_customer_keeps_what_the_store_keyed_in(client: Client, house: House) -> None:
    house.edges.taxpayer = FOUND
    headers = await house.key("setup")
    await client.put(f"/v1/customers/{THEM}", headers=headers, json={"tax_id": THEM, "name": "Nome da loja"})

    answer = await client.post(f"/v1/customers/{THEM}/complete?uf=SP&branch={CNPJ}", headers=headers)

    assert answer.status == 200
    customer = (await answer.json())["customer"]
    assert (customer["name"], customer["state_registration"], customer["taxpayer"]) == ("Nome da loja", "110042490114", True)


async def test_without_one_active_registration_the_customer_stays_as_it_was(client: Client, house: House) -> None:
    headers = await house.key("setup")

    answer = await client.post(f"/v1/customers/{THEM}/complete?uf=SP&branch={CNPJ}", headers=headers)

    assert (answer.status, (await answer.json())["code"]) == (409, "TAXPAYER-NOT-ONE")
    assert (await client.get(f"/v1/customers/{THEM}", headers=headers)).status == 404
