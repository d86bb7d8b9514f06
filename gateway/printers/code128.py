"""CODE-128 of an access key: sets C and A mixed, the shortest sequence.

A numeric key is set C throughout (277 modules); a key with letters of an alphanumeric CNPJ switches to A (101) and back
(99). Source: ISO/IEC 15417; NT Conjunta 2025.001 section 6, whose example `5225AB83` has check symbol 30.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Set = Literal["A", "C"]

QUIET_ZONE = 10
"""Modules of blank paper on each side."""

_START: dict[Set, int] = {"A": 103, "C": 105}
_SWITCH: dict[Set, int] = {"A": 101, "C": 99}
_STOP = "2331112"

# Widths of bars and blanks of symbols 0 to 105, six a symbol (ISO/IEC 15417, table 1).
_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221"
    "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321"
    "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131"
    "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114"
    "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive characters of one code set."""

    set: Set
    text: str


@lru_cache(maxsize=256)
def runs(text: str) -> tuple[Run, ...]:
    """`text` cut into runs so that the symbol is as short as it can be; ties go to set C.

    Accepts U+0020 to U+005F, up to 80 characters; raises ValueError otherwise.
    """
    if not 1 <= len(text) <= 80 or any(not " " <= char <= "_" for char in text):
        raise ValueError("o código de barras aceita de 1 a 80 caracteres maiúsculos")
    size = len(text)
    # best[set][i]: fewest symbols that encode text[i:] when already in `set`
    best: dict[Set, list[int]] = {"A": [0] * (size + 1), "C": [0] * (size + 1)}
    far = 10**6
    for i in range(size - 1, -1, -1):
        pair = text[i : i + 2]
        in_c = 1 + best["C"][i + 2] if len(pair) == 2 and pair.isdigit() else far
        in_a = 1 + best["A"][i + 1]
        best["C"][i] = min(in_c, in_a + 1)
        best["A"][i] = min(in_a, in_c + 1)
    found: list[Run] = []
    current: Set = "C" if best["C"][0] <= best["A"][0] else "A"
    begin = i = 0
    while i < size:
        pair = text[i : i + 2]
        in_c = 1 + best["C"][i + 2] if len(pair) == 2 and pair.isdigit() else far
        in_a = 1 + best["A"][i + 1]
        wanted: Set = ("C" if in_c <= in_a + 1 else "A") if current == "C" else ("A" if in_a < in_c + 1 else "C")
        if wanted != current:
            if i > begin:
                found.append(Run(current, text[begin:i]))
            current, begin = wanted, i
        i += 2 if current == "C" else 1
    found.append(Run(current, text[begin:]))
    return tuple(found)


def symbols(text: str) -> tuple[int, ...]:
    """Start, data, switches and check symbol; the stop is not among them."""
    values: list[int] = []
    for run in runs(text):
        values.append(_SWITCH[run.set] if values else _START[run.set])
        if run.set == "C":
            values.extend(int(run.text[i : i + 2]) for i in range(0, len(run.text), 2))
        else:
            values.extend(ord(char) - 32 for char in run.text)
    check = (values[0] + sum(i * value for i, value in enumerate(values))) % 103
    return (*values, check)


def modules(text: str) -> tuple[bool, ...]:
    """Bars (True) and blanks of the whole symbol, without quiet zones."""
    widths = "".join(_WIDTHS[6 * value : 6 * value + 6] for value in symbols(text)) + _STOP
    return tuple(i % 2 == 0 for i, width in enumerate(widths) for _ in range(int(width)))
