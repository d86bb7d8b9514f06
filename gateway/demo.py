"""`gateway demo`: the main job, whole, against the simulators, with everything it produced left in a directory to look at."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from gateway import demo_data
from gateway.bootstrap import Gateway
from gateway.config import Settings
from gateway.core.errors import ConfigInvalid
from gateway.nfe.sale import Product
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
            f"  export GATEWAY_VTEX_URL={self.vtex.url}\n"
            f"  conta VTEX {demo_data.ACCOUNT}, chave {APP_KEY}, token {APP_TOKEN}"
        )


@dataclass
class Outcome:
    """What one note of the demonstration came to. Seconds are since it was posted."""

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

    def __init__(self, directory: Path, *, port: int = 0, database_url: str = "") -> None:
        self.directory = directory
        self._port = port
        self._database_url = database_url
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
            sefaz_ca=str(self.sims.sefaz.ca_path),
            vtex_url=self.sims.vtex.url,
            sefaz_requery_seconds=0.5,
            sefaz_absent_seconds=1.0,
            vtex_sweep_seconds=5.0,
        )
        self.gateway = Gateway(settings)
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
            outcome.status = row["state"]
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
            )
    return list(made.values())


async def run_demo(directory: Path, *, order_file: Path | None, register_products: bool, as_json: bool, stay: bool) -> int:
    """Run the demonstration; answers 0 when every note ended as it should (an order parked with a reason did)."""
    order = _read_order(order_file) if order_file else None
    started = time.monotonic()
    stage = Stage(directory, port=8080 if stay else 0)
    await stage.open()
    ready = time.monotonic() - started
    try:
        outcomes = await _show(stage, order, register_products=register_products, quiet=as_json)
        if not as_json:
            print(
                f"\nPronto em {ready:.1f} s para começar; {time.monotonic() - started:.1f} s no total. Arquivos em {directory}/"
            )
        if as_json:
            print(outcomes[-1].as_json(), flush=True)
        if stay:
            await _stay(stage)
    finally:
        await stage.close()
    good = {"authorized", "invoiced", "parked"} if order is not None else {"authorized", "invoiced"}
    return 0 if all(outcome.status in good for outcome in outcomes) else 1


def _read_order(path: Path) -> dict[str, Any]:
    try:
        order = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigInvalid(
            f"Não foi possível ler o pedido {path}: {error}.", fix="Informe um arquivo JSON de um pedido."
        ) from error
    if not isinstance(order, dict) or not order.get("orderId"):
        raise ConfigInvalid(
            f"{path} não é um pedido da VTEX: falta orderId.", fix="Use o JSON do GET /api/oms/pvt/orders/{{orderId}}."
        )
    return order


async def _show(stage: Stage, order: dict[str, Any] | None, *, register_products: bool, quiet: bool) -> list[Outcome]:
    now = datetime.now(UTC)
    outcomes: list[Outcome] = []
    if order is None:
        outcomes.append(await stage.sell(f"venda-{now:%Y%m%d-%H%M%S}"))
        _tell("Venda de balcão", outcomes[-1], quiet)
        outcomes.append(await stage.sell_nfce(f"caixa-{now:%Y%m%d-%H%M%S}"))
        _tell("Venda no caixa (NFC-e)", outcomes[-1], quiet)
        order = demo_data.order(f"v{now:%d%H%M%S}demo-01", now)
    outcomes.append(await stage.take_order(order, register_products=register_products))
    _tell("Pedido da VTEX", outcomes[-1], quiet)
    return outcomes


def _tell(title: str, outcome: Outcome, quiet: bool) -> None:
    if quiet:
        return
    lines = [f"\n{title}: {outcome.status}", f"  ref        {outcome.ref}"]
    if outcome.chave_acesso:
        lines += [f"  chave      {outcome.chave_acesso}", f"  protocolo  {outcome.protocolo}", f"  valor      R$ {outcome.total}"]
    if outcome.vtex_status:
        lines.append(f"  na VTEX    {outcome.vtex_status}")
    if outcome.reason:
        lines.append(f"  motivo     {outcome.reason}")
    lines += [f"  {kind:<9}  {path}" for kind, path in outcome.files.items()]
    if outcome.authorized_after is not None:
        lines.append(f"  autorizada em {outcome.authorized_after:.2f} s")
    if outcome.finished_after is not None:
        lines.append(f"  completo em {outcome.finished_after:.2f} s")
    print("\n".join(lines), flush=True)


async def _stay(stage: Stage) -> None:
    url = stage.gateway.url
    print(f"\nConsole       {url}/console   usuário admin, senha {stage.password}")
    print(f"API           {url}/docs   chave {stage.token}")
    print(stage.sims.describe())
    print("\nCtrl+C encerra.", flush=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    await stop.wait()
