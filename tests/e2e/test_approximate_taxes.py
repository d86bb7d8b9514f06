"""Lei 12.741 by the table of a state: uploaded as published, used where a product says nothing, refused whole when wrong."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from gateway import demo_data
from gateway.api.approximate_csv import read_csv
from gateway.core.errors import ValidationFailed
from gateway.stage import Stage
from tests.e2e.test_sale import NS, counts

HEAD = (
    "codigo;ex;tipo;descricao;nacionalfederal;importadosfederal;estadual;municipal;vigenciainicio;vigenciafim;chave;versao;fonte"
)


def line(code: str, *rates: str, days: str = "01/01/2020;31/12/2099", ex: str = "", kind: str = "0") -> str:
    return f"{code};{ex};{kind};Descrição;{';'.join(rates)};{days};A1B2C3;26.2.A;IBPT"


def csv(*lines: str) -> bytes:
    return "\r\n".join((HEAD, *lines, "")).encode("latin-1")


async def put(stage: Stage, uf: str, body: bytes) -> tuple[int, Any]:
    async with stage.http.put(f"/v1/approximate-taxes/{uf}", data=body, headers={"Content-Type": "text/csv"}) as answer:
        return answer.status, await answer.json()


async def previewed(stage: Stage, **changes: Any) -> etree._Element:
    async with stage.http.post("/v1/nfe/preview", json=demo_data.sale("lei-1") | changes) as answer:
        assert answer.status == 200, await answer.text()
        return etree.fromstring((await answer.json())["xml"].encode())


def goods(ncm: str, sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": "1", "unit_price": "100.00", "product": {"sku": sku, "description": sku, "ncm": ncm, **more}}


async def test_a_product_without_rates_has_those_of_the_table_of_its_state(stage: Stage) -> None:
    async with stage.http.get("/v1/branches") as answer:
        branch = (await answer.json())["items"][0]
    uf, cnpj = branch["address"]["uf"], branch["cnpj"]
    own = {"approximate_tax": {"federal": "1", "state": "2", "municipal": "0", "source": "Contador"}}
    sale: dict[str, Any] = {
        "items": [
            goods("6109.10.00", "NACIONAL"),
            goods("61091000", "IMPORTADO", origin="1"),
            goods("61091000", "PROPRIO", **own),
            goods("64039990", "VENCIDO"),
        ],
        "payments": [{"method": "pix", "amount": "400.00"}],
        "discount": "0.00",
    }
    stored = {key: value for key, value in branch.items() if key in ("name", "state_registration", "address", "crt")}
    async with stage.http.put(f"/v1/branches/{cnpj}", json=stored | {"cnpj": cnpj, "approximate_taxes": "on"}) as answer:
        assert answer.status in (200, 201), await answer.text()
    table = csv(
        line("61091000", "13.45", "16.20", "18.00", "0.00"),
        line("61091000", "99.00", "99.00", "99.00", "0.00", ex="1"),
        line("64039990", "13.45", "16.20", "18.00", "0.00", days="01/01/2020;31/12/2020"),
        line("1406", "13.45", "13.45", "0.00", "5.00", kind="2"),
    )
    status, told = await put(stage, uf.lower(), table)
    assert status == 200
    assert [(one["uf"], one["until"], one["rows"], one["current"]) for one in told["items"]] == [
        (uf, "2020-12-31", 1, False),
        (uf, "2099-12-31", 3, True),
    ]
    note = await previewed(stage, **sale)
    # 100.00 x (13.45% + 18%) = 31.45; x (16.20% + 18%) = 34.20; x (1% + 2%) = 3.00; the table of the last is over.
    assert [each.text for each in note.iterfind(".//n:imposto/n:vTotTrib", NS)] == ["31.45", "34.20", "3.00"]
    assert note.findtext(".//n:ICMSTot/n:vTotTrib", namespaces=NS) == "68.65"
    # Federal 13.45 + 16.20 + 1.00; state 18.00 + 18.00 + 2.00.
    words = note.findtext(".//n:infCpl", namespaces=NS) or ""
    assert "Trib aprox R$: 30,65 Federal, 38,00 Estadual e 0,00 Municipal. Fonte: IBPT A1B2C3 e Contador." in words

    good, wrong = line("61091000", "1.00", "1.00", "1.00", "1.00"), line("6109", "x", "1", "1", "101")
    status, problem = await put(stage, uf, csv(good, wrong))
    assert (status, [fault["path"] for fault in problem["faults"]]) == (422, ["$line[3]"])
    assert (await previewed(stage, **sale)).findtext(".//n:ICMSTot/n:vTotTrib", namespaces=NS) == "68.65"
    assert (await put(stage, uf, csv(line("61091000", "10.00", "10.00", "10.00", "0.00"))))[0] == 200
    # The rows of the same first day were replaced: 20.00 + 20.00 + 3.00.
    assert (await previewed(stage, **sale)).findtext(".//n:ICMSTot/n:vTotTrib", namespaces=NS) == "43.00"
    assert (await put(stage, "XX", table))[0] == 422
    assert await counts(stage) == (0, 0)


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        (b"", "$line[1]", "Faltam as colunas: codigo, ex, tipo"),
        (csv(), "$", "nenhuma linha"),
        (csv(line("61091000", "1.00", "1.00", "1.00", "101")), "$line[2]", "'101' da coluna municipal"),
        (csv(line("61091000", "1.00", "1.00", "-1", "1")), "$line[2]", "'-1' da coluna estadual"),
        (csv(line("610910AA", "1", "1", "1", "1")), "$line[2]", "'610910AA' não é do tipo 0"),
        (csv(line("61091000", "1", "1", "1", "1", kind="9")), "$line[2]", "O tipo '9' não existe"),
        (csv(line("61091000", "1", "1", "1", "1", days="31/02/2026;31/12/2026")), "$line[2]", "'31/02/2026'"),
        (csv(line("61091000", "1", "1", "1", "1", days="01/03/2026;01/02/2026")), "$line[2]", "antes de começar"),
        (csv(*[line("61091000", "1", "1", "1", "1")] * 2), "$line[3]", "duas vezes"),
    ],
)
def test_a_wrong_file_says_which_line(body: bytes, path: str, words: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        read_csv(body)
    (fault,) = caught.value.faults
    assert fault.path == path
    assert words in fault.message and fault.fix
