"""Scripted trouble: which request goes wrong, when, and how. Rules are tried in the order in which they were pushed."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Action = Literal[
    "delay",
    "hang",
    "drop",
    "reset",
    "http_status",
    "garbage",
    "slow_body",
    "truncate",
    "cstat",
    "denied",
    "no_digval",
    "alerts",
    "receipt",
]
"""What goes wrong.

`delay` waits `ms`, then goes on. `hang` never answers. `drop` closes the connection in order, `reset` with RST.
`http_status` answers `status` without SOAP. `garbage` answers 200 with bytes that are no XML. `slow_body` sends the right
answer in small pieces, `ms` apart. `truncate` sends half of it and closes. `cstat` refuses with `cStat`; `denied` stores a
denial with a protocol (`cStat` 301, 302 or 303); `no_digval` leaves digVal out of this answer; `alerts` authorises with
120; `receipt` answers 103 with nRec, and the receipt 105 `polls` times before the result.
"""

Service = Literal[
    "NFeAutorizacao4",
    "NFeRetAutorizacao4",
    "NFeConsultaProtocolo4",
    "NFeStatusServico4",
    "NFeRecepcaoEvento4",
    "NFeInutilizacao4",
    "CadConsultaCadastro4",
    "NFeDistribuicaoDFe",
]


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field given must hold. `ref` is a substring of the request; `nth` counts, from 1, the requests that the rule's
    other conditions let through since it was pushed."""

    chave: Annotated[str, Meta(max_length=44)] = ""
    nNF: Annotated[int, Meta(ge=0)] = 0
    ref: Annotated[str, Meta(max_length=200)] = ""
    nth: Annotated[int, Meta(ge=0)] = 0


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `face`: only what was sent there (`root`: the address without a face). `times` is how often it fires
    (0: always). `phase` `after` means: processed and in the ledger first. `lost`: what `cstat`, `denied`, `receipt` or `alerts`
    made of it is never heard: the connection is closed instead."""

    action: Action
    service: Service | None = None
    face: Literal["root", "svc", "an"] | None = None
    match: Match = Match()
    times: Annotated[int, Meta(ge=0)] = 1
    phase: Literal["before", "after"] = "before"
    ms: Annotated[int, Meta(ge=0, le=600_000)] = 0
    status: Annotated[int, Meta(ge=300, le=599)] = 503
    cStat: Annotated[str, Meta(pattern="^[0-9]{3,4}$")] = "999"
    polls: Annotated[int, Meta(ge=0, le=1000)] = 1
    lost: bool = False


class _Scenario(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    description: str
    fault: list[Fault] = []
    state: dict[str, object] = {}


class _Armed:
    __slots__ = ("fault", "fired", "seen")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.fired = 0
        self.seen = 0


class FaultQueue:
    """The rules in force."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def push(self, fault: Fault) -> None:
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        self._armed.clear()

    @property
    def pending(self) -> list[Fault]:
        return [armed.fault for armed in self._armed]

    def take(self, service: str, chave: str, nNF: int, body: bytes, face: str = "") -> tuple[list[Fault], Fault | None]:
        """What this request meets, each spent once: every `delay`, and the first rule of another kind."""
        delays: list[Fault] = []
        trouble: Fault | None = None
        for armed in list(self._armed):
            fault = armed.fault
            if (trouble is not None and fault.action != "delay") or not _meets(fault, service, chave, nNF, body, face):
                continue
            armed.seen += 1
            if fault.match.nth and armed.seen != fault.match.nth:
                continue
            armed.fired += 1
            if fault.times and armed.fired >= fault.times:
                self._armed.remove(armed)
            if fault.action == "delay":
                delays.append(fault)
            else:
                trouble = fault
        return delays, trouble


def _meets(fault: Fault, service: str, chave: str, nNF: int, body: bytes, face: str) -> bool:
    match = fault.match
    if fault.service is not None and fault.service != service:
        return False
    if fault.face is not None and fault.face != (face or "root"):
        return False
    if match.chave and match.chave != chave:
        return False
    if match.nNF and match.nNF != nNF:
        return False
    return not match.ref or match.ref.encode() in body


def scenario_names() -> list[str]:
    """Names of the scenarios shipped with the simulator."""
    folder = files("gateway.sim.scenarios")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_scenario(source: str | Path) -> tuple[list[Fault], dict[str, object]]:
    """Faults and state of a scenario, by name or by path of a TOML or JSON file.

    Raises FileNotFoundError, msgspec.ValidationError, or a decoding error of the format.
    """
    path = Path(source)
    if path.suffix in (".toml", ".json"):
        text = path.read_text(encoding="utf-8")
    elif source in scenario_names():
        text = files("gateway.sim.scenarios").joinpath(f"{source}.toml").read_text(encoding="utf-8")
    else:
        raise FileNotFoundError(f"cenário desconhecido: {source}; existem {', '.join(scenario_names())}")
    raw = msgspec.json.decode(text) if path.suffix == ".json" else tomllib.loads(text)
    scenario = msgspec.convert(raw, type=_Scenario)
    return scenario.fault, scenario.state
