"""The life of a document, as a table. States and events are drawn in `docs/reference/states.md`."""

from __future__ import annotations

from typing import Literal

from gateway.core.machine import Machine, Row

DocumentStatus = Literal[
    "accepted", "processing", "authorized", "rejected", "denied", "unknown", "contingency", "cancelled", "voided"
]

DOCUMENT = Machine(
    name="document",
    version=1,
    initial="accepted",
    rows=(
        Row("accepted", "number", "processing"),
        Row("accepted", "reject", "rejected"),
        Row("processing", "authorize", "authorized", effects=("document.authorized",)),
        Row("processing", "reject", "rejected", effects=("document.rejected",)),
        Row("processing", "deny", "denied", effects=("document.denied",)),
        Row("processing", "lose", "unknown"),
        Row("processing", "renumber", "accepted"),
        Row("processing", "issue_offline", "contingency"),
        Row("processing", "issue_epec", "contingency"),
        Row("processing", "reissue", "accepted"),
        Row("contingency", "transmit", "processing"),
        Row("unknown", "authorize", "authorized", effects=("document.authorized",)),
        Row("unknown", "reject", "rejected", effects=("document.rejected",)),
        Row("unknown", "deny", "denied", effects=("document.denied",)),
        Row("unknown", "resend", "processing"),
        Row("unknown", "renumber", "accepted"),
        Row("unknown", "reissue", "accepted"),
        Row("unknown", "cancel", "cancelled"),
        Row("rejected", "retry", "processing"),
        Row("rejected", "void", "voided", effects=("document.voided",)),
        Row("authorized", "cancel", "cancelled"),
    ),
    labels={
        "accepted": "Aceita",
        "processing": "Em processamento",
        "authorized": "Autorizada",
        "rejected": "Rejeitada",
        "denied": "Denegada",
        "unknown": "Sem resposta: consultando a SEFAZ",
        "contingency": "Em contingência",
        "cancelled": "Cancelada",
        "voided": "Inutilizada",
    },
)
