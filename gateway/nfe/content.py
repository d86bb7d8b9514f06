"""When two notes say the same: what SEFAZ would refuse again. Pure; its rows: `schemas/sefaz/barrier.toml`."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_VOLATILE = re.compile(
    rb"<(?P<tag>dhEmi|dhSaiEnt|dhCont|cNF|cDV|hashCSRT|Signature|infNFeSupl)(?: [^>]*)?>.*?</(?P=tag)>|\bId=\"NFe[0-9A-Z]{44}\"",
    re.DOTALL,
)
_SUPPLEMENT = re.compile(rb"<(?P<tag>Signature|infNFeSupl)(?: [^>]*)?>.*?</(?P=tag)>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Barrier:
    """limit: equal refusals within `window_ms` after which nothing goes by itself. never: codes that do not count.

    whole: codes that are put right by what changes in every rebuild (a date, the key, the signature): for them whole bytes count.
    """

    limit: int
    window_ms: int
    never: frozenset[str]
    whole: frozenset[str]


@cache
def barrier() -> Barrier:
    """The packaged table, read once."""
    raw = tomllib.loads((files("schemas") / "sefaz" / "barrier.toml").read_text(encoding="utf-8"))
    return Barrier(raw["limit"], raw["window_seconds"] * 1000, frozenset(raw["never"]), frozenset(raw["whole"]))


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256 (hex) of a note's infNFe: of all of it, and without what changes by itself in a rebuild."""

    whole: str
    steady: str

    def for_code(self, cStat: str) -> str:
        """The one to compare for a rejection."""
        return self.whole if cStat in barrier().whole else self.steady


def fingerprint(xml: bytes) -> Fingerprint:
    """Of an `<NFe>` in our canonical form, signed or not."""
    return Fingerprint(
        hashlib.sha256(_SUPPLEMENT.sub(b"", xml)).hexdigest(),
        hashlib.sha256(_VOLATILE.sub(b"", xml)).hexdigest(),
    )
