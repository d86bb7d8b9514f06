"""Goods that come back, seen from the outside: a sale returned in parts that add up to it, and never more than was sold."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from gateway import demo_data
from gateway.nfe.signature import verify
from gateway.nfe.xsd import validate
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from tests.e2e.test_raw import note as raw_note
from tests.e2e.test_sale import counts, final, post

NS = {"n": "http://www.portalfiscal.inf.br/nfe"}
AMOUNTS = ("vBC", "vICMS", "vPIS", "vCOFINS", "vProd", "vDesc", "vNF", "vBCIBSCBS", "vIBS", "vCBS")


def sale(ref: str, **changes: Any) -> dict[str, Any]:
    """Three bags of coffee of R$ 24,90 less R$ 4,80: 69.90."""
    items = [{"sku": "CAFE-500", "quantity": 3, "unit_price": "24.90", "discount": "4.80"}]
    return demo_data.sale(ref) | {"items": items, "payments": [{"method": "pix", "amount": "69.90"}]} | changes


def back(ref: str, chave: str, operation: str = "devolucao_venda", **line: Any) -> dict[str, Any]:
    return {
        "ref": ref,
        "branch": demo_data.TEST_CNPJ,
        "operation": operation,
        "returns": [{"chave_acesso": chave, "item": 1, **line}],
    }


async def issued(stage: Stage, body: dict[str, Any], path: str = "/v1/nfe") -> dict[str, Any]:
    async with stage.http.post(path, json=body) as answer:
        assert answer.status == 202, await answer.text()
    found = await final(stage, body["ref"])
    assert found["status"] == "authorized", found
    return found


async def document(stage: Stage, ref: str) -> etree._Element:
    async with stage.http.get(f"/v1/nfe/{ref}/xml") as answer:
        proc = await answer.read()
    assert validate(proc, "nfeProc") == ()
    verify(proc)
    return etree.fromstring(proc)


def totals(root: etree._Element) -> dict[str, Decimal]:
    whole = root.find(".//n:total", NS)
    assert whole is not None
    return {name: Decimal(whole.findtext(f".//n:{name}", "0", NS)) for name in AMOUNTS}


async def test_a_sale_returned_in_two_parts_adds_up_to_it(stage: Stage) -> None:
    original = await issued(stage, sale("venda-1"))
    chave = original["chave_acesso"]
    await issued(stage, back("volta-1", chave, quantity="1"))
    await issued(stage, back("volta-2", chave))
    sold, first, second = [await document(stage, ref) for ref in ("venda-1", "volta-1", "volta-2")]
    whole, one, rest = totals(sold), totals(first), totals(second)
    assert {name: one[name] + rest[name] for name in AMOUNTS} == whole
    # A third of 69.90.
    assert (one["vNF"], rest["vNF"]) == (Decimal("23.30"), Decimal("46.60"))
    for root in (first, second):
        assert root.findtext(".//n:finNFe", None, NS) == "4"
        assert root.findtext(".//n:tpNF", None, NS) == "0"
        assert root.findtext(".//n:CFOP", None, NS) == "1202"
        assert root.findtext(".//n:DFeReferenciado/n:chaveAcesso", None, NS) == chave
        assert root.find(".//n:NFref", NS) is None
        assert root.findtext(".//n:tPag", None, NS) == "90"
        assert root.findtext(".//n:dest/n:CPF", None, NS) == "52998224725"
    stored = await counts(stage)
    status, problem = await post(stage, back("volta-3", chave, quantity="1"))
    assert (status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFE-RET-08"])
    assert await counts(stage) == stored
    assert "Ana Exemplo" in str(await stage._call("GET", "/v1/nfe/volta-1"))


async def test_two_at_once_do_not_give_back_more_than_was_sold(stage: Stage) -> None:
    chave = (await issued(stage, sale("venda-1")))["chave_acesso"]
    answers = await asyncio.gather(*(post(stage, back(f"volta-{n}", chave, quantity="2")) for n in range(4)))
    assert sorted(status for status, _ in answers) == [202, 422, 422, 422]
    assert {fault["code"] for status, body in answers if status == 422 for fault in body["faults"]} == {"NFE-RET-08"}
    (accepted,) = [f"volta-{n}" for n, (status, _) in enumerate(answers) if status == 202]
    assert (await final(stage, accepted))["status"] == "authorized"
    assert len(stage.sims.sefaz.authorized) == 2


async def test_a_refused_return_frees_what_it_took_and_its_retry_takes_it_again(stage: Stage) -> None:
    chave = (await issued(stage, sale("venda-1")))["chave_acesso"]
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    status, _ = await post(stage, back("volta-1", chave, quantity="2"))
    assert status == 202
    assert (await final(stage, "volta-1"))["status"] == "rejected"
    await issued(stage, back("volta-2", chave, quantity="2"))
    async with stage.http.post("/v1/nfe/volta-1/retry") as answer:
        problem = await answer.json()
    assert (answer.status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFE-RET-08"])
    assert (await stage._call("GET", "/v1/nfe/volta-1"))["status"] == "rejected"
    async with stage.http.post("/v1/nfe/volta-1/retry", json=back("volta-1", chave, quantity="1")) as answer:
        assert answer.status == 202, await answer.text()
    found = await stage._until("/v1/nfe/volta-1", "status", frozenset({"authorized"}))
    assert found["total"] == "23.30"


async def test_a_slip_to_nobody_identified_comes_back_to_the_branch_itself(stage: Stage) -> None:
    slip = sale("caixa-1")
    del slip["customer"]
    chave = (await issued(stage, slip, "/v1/nfce"))["chave_acesso"]
    assert chave[20:22] == "65"
    await issued(stage, back("volta-1", chave))
    root = await document(stage, "volta-1")
    assert root.findtext(".//n:dest/n:CNPJ", None, NS) == demo_data.TEST_CNPJ
    assert totals(root)["vNF"] == Decimal("69.90")


async def test_a_reduction_of_value_says_ibs_and_cbs_alone(stage: Stage) -> None:
    chave = (await issued(stage, sale("venda-1")))["chave_acesso"]
    await issued(stage, back("menos-1", chave, "reducao_valor", amount="9.90"))
    root = await document(stage, "menos-1")
    assert root.findtext(".//n:tpNFCredito", None, NS) == "04"
    assert root.find(".//n:imposto/n:ICMS", NS) is None
    assert totals(root)["vNF"] == Decimal("9.90")
    status, problem = await post(stage, back("menos-2", chave, "reducao_valor", amount="60.01"))
    assert (status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFE-RET-08"])


async def test_another_companys_note_is_brought_whole(stage: Stage) -> None:
    chave = (await issued(stage, sale("venda-1")))["chave_acesso"]
    async with stage.http.get("/v1/nfe/venda-1/xml") as answer:
        proc = (await answer.read()).decode()
    body = back("volta-1", chave) | {"originals": [proc.replace("<vProd>74.70", "<vProd>74.60")]}
    status, problem = await post(stage, body)
    assert (status, [(f["code"], f["path"]) for f in problem["faults"]]) == (422, [("NFE-RET-03", "$.originals[0]")])
    status, _ = await post(stage, body | {"originals": [proc]})
    assert status == 202


async def test_a_preview_takes_nothing(stage: Stage) -> None:
    chave = (await issued(stage, sale("venda-1")))["chave_acesso"]
    for _ in range(2):
        async with stage.http.post("/v1/nfe/preview", json=back("volta-1", chave)) as answer:
            shown = await answer.json()
        assert (answer.status, shown["total"]) == (200, "69.90")
    await issued(stage, back("volta-1", chave))


@pytest.mark.parametrize("model", ["55", "65"])
async def test_a_raw_note_of_either_model(stage: Stage, model: str) -> None:
    changes: dict[str, Any] = {"ide__mod": model}
    body = raw_note("bruta-1", **changes)
    if model == "65":
        for det in body["infNFe"]["det"]:
            det["imposto"].pop("IPI", None)
        body["infNFe"]["pag"]["detPag"][0]["vPag"] = "146.20"
        body["infNFe"]["det"] = body["infNFe"]["det"][1:]
        body["infNFe"]["pag"]["detPag"][0]["vPag"] = "39.00"
    async with stage.http.post("/v1/nfe/raw", json=body) as answer:
        assert answer.status == 202, await answer.text()
    found = await final(stage, "bruta-1")
    assert (found["status"], found["model"]) == ("authorized", model), found
    root = await document(stage, "bruta-1")
    qr = root.findtext(".//n:qrCode", None, NS)
    assert qr is None if model == "55" else (qr or "").endswith(f"?p={found['chave_acesso']}|3|2")
