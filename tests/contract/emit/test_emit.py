"""A file of sales against a service: one answer a line, resumed without posting what is final."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway import cli
from gateway.core.rows import RowsUnreadable
from gateway.emit import Answer, Ended, emit, finished, read

CHAVE = "35261112ABC34501DE35550010000012341876543215"


class Service:
    """Answers by ref, and keeps what it was posted."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.down: dict[str, int] = {}

    async def post(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.posted.append(body)
        self.keys.add(request.headers["Authorization"])
        ref = body["ref"]
        if self.down.get(ref, 0) > 0:
            self.down[ref] -= 1
            return web.Response(status=503)
        if ref == "bad":
            return web.json_response({"code": "GW-VALIDATION", "faults": [{"code": "NFE-SALE-01"}]}, status=422)
        if ref == "rejected":
            answer = {"cStat": "539", "xMotivo": "Duplicidade"}
            return web.json_response({"ref": ref, "status": "rejected", "final": True, "chave_acesso": CHAVE, "answer": answer})
        if ref == "slow":
            return web.json_response({"ref": ref, "status": "processing", "final": False, "chave_acesso": None}, status=202)
        return web.json_response({"ref": ref, "status": "authorized", "final": True, "chave_acesso": CHAVE, "answer": None})


@pytest.fixture
async def served() -> Any:
    service = Service()
    app = web.Application()
    app.router.add_post("/v1/nfe", service.post)
    server = TestServer(app)
    await server.start_server()
    yield service, f"http://127.0.0.1:{server.port}/"
    await server.close()


async def at_once(_seconds: float) -> None:
    """Nobody waits in a test."""


async def run(path: Path, url: str, write: Callable[[Answer], None], done: dict[int, Ended] | None = None) -> tuple[int, int]:
    return await emit(read(path), url=url, key="gw_test_k", at_once=2, done=done or {}, write=write, pause=at_once)


async def test_every_line_has_its_answer_and_the_rest_is_resumed(served: Any, tmp_path: Path) -> None:
    service, url = served
    file, answers = tmp_path / "sales.ndjson", tmp_path / "answers.ndjson"
    refs = ["a", "bad", "rejected", "slow"]
    lines = [json.dumps({"ref": ref}) for ref in refs]
    file.write_text("\n".join([*lines, "", "{not json", '{"ref": "b", "discount": 10.50}']), encoding="utf-8")
    service.down["a"] = 2
    told: dict[int, Answer] = {}
    assert await run(file, url, lambda answer: told.update({answer["line"]: answer})) == (6, 4)
    assert {line: (a["ref"], a["status"], a["final"]) for line, a in told.items()} == {
        1: ("a", "authorized", True),
        2: ("bad", "refused", False),
        3: ("rejected", "rejected", True),
        4: ("slow", "processing", False),
        6: (None, "invalid", False),
        7: ("b", "authorized", True),
    }
    assert told[1]["chave"] == CHAVE
    assert [fault["code"] for line in (2, 3, 6) for fault in told[line]["faults"]] == ["NFE-SALE-01", "539", "EMIT-LINE"]
    assert service.posted[-1]["discount"] == "10.50", "money goes as it was written, never through a float"
    assert service.keys == {"Bearer gw_test_k"}

    text = "".join(json.dumps(answer) + "\n" for answer in told.values())
    answers.write_text(text + '{"line": 9, "fin', encoding="utf-8")
    service.posted.clear()
    again: list[Answer] = []
    assert await run(file, url, again.append, finished(answers)) == (6, 4)
    assert sorted(body["ref"] for body in service.posted) == ["bad", "slow"]
    assert sorted(answer["line"] for answer in again) == [2, 4, 6]


async def test_a_service_that_stays_down_leaves_the_line_open(served: Any, tmp_path: Path) -> None:
    service, url = served
    service.down["a"] = 99
    file = tmp_path / "sales.ndjson"
    file.write_text('{"ref": "a"}', encoding="utf-8")
    told: list[Answer] = []
    assert await run(file, url, told.append) == (1, 1)
    assert (told[0]["status"], told[0]["final"], told[0]["faults"][0]["code"]) == ("unknown", False, "EMIT-NO-ANSWER")
    assert len(service.posted) == 4


async def test_another_ref_on_a_final_line_is_posted(served: Any, tmp_path: Path) -> None:
    service, url = served
    file = tmp_path / "sales.ndjson"
    file.write_text('{"ref": "new"}', encoding="utf-8")
    done = {1: Ended("old", good=True)}
    assert await run(file, url, lambda _: None, done) == (1, 0)
    assert [body["ref"] for body in service.posted] == ["new"]


async def test_a_file_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(RowsUnreadable, match="não pôde ser lido"):
        await run(tmp_path / "none", "http://127.0.0.1:9", lambda _: None)


def test_a_table_becomes_sales_by_its_mapping(tmp_path: Path) -> None:
    table, mapping = tmp_path / "sales.csv", tmp_path / "map.toml"
    table.write_text("pedido;sku;qtde;obs\nA-1;CAM;2;\nA-2;CAM;1;frágil\n", encoding="utf-8")
    columns = 'ref = "pedido"\n"items.0.sku" = "sku"\n"items.0.quantity" = "qtde"\nnotes = "obs"\n'
    mapping.write_text(f'delimiter = ";"\n[columns]\n{columns}[constants]\nbranch = "1"\n', encoding="utf-8")
    assert [(row.line, row.body) for row in read(table, mapping)] == [
        (2, {"branch": "1", "ref": "A-1", "items": [{"sku": "CAM", "quantity": "2"}]}),
        (3, {"branch": "1", "ref": "A-2", "items": [{"sku": "CAM", "quantity": "1"}], "notes": "frágil"}),
    ]
    mapping.write_text('[columns]\nref = "outra"\n', encoding="utf-8")
    with pytest.raises(RowsUnreadable, match="outra"):
        list(read(table, mapping))
    mapping.write_text('delimiter = ";"\n[columns]\nref = "pedido"\n"items.1.sku" = "sku"\n', encoding="utf-8")
    with pytest.raises(RowsUnreadable, match=r"items\.1\.sku"):
        list(read(table, mapping))
    mapping.write_text('delimiter = ";;"\n[columns]\nref = "pedido"\n', encoding="utf-8")
    with pytest.raises(RowsUnreadable, match="delimiter"):
        list(read(table, mapping))


def test_the_command_appends_to_the_answers_and_says_that_a_line_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, answers = tmp_path / "sales.ndjson", tmp_path / "answers.ndjson"
    file.write_text('{"ref": "a"}\n{not json\n', encoding="utf-8")
    final = '{"line": 1, "ref": "a", "status": "authorized", "final": true}'
    answers.write_text(f'{final}\n{{"line": 2, "re', encoding="utf-8")
    command = ["emit", str(file), "--url", "http://127.0.0.1:9", "--resume", str(answers)]
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)
    assert cli.main(command) == 2
    assert "GATEWAY_API_KEY" in capsys.readouterr().err
    monkeypatch.setenv("GATEWAY_API_KEY", "gw_test_k")
    assert cli.main(command) == 1
    assert "2 linhas: 1 autorizadas, 1 não (1 de antes)" in capsys.readouterr().err
    lines = answers.read_text(encoding="utf-8").splitlines()
    assert lines[0] == final
    assert json.loads(lines[2])["faults"][0]["code"] == "EMIT-LINE"
    file.write_text('{"ref": "a"}\n', encoding="utf-8")
    assert cli.main(command) == 0
