"""The only wiring: settings in, a running gateway out. Nothing else knows who implements what."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from gateway import __version__
from gateway.api.app import make_app
from gateway.api.services import ApiSettings, HookAnswer, SalePreview, Services
from gateway.config import Settings
from gateway.core.clock import Clock, SystemClock
from gateway.core.errors import ConfigInvalid, NotFound
from gateway.jobs.certificates import Certificates
from gateway.jobs.embedded import EmbeddedValkey
from gateway.jobs.endings import end
from gateway.jobs.handlers.batch import TakeBatch
from gateway.jobs.handlers.contingency import Deadline, Transmit
from gateway.jobs.handlers.distribution import FetchReceived, Receivers
from gateway.jobs.handlers.events import SendEvent
from gateway.jobs.handlers.export import ExportMonth
from gateway.jobs.handlers.issue import IssueNote, Patience
from gateway.jobs.handlers.order_intake import Accounts, ReadOrder, StartHandling
from gateway.jobs.handlers.order_invoice import ConfirmInvoice, PushInvoice
from gateway.jobs.handlers.printing import PrintSlip
from gateway.jobs.handlers.reissue import SettleAttempt
from gateway.jobs.handlers.shadow import Shadow
from gateway.jobs.handlers.sweep import Sweep
from gateway.jobs.handlers.voiding import SendVoiding
from gateway.jobs.hints import ArqHints, Hints, NoHints
from gateway.jobs.janitor import Janitor
from gateway.jobs.number_watch import NumberWatch
from gateway.jobs.prober import Prober
from gateway.jobs.schedule import Schedule
from gateway.jobs.taxpayers import TaxpayerLookup
from gateway.jobs.ticker import Ticker, request_sweep
from gateway.jobs.webhook import HookReceiver
from gateway.jobs.worker import Kind, Worker
from gateway.nfe.answers import ServiceStatus
from gateway.nfe.branch import Branch
from gateway.nfe.certificate import load as load_certificate
from gateway.nfe.icp_chain import Authorities, read_authorities
from gateway.nfe.request import Request
from gateway.nfe.rulebook import DECLARED, Rulebook
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.printers.danfe import DanfeRenderer
from gateway.printers.rendering import escpos_slip, png_slip, slip_for
from gateway.printers.transports import Transports
from gateway.store import distribution, intake, schema, setup
from gateway.store.contingencies import DEADLINE_KIND, TRANSMIT_KIND
from gateway.store.database import Database, open_database
from gateway.store.documents import DocumentRow
from gateway.store.reissues import SETTLE_KIND
from gateway.store.vault import Vault, load_or_create_key
from gateway.vtex.client import VtexClient

log = structlog.get_logger()

SEFAZ_SCHEDULE = Schedule(delays=(2, 5, 15, 30, 60, 120, 300), limit=400, jitter=0.2)
MARKETPLACE_SCHEDULE = Schedule(delays=(1, 5, 15, 60, 300, 900, 3600), limit=60, jitter=0.2)
PRINT_SCHEDULE = Schedule(delays=(5, 15, 60, 300), limit=200, jitter=0.1)
BATCH_SCHEDULE = Schedule(delays=(1, 5, 15, 60), limit=400, jitter=0.1)
BATCHES_AT_ONCE = 2


def prepare_data(settings: Settings) -> Vault:
    """Create the data directory and its key if absent, bring the database's schema up to date, open the vault."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    schema.upgrade(settings.database)
    return open_vault(settings)


def open_vault(settings: Settings) -> Vault:
    """The vault of this installation: the key of `secret_key`, or the file beside the database."""
    if settings.secret_key:
        return Vault(settings.secret_key.encode())
    return Vault(load_or_create_key(settings.data / "secret.key"))


@dataclass
class Edges:
    """What talks to the outside, built once."""

    sefaz: SefazClient
    marketplace: VtexClient
    transports: Transports
    danfe: DanfeRenderer
    endpoints: Endpoints

    async def close(self) -> None:
        await self.sefaz.close()
        await self.marketplace.close()
        await self.danfe.close()


def authorities_of(settings: Settings) -> Authorities | None:
    """The authorities of ICP-Brasil that `ca_bundle` gives, None without it. Raises ConfigInvalid."""
    return read_authorities(Path(settings.ca_bundle)) if settings.ca_bundle else None


def make_edges(settings: Settings, clock: Clock) -> Edges:
    endpoints = Endpoints(
        override_url=settings.sefaz_url or None,
        override_svc=settings.sefaz_svc_url or None,
        override_an=settings.sefaz_an_url or None,
        override_ca=Path(settings.sefaz_ca) if settings.sefaz_ca else None,
    )
    return Edges(
        sefaz=SefazClient(
            endpoints,
            clock=clock,
            read_timeout=settings.sefaz_read_timeout,
            ca_bundle=Path(settings.ca_bundle) if settings.ca_bundle else None,
        ),
        marketplace=VtexClient(),
        transports=Transports(),
        danfe=DanfeRenderer(),
        endpoints=endpoints,
    )


class Gateway:
    """One process: API, worker, or both, over one database."""

    def __init__(
        self,
        settings: Settings,
        *,
        api: bool = True,
        worker: bool = True,
        clock: Clock | None = None,
        rulebook: Rulebook = DECLARED,
    ) -> None:
        self.settings = settings
        self.rulebook = rulebook
        self.clock: Clock = clock or SystemClock()
        self.port = settings.port
        self._with_api = api
        self._with_worker = worker
        self._valkey: EmbeddedValkey | None = None
        self._hints: Hints = NoHints()
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self.worker: Worker | None = None
        self.halted = asyncio.Event()
        self.db: Database
        self.vault: Vault
        self.edges: Edges

    @property
    def url(self) -> str:
        """The API's address, with the port that was really bound."""
        return f"http://{self.settings.host}:{self.port}"

    async def start(self) -> None:
        """Open everything; when it returns the API answers and the worker works."""
        self.vault = await asyncio.to_thread(prepare_data, self.settings)
        self.db = await open_database(self.settings.database)
        self.edges = make_edges(self.settings, self.clock)
        redis = await self._redis()
        if self._with_worker:
            self._start_worker()
        await self._start_hints(redis)
        if self._with_api:
            await self._start_api()
        log.info("gateway.ready", api=self.url if self._with_api else None, worker=self._with_worker, version=__version__)

    async def _redis(self) -> str | None:
        if self.settings.redis_url == "off":
            return None
        if self.settings.redis_url:
            return self.settings.redis_url
        valkey = EmbeddedValkey(self.settings.data / "valkey")
        try:
            await valkey.start()
        except ConfigInvalid as error:
            if error.code != "QUEUE-LOCKED":
                raise
            log.info("gateway.valkey_shared", socket=str(valkey.socket))  # another process of this installation owns it
        else:
            self._valkey = valkey
        return valkey.url

    async def _start_hints(self, redis: str | None) -> None:
        if redis is None:
            return
        self._hints = ArqHints(redis)
        worker = self.worker
        await self._hints.start(worker.wake if worker else None)
        self._hints.relay(self.db, unless=(lambda: not worker.saturated) if worker else None)

    def _start_worker(self) -> None:
        kinds = self._kinds()
        self.worker = Worker(
            self.db,
            kinds,
            name=f"{socket.gethostname()}:{os.getpid()}",
            concurrency={
                "sefaz": self.settings.sefaz_concurrency,
                "marketplace": self.settings.marketplace_concurrency,
                "print": self.settings.print_concurrency,
                "batch": BATCHES_AT_ONCE,
            },
            on_halt=lambda _: self.halted.set(),
        )
        accounts = Accounts(self.db, self.vault, self.settings.vtex_url or None)
        self._tasks.append(asyncio.create_task(self.worker.run(), name="worker"))
        self._tasks.append(asyncio.create_task(Janitor(self.db).run(), name="janitor"))
        ticker = Ticker(self.db, accounts, request_sweep, every=self.settings.vtex_sweep_seconds)
        self._tasks.append(asyncio.create_task(ticker.run(), name="ticker"))
        receivers = Receivers(self.db, self.clock)
        receiving = Ticker(self.db, receivers, distribution.request_fetch, every=self.settings.receive_seconds)
        self._tasks.append(asyncio.create_task(receiving.run(), name="receiving"))
        self._tasks.append(asyncio.create_task(NumberWatch(self.db).run(), name="number-watch"))
        self._tasks.append(asyncio.create_task(self._prober().run(), name="prober"))
        for task in self._tasks:
            task.add_done_callback(self._watch)

    def _prober(self) -> Prober:
        certificates = Certificates(self.db, self.vault, self.clock)
        gap = int(self.settings.sefaz_probe_seconds * 1000)
        every = min(5.0, self.settings.sefaz_probe_seconds)
        edges = self.edges
        return Prober(self.db, self.clock, edges.sefaz, certificates, edges.endpoints, every=every, gap_ms=gap)

    def _kinds(self) -> tuple[Kind, ...]:
        db, clock, edges = self.db, self.clock, self.edges
        accounts = Accounts(db, self.vault, self.settings.vtex_url or None)
        patience = Patience(self.settings.sefaz_requery_seconds, self.settings.sefaz_absent_seconds)
        certificates = Certificates(db, self.vault, clock)
        issue = IssueNote(db, clock, edges.sefaz, certificates, patience, Shadow(self.rulebook), edges.endpoints)
        event = SendEvent(db, clock, edges.sefaz, certificates, first=patience.first)
        voiding = SendVoiding(db, clock, edges.sefaz, certificates)
        fetch = FetchReceived(db, clock, edges.sefaz, certificates)
        market = edges.marketplace
        return (
            Kind("received.fetch", "sefaz", fetch, timeout=600, schedule=SEFAZ_SCHEDULE),
            Kind("nfe.issue", "sefaz", issue, timeout=120, schedule=SEFAZ_SCHEDULE),
            Kind("event.send", "sefaz", event, timeout=120, schedule=SEFAZ_SCHEDULE),
            Kind("inutilizacao.send", "sefaz", voiding, timeout=120, schedule=SEFAZ_SCHEDULE),
            Kind(TRANSMIT_KIND, "sefaz", Transmit(db, clock), timeout=120, schedule=SEFAZ_SCHEDULE),
            Kind(SETTLE_KIND, "sefaz", SettleAttempt(db, clock), timeout=60, schedule=SEFAZ_SCHEDULE),
            Kind(DEADLINE_KIND, "sefaz", Deadline(db), timeout=30, schedule=SEFAZ_SCHEDULE),
            Kind("vtex.order", "marketplace", ReadOrder(db, clock, market, accounts), timeout=90, schedule=MARKETPLACE_SCHEDULE),
            Kind(
                "vtex.start_handling",
                "marketplace",
                StartHandling(db, clock, market, accounts),
                timeout=90,
                schedule=MARKETPLACE_SCHEDULE,
            ),
            Kind(
                "vtex.invoice",
                "marketplace",
                PushInvoice(db, clock, market, accounts),
                timeout=120,
                schedule=MARKETPLACE_SCHEDULE,
            ),
            Kind(
                "vtex.confirm",
                "marketplace",
                ConfirmInvoice(db, clock, market, accounts),
                timeout=90,
                schedule=MARKETPLACE_SCHEDULE,
            ),
            Kind("vtex.sweep", "marketplace", Sweep(db, clock, market, accounts), timeout=300, schedule=MARKETPLACE_SCHEDULE),
            Kind("batch.take", "batch", TakeBatch(db, clock), timeout=300, schedule=BATCH_SCHEDULE),
            Kind(
                "export.month",
                "batch",
                ExportMonth(db, clock, self.settings.data / "exports"),
                timeout=3600,
                schedule=BATCH_SCHEDULE,
            ),
            Kind("print.slip", "print", PrintSlip(db, clock, edges.transports, slip_for), timeout=60, schedule=PRINT_SCHEDULE),
        )

    async def _start_api(self) -> None:
        services = Services(
            db=self.db,
            vault=self.vault,
            clock=self.clock,
            settings=ApiSettings(
                public_url=self.settings.address,
                max_body=self.settings.max_body_bytes,
                version=__version__,
                secure_cookies=self.settings.address.startswith("https://"),
            ),
            renderers=Renderers(self.edges.danfe),
            accept_sale=lambda sale, model: intake.accept_sale(self.db, self.clock, sale, model=model),
            preview_sale=self._preview,
            retry_document=self._retry,
            sefaz_status=self._sefaz_status,
            svc_status=self._svc_status,
            taxpayer=TaxpayerLookup(self.db, self.clock, self.edges.sefaz, Certificates(self.db, self.vault, self.clock)),
            load_certificate=load_certificate,
            vtex_hook=self._hook,
            readiness=self._not_ready,
            rulebook=self.rulebook,
            authorities=await asyncio.to_thread(authorities_of, self.settings),
        )
        self._runner = web.AppRunner(make_app(services), access_log=None, shutdown_timeout=self.settings.stop_grace_seconds)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigInvalid(
                f"Não foi possível escutar em {self.settings.host}:{self.settings.port}: {error.strerror}.",
                fix="Pare quem usa a porta, ou escolha outra em GATEWAY_PORT (0 toma uma livre).",
            ) from error
        server: Any = site._server
        self.port = server.sockets[0].getsockname()[1]

    async def _preview(self, sale: Request, model: str) -> SalePreview:
        return SalePreview(*await intake.preview_sale(self.db, self.clock, sale, model))

    async def _retry(self, document: str, sale: Request | None, force: bool) -> DocumentRow:
        return await intake.retry_sale(self.db, self.clock, document, sale, force=force)

    async def _sefaz_status(self, cnpj: str, model: str, cached: bool) -> ServiceStatus:
        return await self._prober().status_of(await self._branch(cnpj), model, ask=not cached)

    async def _svc_status(self, cnpj: str) -> ServiceStatus:
        return await self._prober().status_of(await self._branch(cnpj), "55", svc=True)

    async def _branch(self, cnpj: str) -> Branch:
        branch = await self.db.read(lambda conn: setup.get_branch(conn, cnpj))
        if branch is None:
            raise NotFound(f"A filial {cnpj} não está cadastrada.", fix="Cadastre-a em PUT /v1/branches/{cnpj}.")
        return branch

    async def _hook(self, account: str, headers: Mapping[str, str], body: bytes) -> HookAnswer:
        kind, detail = await HookReceiver(self.db, self.vault, self.clock).receive(account, headers, body)
        return HookAnswer(kind, detail)

    def _not_ready(self) -> dict[str, str]:
        reasons = {}
        if self.halted.is_set():
            reasons["worker"] = "O worker parou por um erro que precisa de uma pessoa."
        return reasons

    def _watch(self, task: asyncio.Task[Any]) -> None:
        """A background task that ends by itself takes the process down: a supervisor restarts it, nobody works half."""
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.critical("gateway.task_died", task=task.get_name(), error=str(error), exc_info=error)
            self.halted.set()

    async def abandon(self) -> None:
        """Let go of whatever a failed start had opened."""
        await end(self._tasks)
        if self._valkey is not None:
            await self._valkey.stop()

    async def stop(self) -> None:
        """Stop taking work, let running jobs finish or hand them back, close everything."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self.worker is not None:
            await self.worker.stop(self.settings.stop_grace_seconds)
        await self._hints.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.edges.close()
        await self.db.close()
        if self._valkey is not None:
            await self._valkey.stop()
        log.info("gateway.stopped")


class Renderers:
    """What the API shows of a note, from its stored XML."""

    def __init__(self, danfe: DanfeRenderer) -> None:
        self._danfe = danfe

    async def pdf(self, xml: bytes) -> bytes:
        return await self._danfe.pdf(xml)

    def slip_png(self, xml: bytes) -> bytes:
        return png_slip(xml)

    def slip_escpos(self, xml: bytes) -> bytes:
        return escpos_slip(xml)
