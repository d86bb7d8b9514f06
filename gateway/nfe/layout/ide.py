"""Group B: what the document is, and the documents it refers to (BA)."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group


class NfRef(Group, frozen=True, kw_only=True):
    """BA01: one referenced document."""

    refNFe: str | None = None


class Ide(Group, frozen=True, kw_only=True):
    """B01: identification. Dates are TDateTimeUTC: `AAAA-MM-DDThh:mm:ss-03:00`."""

    cUF: str
    cNF: str
    natOp: str
    mod: str
    serie: str
    nNF: str
    dhEmi: str
    dhSaiEnt: str | None = None
    tpNF: str
    idDest: str
    cMunFG: str
    cMunFGIBS: str | None = None
    tpImp: str
    tpEmis: str
    cDV: str
    tpAmb: str
    finNFe: str
    indFinal: str
    indPres: str
    indIntermed: str | None = None
    procEmi: str
    verProc: str
    dhCont: str | None = None
    xJust: str | None = None
    NFref: tuple[NfRef, ...] = ()
