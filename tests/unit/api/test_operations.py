"""The table of operations of a branch: explained, exported, and replaced whole or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from gateway.store.intake import preview_sale
from gateway.store.tables import audit, branch_operations
from tests.unit.api.house import CNPJ, OTHER, FakeClock, House
from tests.unit.nfe.made import SHIRT, item, sale

Client = TestClient[Any, Any]
PATH = f"/v1/branches/{CNPJ}/operations"
ROW = {"operation": "remessa_conserto", "since": "2026-01-01", "cst": "41", "deadline_days": 60, "reason": "RICMS"}
AS_CSV = {"Content-Type": "text/csv"}


def named(body: Any, name: str) -> Any:
    return next(one for one in body["items"] if one["operation"] == name)


async def test_what_is_used_and_why(client: Client, house: House) -> None:
    key = await house.key("setup")
    plain = await (await client.get(PATH, headers=key)).json()
    assert (plain["at"], len(plain["items"]), plain["own"]) == ("2026-11-03", 44, [])
    assert named(plain, "venda")["origin"] == "default"
    stored = await client.put(PATH, json=[ROW], headers=key)
    assert stored.status == 200
    used = named(await (await client.get(PATH, headers=key)).json(), "remessa_conserto")
    assert (used["origin"], used["since"], used["changed"], used["cst"], used["deadline_days"], used["reason"]) == (
        "branch",
        "2026-01-01",
        ["cst", "deadline_days"],
        "41",
        60,
        "RICMS",
    )
    before = named(await (await client.get(f"{PATH}?at=2025-12-31", headers=key)).json(), "remessa_conserto")
    assert (before["origin"], before["cst"]) == ("default", "50")
    other = await (await client.get(f"/v1/branches/{OTHER}/operations", headers=key)).json()
    assert other["own"] == []
    assert await house.rows(audit) == 1


async def test_the_own_rows_go_out_and_come_back_as_csv(client: Client, house: House) -> None:
    key = await house.key("setup")
    await client.put(PATH, json=[ROW], headers=key)
    answer = await client.get(f"{PATH}?rows=own", headers={**key, "Accept": "text/csv"})
    text = await answer.text()
    assert (answer.status, answer.content_type, len(text.splitlines())) == (200, "text/csv", 2)
    await client.put(PATH, json=[], headers=key)
    assert await house.rows(branch_operations) == 0
    back = await client.put(PATH, data=text.encode(), headers={**key, **AS_CSV})
    own = (await back.json())["own"][0]
    assert {name: own[name] for name in ROW} == ROW
    used = await (await client.get(PATH, headers={**key, "Accept": "text/csv"})).text()
    assert len(used.splitlines()) == 45
    assert "devolucao_venda" in used


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"cfop_internal": "6915"}, "OPERATION-CFOP", "$[1].cfop_internal"),
        ({"until": "2025-01-01"}, "OPERATION-DATES", "$[1].until"),
        ({"operation": "reducao_valor", "since": "2026-01-01"}, "OPERATION-DATES", "$[1].since"),
        ({"operation": "servico"}, "OPERATION-OUTSIDE", "$[1].operation"),
        ({"operation": "bonificacao", "icms": "fixed"}, "OPERATION-ICMS", "$[1].icms"),
        ({"cclasstrib": "000001"}, "OPERATION-IBSCBS", "$[1].cclasstrib"),
        ({"ibs_cbs_cst": "620", "cclasstrib": "620001"}, "OPERATION-IBSCBS", "$[1].ibs_cbs_cst"),
        ({"operation": "devolucao_venda", "payment": "real"}, "OPERATION-PAYMENT", "$[1].payment"),
        ({"since": "2026-01-01"}, "OPERATION-TWICE", "$[1].since"),
    ],
)
async def test_one_fault_and_nothing_changes(client: Client, house: House, change: dict[str, str], code: str, where: str) -> None:
    key = await house.key("setup")
    bad = {"operation": "remessa_conserto", "since": "2026-02-01", **change}
    answer = await client.put(PATH, json=[ROW, bad], headers=key)
    faults = (await answer.json())["faults"]
    assert (answer.status, [(one["code"], one["path"]) for one in faults]) == (422, [(code, where)])
    assert await house.rows(branch_operations) == 0
    good = await client.put(PATH, json=[ROW, {"operation": "remessa_conserto", "since": "2026-02-01"}], headers=key)
    assert good.status == 200


async def test_a_csv_is_refused_by_line(client: Client, house: House) -> None:
    key = {**await house.key("setup"), **AS_CSV}
    text = "operation;since;cfop_internal;deadline_days\nvenda;2026-01-01;5101;\nvenda;ontem;5101;\nvenda;2026-03-01;6101;x\n"
    answer = await client.put(PATH, data=text.encode(), headers=key)
    paths = [one["path"] for one in (await answer.json())["faults"]]
    assert (answer.status, paths) == (422, ["$line[3].since", "$line[4].deadline_days"])
    assert (await client.put(PATH, data=b"\xff\xfe", headers=key)).status == 422
    assert await house.rows(branch_operations) == 0
    wrong = await client.put(PATH, data=text.replace("ontem", "2026-02-01").replace("x\n", "\n").encode(), headers=key)
    assert [one["path"] for one in (await wrong.json())["faults"]] == ["$line[4].cfop_internal"]


async def test_parameters_and_the_branch_are_checked(client: Client, house: House) -> None:
    key = await house.key("setup")
    assert (await client.get(f"{PATH}?at=ontem", headers=key)).status == 422
    assert (await client.get(f"{PATH}?rows=all", headers=key)).status == 422
    assert (await client.get("/v1/branches/12ABC34501DE35/operations", headers=key)).status == 404
    limited = await house.key("setup", branches=(OTHER,))
    assert (await client.put(PATH, json=[ROW], headers=limited)).status == 404
    assert await house.rows(branch_operations) == 0


async def test_a_sale_is_composed_by_the_rows_of_its_branch(client: Client, house: House) -> None:
    await client.put(PATH, json=[ROW], headers=await house.key("setup"))
    sent = sale(branch=CNPJ, operation="remessa_conserto", payments=(), items=(item(product=SHIRT),))
    xml, total, _ = await preview_sale(house.db, FakeClock(), sent)
    assert total == Decimal("100.00")
    assert b"<ICMS40><orig>0</orig><CST>41</CST></ICMS40>" in xml
    # 60 days after 03/11/2026.
    assert b"Retorno ate 02/01/2027." in xml
