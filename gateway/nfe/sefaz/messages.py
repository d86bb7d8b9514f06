"""The messages that are asked, as text: layouts enviNFe, consSitNFe and consStatServ, version 4.00 (MOC 7.0 Annex I)."""

from __future__ import annotations

import re

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import Refused
from gateway.nfe.ports import SignedXml

_ID = re.compile(rb'<infNFe[^>]{0,200}?\bId="NFe([0-9]{6}[0-9A-Z]{12}[0-9]{26})"')
_OPEN = b'<enviNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00">'


def chave_of(signed: SignedXml) -> ChaveAcesso:
    """The key in `infNFe/@Id`. Raises Refused when the bytes are not one signed NFe: nothing was sent."""
    found = _ID.search(signed, 0, 2048)
    if not signed.startswith(b"<NFe") or not signed.endswith(b"</NFe>") or found is None:
        raise _unfit("o documento não é uma NFe assinada, sem declaração XML nem espaços em volta")
    try:
        return ChaveAcesso(found[1].decode("ascii"))
    except ValueError as error:
        raise _unfit("a chave de acesso do documento não confere") from error


def envi_nfe(signed: SignedXml, idLote: int) -> bytes:
    """A lot of one note, synchronous: SEFAZ refuses an asynchronous lot of one (452). `idLote` has up to 15 digits."""
    if not 0 <= idLote < 10**15:
        raise _unfit(f"idLote {idLote} passa de 15 dígitos")
    return b"%s<idLote>%d</idLote><indSinc>1</indSinc>%s</enviNFe>" % (_OPEN, idLote, signed)


def cons_sit_nfe(chave: ChaveAcesso, tpAmb: int) -> bytes:
    """Ask what became of one key."""
    return (
        f'<consSitNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><tpAmb>{tpAmb}</tpAmb>'
        f"<xServ>CONSULTAR</xServ><chNFe>{chave}</chNFe></consSitNFe>"
    ).encode("ascii")


def cons_stat_serv(cUF: str, tpAmb: int) -> bytes:
    """Ask whether the service runs. `cUF` is the issuer's, also at a virtual authoriser."""
    return (
        f'<consStatServ xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><tpAmb>{tpAmb}</tpAmb>'
        f"<cUF>{cUF}</cUF><xServ>STATUS</xServ></consStatServ>"
    ).encode("ascii")


def _unfit(reason: str) -> Refused:
    return Refused(
        f"Nada foi enviado à SEFAZ: {reason}.", code="SEFAZ-UNFIT", fix="Gere e assine o documento de novo, com o mesmo número."
    )
