"""Answers as text, letter for letter of the official XSDs (retEnviNFe, retConsSitNFe, retConsReciNFe, retConsStatServ)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from xml.sax.saxutils import escape

from gateway.sim.sefaz.chave import UF_OF
from gateway.sim.sefaz.messages import Refusal, motivo
from gateway.sim.sefaz.records import Authorized
from gateway.sim.sefaz.schema import NFE

VER_APLIC = "SIMULADOR-1.0"
_OFFSETS = {"AC": -5, "AM": -4, "MS": -4, "MT": -4, "RO": -4, "RR": -4}
_SECONDS_BETWEEN_POLLS = 1


def local_time(at: datetime, cUF: str) -> str:
    """TDateTimeUTC with the offset of the UF's capital (no summer time since 2019)."""
    offset = timezone(timedelta(hours=_OFFSETS.get(UF_OF.get(cUF, ""), -3)))
    return at.astimezone(offset).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Head:
    """What every answer begins with."""

    tpAmb: str
    cUF: str
    at: datetime

    @property
    def dhRecbto(self) -> str:
        return local_time(self.at, self.cUF)

    def fields(self, cStat: str, xMotivo: str) -> str:
        return f"<tpAmb>{self.tpAmb}</tpAmb><verAplic>{VER_APLIC}</verAplic>" + status(cStat, xMotivo)


def ret_envi(head: Head, cStat: str, *, prot: str = "", nRec: str = "", xMotivo: str = "") -> str:
    """Answer to a lot: with the note's protocol (104), with a receipt (103), or with a refusal of the lot."""
    tail = prot
    if nRec:
        tail = f"<infRec><nRec>{nRec}</nRec><tMed>{_SECONDS_BETWEEN_POLLS}</tMed></infRec>"
    return (
        f'<retEnviNFe xmlns="{NFE}" versao="4.00">{head.fields(cStat, xMotivo or motivo(cStat))}'
        f"<cUF>{head.cUF}</cUF><dhRecbto>{head.dhRecbto}</dhRecbto>{tail}</retEnviNFe>"
    )


def ret_cons_reci(head: Head, nRec: str, cStat: str, prots: str = "", xMotivo: str = "") -> str:
    """Answer to the query of a receipt."""
    return (
        f'<retConsReciNFe xmlns="{NFE}" versao="4.00"><tpAmb>{head.tpAmb}</tpAmb><verAplic>{VER_APLIC}</verAplic>'
        f"<nRec>{nRec}</nRec>{status(cStat, xMotivo or motivo(cStat))}"
        f"<cUF>{head.cUF}</cUF><dhRecbto>{head.dhRecbto}</dhRecbto>{prots}</retConsReciNFe>"
    )


def ret_cons_sit(head: Head, chave: str, cStat: str, *, prot: str = "", events: str = "", xMotivo: str = "") -> str:
    """Answer to the query of a note by its key; `events` are procEventoNFe."""
    return (
        f'<retConsSitNFe xmlns="{NFE}" versao="4.00">{head.fields(cStat, xMotivo or motivo(cStat))}'
        f"<cUF>{head.cUF}</cUF><dhRecbto>{head.dhRecbto}</dhRecbto><chNFe>{chave}</chNFe>{prot}{events}</retConsSitNFe>"
    )


def ret_cons_stat_serv(head: Head, cStat: str, xMotivo: str = "") -> str:
    """Answer to the query of the service's status."""
    return (
        f'<retConsStatServ xmlns="{NFE}" versao="4.00">{head.fields(cStat, xMotivo or motivo(cStat))}'
        f"<cUF>{head.cUF}</cUF><dhRecbto>{head.dhRecbto}</dhRecbto><tMed>{_SECONDS_BETWEEN_POLLS}</tMed></retConsStatServ>"
    )


def prot_of(record: Authorized, tpAmb: str, *, digval: bool = True, alerts: bool = True) -> str:
    """protNFe of a note in the base. `alerts` only in the authorisation: the consultation's layout has no place for them."""
    dig = f"<digVal>{record.digVal}</digVal>" if digval else ""
    pairs = "".join(f"<cMsg>{c}</cMsg><xMsg>{escape(x)}</xMsg>" for c, x in record.alerts) if alerts else ""
    return (
        f'<protNFe versao="4.00"><infProt Id="ID{record.nProt}"><tpAmb>{tpAmb}</tpAmb><verAplic>{VER_APLIC}</verAplic>'
        f"<chNFe>{record.chave}</chNFe><dhRecbto>{record.dhRecbto}</dhRecbto><nProt>{record.nProt}</nProt>{dig}"
        f"{status(record.cStat, record.xMotivo)}{pairs}</infProt></protNFe>"
    )


def prot_refused(head: Head, chave: str, digVal: str, refusal: Refusal) -> str:
    """protNFe of a refused note: no nProt, as nothing was stored."""
    return (
        f'<protNFe versao="4.00"><infProt><tpAmb>{head.tpAmb}</tpAmb><verAplic>{VER_APLIC}</verAplic>'
        f"<chNFe>{chave}</chNFe><dhRecbto>{head.dhRecbto}</dhRecbto><digVal>{digVal}</digVal>"
        f"{status(refusal.cStat, refusal.xMotivo)}</infProt></protNFe>"
    )


def status(cStat: str, xMotivo: str) -> str:
    """cStat and xMotivo, as every answer writes them."""
    return f"<cStat>{cStat}</cStat><xMotivo>{escape(xMotivo)}</xMotivo>"
