"""`gateway verify` and `gateway db retention`, as a person runs them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from gateway.cli import main
from gateway.custody_commands import months_before
from gateway.store.tables import artefacts
from tests.contract.custody.house import authorize, body_of, chave_of, put_branch

START = datetime(2026, 11, 3, 13, 0, tzinfo=UTC)


@pytest.fixture
def here(db_url, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_DATABASE_URL", db_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def notes(db):
    await db.write(put_branch)
    return [await authorize(db, n, START) for n in (1, 2)]


async def run(*arguments: str) -> int:

    return await asyncio.to_thread(main, arguments)


async def test_verify_answers_zero_and_the_head_to_note(here, db, notes, capsys):
    assert await run("verify") == 0
    out = capsys.readouterr().out
    assert "2 elos conferidos, 0 problema(s)." in out
    noted = out.rsplit(" ", 1)[1].strip()
    assert noted.startswith("2:")
    assert await run("verify", "--since", "2026-11-03", "--head", noted) == 0
    assert await run("verify", "--head", "2:" + "0" * 64) == 1


async def test_verify_names_the_document_and_answers_one(here, db, notes, capsys):
    change = update(artefacts).where(artefacts.c.document == notes[1], artefacts.c.kind == "proc").values(body=b"<x/>")
    await db.write(lambda conn: conn.execute(change))
    assert await run("verify") == 1
    assert f"ERRO  O XML de {chave_of(2)} (elo 2) foi alterado depois de guardado. [altered]" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [("--since", "03/11/2026"), ("--head", "2:abc")])
async def test_verify_refuses_what_it_cannot_read(here, db, capsys, wrong):
    assert await run("verify", *wrong) == 1
    assert "->" in capsys.readouterr().err


async def test_retention_tells_how_much_is_kept_and_until_when(here, db, notes, capsys):
    assert await run("db", "retention") == 0
    out = capsys.readouterr().out
    size = 2 * len(body_of(1)) / 1024**2
    # 132 months are eleven years: 03/11/2026 -> 03/11/2037.
    span = "de 03/11/2026 a 03/11/2026; 0 além do prazo; o mais antigo fica até 03/11/2037"
    line = f"11222333000181: 2 documentos ({size:.1f} MiB), {span}"
    assert line in out
    assert "132 meses" in out


@pytest.mark.parametrize(
    ("at", "months", "expected"),
    [
        ("2026-11-03", 132, "2015-11-03"),
        ("2028-02-29", 12, "2027-02-28"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2026-01-31", -1, "2026-02-28"),
    ],
)
def test_months_before(at, months, expected):
    assert months_before(datetime.fromisoformat(at), months) == datetime.fromisoformat(expected)
