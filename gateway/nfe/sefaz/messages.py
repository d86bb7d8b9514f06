"""The messages that are asked, as text: layouts enviNFe, consReciNFe, consSitNFe and consStatServ 4.00, envEvento 1.00,
ConsCad 2.00 and distDFeInt 1.01 (MOC 7.0 Annex I; NT 2014.002).
"""

from __future__ import annotations

import re

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import Refused
from gateway.nfe.event_answers import AfterNsu, DistributionQuery, OneNsu
from gateway.nfe.ports import SignedEvent, SignedXml

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


def cons_reci_nfe(nRec: str, tpAmb: int) -> bytes:
    """Ask for the result of a lot. Raises Refused for what is no receipt."""
    if len(nRec) != 15 or not (nRec.isascii() and nRec.isdigit()):
        raise _unfit(f"o recibo {nRec[:20]!r} não tem 15 dígitos")
    return (
        f'<consReciNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><tpAmb>{tpAmb}</tpAmb>'
        f"<nRec>{nRec}</nRec></consReciNFe>"
    ).encode("ascii")


_EVENT = re.compile(rb'<infEvento Id="ID[0-9]{6}([0-9]{6}[0-9A-Z]{12}[0-9]{26})[0-9]{2}"><cOrgao>([0-9]{2})</cOrgao>')


def event_of(event: SignedEvent) -> tuple[ChaveAcesso, str]:
    """Key and cOrgao of a signed event. Raises Refused when the bytes are not one of ours: nothing was sent."""
    found = _EVENT.search(event, 0, 400)
    if not event.startswith(b"<evento ") or not event.endswith(b"</evento>") or found is None:
        raise _unfit("o evento não é um elemento evento assinado")
    return ChaveAcesso(found[1].decode("ascii")), found[2].decode("ascii")


def env_evento(event: SignedEvent, idLote: int) -> bytes:
    """A lot of one event: some types may not share a lot, and one answer is about one event."""
    if not 0 <= idLote < 10**15:
        raise _unfit(f"idLote {idLote} passa de 15 dígitos")
    opening = b'<envEvento xmlns="http://www.portalfiscal.inf.br/nfe" versao="1.00">'
    return b"%s<idLote>%d</idLote>%s</envEvento>" % (opening, idLote, event)


def cons_cad(uf: str, document: str) -> bytes:
    """Ask for the registrations of a CNPJ, CPF or IE in a state; there is no tpAmb in this message."""
    tag = "CNPJ" if len(document) == 14 and not document[:2].isalpha() else "CPF" if len(document) == 11 else "IE"
    if not (document.isascii() and document.isalnum() and 2 <= len(document) <= 14 and len(uf) == 2):
        raise _unfit("o documento da consulta de cadastro não é CNPJ, CPF nem inscrição estadual")
    return (
        '<ConsCad xmlns="http://www.portalfiscal.inf.br/nfe" versao="2.00"><infCons><xServ>CONS-CAD</xServ>'
        f"<UF>{uf}</UF><{tag}>{document}</{tag}></infCons></ConsCad>"
    ).encode("ascii")


def dist_dfe_int(query: DistributionQuery, *, cUF: str, tax_id: str, tpAmb: int) -> bytes:
    """Ask for documents of interest to `tax_id` (CNPJ or CPF of the branch)."""
    who = "CNPJ" if len(tax_id) == 14 else "CPF"
    if isinstance(query, AfterNsu):
        asked = f"<distNSU><ultNSU>{query.nsu:015d}</ultNSU></distNSU>"
    elif isinstance(query, OneNsu):
        asked = f"<consNSU><NSU>{query.nsu:015d}</NSU></consNSU>"
    else:
        asked = f"<consChNFe><chNFe>{ChaveAcesso(query.chave)}</chNFe></consChNFe>"
    return (
        f'<distDFeInt xmlns="http://www.portalfiscal.inf.br/nfe" versao="1.01"><tpAmb>{tpAmb}</tpAmb>'
        f"<cUFAutor>{cUF}</cUFAutor><{who}>{tax_id}</{who}>{asked}</distDFeInt>"
    ).encode("ascii")


def _unfit(reason: str) -> Refused:
    return Refused(
        f"Nada foi enviado à SEFAZ: {reason}.", code="SEFAZ-UNFIT", fix="Gere e assine o documento de novo, com o mesmo número."
    )
