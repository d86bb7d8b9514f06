"""A gateway with its simulators, set up for one branch and one VTEX account: what the demonstration and the tests stand on."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from gateway import demo_data
from gateway.bootstrap import Gateway
from gateway.config import Settings
from gateway.core.clock import Clock
from gateway.core.errors import ConfigInvalid
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.rulebook import DECLARED, Rulebook
from gateway.setup_commands import make_test_branch, new_password
from gateway.sim.pki import TestPki
from gateway.sim.printer import VirtualPrinter
from gateway.sim.sefaz import SefazSimulator
from gateway.sim.vtex import VtexSimulator
from gateway.store import access

APP_KEY = "vtexappkey-lojademo-AAAAAA"
APP_TOKEN = "token-de-demonstracao"  # noqa: S105  (the simulator's, worth nothing elsewhere)
HOOK_SECRET = "segredo-do-hook-de-demonstracao"  # noqa: S105
FINAL_DOCUMENT = frozenset({"authorized", "rejected", "denied"})
FINAL_ORDER = frozenset({"invoiced", "parked", "divergent", "cancelled"})
PATIENCE_SECONDS = 60.0


class Simulators:
    """The three simulators, over one test PKI in `directory`. Port 0 takes any free one."""

    def __init__(
        self,
        directory: Path,
        *,
        sefaz_port: int = 0,
        vtex_port: int = 0,
        printer_port: int = 0,
        sefaz_control_port: int = 0,
        scenario: str = "",
        pki: TestPki | None = None,
        keep_ledgers: bool = False,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.pki = pki or TestPki(directory / "pki")
        ledgers = directory if keep_ledgers else None
        self.sefaz = SefazSimulator(
            pki=self.pki,
            port=sefaz_port,
            control_port=sefaz_control_port,
            ledger_path=ledgers / "sefaz.jsonl" if ledgers else None,
        )
        self.vtex = VtexSimulator(port=vtex_port, state_path=ledgers / "vtex.jsonl" if ledgers else None)
        self.printer = VirtualPrinter(port=printer_port, out_dir=directory / "impressora")
        self._scenario = scenario

    async def start(self) -> None:
        await self.sefaz.start()
        if self._scenario:
            self.sefaz.load_scenario(self._scenario)
        self.vtex.add_account(demo_data.ACCOUNT, APP_KEY, APP_TOKEN)
        await self.vtex.start()
        await self.printer.start()

    async def stop(self) -> None:
        await self.printer.stop()
        await self.vtex.stop()
        await self.sefaz.stop()

    def describe(self) -> str:
        """Where they are and how to point a gateway at them, for a terminal."""
        return (
            f"SEFAZ      {self.sefaz.url}   controle: {self.sefaz.control_url}\n"
            f"VTEX       {self.vtex.url}   controle: {self.vtex.control_url}\n"
            f"Impressora tcp://127.0.0.1:{self.printer.port}\n\n"
            f"Para usar:\n"
            f"  export GATEWAY_SEFAZ_URL={self.sefaz.url} GATEWAY_SEFAZ_CA={self.sefaz.ca_path}\n"
            f"  export GATEWAY_SEFAZ_SVC_URL={self.sefaz.url}/svc GATEWAY_SEFAZ_AN_URL={self.sefaz.url}/an\n"
            f"  export GATEWAY_VTEX_URL={self.vtex.url}\n"
            f"  conta VTEX {demo_data.ACCOUNT}, chave {APP_KEY}, token {APP_TOKEN}"
        )


@dataclass
class Outcome:
    """What one note of the demonstration came to. Seconds are since it was posted.

    `status` is the document's, or the order's when that waits (`parked`), contradicts or was cancelled.
    """

    ref: str
    status: str
    chave_acesso: str | None = None
    protocolo: str | None = None
    total: str | None = None
    vtex_status: str | None = None
    reason: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    authorized_after: float | None = None
    finished_after: float | None = None

    def as_json(self) -> str:
        return json.dumps(
            {
                "ref": self.ref,
                "status": self.status,
                "chave_acesso": self.chave_acesso,
                "protocolo": self.protocolo,
                "vNF": self.total,
                "vtex_status": self.vtex_status,
                "reason": self.reason,
                "files": self.files,
            },
            ensure_ascii=False,
        )


class Stage:
    """A gateway and its simulators, set up for a demonstration."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int = 0,
        database_url: str = "",
        rulebook: Rulebook = DECLARED,
        clock: Clock | None = None,
    ) -> None:
        self.directory = directory
        self._clock = clock
        self._port = port
        self._database_url = database_url
        self._rulebook = rulebook
        self.password = new_password()
        self.token = ""
        self.sims: Simulators
        self.gateway: Gateway
        self.http: aiohttp.ClientSession

    async def open(self) -> None:
        """Start everything on an empty database; the test PKI is kept from one run to the next."""
        data = self.directory / "dados"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True, mode=0o700)
        pki = await asyncio.to_thread(TestPki, self.directory / "pki")
        self.sims = Simulators(self.directory, pki=pki)
        await self.sims.start()
        settings = Settings(
            data_dir=str(data),
            port=self._port,
            database_url=self._database_url,
            sefaz_url=self.sims.sefaz.url,
            sefaz_svc_url=f"{self.sims.sefaz.url}/svc",
            sefaz_ca=str(self.sims.sefaz.ca_path),
            ca_bundle=str(self.sims.sefaz.ca_path),
            vtex_url=self.sims.vtex.url,
            sefaz_requery_seconds=0.5,
            sefaz_absent_seconds=1.0,
            vtex_sweep_seconds=5.0,
            sefaz_probe_seconds=0.5,
        )
        self.gateway = Gateway(settings, rulebook=self._rulebook, clock=self._clock)
        await self.gateway.start()
        await self._set_up(pki)

    async def _set_up(self, pki: TestPki) -> None:
        gateway = self.gateway
        made = await make_test_branch(
            gateway.db,
            gateway.vault,
            gateway.settings.data,
            cnpj=demo_data.TEST_CNPJ,
            printer=f"tcp://127.0.0.1:{self.sims.printer.port}",
            pki=pki,
        )
        self.token = made["api_key"]
        at = gateway.clock.epoch_ms()
        hashed = await asyncio.to_thread(access.hash_password, self.password)
        await gateway.db.write(lambda conn: access.put_user(conn, username="admin", password_hash=hashed, role="admin", at=at))
        self.http = aiohttp.ClientSession(
            gateway.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=aiohttp.ClientTimeout(total=30)
        )
        account = {
            "account": demo_data.ACCOUNT,
            "app_key": APP_KEY,
            "app_token": APP_TOKEN,
            "hook_secret": HOOK_SECRET,
            "config": {"policy": {"stand_in_cpf": demo_data.STAND_IN_CPF}},
        }
        await self._call("PUT", f"/v1/branches/{demo_data.TEST_CNPJ}/vtex", account)
        await self._hook()

    async def _hook(self) -> None:
        """Configure the hook at the marketplace, as a merchant would: it pings us before it accepts the address."""
        hook = {
            "filter": {"type": "FromWorkflow", "status": ["ready-for-handling"]},
            "hook": {
                "url": f"{self.gateway.url}/webhooks/vtex/{demo_data.ACCOUNT}",
                "headers": {"key": HOOK_SECRET, "X-Gateway-Secret": HOOK_SECRET},
            },
        }
        headers = {"X-VTEX-API-AppKey": APP_KEY, "X-VTEX-API-AppToken": APP_TOKEN}
        timeout = aiohttp.ClientTimeout(total=15)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{self.sims.vtex.url}/api/orders/hook/config", json=hook, headers=headers) as answer,
        ):
            if answer.status != 200:
                raise ConfigInvalid(f"O simulador da VTEX recusou o hook: {answer.status} {await answer.text()}")

    async def close(self) -> None:
        await self.http.close()
        await self.gateway.stop()
        await self.sims.stop()

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, path, json=body) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise ConfigInvalid(f"{method} {path}: {answer.status} {text[:2000]}")
            return json.loads(text) if text else None

    async def _until(self, path: str, key: str, final: frozenset[str]) -> dict[str, Any]:
        """Read a resource until its state is final."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found: dict[str, Any] = await self._call("GET", path)
            if found[key] in final or time.monotonic() > deadline:
                return found
            await asyncio.sleep(0.05)

    async def sell(self, ref: str) -> Outcome:
        """Post the counter sale and wait for SEFAZ's word and the slip."""
        return await self._issue("/v1/nfe", demo_data.sale(ref))

    async def sell_nfce(self, ref: str) -> Outcome:
        """As `sell`, for a consumer at the till: NFC-e, model 65."""
        return await self._issue("/v1/nfce", demo_data.nfce(ref))

    async def _issue(self, path: str, body: dict[str, Any]) -> Outcome:
        start, ref = time.monotonic(), body["ref"]
        await self._call("POST", path, body)
        found = await self._until(f"/v1/nfe/{ref}", "status", FINAL_DOCUMENT)
        outcome = self._outcome(found, time.monotonic() - start)
        await self._save(outcome)
        outcome.finished_after = time.monotonic() - start
        return outcome

    async def take_order(self, order: dict[str, Any], *, register_products: bool = True) -> Outcome:
        """Put the order at the marketplace, let it notify us, and wait until it is invoiced or parked."""
        order_id = str(order["orderId"])
        if register_products:
            for product in plain_products(order):
                await self._call("PUT", f"/v1/products/{quote(product.sku, safe='')}", msgspec.to_builtins(product))
        start = time.monotonic()
        status = None if order.get("status") else "ready-for-handling"
        self.sims.vtex.load_order(demo_data.ACCOUNT, order, status=status)
        await self.sims.vtex.notify(order_id)
        found = await self._order(order_id)
        finished = time.monotonic() - start
        ref = f"vtex:{demo_data.ACCOUNT}:{order_id}"
        if found is None:
            return Outcome(ref=ref, status="lost", reason="O pedido não chegou ao fim no tempo da demonstração.")
        row = found["order"]
        outcome = Outcome(ref=ref, status=row["state"])
        if found["document_ref"] is not None:
            document = await self._call("GET", f"/v1/nfe/{quote(found['document_ref'], safe='')}")
            outcome = self._outcome(document, None)
            if row["state"] != "invoiced":
                outcome.status = row["state"]  # the order's trouble is the news, whatever became of the note
            await self._save(outcome)
        outcome.vtex_status = self.sims.vtex.order(order_id).status
        if row["state"] != "invoiced":
            outcome.reason = " ".join(filter(None, [row["hold_message"], row["hold_fix"]]))
        outcome.finished_after = finished
        return outcome

    async def _order(self, order_id: str) -> dict[str, Any] | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = await self._call("GET", f"/v1/orders?search={order_id}")
            rows = [row for row in found["items"] if row["external_id"] == order_id]
            if rows and rows[0]["state"] in FINAL_ORDER:
                detail: dict[str, Any] = await self._call("GET", f"/v1/orders/{rows[0]['id']}")
                return detail
            await asyncio.sleep(0.05)
        return None

    def _outcome(self, found: dict[str, Any], after: float | None) -> Outcome:
        return Outcome(
            ref=found["ref"],
            status=found["status"],
            chave_acesso=found["chave_acesso"],
            protocolo=found["protocolo"],
            total=found["total"],
            reason=_refusal(found),
            authorized_after=after,
        )

    async def _save(self, outcome: Outcome) -> None:
        """Fetch the artefacts as a store system would, and leave them as files named by the chave."""
        if outcome.chave_acesso is None or outcome.protocolo is None:
            return
        base = f"/v1/nfe/{outcome.chave_acesso}"
        for kind, path, name in (
            ("xml", "/xml", f"{outcome.chave_acesso}-procNFe.xml"),
            ("pdf", "/danfe.pdf", f"{outcome.chave_acesso}.pdf"),
            ("png", "/danfe.png", f"{outcome.chave_acesso}.png"),
        ):
            if kind == "pdf" and outcome.chave_acesso[20:22] == "65":
                continue
            async with self.http.get(base + path) as answer:
                answer.raise_for_status()
                body = await answer.read()
            target = self.directory / name
            await asyncio.to_thread(target.write_bytes, body)
            outcome.files[kind] = str(target)


def _refusal(document: dict[str, Any]) -> str | None:
    answer = document["answer"]
    if document["status"] == "authorized" or answer is None:
        return None
    return f"{answer['cStat']} {answer['xMotivo']}".strip()


def plain_products(order: dict[str, Any]) -> list[Product]:
    """The order's products with a plain tax profile, as a merchant would register them before selling."""
    made: dict[str, Product] = {}
    for item in order.get("items") or []:
        sku = str(item.get("id") or "")
        ncm = "".join(char for char in str(item.get("taxCode") or "") if char.isdigit())
        if sku and sku not in made:
            made[sku] = Product(
                sku=sku,
                description=str(item.get("name") or f"Produto {sku}")[:255],
                ncm=ncm if len(ncm) == 8 else demo_data.PLAIN_NCM,
                unit=str(item.get("measurementUnit") or "un").upper()[:6],
                reference=str(item.get("refId") or "")[:60],
                tax=TaxProfile(cclasstrib="000001"),
            )
    return list(made.values())
