"""One object to start, script and read: the whole simulated SEFAZ."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import msgspec
from aiohttp import web

from gateway.sim.pki import TestPki
from gateway.sim.sefaz import faults as scripted
from gateway.sim.sefaz import supplier
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.chave import CUF, Key
from gateway.sim.sefaz.control import control_app
from gateway.sim.sefaz.faults import Fault, FaultQueue
from gateway.sim.sefaz.office import Clock, key_in
from gateway.sim.sefaz.records import Authorized, Event, Parcel, Request, Voided
from gateway.sim.sefaz.register import Register
from gateway.sim.sefaz.server import Server
from gateway.sim.sefaz.services import parcels
from gateway.sim.sefaz.signature import SignatureJudge
from gateway.sim.sefaz.state import State, changed
from gateway.sim.sefaz.supplier import Deposit, Supplier, Supply


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """`busy_seconds` is the simulator's own work on SOAP messages, without network and scripted delays."""

    requests: int
    processed: int
    authorized: int
    denied: int
    busy_seconds: float


def _system_clock() -> datetime:
    return datetime.now(UTC)


class SefazSimulator:
    """SEFAZ over TLS 1.2 with client certificates, on loopback; plus its control API on another port.

    uf: the one UF it authorises; None plays every authoriser. tpAmb: 1 or 2, what notes must say. port 0 takes a free one.
    clock: callable that answers an aware datetime. ledger_path: JSON lines file that survives a restart.
    extra_ca: PEM of more CAs whose client and signing certificates are accepted.
    The same clock and the same sequence of requests give the same protocols, receipts and answers.
    """

    def __init__(
        self,
        *,
        pki: TestPki,
        uf: str | None = None,
        tpAmb: int = 2,
        clock: Clock = _system_clock,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        ledger_path: Path | None = None,
        extra_ca: Path | None = None,
    ) -> None:
        if uf is not None and uf not in CUF:
            raise ValueError(f"UF desconhecida: {uf}")
        if tpAmb not in (1, 2):
            raise ValueError("tpAmb precisa ser 1 (produção) ou 2 (homologação)")
        self._pki = pki
        self._host = host
        self._ports = (port, control_port)
        self._extra_ca = extra_ca
        self._ledger_path = ledger_path
        self._register = Register(ledger_path)
        self._supplier = Supplier(pki)
        self._faults = FaultQueue()
        self._authorizer = Authorizer(
            register=self._register,
            judge=SignatureJudge([pki.ca_path, *([extra_ca] if extra_ca else [])]),
            clock=clock,
            tpAmb=str(tpAmb),
            ufs=frozenset(CUF) if uf is None else frozenset({uf}),
        )
        self._server: Server | None = None
        self._runners: list[web.AppRunner] = []
        self._bound = (0, 0)

    # ---- life

    async def start(self) -> None:
        """Listen; raises OSError when a port is taken, RuntimeError when already started."""
        if self._server is not None:
            raise RuntimeError("o simulador já está no ar")
        self._register.open()
        self._server = Server(self._authorizer, self._faults)
        context = self._pki.server_context(extra_ca=self._extra_ca)
        try:
            port = await self._listen(self._server.app(), self._ports[0], context)
            self._bound = (port, await self._listen(control_app(self), self._ports[1], None))
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every connection, release what hangs, close the ledger's file. May be called twice."""
        if self._server is not None:
            self._server.stopping.set()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        self._server = None
        self._register.close()

    async def __aenter__(self) -> SefazSimulator:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def _listen(self, app: web.Application, port: int, context: object) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, self._host, port, ssl_context=context)  # type: ignore[arg-type]
        await site.start()
        return int(runner.addresses[0][1])

    # ---- where

    @property
    def url(self) -> str:
        """Base address; a service is `url/NFeAutorizacao4`."""
        return f"https://{self._host}:{self._bound[0]}"

    @property
    def control_url(self) -> str:
        """Base address of the control API; routes begin with `/_control`."""
        return f"http://{self._host}:{self._bound[1]}"

    @property
    def ca_path(self) -> Path:
        """PEM that a client must trust."""
        return self._pki.ca_path

    # ---- script

    def push_fault(self, fault: Fault) -> None:
        self._faults.push(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    @property
    def faults(self) -> list[Fault]:
        """Rules in force, oldest first."""
        return self._faults.pending

    def load_scenario(self, source: str | Path) -> None:
        """Push the faults and set the state of a scenario, by name or by path. Raises FileNotFoundError or ValueError."""
        faults, state = scripted.load_scenario(source)
        new_state = changed(self.state, msgspec.json.encode(state))
        for fault in faults:
            self.push_fault(fault)
        self._authorizer.state = new_state

    @property
    def state(self) -> State:
        """The switches; assign fields or use `set_state`."""
        return self._authorizer.state

    def set_state(self, **fields: object) -> None:
        """Replace some switches. Raises msgspec.ValidationError on an unknown name or a bad value, and changes nothing."""
        self.set_state_json(msgspec.json.encode(fields))

    def set_state_json(self, body: bytes) -> None:
        self._authorizer.state = changed(self.state, body)

    def reset(self) -> None:
        """Forget everything but the sequences of protocols and receipts."""
        self._faults.clear()
        self._authorizer.reset()

    # ---- what others do

    def supply(self, supply: Supply) -> str:
        """A supplier's note to a company, authorised now: its chave. Who buys gets the summary by NSU, readers the note.

        Raises ValueError when the number was used.
        """
        nNF = supply.nNF or self._next_supplied()
        note = self._supplier.note(supply, nNF, self._authorizer.now(), self._authorizer.tpAmb)
        key = key_in(note)
        if self._register.by_number(Key(key)) is not None:
            raise ValueError(f"o fornecedor já emitiu a nota {nNF}")
        return self._authorizer.supply(note)

    def _next_supplied(self) -> int:
        return 1 + max((note.nNF for note in self._register.authorized if note.issuer == supplier.CNPJ), default=0)

    def deposit(self, deposit: Deposit) -> int:
        """Put any document at the end of a company's queue at the Ambiente Nacional; its NSU."""
        return parcels.deposit(self._authorizer, deposit.cnpj[:8], deposit.schema, deposit.xml).nsu

    # ---- read

    @property
    def authorized(self) -> list[Authorized]:
        """Notes authorised, in order."""
        return self._register.authorized

    @property
    def denied(self) -> list[Authorized]:
        return self._register.denied

    @property
    def events(self) -> list[Event]:
        """Events registered, by note."""
        return self._register.events

    @property
    def voided(self) -> list[Voided]:
        """Ranges of numbers voided."""
        return self._register.voided

    def waiting(self, cnpj: str) -> list[Parcel]:
        """Documents waiting at the Ambiente Nacional for a company, by NSU."""
        return self._register.parcels(cnpj[:8])

    @property
    def ledger(self) -> list[Request]:
        """Every request, in the order in which its fate was settled."""
        return self._register.requests

    @property
    def stats(self) -> Stats:
        server = self._server
        return Stats(
            requests=self._register.request_count,
            processed=server.processed if server else 0,
            authorized=len(self._register.authorized),
            denied=len(self._register.denied),
            busy_seconds=server.busy_seconds if server else 0.0,
        )
