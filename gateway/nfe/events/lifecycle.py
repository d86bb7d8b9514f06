"""The lives of an event and of a range of voided numbers, as tables."""

from __future__ import annotations

from typing import Literal

from gateway.core.machine import Machine, Row

EventStatus = Literal["requested", "processing", "registered", "rejected", "unknown"]

_ROWS = (
    Row("requested", "sign", "processing"),
    Row("requested", "reject", "rejected"),
    Row("processing", "register", "registered", effects=("registered",)),
    Row("processing", "reject", "rejected", effects=("rejected",)),
    Row("processing", "lose", "unknown"),
    Row("processing", "hold", "requested"),
    Row("unknown", "register", "registered", effects=("registered",)),
    Row("unknown", "reject", "rejected", effects=("rejected",)),
    Row("unknown", "resend", "processing"),
    Row("rejected", "retry", "requested"),
)
_LABELS = {
    "requested": "Pedido",
    "processing": "Em processamento",
    "registered": "Registrado",
    "rejected": "Rejeitado",
    "unknown": "Sem resposta: consultando a SEFAZ",
}

EVENT = Machine(name="fiscal_event", version=1, initial="requested", rows=_ROWS, labels=_LABELS)
"""An event of a note: cancelamento, carta de correção and the others."""

VOIDING = Machine(
    name="inutilizacao", version=1, initial="requested", rows=_ROWS, labels={**_LABELS, "registered": "Números inutilizados"}
)
"""A range of numbers to be voided. Asking for the same range again is how a lost answer is recovered (563)."""
