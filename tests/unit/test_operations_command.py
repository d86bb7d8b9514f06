"""`gateway operations`: a branch's rows leave as CSV, are edited and come back whole or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway import cli, config
from gateway.setup_commands import export_operations, opened
from gateway.store import setup
from tests.unit.api.house import CNPJ, branch

ROWS = "operation,since,cst,deadline_days,reason\nremessa_conserto,2026-01-01,41,60,RICMS\n"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    settings = config.load()

    async def prepare() -> None:
        async with opened(settings) as (db, _):
            await db.write(lambda conn: setup.put_branch(conn, branch(), 0))

    asyncio.run(prepare())
    return settings


def run(action: str, file: Path, cnpj: str = CNPJ) -> int:
    return cli.main(["operations", action, str(file), "--branch", cnpj])


def test_rows_come_in_go_out_and_come_back(
    installation: config.Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text(ROWS, encoding="utf-8")
    assert run("import", file) == 0
    assert capsys.readouterr().out == f"Filial {CNPJ}: 1 linhas de operação.\n"
    assert run("export", out) == 0
    capsys.readouterr()
    told = out.read_text(encoding="utf-8").splitlines()
    assert len(told) == 2
    assert told[1].startswith("remessa_conserto,2026-01-01,")
    assert run("import", out) == 0
    capsys.readouterr()
    assert run("export", Path("-")) == 0
    assert capsys.readouterr().out.splitlines() == told


def test_a_fault_in_the_file_leaves_the_rows_as_they_are(
    installation: config.Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(ROWS, encoding="utf-8")
    run("import", file)
    before = asyncio.run(export_operations(installation, CNPJ))
    file.write_text(ROWS + "venda,2026-01-01,,,\n".replace(",,,", ",99,,"), encoding="utf-8")
    assert run("import", file) == 1
    assert "$line[3].cst" in capsys.readouterr().err
    assert asyncio.run(export_operations(installation, CNPJ)) == before


def test_a_branch_or_a_file_that_is_not_there(
    installation: config.Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", tmp_path / "nada.csv") == 1
    assert "não existe" in capsys.readouterr().err
    assert run("export", tmp_path / "out.csv", "12ABC34501DE35") == 1
    assert "não está cadastrada" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
