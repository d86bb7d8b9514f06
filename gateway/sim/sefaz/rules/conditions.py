"""What the rules know besides the note."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.sim.sefaz.records import Authorized
from gateway.sim.sefaz.taxpayers import Taxpayers


def _no_note(_: str) -> Authorized | None:
    return None


@dataclass(frozen=True, slots=True)
class Conditions:
    """`now` is the instant of receipt (aware); `tpAmb` the server's environment; `ufs` the UFs it authorises;
    `csc` the CSC of the taxpayer by number, empty when the simulator was told none; `taxpayers` the scripted registries;
    `stored` finds a note of the base by its chave."""

    now: datetime
    tpAmb: str
    ufs: frozenset[str]
    csc: Mapping[str, str] = field(default_factory=dict)
    taxpayers: Taxpayers = field(default_factory=Taxpayers)
    stored: Callable[[str], Authorized | None] = _no_note
