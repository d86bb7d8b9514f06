"""`/v1/exports`: asked for once, seen only by keys of the branch, downloaded when whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from gateway.store import exports as rows
from gateway.store.custody_tables import exports
from gateway.store.tables import jobs
from tests.unit.api.house import CNPJ, OTHER, House

Client = TestClient[Any, Any]
BODY = {"branch": "11.222.333/0001-81", "month": "2026-11"}


async def test_a_month_is_asked_for_once_and_downloaded_when_whole(client: Client, house: House, tmp_path: Path) -> None:
    key = await house.key("exports", branches=(CNPJ,))
    asked = await client.post("/v1/exports", json=BODY, headers=key)
    again = await client.post("/v1/exports", json=BODY, headers=key)
    first = await asked.json()
    assert (asked.status, again.status, (await again.json())["id"]) == (202, 200, first["id"])
    assert (first["status"], first["status_label"], first["links"]["file"]) == ("queued", "Na fila", None)
    assert await house.rows(exports) == await house.rows(jobs) == 1

    path = asked.headers["Location"]
    waiting = await client.get(f"{path}/file", headers=key)
    assert (waiting.status, (await waiting.json())["code"]) == (409, "EXPORT-FILE")
    file = tmp_path / f"{CNPJ}-2026-11.zip"
    file.write_bytes(b"PK zip")
    done = {"files": 3, "path": str(file), "sha256": "ab" * 32, "size": 6, "at": 9}
    await house.db.write(lambda conn: rows.finished(conn, first["id"], **done))
    shown = await (await client.get(path, headers=key)).json()
    assert (shown["status"], shown["files"], shown["size"]) == ("done", 3, 6)
    whole = await client.get(shown["links"]["file"], headers=key)
    assert (whole.status, whole.content_type, await whole.read()) == (200, "application/zip", b"PK zip")
    assert f'filename="{CNPJ}-2026-11.zip"' in whole.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("scopes", "branches", "status"), [(("nfe:read",), (), 403), (("exports",), (OTHER,), 403), (("exports",), (CNPJ,), 202)]
)
async def test_only_a_key_for_exports_of_the_branch_asks(client, house, scopes, branches, status) -> None:
    answer = await client.post("/v1/exports", json=BODY, headers=await house.key(*scopes, branches=branches))
    assert answer.status == status
    assert await house.rows(exports) == (1 if status == 202 else 0)


async def test_another_branchs_export_is_not_there(client: Client, house: House) -> None:
    asked = await client.post("/v1/exports", json=BODY, headers=await house.key("exports"))
    stranger = await house.key("exports", branches=(OTHER,))
    for path in (asked.headers["Location"], asked.headers["Location"] + "/file", "/v1/exports/none"):
        assert (await client.get(path, headers=stranger)).status == 404


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "11/2026", "1999-01", ""])
async def test_a_month_that_is_none_is_refused(client: Client, house: House, month: str) -> None:
    answer = await client.post("/v1/exports", json={**BODY, "month": month}, headers=await house.key("exports"))
    assert (answer.status, (await answer.json())["faults"][0]["code"]) == (422, "GW-MONTH")
    assert await house.rows(exports) == 0
