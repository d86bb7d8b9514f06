"""What the printer answers about itself, byte for byte as a TM-T20III does (Epson: DLE EOT n, GS r n)."""

from __future__ import annotations

from typing import Literal, get_args

State = Literal["ok", "paper_near_end", "paper_out", "cover_open", "offline"]
STATES: tuple[State, ...] = get_args(State)

# DLE EOT 1 (printer), 2 (offline cause), 3 (error cause), 4 (paper sensor).
_REAL_TIME: dict[State, tuple[int, int, int, int]] = {
    "ok": (0x12, 0x12, 0x12, 0x12),
    "paper_near_end": (0x12, 0x12, 0x12, 0x1E),
    "paper_out": (0x1A, 0x32, 0x12, 0x7E),
    "cover_open": (0x1A, 0x16, 0x12, 0x12),
    "offline": (0x1A, 0x12, 0x12, 0x12),
}
_PRINTING: frozenset[State] = frozenset({"ok", "paper_near_end"})


def real_time_status(state: State, kind: int) -> bytes | None:
    """The byte that answers DLE EOT `kind`; None for a kind the printer does not know."""
    return bytes([_REAL_TIME[state][kind - 1]]) if 1 <= kind <= 4 else None


def queued_status(state: State, kind: int) -> bytes | None:
    """The byte that answers GS r `kind`: 1 or "1" paper sensor (0x03 near end), 2 or "2" drawer; None for an unknown kind."""
    if kind in (1, 49):
        return b"\x03" if state == "paper_near_end" else b"\x00"
    return b"\x00" if kind in (2, 50) else None


def prints(state: State) -> bool:
    """Whether paper moves in this state; otherwise data waits in the buffer."""
    return state in _PRINTING
