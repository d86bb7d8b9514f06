"""Contingency over the API: who may begin it, in which way, and what the SVC is asked before a person enters it."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from gateway.core.errors import NotSent
from gateway.nfe.answers import ServiceStatus
from gateway.store.contingency_tables import contingencies
from tests.unit.api.house import CNPJ, House

Client = TestClient[Any, Any]
HERE = f"/v1/contingency/{CNPJ}"
WHY = {"model": "55", "reason": "SEFAZ de origem sem resposta"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            ServiceStatus("114", "SVC desabilitada pela SEFAZ", None, None),
            "A SVC não foi ativada pela SEFAZ da UF: 114 SVC desabilitada",
        ),
        (ServiceStatus("113", "SVC em desativação em 22/11/26 as 14:00", None, None), "A SVC está sendo desativada: 113"),
        (NotSent("O autorizador SVC-AN não respondeu."), "A SVC não respondeu: O autorizador SVC-AN não respondeu."),
    ],
)
async def test_an_svc_that_takes_no_notes_is_not_entered_but_by_force(
    client: Client, house: House, answer: ServiceStatus | NotSent, told: str
) -> None:
    key = await house.key("contingency:write")
    house.edges.status = answer
    refused = await client.post(HERE, json=WHY, headers=key)
    problem = await refused.json()
    assert (refused.status, problem["code"]) == (409, "CONTINGENCY-SVC")
    assert problem["detail"].startswith(told)
    assert await house.rows(contingencies) == 0
    forced = await client.post(HERE, json=WHY | {"force": True}, headers=key)
    assert (forced.status, (await forced.json())["mode"]) == (201, "svc")
    # In contingency already: asking again asks nobody.
    asked = len(house.edges.status_models)
    assert (await client.post(HERE, json=WHY, headers=key)).status == 200
    assert len(house.edges.status_models) == asked


async def test_an_active_svc_is_entered_and_other_ways_ask_nobody(client: Client, house: House) -> None:
    key = await house.key("contingency:write", "nfe:read")
    house.edges.status = ServiceStatus("107", "Servico em Operacao", 1, None)
    assert (await client.post(HERE, json=WHY, headers=key)).status == 201
    asked = len(house.edges.status_models)
    assert asked == 1
    assert (await client.delete(f"{HERE}?model=55", headers=key)).status == 200
    entered = await client.post(HERE, json=WHY | {"mode": "epec"}, headers=key)
    assert (entered.status, (await entered.json())["mode"]) == (201, "epec")
    assert (await client.post(HERE, json=WHY | {"model": "65"}, headers=key)).status == 201
    assert len(house.edges.status_models) == asked
    listed = (await (await client.get(HERE, headers=key)).json())["items"]
    assert sorted((one["model"], one["mode"], one["left_at"] is None) for one in listed) == [
        ("55", "epec", True),
        ("55", "svc", False),
        ("65", "offline", True),
    ]


@pytest.mark.parametrize("wrong", [{"model": "65", "mode": "epec"}, {"model": "65", "mode": "svc"}, {"mode": "offline"}])
async def test_a_way_that_the_model_does_not_have_is_refused(client: Client, house: House, wrong: dict[str, str]) -> None:
    key = await house.key("contingency:write")
    refused = await client.post(HERE, json=WHY | wrong, headers=key)
    assert (refused.status, (await refused.json())["code"]) == (409, "CONTINGENCY-MODE")
    assert await house.rows(contingencies) == 0
