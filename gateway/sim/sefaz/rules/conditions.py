"""What the rules know besides the note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Conditions:
    """`now` is the instant of receipt (aware); `tpAmb` the server's environment; `ufs` the UFs it authorises;
    `csc` the CSC of the taxpayer by number, empty when the simulator was told none."""

    now: datetime
    tpAmb: str
    ufs: frozenset[str]
    csc: Mapping[str, str] = field(default_factory=dict)
