"""A note by its official tags, from the post to the authorised document."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from lxml import etree

from gateway import demo_data
from gateway.demo import Stage
from gateway.nfe.branch import Branch
from gateway.nfe.reader import read
from gateway.sim.sefaz import Fault
from tests.e2e.test_sale import counts, final
from tests.unit.nfe.made_raw import BOOK, WINE, body
from tests.unit.nfe.test_raw_samples import VALID, by_tags

NS = {"n": "http://www.portalfiscal.inf.br/nfe"}


def note(ref: str = "bruta-1", **changes: Any) -> dict[str, Any]:
    return body(WINE, BOOK, paid="156.20", emit__CNPJ=demo_data.TEST_CNPJ, **changes) | {"ref": ref}


async def post(stage: Stage, sent: Any, path: str = "/v1/nfe/raw") -> tuple[int, dict[str, Any]]:
    async with stage.http.post(path, json=sent) as answer:
        return answer.status, await answer.json()


async def test_a_raw_note_is_authorised(stage: Stage) -> None:
    status, accepted = await post(stage, note())
    assert (status, accepted["total"]) == (202, "156.20")
    found = await final(stage, "bruta-1")
    assert (found["status"], found["number"], found["total"]) == ("authorized", 1, "156.20")
    async with stage.http.get("/v1/nfe/bruta-1/xml") as answer:
        proc = await answer.read()
    document = read(proc).infNFe
    assert document.Id == f"NFe{found['chave_acesso']}"
    assert [det.prod.cProd for det in document.det] == ["VINHO-1", "MATERIAL-1"]
    assert etree.fromstring(proc).findtext(".//n:vST", namespaces=NS) == "7.20"


async def test_the_same_raw_note_is_one_document(stage: Stage) -> None:
    first = await post(stage, note())
    second = await post(stage, note())
    assert (first[0], second[1]["ref"]) == (202, "bruta-1")
    status, problem = await post(stage, note(infAdic={"infCpl": "outra"}))
    assert (status, problem["code"]) == (409, "GW-IDEMPOTENCY")
    await final(stage, "bruta-1")
    assert await counts(stage) == (1, 1)


async def test_bad_bodies_are_explained_and_nothing_is_stored(stage: Stage) -> None:
    wrong = note(ide__inventada="1", ide__natOp=5, det=[{"prod": {}, "imposto": {"ICMS": []}}])
    status, problem = await post(stage, wrong)
    told = {fault["path"]: fault["code"] for fault in problem["faults"]}
    assert status == 422
    assert told["$.infNFe.ide.inventada"] == "GW-UNKNOWN-FIELD"
    assert told["$.infNFe.det[0].prod.cProd"] == "GW-REQUIRED"
    assert "$.infNFe.ide.natOp" in told
    assert "$.infNFe.det[0].imposto.ICMS" in told
    status, problem = await post(stage, note(ide__natOp="", ide__idDest="7"))
    assert (status, {fault["path"] for fault in problem["faults"]}) == (422, {"$.infNFe.ide.natOp", "$.infNFe.ide.idDest"})
    status, problem = await post(stage, note() | {"infNFe": body(emit__CNPJ="11444777000161")["infNFe"]})
    assert (status, [fault["path"] for fault in problem["faults"]]) == (422, ["$.infNFe.emit.CNPJ"])
    assert await counts(stage) == (0, 0)


async def test_a_preview_stores_nothing(stage: Stage) -> None:
    status, preview = await post(stage, note(), "/v1/nfe/raw/preview")
    assert (status, preview["total"]) == (200, "156.20")
    assert "<vST>7.20</vST>" in preview["xml"]
    assert await counts(stage) == (0, 0)


XPAG = {"R-441"}
"""tPag 99 without its text (xPag), which the manual asks for since 2021."""
REFUSED_TODAY = {
    "26180875335849000115550010000016871192213331-nfe.xml": XPAG,
    "35180834128745000152550010000474491454651420-nfe.xml": XPAG,
    "35180834128745000152550010000474501597356342-nfe.xml": XPAG,
    "35180834128745000152550010000474641681223493-nfe.xml": XPAG,
    "35180834128745000152550010000476051695511860-nfe.xml": XPAG,
    "35180834128745000152550010000476121675985748-nfe.xml": XPAG,
    "35180834128745000152550010000476711079516696-nfe.xml": XPAG,
    # A GTIN with a wrong check digit.
    "35180834128745000152550010000476861118934859-nfe.xml": {"R-I03-10"},
}
TAKEN_TODAY = {
    "35180834128745000152550010000474281920007498-nfe.xml": "347.28",
    "35180834128745000152550010000476491552806942-nfe.xml": "879.68",
    "35180834128745000152550010000476781421693968-nfe.xml": "313.92",
    "41170706117473000150550010000463202612756525-procNFe.xml": "84.90",
    "procNFe.xml": "84.90",
}
OF_THE_GATEWAY = ("nNF", "cNF", "cDV", "dhEmi", "dhSaiEnt", "tpAmb", "verProc")
MADE_UP = "nfe_reforma_tributaria.xml"


async def test_other_peoples_notes_issued_again_today_are_taken_or_told_why_not(stage: Stage) -> None:
    assert {sample.name for sample in VALID} == REFUSED_TODAY.keys() | TAKEN_TODAY.keys() | {MADE_UP}
    for sample in VALID:
        told = by_tags(sample)
        del told["Id"]
        told["ide"] = {name: value for name, value in told["ide"].items() if name not in OF_THE_GATEWAY}
        issuer = told["emit"]["CNPJ"]
        branch = msgspec.to_builtins(demo_data.branch(issuer))
        async with stage.http.put(f"/v1/branches/{issuer}", json=branch) as answer:
            assert answer.status in (200, 201), await answer.text()
        status, answered = await post(stage, {"ref": sample.name, "infNFe": told}, "/v1/nfe/raw/preview")
        if sample.name in TAKEN_TODAY:
            assert (status, answered.get("total")) == (200, TAKEN_TODAY[sample.name]), (sample.name, answered)
            continue
        codes = {fault["code"] for fault in answered["faults"]}
        assert status == 422
        if sample.name == MADE_UP:
            # Values filled in at random: every total is told wrong, and every amount of IBS and CBS.
            assert {"R-W03-10", "R-W07-10", "R-W16-10", "R-UB35-10", "R-UB54-10", "R-UB67-10", "R-W56-10"} <= codes
        else:
            assert codes == REFUSED_TODAY[sample.name], sample.name
        for fault in answered["faults"]:
            assert fault["path"].startswith("$.infNFe.") and fault["message"] and fault["fix"] and fault["source"]
    assert await counts(stage) == (0, 0)


async def test_the_caller_may_number_the_note(stage: Stage) -> None:
    chosen = {"ide__nNF": "500", "ide__cNF": "87654321", "ide__serie": "3"}
    await post(stage, note("n-500", **chosen))
    found = await final(stage, "n-500")
    assert (found["status"], found["number"], found["series"]) == ("authorized", 500, 3)
    assert found["chave_acesso"][35:43] == "87654321"
    status, problem = await post(stage, note("n-500-de-novo", **chosen))
    assert (status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFE-RAW-09"])
    await post(stage, note("seguinte", ide__serie="3"))
    assert (await final(stage, "seguinte"))["number"] == 501
    assert await counts(stage) == (2, 1)


async def test_a_rejected_raw_note_is_corrected_on_its_number(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat="805"))
    await post(stage, note())
    refused = await final(stage, "bruta-1")
    assert (refused["status"], refused["number"]) == ("rejected", 1)
    for changes in ({"ide__nNF": "9"}, {"ide__serie": "9"}):
        status, problem = await post(stage, note(**changes), "/v1/nfe/bruta-1/retry")
        assert (status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFE-RETRY-02"])
    # The branch goes on in another series: this note stays in its own.
    async with stage.http.get(f"/v1/branches/{demo_data.TEST_CNPJ}") as answer:
        branch = {name: value for name, value in (await answer.json()).items() if name in Branch.__struct_fields__}
    async with stage.http.put(f"/v1/branches/{demo_data.TEST_CNPJ}", json=branch | {"series": 2}) as answer:
        assert answer.status == 200, await answer.text()
    status, _ = await post(stage, note(infAdic={"infCpl": "corrigida"}), "/v1/nfe/bruta-1/retry")
    assert status == 202
    found = await stage._until("/v1/nfe/bruta-1", "status", frozenset({"authorized"}))
    assert (found["status"], found["number"], found["series"]) == ("authorized", 1, 1)
    assert found["chave_acesso"][22:25] == "001"


async def test_a_number_chosen_twice_at_once_has_one_owner(stage: Stage) -> None:
    refs = ("gemea-1", "gemea-2")
    answers = await asyncio.gather(*(post(stage, note(ref, ide__nNF="77")) for ref in refs))
    accepted = [ref for ref, (status, _) in zip(refs, answers, strict=True) if status == 202]
    ends = [await final(stage, ref) for ref in accepted]
    assert [end["number"] for end in ends if end["status"] == "authorized"] == [77]
    for end in ends:
        if end["status"] != "authorized":
            assert (end["status"], end["number"]) == ("rejected", None)
            assert "já foi usado" in str(end["timeline"])
    assert len(stage.sims.sefaz.authorized) == 1


async def test_a_raw_note_refused_by_body_rules_and_taken_number_is_told_once(stage: Stage) -> None:
    await post(stage, note(ide__nNF="7"))
    await final(stage, "bruta-1")
    wrong = note("bruta-2", ide__nNF="7", ide__procEmi="1", ide__inventada="1", dest__CPF="52998224726")
    status, problem = await post(stage, wrong)
    assert (status, [(fault["code"], fault["path"]) for fault in problem["faults"]]) == (
        422,
        [
            ("GW-UNKNOWN-FIELD", "$.infNFe.ide.inventada"),
            ("NFE-RAW-08", "$.infNFe.ide.procEmi"),
            ("R-E03-10", "$.infNFe.dest.CPF"),
        ],
    )
    del wrong["infNFe"]["ide"]["inventada"]
    status, problem = await post(stage, wrong)
    assert (status, [(fault["code"], fault["path"]) for fault in problem["faults"]]) == (
        422,
        [
            ("NFE-RAW-08", "$.infNFe.ide.procEmi"),
            ("NFE-RAW-09", "$.infNFe.ide.nNF"),
            ("R-E03-10", "$.infNFe.dest.CPF"),
        ],
    )
    assert await counts(stage) == (1, 1)
