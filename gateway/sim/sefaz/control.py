"""The control API: plain HTTP on its own loopback port, so that no client of the authoriser can reach it by mistake.

| call | does |
|---|---|
| `POST /_control/faults` | push one rule, a list of rules, or `{"scenario": NAME}`; answers the rules in force |
| `GET`, `DELETE /_control/faults` | rules in force; forget them |
| `GET`, `POST /_control/state` | switches; replace some of them |
| `GET /_control/ledger?after=N&limit=M` | requests seen, oldest first, numbered by `n` |
| `GET /_control/authorized?after=N&limit=M` | notes authorised, in order; N counts from 0 |
| `GET /_control/events`, `/_control/voided` | events registered and ranges voided, paged like the notes |
| `POST /_control/supply` | `{"cnpj": "...", "vNF": "100.00"}`: a supplier's note to a company; answers its chave |
| `POST /_control/deposit` | `{"cnpj", "schema", "xml"}`: any document for a company; answers its NSU |
| `GET /_control/waiting?cnpj=X` | documents at the Ambiente Nacional for a company, paged |
| `GET /_control/stats` | how much was done, and the simulator's own processing time |
| `POST /_control/reset` | forget notes, ledger, rules and switches |

Errors are 400 with `{"error": sentence}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from gateway.sim.sefaz.faults import Fault, scenario_names
from gateway.sim.sefaz.supplier import Deposit, Supply

if TYPE_CHECKING:
    from gateway.sim.sefaz.simulator import SefazSimulator

MAX_PAGE = 10_000
_Handler = Callable[[web.Request], Awaitable[web.Response]]
_FAULTS = msgspec.json.Decoder(Fault | list[Fault])


class _Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scenario: str


def control_app(simulator: SefazSimulator) -> web.Application:
    """The routes above over one simulator."""
    app = web.Application(client_max_size=1024 * 1024, middlewares=[_explain])

    async def push_faults(request: web.Request) -> web.Response:
        body = await request.read()
        if b'"scenario"' in body:
            simulator.load_scenario(msgspec.json.decode(body, type=_Scenario).scenario)
        else:
            pushed = _FAULTS.decode(body)
            for fault in pushed if isinstance(pushed, list) else [pushed]:
                simulator.push_fault(fault)
        return _json(simulator.faults)

    async def faults(_: web.Request) -> web.Response:
        return _json(simulator.faults)

    async def clear_faults(_: web.Request) -> web.Response:
        simulator.clear_faults()
        return _json(simulator.faults)

    async def state(_: web.Request) -> web.Response:
        return _json(simulator.state)

    async def set_state(request: web.Request) -> web.Response:
        simulator.set_state_json(await request.read())
        return _json(simulator.state)

    async def ledger(request: web.Request) -> web.Response:
        after, limit = _page(request)
        return _json([line for line in simulator.ledger if line.n > after][:limit])

    async def authorized(request: web.Request) -> web.Response:
        after, limit = _page(request)
        return _json(simulator.authorized[after : after + limit])

    async def events(request: web.Request) -> web.Response:
        after, limit = _page(request)
        return _json(simulator.events[after : after + limit])

    async def voided(request: web.Request) -> web.Response:
        after, limit = _page(request)
        return _json(simulator.voided[after : after + limit])

    async def supply(request: web.Request) -> web.Response:
        return _json({"chave": simulator.supply(msgspec.json.decode(await request.read(), type=Supply))})

    async def deposit(request: web.Request) -> web.Response:
        return _json({"nsu": simulator.deposit(msgspec.json.decode(await request.read(), type=Deposit))})

    async def waiting(request: web.Request) -> web.Response:
        after, limit = _page(request)
        return _json(simulator.waiting(request.query.get("cnpj", ""))[after : after + limit])

    async def stats(_: web.Request) -> web.Response:
        return _json(simulator.stats)

    async def reset(_: web.Request) -> web.Response:
        simulator.reset()
        return _json(simulator.stats)

    async def scenarios(_: web.Request) -> web.Response:
        return _json(scenario_names())

    routes: list[tuple[str, str, _Handler]] = [
        ("POST", "/_control/faults", push_faults),
        ("GET", "/_control/faults", faults),
        ("DELETE", "/_control/faults", clear_faults),
        ("GET", "/_control/state", state),
        ("POST", "/_control/state", set_state),
        ("GET", "/_control/ledger", ledger),
        ("GET", "/_control/authorized", authorized),
        ("GET", "/_control/events", events),
        ("GET", "/_control/voided", voided),
        ("POST", "/_control/supply", supply),
        ("POST", "/_control/deposit", deposit),
        ("GET", "/_control/waiting", waiting),
        ("GET", "/_control/stats", stats),
        ("POST", "/_control/reset", reset),
        ("GET", "/_control/scenarios", scenarios),
    ]
    for method, path, handler in routes:
        app.router.add_route(method, path, handler)
    return app


@web.middleware
async def _explain(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    try:
        return await handler(request)
    except (ValueError, FileNotFoundError) as error:  # msgspec's errors are ValueErrors
        return _json({"error": str(error)}, status=400)


def _page(request: web.Request) -> tuple[int, int]:
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", str(MAX_PAGE)))
    if after < 0 or not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"after precisa ser >= 0 e limit de 1 a {MAX_PAGE}")
    return after, limit


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", status=status)
