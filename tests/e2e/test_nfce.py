"""A sale at the till, seen from the outside: NFC-e authorised, printed, its QR code read back from the paper."""

from __future__ import annotations

import io
from hashlib import sha1
from typing import Any

import msgspec
import pytest
import zxingcpp
from lxml import etree
from PIL import Image

from gateway import demo_data, doctor
from gateway.nfe.branch import NfceSettings
from gateway.nfe.signature import verify
from gateway.nfe.xsd import validate
from gateway.stage import FINAL_DOCUMENT, Stage
from gateway.store.tables import branch_csc

NS = {"n": "http://www.portalfiscal.inf.br/nfe"}
CSC = "CODIGO-DE-TESTE-DO-CONTRIBUINTE-0001"


async def settle(stage: Stage, **nfce: Any) -> None:
    branch = demo_data.branch(printer=f"tcp://127.0.0.1:{stage.sims.printer.port}")
    changed = msgspec.structs.replace(branch, nfce=NfceSettings(**nfce))
    await stage._call("PUT", f"/v1/branches/{branch.cnpj}", msgspec.to_builtins(changed))


async def stored(stage: Stage, ref: str) -> etree._Element:
    async with stage.http.get(f"/v1/nfe/{ref}/xml") as answer:
        proc = await answer.read()
    assert validate(proc, "nfeProc") == ()
    start, end = proc.index(b"<NFe"), proc.index(b"</NFe>") + len(b"</NFe>")
    verify(proc[start:end])
    return etree.fromstring(proc)


async def printed(stage: Stage) -> str:
    """What the QR code of the only receipt says to a camera."""
    (receipt,) = await stage.sims.printer.wait_receipts(1)
    assert receipt.problems == []
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(receipt.png)).convert("L"))
    return str(code.text)


async def test_a_sale_at_the_till_becomes_an_authorised_printed_nfce(stage: Stage) -> None:
    outcome = await stage.sell_nfce("caixa-1")
    assert (outcome.status, outcome.total) == ("authorized", "100.00")
    (note,) = stage.sims.sefaz.authorized
    assert (note.chave, note.mod, note.serie) == (outcome.chave_acesso, "65", 1)
    root = await stored(stage, "caixa-1")
    assert root.findtext(".//n:vTroco", None, NS) == "54.70"
    qr = root.findtext(".//n:qrCode", None, NS)
    assert qr is not None
    assert qr.endswith(f"?p={outcome.chave_acesso}|3|2")
    assert await printed(stage) == qr
    found = await stage._call("GET", f"/v1/nfe/{outcome.chave_acesso}")
    assert (found["model"], found["links"].get("danfe_pdf")) == ("65", None)
    async with stage.http.get("/v1/nfe/caixa-1/danfe.png") as answer:
        slip = await answer.read()
    (drawn,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(slip)).convert("L"))
    assert drawn.text == qr
    async with stage.http.get("/v1/nfe/caixa-1/danfe.pdf") as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "NFE-NO-PDF")


async def test_version_2_is_authenticated_by_the_csc_kept_sealed(stage: Stage) -> None:
    await settle(stage, qr_version="2", series=9)
    told = await stage._call("PUT", f"/v1/branches/{demo_data.TEST_CNPJ}/csc", {"csc_id": "000001", "csc": CSC})
    assert (told["csc_id"], told["environment"]) == ("1", 2)
    stage.sims.sefaz.set_state(csc={"1": CSC})
    outcome = await stage.sell_nfce("caixa-2")
    assert outcome.status == "authorized", outcome.reason
    assert stage.sims.sefaz.authorized[0].serie == 9
    qr = (await stored(stage, "caixa-2")).findtext(".//n:qrCode", None, NS) or ""
    parameters, _, hashed = qr.partition("?p=")[2].rpartition("|")
    assert parameters == f"{outcome.chave_acesso}|2|2|1"
    assert hashed == sha1(f"{parameters}{CSC}".encode()).hexdigest().upper()  # noqa: S324  the manual's
    assert await printed(stage) == qr
    (sealed,) = await stage.gateway.db.read(
        lambda conn: tuple(conn.execute(branch_csc.select().with_only_columns(branch_csc.c.csc)))
    )
    assert CSC.encode() not in sealed.csc
    shown = await stage._call("GET", f"/v1/branches/{demo_data.TEST_CNPJ}/csc")
    assert CSC not in str(shown)
    assert [row["csc_id"] for row in shown["items"]] == ["1"]


async def test_version_2_without_csc_is_refused_before_a_number_is_taken(stage: Stage) -> None:
    await settle(stage, qr_version="2")
    async with stage.http.post("/v1/nfce", json=demo_data.nfce("caixa-3")) as answer:
        problem = await answer.json()
    assert (answer.status, [fault["code"] for fault in problem["faults"]]) == (422, ["NFCE-QR-01"])
    numbers = await stage._call("GET", f"/v1/numbers/{demo_data.TEST_CNPJ}/65/1")
    assert numbers["next"] == 1
    assert stage.sims.sefaz.authorized == []


async def test_a_wrong_csc_is_sefazs_to_say_and_the_retry_keeps_the_number(stage: Stage) -> None:
    await settle(stage, qr_version="2")
    path = f"/v1/branches/{demo_data.TEST_CNPJ}/csc"
    await stage._call("PUT", path, {"csc_id": "1", "csc": "CODIGO-ERRADO"})
    stage.sims.sefaz.set_state(csc={"1": CSC})
    refused = await stage.sell_nfce("caixa-4")
    assert refused.status == "rejected"
    assert (refused.reason or "").startswith("464")
    await stage._call("PUT", path, {"csc_id": "1", "csc": CSC})
    await stage._call("POST", "/v1/nfe/caixa-4/retry")
    found = await stage._until("/v1/nfe/caixa-4", "status", frozenset({"authorized"}))
    assert (found["status"], found["model"], found["number"]) == ("authorized", "65", 1)


async def test_a_ref_names_one_note_of_either_model(stage: Stage) -> None:
    sale = demo_data.sale("uma-so")
    await stage._call("POST", "/v1/nfe", sale)
    async with stage.http.post("/v1/nfce", json=sale) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "GW-IDEMPOTENCY")
    found = await stage._until("/v1/nfe/uma-so", "status", FINAL_DOCUMENT)
    assert (found["status"], found["model"]) == ("authorized", "55")


@pytest.mark.parametrize(("change", "code"), [({"presence": "internet"}, "NFCE-SALE-01"), ({"payments": []}, "NFCE-PAY-01")])
async def test_what_sefaz_would_refuse_is_explained_first(stage: Stage, change: dict[str, Any], code: str) -> None:
    for path in ("/v1/nfce", "/v1/nfce/preview"):
        async with stage.http.post(path, json=demo_data.nfce("ruim") | change) as answer:
            problem = await answer.json()
        assert (answer.status, [fault["code"] for fault in problem["faults"]]) == (422, [code])
    assert [r for r in stage.sims.sefaz.ledger if r.service == "NFeAutorizacao4"] == []


async def test_a_preview_shows_the_document_and_no_secret(stage: Stage) -> None:
    await settle(stage, qr_version="2")
    await stage._call("PUT", f"/v1/branches/{demo_data.TEST_CNPJ}/csc", {"csc_id": "1", "csc": CSC})
    shown = await stage._call("POST", "/v1/nfce/preview", demo_data.nfce("previa"))
    assert shown["total"] == "100.00"
    assert "<mod>65</mod>" in shown["xml"]
    qr = etree.fromstring(shown["xml"]).findtext(".//n:qrCode", None, NS) or ""
    parameters, _, hashed = qr.partition("?p=")[2].rpartition("|")
    assert hashed != sha1(f"{parameters}{CSC}".encode()).hexdigest().upper()  # noqa: S324  the manual's


async def test_the_doctor_tells_of_a_csc_that_is_missing(stage: Stage) -> None:
    async def told() -> list[str]:
        found = doctor._setup(stage.gateway.settings, stage.gateway.db, stage.gateway.vault, offline=True)
        return [one.level async for one in found if one.subject.endswith("NFC-e")]

    assert await told() == []
    await settle(stage, qr_version="2")
    assert await told() == ["warning"]
    await stage._call("PUT", f"/v1/branches/{demo_data.TEST_CNPJ}/csc", {"csc_id": "1", "csc": CSC})
    assert await told() == []
