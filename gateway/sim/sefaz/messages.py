"""xMotivo of every cStat the simulator can answer, and the value that a failed rule is.

The texts are the authority's own. Answers carry them without accents, as SVRS writes them. Source: MOC 7.0 annex I,
NT 2016.002, 2020.006, 2025.001, 2025.002, 2026.002.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from gateway.sim.sefaz import tables

_POSITIVE = frozenset(
    {"100", "101", "102", "103", "104", "105", "106", "107", "108", "109", "110", "111", "112", "113", "114", "120", "128", "135"}
    | {"136", "137", "138", "150", "151", "155"}
)
_DENIED = frozenset({"301", "302", "303"})


def plain(text: str) -> str:
    """Printable ASCII on one line, at most 255 characters: what TMotivo always accepts."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in ascii_only).split())[:255].rstrip()


def motivo(cStat: str, detail: str = "") -> str:
    """The xMotivo of a cStat, with `detail` (already in brackets, or empty) at its end."""
    text = tables.messages().get(cStat, "Código de retorno não catalogado")
    prefix = "" if cStat in _POSITIVE or cStat in _DENIED else "Rejeicao: "
    return plain(f"{prefix}{text} {detail}")


def known(cStat: str) -> bool:
    """Whether the simulator has the official text of this cStat."""
    return cStat in tables.messages()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that did not hold. `detail` goes at the end of xMotivo, e.g. `[nItem:2]`; `rule` is the manual's name of it."""

    cStat: str
    detail: str = ""
    rule: str = ""

    @property
    def xMotivo(self) -> str:
        return motivo(self.cStat, self.detail)
