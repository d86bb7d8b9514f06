"""A note's story as a person reads it, by API, command and console: events, voidings, receipts, another key, numbers alone."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from gateway import demo_data
from gateway.explain_lines import story
from gateway.sim.sefaz import Fault
from gateway.stage import Stage
from tests.e2e.test_events import WHY, call, document_of, ended
from tests.e2e.test_outcomes import _take_number_of_another, post, settled, stopped
from tests.e2e.test_voiding import refused_sale, request

CNPJ = demo_data.TEST_CNPJ


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """One database: a story only reads, and what it reads is written on both in the tests of each part."""
    return sqlite_url


async def why(stage: Stage, name: str) -> dict[str, Any]:
    found: dict[str, Any] = await stage._call("GET", f"/v1/nfe/{name}/why")
    return found


def texts(told: dict[str, Any], *kinds: str) -> list[str]:
    return [line["text"] for line in told["lines"] if line["kind"] in kinds]


async def test_events_are_told_with_what_they_say(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="drop", service="NFeAutorizacao4", phase="after"))
    await stage.sell("venda")
    _, asked = await call(stage, "POST", "/v1/nfe/venda/correction", {"text": "Endereço de entrega: Rua Um, 10"})
    await ended(stage, asked["links"]["self"])
    told = await why(stage, "venda")
    assert texts(told, "asked") == ["A SEFAZ foi consultada: 100 Autorizado o uso da NF-e."]
    assert texts(told, "event_requested") == ["Carta de correção: pedido aceito. Texto: “Endereço de entrega: Rua Um, 10”."]
    assert [one.split(":")[0] for one in told["now"]] == ["Cancelamento", "Carta de correção"]
    assert all(line["at"].endswith("-03:00") for line in told["lines"])
    note = await stage._call("GET", "/v1/nfe/venda")
    assert [(one["tpEvento"], one["standing"]) for one in note["deadlines"]] == [("110111", "inside"), ("110110", "inside")]
    assert told["now"] == [one["text"] for one in note["deadlines"]]
    _, asked = await call(stage, "POST", "/v1/nfe/venda/cancel", {"reason": WHY})
    done = await ended(stage, asked["links"]["self"])
    told = await why(stage, "venda")
    assert told["headline"] == "Nota 1 da série 1 (ref venda), R$ 484,90: cancelada, foi enviada uma vez."
    assert texts(told, "event_requested")[1] == f"Cancelamento: pedido aceito. Justificativa: “{WHY}”."
    assert texts(told, "cancel") == [f"Nota cancelada: protocolo {done['protocolo']}."]
    assert told["now"] == []
    lines = await story(stage.gateway.settings, argparse.Namespace(ref="venda", json=False))
    assert [line.partition("  ")[2] for line in lines[2:]] == [line["text"] for line in told["lines"]]


async def test_a_receipt_is_told_until_its_answer(stage: Stage) -> None:
    stage.sims.sefaz.push_fault(Fault(action="receipt", service="NFeAutorizacao4", polls=1))
    await post(stage, "recibo")
    await settled(stage, "recibo", "authorized")
    told = await why(stage, "recibo")
    (given,) = texts(told, "lose")
    assert given.startswith("Recebida pela SEFAZ e ainda não processada: recibo ")
    assert texts(told, "asked")[-1].startswith("A SEFAZ foi consultada: 100 ")
    assert texts(told, "authorize")


async def test_a_number_without_a_note_has_its_story_too(stage: Stage) -> None:
    await stage.sell("um")
    _, asked = await call(stage, "POST", "/v1/inutilizacoes", request(2, 4))
    done = await ended(stage, asked["links"]["self"])
    told = await why(stage, f"{CNPJ}-55-1-3")
    assert told["ref"] == f"{CNPJ}-55-1-3"
    assert told["headline"] == f"Número 3 da série 1, modelo 55, filial {CNPJ}: inutilizado na SEFAZ: nenhuma nota pode usá-lo."
    assert texts(told, "voiding_requested", "voided") == [
        "Inutilização dos números 2 a 4 pedida. Justificativa: “Numeros pulados por falha do sistema da loja”.",
        f"Inutilização dos números 2 a 4 registrada na SEFAZ: protocolo {done['protocolo']}"
        " (102 Inutilizacao de numero homologado).",
    ]
    assert (await why(stage, f"{CNPJ}-55-1-1"))["ref"] == "um"  # a number with a note is the note
    assert "nunca foi usado" in (await why(stage, f"{CNPJ}-55-1-9"))["headline"]
    lines = await story(stage.gateway.settings, argparse.Namespace(ref=f"{CNPJ}-55-1-3", json=False))
    assert lines[0] == told["headline"]
    for name in (f"{CNPJ}-57-1-3", "99999999000191-55-1-3", "nada-55-1-3", f"{CNPJ}-55-1-x"):
        async with stage.http.get(f"/v1/nfe/{name}/why") as answer:
            assert answer.status == 404, name


async def test_a_refused_note_says_what_is_left_to_do_and_its_number_how_it_ended(stage: Stage) -> None:
    await refused_sale(stage, "ruim")
    told = await why(stage, "ruim")
    assert told["now"][0] == "Corrija e reenvie: a nota mantém a ref e o número."
    assert told["now"][1].startswith("Sem correção, o número 1 precisa ser inutilizado até 10/")
    _, asked = await call(stage, "POST", "/v1/inutilizacoes", request(1, 1))
    await ended(stage, asked["links"]["self"])
    told = await why(stage, "ruim")
    assert [line["kind"] for line in told["lines"]][-2:] == ["voiding_requested", "void"]
    assert told["now"] == []


async def test_another_key_is_told_and_the_note_is_found_by_the_chave_it_had(stage: Stage) -> None:
    other = await _take_number_of_another(stage)
    await stage._call("POST", "/v1/nfe", demo_data.sale("dupla"))
    job = await stopped(stage, "dupla")
    row = await document_of(stage, "dupla")
    told = await why(stage, "dupla")
    assert texts(told, "other_key") == [f"O número 1 da série 1 já está na SEFAZ com outra chave: {other}."]
    assert told["now"][0].startswith(f"Espera uma pessoa: {job.error}")
    await stage._call("POST", "/v1/nfe/dupla/renumber")
    await stage._until("/v1/nfe/dupla", "status", frozenset({"authorized"}))
    told = await why(stage, "dupla")
    assert texts(told, "renumber") == [f"O número 1 é da nota {other}: esta venda tomará outro."]
    (changed,) = texts(told, "changed")
    assert "a 539 saiu" in changed
    assert row.chave is not None
    assert row.chave != (await document_of(stage, "dupla")).chave
    given_up = await why(stage, f"{CNPJ}-55-1-1")
    assert given_up["headline"].endswith(f"na SEFAZ, é da nota de chave {other}.")
    assert (await why(stage, row.chave))["ref"] == "dupla"
