"""The console: who enters, what each page shows, what each act does, and how it tells of changes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import CookieJar, FormData
from aiohttp.test_utils import TestClient
from yarl import URL

from gateway.api.app import make_app
from gateway.api.console.render import ago, money
from gateway.api.console.session import local_path
from gateway.core.errors import CertificateInvalid
from gateway.jobs.number_watch import NumberWatch
from gateway.store import documents, fiscal_events, jobs, reissues
from gateway.store.custody_tables import root_certificates
from gateway.store.event_tables import fiscal_events as fiscal_events_table
from gateway.store.event_tables import inutilizacoes
from gateway.store.tables import audit, sessions
from tests.unit.api.house import PASSWORD, FakeCertificate, House, sale
from tests.unit.api.test_work import audits, parked_order, stopped_job

Client = TestClient[Any, Any]


@pytest.fixture
async def browser(house: House, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    return await aiohttp_client(make_app(house.services), cookie_jar=CookieJar(unsafe=True))


INLINE = re.compile(r"""<script(?![^>]*\bsrc=)|\sstyle=|<[^>]+\son\w+=|(src|href|action)=["'](https?:)?//""")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def enter(browser: Client, *, username: str = "ana", password: str = PASSWORD, back: str = "") -> Any:
    page = await (await browser.get("/console/login", params={"next": back} if back else {})).text()
    form = {"token": hidden(page, "token"), "next": hidden(page, "next"), "username": username, "password": password}
    return await browser.post("/console/login", data=form, allow_redirects=False)


async def csrf(browser: Client) -> str:
    return hidden(await (await browser.get("/console")).text(), "csrf")


async def test_pages_ask_who_you_are(browser: Client) -> None:
    answer = await browser.get("/console/notas?status=rejected", allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/console/login?next=%2Fconsole%2Fnotas%3Fstatus%3Drejected"
    partial = await browser.get("/console", headers={"HX-Request": "true"})
    assert (partial.status, partial.headers["HX-Refresh"]) == (401, "true")
    assert (await browser.get("/console/stream")).status == 401


async def test_entering_leads_back_to_where_one_was(browser: Client, house: House) -> None:
    await house.user()
    answer = await enter(browser, back="/console/filas?state=ready")
    assert (answer.status, answer.headers["Location"]) == (303, "/console/filas?state=ready")
    cookie = answer.headers.getall("Set-Cookie")[0]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/console" in cookie
    assert (await browser.get("/console")).status == 200
    assert [one[:2] for one in await audits(house)] == [("login", "ana")]


@pytest.mark.parametrize(("username", "password"), [("ana", "errada"), ("ninguem", PASSWORD)])
async def test_a_wrong_password_says_no_more_than_that(browser: Client, house: House, username: str, password: str) -> None:
    await house.user()
    answer = await enter(browser, username=username, password=password)
    assert answer.status == 401
    assert "Usuário ou senha não conferem." in await answer.text()
    assert await house.rows(sessions) == 0


async def test_five_tries_in_five_minutes(browser: Client, house: House) -> None:
    await house.user()
    for _ in range(5):
        assert (await enter(browser, password="errada")).status == 401
    refused = await enter(browser)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "300")
    house.clock.forward(minutes=5, seconds=1)
    assert (await enter(browser)).status == 303


async def test_a_login_form_of_another_site_is_refused(browser: Client, house: House) -> None:
    await house.user()
    form = {"token": "x", "username": "ana", "password": PASSWORD}
    assert (await browser.post("/console/login", data=form)).status == 403
    page = await (await browser.get("/console/login")).text()
    form["token"] = hidden(page, "token")
    foreign = await browser.post("/console/login", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status == 403
    assert await house.rows(sessions) == 0


async def test_a_session_ends_after_twelve_hours_and_on_leaving(browser: Client, house: House) -> None:
    await house.user()
    await enter(browser)
    token = await csrf(browser)
    house.clock.forward(hours=11)
    assert (await browser.get("/console", allow_redirects=False)).status == 200
    house.clock.forward(hours=1)
    assert (await browser.get("/console", allow_redirects=False)).status == 303
    await enter(browser)
    token = await csrf(browser)
    left = await browser.post("/console/logout", data={"csrf": token}, allow_redirects=False)
    assert left.headers["Location"] == "/console/login"
    assert await house.rows(sessions) == 0


async def test_an_empty_house_is_calm(browser: Client, house: House) -> None:
    await house.user()
    await enter(browser)
    pages = {path: await browser.get(path) for path in ("/console", "/console/notas", "/console/pedidos", "/console/filas")}
    assert {answer.status for answer in pages.values()} == {200}
    assert "Nada precisa de você agora." in await pages["/console"].text()
    assert "Nenhuma nota ainda." in await pages["/console/notas"].text()
    assert "Nenhum pedido ainda." in await pages["/console/pedidos"].text()
    assert "Nenhuma tarefa aqui." in await pages["/console/filas"].text()


async def test_now_shows_what_needs_a_person_by_cause(browser: Client, house: House, client: Client) -> None:
    await house.user()
    key = await house.key()
    for ref in ("a", "b"):
        await client.post("/v1/nfe", json=sale(ref), headers=key)
        await house.reject(ref)
    await parked_order(house)
    for n in range(3):
        await stopped_job(house, subject=f"doc_{n}")
    await enter(browser)
    page = await (await browser.get("/console")).text()
    assert re.findall(r'class="how-many">(\d+)<', page) == ["3", "2", "1"]
    assert "Sem papel." in page
    assert "Troque a bobina." in page
    assert "Rejeicao: Informado NCM inexistente" in page
    assert "Produto sem cadastro: 7." in page
    assert 'href="/console/filas?state=needs_attention&amp;kind=print.slip"' in page
    assert 'href="/console/pedidos?hold_code=VTEX-PRODUCT-UNKNOWN"' in page


async def test_a_note_has_its_page(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("loja/1", notes="<script>alert(1)</script>"), headers=await house.key())
    row = await house.authorize("loja/1")
    await enter(browser)
    listed = await (await browser.get("/console/notas?search=loja/1")).text()
    assert f'href="/console/notas/{row.id}"' in listed
    assert "R$ 39,80" in listed
    page = await (await browser.get(f"/console/notas/{row.id}")).text()
    assert "Autorizada" in page
    assert "135260000000001" in page
    assert "3526 1111 2223" in page
    assert f'src="/console/notas/{row.id}/cupom.png"' in page
    assert (await (await browser.get("/console/notas/loja%2F1")).text()).count("135260000000001") == 1
    slip = await browser.get(f"/console/notas/{row.id}/cupom.png")
    assert (slip.status, slip.content_type) == (200, "image/png")
    assert (await browser.get(f"/console/notas/{row.id}/danfe.pdf")).content_type == "application/pdf"
    assert (await browser.get(f"/console/notas/{row.id}/xml")).content_type == "application/xml"


async def test_both_attempts_at_a_sale_show_each_other_and_the_first_offers_no_retry(
    browser: Client, house: House, client: Client
) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("dupla"), headers=await house.key())
    at = house.clock.epoch_ms()

    def part(conn: Any) -> str:
        doc = documents.by_ref(conn, "dupla")
        assert doc is not None
        documents.take_number(conn, doc.id, at=at, cnf=lambda n: "20000005")
        documents.store_signed(conn, doc.id, chave="3" * 44, digest="d", xml=b"<NFe/>", at=at)
        first = reissues.reissue(conn, doc.id, at=at, text="Emitida de novo.")
        documents.move(conn, first.id, "reject", at=at, text="Não está na SEFAZ.", cstat="217", reason="Nunca recebida")
        return first.id

    first = await house.db.write(part)
    await enter(browser)
    page = await (await browser.get("/console/notas/dupla")).text()
    assert f'<dt>Primeira tentativa</dt><dd><a href="/console/notas/{first}">Nota 1</a>' in page
    other = await (await browser.get(f"/console/notas/{first}")).text()
    assert "Primeira tentativa da venda" in other
    assert ">dupla</a>" in other
    assert "Tentar de novo" not in other


async def test_what_people_typed_is_escaped(browser: Client, house: House, client: Client) -> None:
    await house.user()
    hostile = sale("x", customer={"tax_id": "12345678909", "name": "<img src=x onerror=alert(1)>"})
    await client.post("/v1/nfe", json=hostile, headers=await house.key())
    await enter(browser)
    for path in ("/console/notas", "/console/notas/x"):
        page = await (await browser.get(path)).text()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


async def test_no_page_needs_anything_inline(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("x"), headers=await house.key())
    order_id, job_id = await parked_order(house), await stopped_job(house)
    await enter(browser)
    pages = ("", "/notas", "/notas/x", "/pedidos", f"/pedidos/{order_id}", "/filas", f"/filas/{job_id}", "/nada")
    for path in (*(f"/console{page}" for page in pages), "/docs"):
        page = await (await browser.get(path)).text()
        assert not INLINE.search(page), path
        assert page.count("<h1") == 1, path


async def test_a_rejected_note_is_tried_again(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("x"), headers=await house.key())
    row = await house.reject("x")
    await enter(browser)
    page = await (await browser.get("/console/notas/x")).text()
    assert "SEFAZ 778: Rejeicao: Informado NCM inexistente" in page
    answer = await browser.post(f"/console/notas/{row.id}/tentar", data={"csrf": hidden(page, "csrf")})
    assert "Nova tentativa pedida para a nota." in await answer.text()
    assert (await audits(house))[-1][:2] == ("document.retry", "x")


async def test_jobs_are_tried_put_off_and_discarded(browser: Client, house: House) -> None:
    await house.user()
    first, second, third = [await stopped_job(house, subject=f"doc_{n}") for n in range(3)]
    await enter(browser)
    page = await (await browser.get("/console/filas?state=needs_attention")).text()
    form = {"csrf": hidden(page, "csrf"), "next": hidden(page, "next").replace("&amp;", "&")}
    tried = await browser.post(f"/console/filas/{first}/tentar", data=form, allow_redirects=False)
    assert tried.headers["Location"] == "/console/filas?state=needs_attention&feito=retry"
    await browser.post(f"/console/filas/{second}/adiar", data={**form, "seconds": "3600"})
    await browser.post(f"/console/filas/{third}/descartar", data={**form, "reason": "nota já entregue"})
    states = [(await house.db.read(lambda conn, one=one: jobs.get(conn, one))).state for one in (first, second, third)]
    assert states == ["ready", "waiting", "discarded"]
    assert (await audits(house))[-1] == ("job.discard", third, {"reason": "nota já entregue", "kind": "print.slip"})
    again = await browser.post(f"/console/filas/{third}/tentar", data=form)
    assert again.status == 409
    assert "JOB-STATE" in await again.text()


async def test_the_queue_names_what_a_job_serves(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("loja:77"), headers=await house.key())
    order_id = await parked_order(house)
    await stopped_job(house, kind="vtex.invoice", subject=order_id)
    await enter(browser)
    page = await (await browser.get("/console/filas")).text()
    assert ">Nota loja:77</a>" in page
    assert f'href="/console/pedidos/{order_id}">Pedido 1234-01</a>' in page


async def test_discarding_takes_a_reason(browser: Client, house: House) -> None:
    await house.user()
    job_id = await stopped_job(house)
    await enter(browser)
    answer = await browser.post(f"/console/filas/{job_id}/descartar", data={"csrf": await csrf(browser), "reason": "  "})
    assert answer.status == 422
    assert (await house.db.read(lambda conn: jobs.get(conn, job_id))).state == "needs_attention"


async def test_an_order_is_looked_at_again(browser: Client, house: House) -> None:
    await house.user()
    order_id = await parked_order(house)
    await enter(browser)
    page = await (await browser.get(f"/console/pedidos/{order_id}")).text()
    assert "Cadastre o produto." in page
    answer = await browser.post(f"/console/pedidos/{order_id}/olhar", data={"csrf": hidden(page, "csrf")})
    assert "O pedido será lido de novo agora." in await answer.text()
    assert "Ler pedido VTEX" in await answer.text()


async def test_an_act_needs_the_form_token_the_origin_and_the_role(browser: Client, house: House) -> None:
    await house.user()
    await house.user("leitora", role="viewer")
    job_id = await stopped_job(house)
    await enter(browser)
    token = await csrf(browser)
    before = await house.rows(audit)
    path = f"/console/filas/{job_id}/tentar"
    for data, headers in (({}, {}), ({"csrf": "x"}, {}), ({"csrf": token}, {"Sec-Fetch-Site": "cross-site"})):
        assert (await browser.post(path, data=data, headers=headers)).status == 403
    browser.session.cookie_jar.clear()
    await enter(browser, username="leitora")
    page = await (await browser.get(f"/console/filas/{job_id}")).text()
    assert "Tentar agora" not in page
    assert (await browser.post(path, data={"csrf": hidden(page, "csrf")})).status == 403
    assert await house.rows(audit) == before + 1
    assert (await house.db.read(lambda conn: jobs.get(conn, job_id))).state == "needs_attention"


async def test_a_page_that_is_not_there_is_a_page(browser: Client, house: House) -> None:
    await house.user()
    await enter(browser)
    for path in ("/console/nada", "/console/notas/nenhuma", "/console/pedidos/x", "/console/filas/x"):
        answer = await browser.get(path)
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert "Não encontrado" in await answer.text()


async def test_files_are_served_with_a_version(browser: Client) -> None:
    page = await (await browser.get("/console/login")).text()
    found = re.search(r'href="(/console/static/console\.css\?v=[^"]+)"', page)
    assert found is not None
    assert (await browser.get(found[1])).content_type == "text/css"
    assert (await browser.get(URL("/console/static/%2e%2e/session.py", encoded=True))).status == 404


async def test_the_stream_tells_of_a_change(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await enter(browser)
    stream = await browser.get("/console/stream")
    assert (stream.status, stream.content_type) == (200, "text/event-stream")
    assert stream.headers["X-Accel-Buffering"] == "no"
    assert await event(stream) == "ready"
    await client.post("/v1/nfe", json=sale("x"), headers=await house.key())
    # `client` is another application over the same database: its commits are heard through it.
    assert await event(stream) == "changed"
    stream.close()


async def event(stream: Any) -> str:
    """The name of the next event."""
    while True:
        line = (await stream.content.readline()).decode().strip()
        if line.startswith("event:"):
            return line.removeprefix("event:").strip()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/console/filas?state=ready", "/console/filas?state=ready"),
        ("/console", "/console"),
        ("https://mau.example", "/console"),
        ("//mau.example", "/console"),
        ("/console//mau.example", "/console"),
        ("/console\\mau", "/console"),
        ("/consolemau", "/console"),
        ("/console/login", "/console"),
        ("/console\r\nX: 1", "/console"),
        (None, "/console"),
    ],
)
def test_only_pages_of_the_console_follow_a_form(path: Any, expected: str) -> None:
    assert local_path(path) == expected


def test_words() -> None:
    assert money("1234567.5") == "R$ 1.234.567,50"
    spans = (1000, 61_000, 7_200_000, -180_000, 200_000_000)
    assert [ago(ms) for ms in spans] == ["agora", "há 1 min", "há 2 h", "em 3 min", "há 2 d"]


async def test_a_note_is_corrected_and_cancelled_from_its_page(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("x"), headers=await house.key())
    row = await house.authorize("x")
    await enter(browser)
    page = await (await browser.get("/console/notas/x")).text()
    assert "Carta de correção" in page
    assert "Cancelar a nota na SEFAZ" in page
    token = hidden(page, "csrf")
    short = await browser.post(f"/console/notas/{row.id}/cancelar", data={"csrf": token, "reason": "curta"})
    assert short.status == 422
    assert await house.rows(fiscal_events_table) == 0
    text = "Transportadora: Exemplo Cargas"
    answer = await browser.post(f"/console/notas/{row.id}/corrigir", data={"csrf": token, "text": text})
    assert "Evento pedido: a SEFAZ responde em instantes." in await answer.text()
    reason = "Cliente desistiu da compra no balcão"
    answer = await browser.post(f"/console/notas/{row.id}/cancelar", data={"csrf": token, "reason": reason})
    assert reason in await answer.text()
    found = await house.db.read(lambda conn: fiscal_events.of_document(conn, row.id))
    assert [(event.tp_evento, event.n_seq, event.status) for event in found] == [
        ("110110", 1, "requested"),
        ("110111", 1, "requested"),
    ]
    assert [one[:2] for one in await audits(house)][-2:] == [("document.event", "x"), ("document.event", "x")]


async def test_events_and_numbers_take_the_token_and_a_role(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await house.user("leitora", role="viewer")
    await client.post("/v1/nfe", json=sale("x"), headers=await house.key())
    row = await house.authorize("x")
    await enter(browser, username="leitora")
    page = await (await browser.get("/console/notas/x")).text()
    assert "Cancelar a nota na SEFAZ" not in page
    numbering = await (await browser.get("/console/numeracao")).text()
    assert "Inutilizar um intervalo" not in numbering
    data = {
        "csrf": hidden(page, "csrf"),
        "reason": "Cliente desistiu da compra no balcão",
        "text": "Transportadora: Exemplo Cargas",
    }
    for path in (f"/console/notas/{row.id}/cancelar", f"/console/notas/{row.id}/corrigir", "/console/numeracao"):
        assert (await browser.post(path, data=data)).status == 403
        assert (await browser.post(path, data={**data, "csrf": "x"})).status == 403
    assert await house.rows(fiscal_events_table) == 0
    assert await house.rows(inutilizacoes) == 0


async def test_the_number_of_a_rejected_note_is_voided_from_its_page(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("x"), headers=await house.key())
    await house.reject("x")
    await enter(browser)
    page = await (await browser.get("/console/numeracao")).text()
    assert "Da nota rejeitada" in page
    names = ("csrf", "ref", "branch", "model", "series", "first", "last", "year")
    form = {name: hidden(page, name) for name in names}
    assert (form["first"], form["last"], form["model"], form["series"]) == ("1", "1", "55", "1")
    refused = await browser.post("/console/numeracao", data={**form, "reason": "curta"})
    assert refused.status == 422
    assert await house.rows(inutilizacoes) == 0
    data = {**form, "reason": "Venda desfeita antes de corrigir a nota"}
    answer = await browser.post("/console/numeracao", data=data)
    text = await answer.text()
    assert "Inutilização pedida: a SEFAZ responde em instantes." in text
    assert "Nenhum número por inutilizar." in text
    # The same form sent twice is one request.
    await browser.post("/console/numeracao", data=data)
    assert await house.rows(inutilizacoes) == 1


async def test_the_first_page_warns_of_numbers_near_their_deadline(browser: Client, house: House, client: Client) -> None:
    await house.user()
    await client.post("/v1/nfe", json=sale("x"), headers=await house.key())
    await house.reject("x")
    await NumberWatch(house.db).look()
    await enter(browser)
    assert "Números por inutilizar" not in await (await browser.get("/console")).text()
    house.clock.forward(days=45)
    await enter(browser)
    page = await (await browser.get("/console")).text()
    assert "Números por inutilizar" in page
    assert "o prazo terminou em" in page


async def send_certificate(browser: Client, owner: str = "11222333", body: bytes = b"pfx") -> Any:
    form = FormData({"csrf": await csrf(browser), "owner": owner, "password": "segredo"})
    form.add_field("pfx", body, filename="loja.pfx")
    return await browser.post("/console/certificados", data=form, allow_redirects=False)


async def test_an_admin_sends_a_certificate_and_nobody_else_does(browser: Client, house: House) -> None:
    await house.user()
    await enter(browser)
    assert "Enviar um certificado" not in await (await browser.get("/console/certificados")).text()
    assert (await send_certificate(browser)).status == 403
    assert await house.rows(root_certificates) == 0
    await house.user("bia", role="admin")
    await enter(browser, username="bia")
    assert (await send_certificate(browser)).headers["Location"] == "/console/certificados?feito=certificate"
    page = await (await browser.get("/console/certificados")).text()
    assert "Empresa, raiz 11222333" in page
    assert "user:bia" in page
    assert "segredo" not in page


async def test_a_certificate_that_cannot_be_used_is_explained_on_the_page(browser: Client, house: House) -> None:
    await house.user(role="admin")
    await enter(browser)
    house.edges.certificate = CertificateInvalid("Senha errada.", code="CERT-PASSWORD", fix="Confira.")  # type: ignore[assignment]
    wrong = await send_certificate(browser)
    assert (wrong.status, "Senha errada. Confira." in await wrong.text()) == (422, True)
    big = await send_certificate(browser, body=b"x" * (100 * 1024 + 1))
    assert big.status == 413
    assert await house.rows(root_certificates) == 0


async def test_now_tells_of_a_certificate_about_to_end(browser: Client, house: House) -> None:
    await house.user(role="admin")
    await enter(browser)
    house.edges.certificate = FakeCertificate(not_after=house.clock.at + timedelta(days=7))
    await send_certificate(browser)
    page = await (await browser.get("/console")).text()
    assert "O certificado vence em 7 dias." in page
