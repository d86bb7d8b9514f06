"""Other libraries side by side: their figures come from another environment, and its absence costs ours nothing."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

import pytest

from gateway import bench, cli
from gateway.core.errors import ConfigInvalid
from gateway.nfe.xsd import validate


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SECONDS", 0.02)


def environment(root: Path, body: str) -> Path:
    """An interpreter that is a shell script: it is given what ours would be given."""
    python = root / ".venv-bench" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return python


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_peers_come_after_ours_size_by_size_with_the_same_document(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    python = environment(tmp_path, f"""cat >> {asked}; echo >> {asked}; echo '{{"peer": "outra", "value": 1.5}}'""")
    assert bench.peers_python(tmp_path) == python
    rows = list(bench.run("issue", (1, 2), python=python, reform=False))
    whose = [(row.get("peer"), row.get("items")) for row in rows]
    assert whose == [(None, 1), ("piso", 1), ("outra", None), (None, 2), ("piso", 2), ("outra", None)]
    assert {row["reform"] for row in rows} == {False}
    tasks = [json.loads(line) for line in asked.read_text(encoding="utf-8").splitlines()]
    assert [task["items"] for task in tasks] == [1, 2]
    assert [task["xml"].count("<det ") for task in tasks] == [1, 2]
    assert {fault.path for fault in validate(tasks[0]["xml"].encode())} == {"$"}, "only the signature is missing"
    assert [task["xml"].count("<IBSCBS>") for task in tasks] == [0, 0]
    assert base64.b64decode(tasks[0]["pfx"])[:1] == b"\x30"
    assert Path(tasks[0]["schema"]).is_file()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_an_environment_that_breaks_is_told_with_its_last_words(tmp_path: Path) -> None:
    python = environment(tmp_path, "cat > /dev/null; echo 'sem lxml' >&2; exit 3")
    with pytest.raises(ConfigInvalid, match="sem lxml") as raised:
        list(bench.run("issue", (1,), python=python))
    assert raised.value.code == "BENCH-PEERS"
    assert "make bench" in raised.value.fix


def test_without_the_environment_ours_are_printed_and_a_person_is_told_how_to_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.peers_python(tmp_path) is None
    monkeypatch.setattr(bench, "peers_python", lambda: None)
    assert cli.main(["bench", "issue", "--items", "1", "--peers", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["items"] for line in out.splitlines()] == [1]
    assert "make bench" in err


def test_only_the_whole_note_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "sign", "--peers"]) == 2
    assert "bench issue --peers" in capsys.readouterr().err


@pytest.mark.skipif(bench.peers_python() is None, reason="make bench makes the environment")
def test_every_peer_makes_the_note_signed_and_valid() -> None:
    rows = list(bench.run("issue", (2,), python=bench.peers_python()))
    assert [row.get("peer") for row in rows] == [None, "piso", "nfelib", "nfelib + signxml, com cache", "PyNFe"]
    assert [row["error"] for row in rows if "error" in row] == []
    assert rows[2]["bytes"] == rows[3]["bytes"]
