"""procEventoNFe and procInutNFe: the request as sent joined with the answer as received; neither is parsed nor written again."""

from __future__ import annotations

import re

from gateway.core.errors import ProtocolBroken
from gateway.nfe.ports import SignedEvent, SignedInut
from gateway.nfe.signature import NFE

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_EVENT_ID = re.compile(rb'<infEvento Id="ID([0-9]{6})([0-9]{6}[0-9A-Z]{12}[0-9]{26})([0-9]{2})">')


def join_proc_evento(event: SignedEvent, answer: bytes) -> bytes:
    """`answer` is `<retEvento>` as received, its namespace declared on it. Raises ProtocolBroken when it is of another event."""
    found = _EVENT_ID.search(event, 0, 400)
    if found is None or not event.endswith(b"</evento>"):
        raise ProtocolBroken("O evento guardado não é um elemento evento assinado.")
    if not answer.startswith(b"<retEvento") or not answer.endswith(b"</retEvento>"):
        raise ProtocolBroken("A resposta guardada não é um elemento retEvento.")
    for tag, told in ((b"chNFe", found[2]), (b"tpEvento", found[1])):
        if b"<%s>" % tag in answer and b"<%s>%s</%s>" % (tag, told, tag) not in answer:
            raise ProtocolBroken("A resposta guardada é de outro evento.")
    head = f'{_DECLARATION}<procEventoNFe versao="1.00" xmlns="{NFE}">'.encode()
    return head + event + answer + b"</procEventoNFe>"


def join_proc_inut(request: SignedInut, answer: bytes) -> bytes:
    """`answer` is `<retInutNFe>` as received, its namespace declared on it. Raises ProtocolBroken."""
    if not request.startswith(b"<inutNFe") or not request.endswith(b"</inutNFe>"):
        raise ProtocolBroken("O pedido guardado não é um elemento inutNFe assinado.")
    if not answer.startswith(b"<retInutNFe") or not answer.endswith(b"</retInutNFe>"):
        raise ProtocolBroken("A resposta guardada não é um elemento retInutNFe.")
    head = f'{_DECLARATION}<procInutNFe versao="4.00" xmlns="{NFE}">'.encode()
    return head + request + answer + b"</procInutNFe>"
