"""Rules in shadow against the simulator's answers: hits, misses and false alarms counted, replayed, promoted by numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway import demo_data, rule_commands
from gateway.core.clock import SystemClock
from gateway.core.errors import ValidationFailed
from gateway.jobs.rule_replay import run_replay
from gateway.nfe.rule_controls import Control
from gateway.sim.sefaz import Fault
from gateway.stage import FINAL_DOCUMENT, Stage
from gateway.store import rule_replays
from gateway.store.rule_promotion import change_mode
from gateway.store.rule_replays import ReplayRow
from tests.made_rules import RULES, MadeRules

CONTROLS = {"R-NOTE": (Control({"infAdic.infCpl": "nota errada"}),)}


@pytest.fixture
async def stage(db_url: str, tmp_path: Path, authority: Path) -> AsyncIterator[Stage]:
    await asyncio.to_thread((tmp_path / "stage").mkdir)
    (tmp_path / "stage" / "pki").symlink_to(authority / "pki", target_is_directory=True)
    opened = Stage(tmp_path / "stage", database_url=db_url, rulebook=MadeRules())
    await opened.open()
    yield opened
    await opened.close()


async def sell(stage: Stage, ref: str, notes: str, refuse: str = "") -> str:
    if refuse:
        stage.sims.sefaz.push_fault(Fault(action="cstat", service="NFeAutorizacao4", cStat=refuse))
    await stage._call("POST", "/v1/nfe", demo_data.sale(ref) | {"notes": notes})
    return str((await stage._until(f"/v1/nfe/{ref}", "status", FINAL_DOCUMENT))["status"])


async def rule(stage: Stage, code: str) -> Any:
    """The rule in homologação, where the demonstration's branch is."""
    found = await stage._call("GET", f"/v1/rules/{code}")
    assert [one["environment"] for one in found["environments"]] == [1, 2]
    return found | found["environments"][1]


def numbers(found: Any) -> tuple[int, ...]:
    return tuple(found[name] for name in ("hits", "misses", "false_alarms", "undetermined"))


async def change(stage: Stage, code: str, body: dict[str, Any]) -> tuple[int, Any]:
    async with stage.http.post(f"/v1/rules/{code}/mode", json={"environment": 2, **body}) as answer:
        return answer.status, await answer.json()


async def test_predictions_meet_the_answers_of_sefaz(stage: Stage) -> None:
    assert await sell(stage, "boa", "tudo certo") == "authorized"
    assert numbers(await rule(stage, "R-NOTE")) == (0, 0, 0, 0)
    assert await sell(stage, "alarme", "frase errada") == "authorized"
    assert await sell(stage, "acerto", "frase errada", refuse="805") == "rejected"
    assert await sell(stage, "outra", "frase errada", refuse="806") == "rejected"
    assert await sell(stage, "perdida", "tudo certo", refuse="778") == "rejected"
    found = await rule(stage, "R-NOTE")
    assert numbers(found) == (1, 1, 1, 1)
    assert [(one["ref"], one["outcome"], one["answer"], one["path"]) for one in found["examples"]] == [
        ("perdida", "miss", "778", ""),
        ("outra", "undetermined", "806", "/infNFe/infAdic/infCpl"),
        ("acerto", "hit", "805", "/infNFe/infAdic/infCpl"),
        ("alarme", "false_alarm", "100", "/infNFe/infAdic/infCpl"),
    ]
    # 806 is R-NCM's, which warns, and did not fire on `outra`.
    assert numbers(await rule(stage, "R-NCM")) == (0, 1, 0, 0)
    # The rejected one, corrected, is another version: what was counted stays.
    await stage._call("POST", "/v1/nfe/acerto/retry", demo_data.sale("acerto") | {"notes": "corrigida"})
    assert (await stage._until("/v1/nfe/acerto", "status", FINAL_DOCUMENT))["status"] == "authorized"
    assert numbers(await rule(stage, "R-NOTE")) == (1, 1, 1, 1)


async def test_a_mode_counts_from_the_next_note_and_refusing_needs_numbers(stage: Stage) -> None:
    assert await sell(stage, "alarme", "frase errada") == "authorized"
    status, problem = await change(stage, "R-NOTE", {"mode": "refuse", "reason": "quero"})
    assert (status, [one["code"] for one in problem["faults"]]) == (
        422,
        ["RULE-FEW-NOTES", "RULE-LIVE-FALSE-ALARMS", "RULE-NO-CONTROL"],
    )
    assert (await rule(stage, "R-NOTE"))["mode"] == "shadow"
    assert (await change(stage, "R-NOTE", {"mode": "off", "reason": "alarme falso"}))[0] == 200
    assert await sell(stage, "calada", "frase errada") == "authorized"
    found = await rule(stage, "R-NOTE")
    assert (found["mode"], found["default_mode"], found["reason"], found["forced"]) == ("off", "shadow", "alarme falso", False)
    assert found["changed_by"].startswith("key:")
    assert numbers(found) == (0, 0, 1, 0)
    assert found["environments"][0]["mode"] == "shadow", "production keeps its own"
    assert (await change(stage, "R-NOTE", {"mode": "default", "reason": "de volta"}))[0] == 200
    assert await sell(stage, "de-novo", "frase errada") == "authorized"
    assert numbers(await rule(stage, "R-NOTE")) == (0, 0, 2, 0)
    status, found = await change(stage, "R-NOTE", {"mode": "refuse", "reason": "sei o que faço", "force": True})
    assert (status, found["environments"][1]["mode"], found["environments"][1]["forced"]) == (200, "refuse", True)
    assert (await change(stage, "R-SEFAZ", {"mode": "warn", "reason": "x"}))[1]["code"] == "RULE-SEFAZ"
    assert (await change(stage, "R-NADA", {"mode": "warn", "reason": "x"}))[0] == 404
    assert (await change(stage, "R-NOTE", {"mode": "warn", "reason": ""}))[0] == 422
    items = (await stage._call("GET", "/v1/rules?mode=refuse"))["items"]
    assert [one["code"] for one in items] == ["R-NOTE"]


async def test_a_replay_goes_on_where_it_stopped_and_its_numbers_promote(stage: Stage) -> None:
    for n in range(5):
        assert await sell(stage, f"boa-{n}", "tudo certo") == "authorized"
    assert await sell(stage, "rejeitada", "frase errada", refuse="805") == "rejected"
    db, clock, book = stage.gateway.db, SystemClock(), MadeRules()

    class Stopped(Exception):
        pass

    def stop(row: ReplayRow, _total: int) -> None:
        raise Stopped

    again: list[tuple[int, int]] = []
    kept = {"environment": 2, "controls": CONTROLS, "page": 2}
    with pytest.raises(Stopped):
        await run_replay(db, clock, book, ["R-NOTE"], told=stop, **kept)
    row = await run_replay(db, clock, book, ["R-NOTE"], told=lambda row, total: again.append((row.seen, total)), **kept)
    # Two were seen before it was stopped; the next pages see 4, then 5, then none.
    assert again == [(4, 5), (5, 5), (5, 5)]
    tally = row.results["R-NOTE"]
    assert (tally.evaluated, tally.false_alarms, tally.controlled, tally.fired) == (5, 0, 5, 5)
    shown = (await rule(stage, "R-NOTE"))["replay"]
    assert (shown["evaluated"], shown["false_alarms"], shown["controlled"], shown["fired"]) == (5, 0, 5, 5)

    made = {"reason": "ensaio", "force": False, "actor": "cli:teste", "at": clock.epoch_ms()}
    with pytest.raises(ValidationFailed) as refused:
        await db.write(lambda conn: change_mode(conn, RULES[0], 2, "refuse", minimum=6, **made))
    assert [one.code for one in refused.value.faults] == ["RULE-FEW-NOTES"]
    await db.write(lambda conn: change_mode(conn, RULES[0], 2, "refuse", minimum=5, **made))
    assert ((await rule(stage, "R-NOTE"))["mode"], (await rule(stage, "R-NOTE"))["forced"]) == ("refuse", False)

    # A second replay is a new one, and a note that the rule stops spoils it.
    assert await sell(stage, "alarme", "frase errada") == "authorized"
    row = await run_replay(db, clock, book, ["R-NOTE"], told=lambda *_: None, environment=2, controls={})
    tally = row.results["R-NOTE"]
    assert (tally.evaluated, tally.false_alarms, tally.controlled) == (6, 1, 0)
    assert tally.examples == [(await stage._call("GET", "/v1/nfe/alarme"))["chave_acesso"]]
    last = await db.read(lambda conn: rule_replays.last_finished(conn, 2))
    assert last["R-NOTE"][0].id == row.id


async def test_the_command_line_tells_the_same(stage: Stage) -> None:
    settings, book = stage.gateway.settings, MadeRules()
    assert await sell(stage, "boa", "tudo certo") == "authorized"
    assert await sell(stage, "acerto", "frase errada", refuse="805") == "rejected"
    listed = await rule_commands.listed(settings, 2, book)
    assert [line.split() for line in listed[1:]] == [
        ["R-NOTE", "Sombra", "778,", "805", "1", "0", "0", "0"],
        ["R-NCM", "Avisa", "806", "0", "0", "0", "0"],
        ["R-SEFAZ", "Só", "a", "SEFAZ", "999", "0", "0", "0", "0"],
    ]
    said: list[str] = []
    lines = await rule_commands.replayed(settings, (), 2, said.append, book, CONTROLS)
    assert lines == [
        "1 notas autorizadas",
        "R-NOTE: 1 notas avaliadas, 0 falsos alarmes; controle: apontou 1 de 1 estragadas",
    ]
    assert said == ["1 de 1 notas", "1 de 1 notas"]
    shown = await rule_commands.shown(settings, "R-NOTE", 2, book)
    assert "para recusar, falta: A regra foi ensaiada sobre 1 notas autorizadas; o mínimo é 1000." in shown[4]
    made = {"reason": "menos ruído", "force": False, "book": book}
    with pytest.raises(ValidationFailed, match="não promove"):
        await rule_commands.moved(settings, "R-NOTE", 2, "off", upwards=True, **made)
    assert await rule_commands.moved(settings, "R-NOTE", 2, "off", upwards=False, **made) == [
        "R-NOTE: Sombra -> Desligada. Vale a partir da próxima nota."
    ]
    assert await rule_commands.replayed(settings, (), 2, said.append, book, CONTROLS) == [
        "Nenhuma regra em sombra neste ambiente."
    ]
