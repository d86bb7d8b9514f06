"""A rejection explained, corrected by one click on the same number, and told afterwards."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

import aiohttp
import pytest

from gateway import demo_data
from gateway.explain_lines import explained, story
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from tests.e2e.test_raw import note
from tests.e2e.test_raw import post as post_raw
from tests.e2e.test_sale import final, post

AUTHORISED = frozenset({"authorized"})


async def rejected(stage: Stage, ref: str, cStat: str) -> dict[str, Any]:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat=cStat))
    await post(stage, demo_data.sale(ref))
    found = await final(stage, ref)
    assert (found["status"], found["answer"]["cStat"], found["number"]) == ("rejected", cStat, 1)
    return found


async def get(stage: Stage, path: str) -> tuple[int, dict[str, Any]]:
    async with stage.http.get(path) as answer:
        return answer.status, await answer.json()


async def test_the_explanation_names_the_field_and_its_draft_is_authorised_on_the_same_number(stage: Stage) -> None:
    await rejected(stage, "gtin", "611")
    status, told = await get(stage, "/v1/nfe/gtin/explanation")
    assert status == 200, told
    values = {field["layout"]: field["value"] for field in told["fields"]}
    marked = [layout for layout, value in values.items() if value == "7898350000015"]
    assert len(marked) == 1
    index = int(re.findall(r"det\[(\d+)\]", marked[0])[0]) - 1
    assert marked == [f"/infNFe/det[{index + 1}]/prod/cEAN"]
    assert told["counter"] == [
        "O código de barras de um produto não foi aceito.",
        "Avise quem cuida do cadastro de produtos.",
    ]
    assert told["rejection"]["decision"] == "fix_data"
    assert told["draft"]["items"][index]["product"]["gtin"] == ""
    async with stage.http.post("/v1/nfe/gtin/retry", json=told["draft"]) as answer:
        assert answer.status == 202, await answer.text()
    found = await stage._until("/v1/nfe/gtin", "status", AUTHORISED)
    assert (found["status"], found["number"]) == ("authorized", 1)
    _, history = await get(stage, "/v1/nfe/gtin/why")
    assert history["headline"].endswith("autorizada, foi enviada em 2 tentativas.")
    (changed,) = [line for line in history["lines"] if line["kind"] == "changed"]
    item = index + 1
    assert changed["text"] == (
        f"Da 1ª para a 2ª tentativa, você mudou o GTIN do item {item} (7898350000015 → SEM GTIN),"
        f" o GTIN da unidade tributável do item {item} (7898350000015 → SEM GTIN); a 611 saiu."
    )
    assert [change["after"] for change in changed["changes"]] == ["SEM GTIN", "SEM GTIN"]
    status, _ = await get(stage, "/v1/nfe/gtin/explanation")
    assert status == 404


async def test_one_click_in_the_console_resends_on_the_same_number(stage: Stage) -> None:
    await rejected(stage, "clique", "611")
    base = str(stage.http._base_url)
    async with aiohttp.ClientSession(base, cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        page = await (await browser.get("/console/login")).text()
        token = re.findall(r'name="token" value="([^"]+)"', page)[0]
        form = {"token": token, "username": "admin", "password": stage.password}
        entered = await browser.post("/console/login", data=form, allow_redirects=False)
        assert entered.status == 303, await entered.text()
        page = await (await browser.get("/console/notas/clique")).text()
        assert "Corrigir e reenviar" in page
        assert "O código de barras de um produto não foi aceito." in page
        assert "<ins>nada</ins>" in page or "<ins>" in page
        assert "História" in page
        action = re.findall(r'action="(/console/notas/[^"]+/reenviar)"', page)[0]
        csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
        sent = await browser.post(action, data={"csrf": csrf}, allow_redirects=False)
        assert sent.status == 303, await sent.text()
        found = await stage._until("/v1/nfe/clique", "status", AUTHORISED)
        assert (found["status"], found["number"]) == ("authorized", 1)
        again = await browser.post(action, data={"csrf": csrf}, allow_redirects=False)
        assert again.status == 409
    assert len(stage.sims.sefaz.authorized) == 1


async def test_totals_of_a_raw_note_are_left_to_the_gateway(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="434"))
    status, _ = await post_raw(stage, note("bruta-2", ide__indPres="2", ide__indIntermed="1", infIntermed=INTERMEDIARY))
    assert status == 202
    assert (await final(stage, "bruta-2"))["status"] == "rejected"
    _, told = await get(stage, "/v1/nfe/bruta-2/explanation")
    assert [field["path"] for field in told["fields"]] == ["$.infNFe.ide.indIntermed", "$.infNFe.ide.indPres"]
    assert [field["value"] for field in told["fields"]] == ["1", "2"]
    # The note says 1 and brings the intermediary: there is nothing to compute.
    assert told["draft"] is None


INTERMEDIARY = {"CNPJ": "11222333000181", "idCadIntTran": "loja-1"}


async def test_the_commands_tell_the_same(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    await rejected(stage, "linha", "778")
    settings = stage.gateway.settings
    lines = await explained(settings, argparse.Namespace(codes=[], ref="linha", json=False))
    assert "campo:    $.items[0].sku  (/infNFe/det[1]/prod/NCM)" in lines[0]
    assert lines[0].endswith("rascunho: não há correção que se calcule; uma pessoa decide")
    (one,) = await explained(settings, argparse.Namespace(codes=["806"], ref="linha", json=True))
    assert json.loads(one)["rejection"]["cStat"] == "806"
    told = await story(settings, argparse.Namespace(ref="linha", json=False))
    assert told[0].startswith(
        "Nota 1 da série 1 (ref linha), R$ 484,90: rejeitada, foi enviada uma vez; a última resposta foi 778,"
    )
    (text,) = await story(settings, argparse.Namespace(ref="linha", json=True))
    assert json.loads(text)["lines"][0]["kind"] == "accepted"


async def test_a_code_by_itself(stage: Stage) -> None:
    status, told = await get(stage, "/v1/rejections/531")
    assert (status, told["rules"], told["decision"]) == (200, ["R-W03-10"], "fix_software")
    assert (await get(stage, "/v1/rejections/9999"))[0] == 404
    assert (await get(stage, "/v1/nfe/nenhuma/explanation"))[0] == 404
    assert (await get(stage, "/v1/nfe/nenhuma/why"))[0] == 404
