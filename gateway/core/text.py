"""Text as the layout allows it: printable Latin-1 (U+0020 to U+00FF), no blank at either end, no control character.

Source: TString of tiposBasico_v4.00.xsd.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TYPOGRAPHIC = str.maketrans(
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
        "•": "-",
        "€": "EUR",
        "™": "(TM)",
        "\u00a0": " ",
        "\t": " ",
        "\r": " ",
        "\n": " ",
    }
)
_READY = re.compile(r"[!-~¡-¬®-ÿ]+(?: [!-~¡-¬®-ÿ]+)*")
"""Text that needs nothing: printable Latin-1, single blanks inside. Below U+0100 there is nothing to compose (NFC)."""
_BLANKS = re.compile(r" {2,}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@lru_cache(maxsize=8192)
def clean_text(text: str, limit: int) -> str:
    """What of `text` the layout accepts, cut to `limit` characters; may be empty, and then the tag is omitted.

    Typographic signs become their plain neighbours, what has no Latin-1 form loses its diacritics or is dropped,
    runs of blanks become one. The last answers are kept: shops sell the same things to the same streets.
    """
    if len(text) <= limit and _READY.fullmatch(text):
        return text
    text = unicodedata.normalize("NFC", text.translate(_TYPOGRAPHIC))
    kept: list[str] = []
    for char in text:
        if char <= "\xff":
            kept.append(char)
            continue
        plain = unicodedata.normalize("NFKD", char.translate(_TYPOGRAPHIC))
        kept.append("".join(c for c in plain.translate(_TYPOGRAPHIC) if c <= "\xff"))
    joined = _CONTROLS.sub("", "".join(kept)).replace("\xad", "")
    return _BLANKS.sub(" ", joined).strip()[:limit].strip()
