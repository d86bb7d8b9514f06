"""Text as paper can show it: one character, one column, none of them a command.

Printers of the Brazilian park share CP850, which has every letter of Latin-1. What it lacks becomes its plain neighbour
here, before lines are wrapped, so that every medium shows the same words. What has no neighbour becomes `?` and is counted.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_NEIGHBOURS = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "−": "-",
        "‐": "-",
        "‑": "-",
        "“": '"',
        "”": '"',
        "„": '"',
        "‘": "'",
        "’": "'",
        "‚": "'",
        "…": "...",
        "•": "*",
        "€": "EUR",
        "™": "(TM)",
        "☐": "[ ]",
        "☑": "[x]",
        "✓": "v",
        "→": "->",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\u200b": None,
        "\ufeff": None,
        "\xad": None,
    }
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Clean:
    """Printable text and the characters that had to become `?`."""

    text: str
    lost: str = ""


@lru_cache(maxsize=4096)
def clean(text: str) -> Clean:
    """`text` in CP850's characters, control characters (ESC and GS among them) turned into blanks."""
    if text.isascii() and text.isprintable():
        return Clean(text)
    text = unicodedata.normalize("NFC", _CONTROLS.sub(" ", text).translate(_NEIGHBOURS))
    kept: list[str] = []
    lost: list[str] = []
    for char in text:
        plain = char if _in_cp850(char) else _plain(char)
        if not plain:
            lost.append(char)
        kept.append(plain or "?")
    return Clean("".join(kept), "".join(lost))


def _in_cp850(char: str) -> bool:
    try:
        char.encode("cp850")
    except UnicodeEncodeError:
        return False
    return char.isprintable()


def _plain(char: str) -> str:
    """The character without its marks, or empty."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)).translate(_NEIGHBOURS)
    return bare if bare and all(_in_cp850(c) for c in bare) else ""


def encode(text: str, codepage: str) -> tuple[bytes, str]:
    """Bytes of cleaned `text` in a printer's code page, one byte a character, and the characters that became `?`.

    For pages poorer than CP850: frames become `+`, `-` and `|`, other characters lose their marks. No byte is a control.
    """
    try:
        data = text.encode(codepage)
    except UnicodeEncodeError:
        data, lost = _encode_each(text, codepage)
    else:
        lost = ""
    return bytes(byte if byte >= 0x20 and byte != 0x7F else 0x20 for byte in data), lost


_FRAMES = str.maketrans("─═│║┌┐└┘╔╗╚╝", "-=||++++++++")


def _encode_each(text: str, codepage: str) -> tuple[bytes, str]:
    out = bytearray()
    lost: list[str] = []
    for char in text:
        for candidate in (char, char.translate(_FRAMES), _plain(char)):
            try:
                data = candidate.encode(codepage)
            except UnicodeEncodeError:
                continue
            if len(data) == 1:
                out += data
                break
        else:
            out += b"?"
            lost.append(char)
    return bytes(out), "".join(lost)
