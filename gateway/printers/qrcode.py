"""The QR code of a fiscal paper: level M, UTF-8, and a module that makes the content at least 22 mm wide.

Source: Manual de Padrões Técnicos do DANFE NFC-e e QR Code v6.0 (25 x 25 mm, of which 22 mm content); ISO/IEC 18004.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import segno

from gateway.core.errors import InputError

QUIET_ZONE = 4
"""Modules of blank paper on each side (ISO/IEC 18004)."""
MIN_CONTENT = 176
"""Dots: 22 mm at 203 dpi."""

# Bytes that fit versions 1 to 40 at level M (ISO/IEC 18004, table 7).
_CAPACITY = (
    *(14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666),
    *(711, 779, 857, 911, 997, 1059, 1125, 1190, 1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331),
)


@dataclass(frozen=True, slots=True)
class QrSize:
    """Version, modules a side and dots a module."""

    version: int
    modules: int
    module: int

    @property
    def quiet_dots(self) -> int:
        return QUIET_ZONE * self.module


def size(data: str, dots: int) -> QrSize:
    """How large `data` prints on a paper of `dots`. Raises InputError when a module would have less than 3 dots."""
    length = len(data.encode("utf-8"))
    if not data or length > _CAPACITY[-1]:
        raise InputError("O QR Code da nota está vazio ou passa de 2331 bytes.", code="PRINT-QR")
    version = bisect_left(_CAPACITY, length) + 1
    n = 17 + 4 * version
    module = min(max(3, -(-MIN_CONTENT // n)), dots // (n + 2 * QUIET_ZONE))
    if module < 3:
        raise InputError(
            f"O QR Code da nota tem {n} módulos e não cabe legível nesta bobina de {dots} pontos.",
            code="PRINT-QR",
            fix="Imprima em bobina de 80 mm ou em A4.",
        )
    return QrSize(version, n, module)


def matrix(data: str, version: int) -> tuple[bytes, ...]:
    """Rows of 0 (blank) and 1 (dark), without quiet zone. `version` is the one `size` answered."""
    code = segno.make(data, error="m", mode="byte", version=version, encoding="utf-8", eci=False, boost_error=False, micro=False)
    return tuple(bytes(row) for row in code.matrix)
