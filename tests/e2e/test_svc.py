"""NF-e by the SVC: entered when the SVC itself answers 107, left when home is back."""

from __future__ import annotations

import asyncio

from gateway import demo_data
from gateway.stage import Stage

HERE = f"/v1/contingency/{demo_data.TEST_CNPJ}"


async def test_a_note_is_authorised_by_the_svc_while_home_is_down_and_home_takes_over_again(stage: Stage) -> None:
    stage.sims.sefaz.load_scenario("svc-active")
    began = await stage._call("POST", HERE, {"model": "55", "reason": "SEFAZ de origem sem resposta"})
    assert began["mode"] == "svc"
    await stage._call("POST", "/v1/nfe", demo_data.sale("svc-1"))
    found = await stage._until("/v1/nfe/svc-1", "status", frozenset({"authorized", "rejected"}))
    # São Paulo's contingency is the SVC-AN: tpEmis 6 in the key.
    assert (found["status"], found["chave_acesso"][34]) == ("authorized", "6"), found
    stage.sims.sefaz.set_state(status="107")
    # It ends by itself, and what the SVC authorised is not sent again.
    async with asyncio.timeout(20):
        while (left := (await stage._call("GET", HERE))["items"][0])["left_at"] is None:
            await asyncio.sleep(0.05)
    assert (left["left_by"], left["pending"]) == ("gateway", 0)
    await stage._call("POST", "/v1/nfe", demo_data.sale("svc-2"))
    normal = await stage._until("/v1/nfe/svc-2", "status", frozenset({"authorized", "rejected"}))
    assert (normal["status"], normal["chave_acesso"][34], normal["number"]) == ("authorized", "1", 2), normal
    sends = [row.chave for row in stage.sims.sefaz.ledger if row.service == "NFeAutorizacao4"]
    assert sends == [found["chave_acesso"], normal["chave_acesso"]]
