"""Branches, certificates, VTEX accounts, products and customers: stored whole, refused whole, secrets never read back."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import TestClient
from cryptography.x509 import load_der_x509_certificate

from gateway.api.app import make_app
from gateway.core.errors import CertificateInvalid, NotSent
from gateway.nfe.answers import ServiceStatus
from gateway.nfe.certificate import load
from gateway.nfe.certificate_maker import make_test_pfx
from gateway.nfe.icp_chain import Authorities
from gateway.store import setup
from gateway.store.certificates import active_pfx
from gateway.store.csc import open_csc
from gateway.store.tables import audit, branch_csc, branches, certificates, customers, products, vtex_accounts
from tests.unit.api.house import CNPJ, OTHER, START, FakeCertificate, House, branch

Client = TestClient[Any, Any]
NEW = "12ABC34501DE35"
PFX = {"pfx": base64.b64encode(b"pfx bytes").decode(), "password": "segredo"}
VTEX = {"account": "minhaloja", "app_key": "vtexappkey-x", "app_token": "TOKEN", "hook_secret": "um-segredo-comprido"}
PRODUCT = {"sku": "A/1", "description": "Camisa", "ncm": "61091000", "gtin": "7891000000001"}


def body(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(branch(**{"cnpj": NEW, **changes}))
    return made


async def test_a_branch_is_created_changed_and_read(client: Client, house: House) -> None:
    key = await house.key("setup")
    created = await client.put("/v1/branches/12.ABC.345%2F01DE-35", json=body(cnpj="12.ABC.345/01DE-35"), headers=key)
    changed = await client.put(f"/v1/branches/{NEW}", json=body(name="Outro nome"), headers=key)
    read = await client.get(f"/v1/branches/{NEW}", headers=key)
    assert (created.status, changed.status, read.status) == (201, 200, 200)
    assert (await created.json())["cnpj"] == NEW
    assert (await read.json())["name"] == "Outro nome"
    listed = await (await client.get("/v1/branches", headers=key)).json()
    assert [one["cnpj"] for one in listed["items"]] == sorted([CNPJ, OTHER, NEW])
    assert await house.rows(audit) == 2


@pytest.mark.parametrize(
    ("path", "changes", "code", "where"),
    [
        (NEW, {"cnpj": CNPJ}, "BRANCH-CNPJ", "$.cnpj"),
        (NEW, {"cnpj": "12ABC34501DE36"}, "GW-CNPJ", "$.cnpj"),
        (NEW, {"time_zone": "Brasil/Centro"}, "BRANCH-ZONE", "$.time_zone"),
        (NEW, {"time_zone": "../../etc/passwd"}, "BRANCH-ZONE", "$.time_zone"),
        ("12ABC34501DE36", {}, "GW-CNPJ", "$query.cnpj"),
    ],
)
async def test_a_wrong_branch_is_refused(
    client: Client, house: House, path: str, changes: dict[str, str], code: str, where: str
) -> None:
    answer = await client.put(f"/v1/branches/{path}", json=body(**changes), headers=await house.key("setup"))
    fault = (await answer.json())["faults"][0]
    assert (answer.status, fault["code"], fault["path"]) == (422, code, where)
    assert await house.rows(branches) == 2


async def test_a_certificate_is_stored_sealed(client: Client, house: House) -> None:
    key = await house.key("setup")
    path = f"/v1/branches/{CNPJ}/certificate"
    assert (await client.get(path, headers=key)).status == 404
    stored = await client.put(path, json=PFX, headers=key)
    expected = {
        "subject": "CN=LOJA DE TESTE",
        "tax_id": CNPJ,
        "serial": "a1b",
        "not_before": "2026-10-24T09:00:00-04:00",
        "not_after": "2027-02-01T09:00:00-04:00",
        "days_left": 90,
        "owner": CNPJ,
        "alert": None,
        "urgency": "ok",
        "urgency_label": "Em dia",
        "uploaded_at": "2026-11-03T09:00:00-04:00",
        "uploaded_by": f"key:{key['Authorization'].split('_')[2]}",
        "chain": None,
    }
    assert stored.status == 200
    assert await stored.json() == expected
    assert await (await client.get(path, headers=key)).json() == expected
    pfx = await house.db.read(lambda conn: active_pfx(conn, house.services.vault, CNPJ))
    assert pfx is not None
    assert (pfx.data, pfx.password) == (b"pfx bytes", "segredo")
    raw = await house.db.read(lambda conn: conn.execute(certificates.select()).one())
    assert b"pfx bytes" not in raw.pfx
    assert b"segredo" not in raw.password


async def test_a_certificate_that_leads_to_no_known_authority_is_stored_and_said(
    house: House, aiohttp_client: Callable[..., Awaitable[Client]]
) -> None:
    root = load(make_test_pfx(CNPJ, "OUTRA", "x", at=START))
    mine = load(make_test_pfx(CNPJ, "LOJA", "x", at=START))
    house.edges.certificate = FakeCertificate(der=mine.der)
    known = Authorities((load_der_x509_certificate(root.der),), ())
    client = await aiohttp_client(make_app(replace(house.services, authorities=known)))
    answer = await client.put(f"/v1/branches/{CNPJ}/certificate", json=PFX, headers=await house.key("setup"))
    chain = (await answer.json())["chain"]
    assert (answer.status, chain["status"], chain["status_label"]) == (200, "unknown_authority", "Autoridade desconhecida")
    assert chain["path"] == [f"LOJA:{CNPJ}"]
    assert await house.rows(certificates) == 1


async def test_a_second_certificate_replaces_the_first(client: Client, house: House) -> None:
    key = await house.key("setup")
    path = f"/v1/branches/{CNPJ}/certificate"
    form = aiohttp.FormData()
    form.add_field("pfx", b"second", filename="novo.pfx", content_type="application/x-pkcs12")
    form.add_field("password", "nova")
    assert (await client.put(path, json=PFX, headers=key)).status == 200
    assert (await client.put(path, data=form, headers=key)).status == 200
    pfx = await house.db.read(lambda conn: active_pfx(conn, house.services.vault, CNPJ))
    assert pfx is not None
    assert (pfx.data, pfx.password) == (b"second", "nova")
    assert await house.rows(certificates) == 2


@pytest.mark.parametrize(
    ("certificate", "code", "path"),
    [
        (CertificateInvalid("O arquivo não é um PFX.", fix="Envie o arquivo .pfx."), "CERT-INVALID", "$.pfx"),
        (CertificateInvalid("Senha errada.", code="CERT-PASSWORD", fix="Confira."), "CERT-PASSWORD", "$.password"),
        (FakeCertificate(not_after=START - timedelta(days=1)), "CERT-EXPIRED", "$.pfx"),
        (FakeCertificate(tax_id="99888777000166"), "CERT-OWNER", "$.pfx"),
    ],
)
async def test_a_certificate_that_cannot_sign_is_refused(
    client: Client, house: House, certificate: Any, code: str, path: str
) -> None:
    house.edges.certificate = certificate
    answer = await client.put(f"/v1/branches/{CNPJ}/certificate", json=PFX, headers=await house.key("setup"))
    text = await answer.text()
    fault = msgspec.json.decode(text)["faults"][0]
    assert (answer.status, fault["code"], fault["path"]) == (422, code, path)
    assert fault["fix"]
    assert "segredo" not in text
    assert await house.rows(certificates) == 0


@pytest.mark.parametrize(
    ("upload", "code", "path"),
    [
        ({"pfx": "não é base64", "password": "x"}, "GW-BASE64", "$.pfx"),
        ({"password": "x"}, "GW-REQUIRED", "$.pfx"),
        ({"pfx": "", "password": "x"}, "GW-LENGTH", "$.pfx"),
    ],
)
async def test_a_broken_upload_is_refused(client: Client, house: House, upload: Any, code: str, path: str) -> None:
    answer = await client.put(f"/v1/branches/{CNPJ}/certificate", json=upload, headers=await house.key("setup"))
    fault = (await answer.json())["faults"][0]
    assert (answer.status, fault["code"], fault["path"]) == (422, code, path)


async def test_a_form_without_its_parts_or_too_large_is_refused(client: Client, house: House) -> None:
    key = await house.key("setup")
    path = f"/v1/branches/{CNPJ}/certificate"
    some = aiohttp.FormData()
    some.add_field("pfx", b"x", filename="a.pfx")
    missing = await client.put(path, data=some, headers=key)
    assert (missing.status, (await missing.json())["faults"][0]["path"]) == (422, "$.password")
    large = aiohttp.FormData()
    large.add_field("pfx", b"x" * 120_000, filename="a.pfx")
    large.add_field("password", "x")
    assert (await client.put(path, data=large, headers=key)).status == 413
    broken = await client.put(path, data=b"--", headers={**key, "Content-Type": "multipart/form-data"})
    assert (broken.status, (await broken.json())["code"]) == (422, "GW-VALIDATION")
    assert await house.rows(certificates) == 0


async def test_a_vtex_account_is_stored_without_showing_secrets(client: Client, house: House) -> None:
    key = await house.key("setup")
    path = f"/v1/branches/{CNPJ}/vtex"
    created = await client.put(path, json=VTEX, headers=key)
    again = await client.put(path, json={**VTEX, "config": {"policy": {"both_documents": "ask_always"}}}, headers=key)
    assert (created.status, again.status) == (201, 200)
    text = await (await client.get(path, headers=key)).text()
    listed = msgspec.json.decode(text)["items"]
    assert listed == [
        {
            "account": "minhaloja",
            "branch": CNPJ,
            "config": listed[0]["config"],
            "hook_url": "/webhooks/vtex/minhaloja",
            "updated_at": "2026-11-03T09:00:00-04:00",
        }
    ]
    assert listed[0]["config"]["policy"]["both_documents"] == "ask_always"
    assert "TOKEN" not in text
    found = await house.db.read(lambda conn: setup.vtex_access(conn, house.services.vault, "minhaloja"))
    assert found is not None
    assert found.access.base_url == "https://minhaloja.vtexcommercestable.com.br"
    assert (found.access.app_key, found.access.app_token) == ("vtexappkey-x", "TOKEN")
    assert found.accepts("um-segredo-comprido")
    assert not found.accepts("outro")
    assert "TOKEN" not in repr(found)
    assert b"TOKEN" not in (await house.db.read(lambda conn: conn.execute(vtex_accounts.select()).one())).app_token


@pytest.mark.parametrize("url", ["http://vtex.com", "ftp://x", "https://u@host", "javascript:alert(1)"])
async def test_a_vtex_address_is_https(client: Client, house: House, url: str) -> None:
    wrong = {**VTEX, "config": {"base_url": url}}
    answer = await client.put(f"/v1/branches/{CNPJ}/vtex", json=wrong, headers=await house.key("setup"))
    fault = (await answer.json())["faults"][0]
    assert (answer.status, fault["code"], fault["path"]) == (422, "VTEX-BASE-URL", "$.config.base_url")
    assert await house.rows(vtex_accounts) == 0


async def test_an_account_is_not_taken_from_another_branch(client: Client, house: House) -> None:
    await client.put(f"/v1/branches/{CNPJ}/vtex", json=VTEX, headers=await house.key("setup"))
    key = await house.key("setup", branches=(OTHER,))
    answer = await client.put(f"/v1/branches/{OTHER}/vtex", json=VTEX, headers=key)
    assert (answer.status, (await answer.json())["code"]) == (403, "GW-BRANCH")
    found = await house.db.read(lambda conn: setup.get_vtex_account(conn, "minhaloja"))
    assert found is not None
    assert found.branch == CNPJ


async def test_a_csc_is_stored_sealed_one_for_each_environment(client: Client, house: House) -> None:
    key = await house.key("setup")
    path = f"/v1/branches/{CNPJ}/csc"
    first = await client.put(path, json={"csc_id": "000007", "csc": "PRIMEIRO-SEGREDO"}, headers=key)
    other = await client.put(path, json={"csc_id": "1", "csc": "DE-PRODUCAO", "environment": 1}, headers=key)
    again = await client.put(path, json={"csc_id": "8", "csc": "SEGUNDO-SEGREDO"}, headers=key)
    assert [(answer.status, (await answer.json())["csc_id"]) for answer in (first, other, again)] == [
        (200, "7"),
        (200, "1"),
        (200, "8"),
    ]
    text = await (await client.get(path, headers=key)).text()
    assert "SEGREDO" not in text
    assert "PRODUCAO" not in text
    assert [(one["environment"], one["csc_id"]) for one in msgspec.json.decode(text)["items"]] == [(1, "1"), (2, "8")]
    kept = await house.db.read(lambda conn: open_csc(conn, house.services.vault, CNPJ, 2))
    assert kept is not None
    assert (kept.id, kept.secret) == ("8", "SEGUNDO-SEGREDO")
    assert await house.db.read(lambda conn: open_csc(conn, house.services.vault, OTHER, 2)) is None
    assert await house.rows(branch_csc) == 2
    logged = await house.db.read(lambda conn: [str(row) for row in conn.execute(audit.select())])
    assert len(logged) == 3
    assert not any("SEGREDO" in row for row in logged)


@pytest.mark.parametrize(
    ("upload", "path"),
    [
        ({"csc_id": "0", "csc": "SEGREDO-1"}, "$.csc_id"),
        ({"csc_id": "1234567", "csc": "SEGREDO-1"}, "$.csc_id"),
        ({"csc_id": "1", "csc": "curto"}, "$.csc"),
        ({"csc_id": "1", "csc": "SEGREDO-1", "environment": 3}, "$.environment"),
    ],
)
async def test_a_malformed_csc_is_refused(client: Client, house: House, upload: Any, path: str) -> None:
    answer = await client.put(f"/v1/branches/{CNPJ}/csc", json=upload, headers=await house.key("setup"))
    assert answer.status == 422
    assert (await answer.json())["faults"][0]["path"] == path
    assert await house.rows(branch_csc) == 0


async def test_a_csc_is_of_a_branch_the_key_covers(client: Client, house: House) -> None:
    body = {"csc_id": "1", "csc": "SEGREDO-1"}
    limited = await house.key("setup", branches=(OTHER,))
    assert (await client.put(f"/v1/branches/{CNPJ}/csc", json=body, headers=limited)).status == 404
    assert (await client.get(f"/v1/branches/{NEW}/csc", headers=await house.key("setup"))).status == 404
    assert (await client.put(f"/v1/branches/{CNPJ}/csc", json=body, headers=await house.key("nfe:write"))).status == 403
    assert await house.rows(branch_csc) == 0


async def test_a_customer_is_stored_with_a_name(client: Client, house: House) -> None:
    answer = await client.put("/v1/customers/12345678909", json={"tax_id": "12345678909"}, headers=await house.key("setup"))
    assert (answer.status, (await answer.json())["faults"][0]["code"]) == (422, "CUSTOMER-NAME")
    assert await house.rows(customers) == 0


async def test_products(client: Client, house: House) -> None:
    key = await house.key("setup")
    created = await client.put("/v1/products/A%2F1", json=PRODUCT, headers=key)
    changed = await client.put("/v1/products/A%2F1", json={**PRODUCT, "description": "Camisa azul"}, headers=key)
    assert (created.status, changed.status) == (201, 200)
    assert (await (await client.get("/v1/products/A%2F1", headers=key)).json())["description"] == "Camisa azul"
    assert (await client.get("/v1/products/B", headers=key)).status == 404
    await client.put("/v1/products/B", json={**PRODUCT, "sku": "B"}, headers=key)
    page = await (await client.get("/v1/products?limit=1", headers=key)).json()
    last = await (await client.get(f"/v1/products?limit=1&cursor={page['next'].replace('/', '%2F')}", headers=key)).json()
    assert [row["sku"] for row in page["items"] + last["items"]] == ["A/1", "B"]
    assert last["next"] is None
    mismatch = await client.put("/v1/products/C", json=PRODUCT, headers=key)
    assert (mismatch.status, (await mismatch.json())["faults"][0]["code"]) == (422, "PRODUCT-SKU")
    assert await house.rows(products) == 2


async def test_customers(client: Client, house: House) -> None:
    key = await house.key("setup")
    person = {"tax_id": "123.456.789-09", "name": "Maria de Teste"}
    stored = await client.put("/v1/customers/12345678909", json=person, headers=key)
    assert (stored.status, (await stored.json())["customer"]["tax_id"]) == (200, "12345678909")
    read = await (await client.get("/v1/customers/123.456.789-09", headers=key)).json()
    assert (read["origin"], read["customer"]["name"]) == ("api", "Maria de Teste")
    wrong = await client.put("/v1/customers/12345678909", json={**person, "tax_id": "12345678900"}, headers=key)
    assert (wrong.status, (await wrong.json())["faults"][0]["code"]) == (422, "GW-TAX-ID")
    other = await client.put("/v1/customers/12345678909", json={**person, "tax_id": CNPJ}, headers=key)
    assert (other.status, (await other.json())["faults"][0]["code"]) == (422, "CUSTOMER-TAX-ID")
    assert (await client.get("/v1/customers/1", headers=key)).status == 422
    assert len((await (await client.get("/v1/customers", headers=key)).json())["items"]) == 1
    assert await house.rows(customers) == 1


async def test_the_status_of_sefaz(client: Client, house: House) -> None:
    key = await house.key()
    house.edges.status = ServiceStatus("108", "Servico Paralisado Momentaneamente", 5, START)
    body = await (await client.get(f"/v1/sefaz/status?branch={CNPJ}", headers=key)).json()
    assert body == {
        "branch": CNPJ,
        "running": False,
        "cStat": "108",
        "xMotivo": "Servico Paralisado Momentaneamente",
        "tMed": 5,
        "dhRetorno": "2026-11-03T09:00:00-04:00",
    }
    house.edges.status = NotSent("A SEFAZ não atendeu.")
    down = await client.get(f"/v1/sefaz/status?branch={CNPJ}", headers=key)
    assert (down.status, (await down.json())["code"]) == (503, "GW-NOT-SENT")
    assert (await client.get("/v1/sefaz/status", headers=key)).status == 422
    assert (await client.get(f"/v1/sefaz/status?branch={CNPJ}&model=57", headers=key)).status == 422
    assert house.edges.status_models == ["55", "55"]
    assert (await client.get(f"/v1/sefaz/status?branch={CNPJ}&model=65", headers=key)).status == 503
    assert house.edges.status_models[-1] == "65"
    assert (await client.get(f"/v1/sefaz/status?branch={NEW}", headers=key)).status == 404


async def test_a_root_certificate_serves_the_branches_and_is_listed_with_its_alert(client: Client, house: House) -> None:
    key = await house.key("setup")
    house.edges.certificate = FakeCertificate(not_after=START + timedelta(days=15))
    assert (await client.put("/v1/certificates/11222333", json=PFX, headers=key)).status == 200
    used = await (await client.get(f"/v1/branches/{CNPJ}/certificate", headers=key)).json()
    listed = (await (await client.get("/v1/certificates", headers=key)).json())["items"]
    assert (used["owner"], used["alert"], used["urgency"], used["days_left"]) == ("11222333", 15, "warning", 15)
    assert [(one["owner"], one["alert"]) for one in listed] == [("11222333", 15)]
    metrics = await (await client.get("/metrics")).text()
    assert 'gateway_certificate_days_left{owner="11222333"} 15.0' in metrics


@pytest.mark.parametrize("root", ["1122233", "11222333000181", "1122233-"])
async def test_a_root_has_eight_characters(client: Client, house: House, root: str) -> None:
    answer = await client.put(f"/v1/certificates/{root}", json=PFX, headers=await house.key("setup"))
    assert (answer.status, (await answer.json())["faults"][0]["code"]) == (422, "GW-ROOT")


async def test_a_key_of_one_branch_does_not_touch_the_companys_certificate(client: Client, house: House) -> None:
    key = await house.key("setup", branches=(CNPJ,))
    assert (await client.put("/v1/certificates/11222333", json=PFX, headers=key)).status == 403
    assert (await client.get(f"/v1/branches/{CNPJ}/certificate", headers=key)).status == 404
