"""nfeProc: the authorised document, joined from the bytes as sent and the protocol as received."""

from __future__ import annotations

from gateway.core.errors import InvariantBroken, ProtocolBroken
from gateway.nfe.ports import SignedXml
from gateway.nfe.signature import NFE, OPENING

_HEAD = f'<?xml version="1.0" encoding="UTF-8"?><nfeProc versao="4.00" xmlns="{NFE}">'.encode()
_TAIL = b"</nfeProc>"


def join_nfe_proc(signed: SignedXml, protocol_xml: bytes) -> bytes:
    """Splice both texts; neither is parsed nor written again, so the signature stays good.

    `protocol_xml` is the `<protNFe>` element with its namespace declared on it. Raises ProtocolBroken when it is not, or is of
    another chave; InvariantBroken when the note is not one of ours.
    """
    chave = signed[len(OPENING) : len(OPENING) + 44]
    if not signed.startswith(OPENING) or not signed.endswith(b"</NFe>"):
        raise InvariantBroken("O XML assinado não é uma NF-e escrita pelo gateway.")
    if not protocol_xml.startswith(b"<protNFe") or not protocol_xml.endswith(b"</protNFe>"):
        raise ProtocolBroken("O protocolo guardado não é um elemento protNFe.")
    if b"<chNFe>" + chave + b"</chNFe>" not in protocol_xml:
        raise ProtocolBroken("O protocolo é de outra chave de acesso que não a da nota.")
    return _HEAD + signed + protocol_xml + _TAIL
