"""What the rules know besides the note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Conditions:
    """`now` is the instant of receipt (aware); `tpAmb` the server's environment; `ufs` the UFs it authorises."""

    now: datetime
    tpAmb: str
    ufs: frozenset[str]
