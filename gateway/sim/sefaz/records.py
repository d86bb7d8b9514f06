"""What the ledger's file holds, one struct a kind of line: notes, events, voided numbers, documents to distribute, requests."""

from __future__ import annotations

import msgspec


class Authorized(msgspec.Struct, frozen=True, kw_only=True, tag="authorized", tag_field="kind"):
    """A note in the authoriser's base. `cStat` 100, 120, 150, or a denial (301, 302, 303). Times are RFC 3339.

    dest, carrier, readers: tax ids of the addressee, of the carrier and of autXML. goods: digest of what identifies its items
    (NFC-e only). svc: authorised by the SVC, and known at home only after the delay of `svc_sync_s`.
    """

    chave: str
    nNF: int
    serie: int
    mod: str
    cUF: str
    issuer: str
    nProt: str
    digVal: str
    dhRecbto: str
    cStat: str
    xMotivo: str
    vNF: str
    vICMS: str = ""
    vST: str = ""
    nRec: str = ""
    alerts: tuple[tuple[str, str], ...] = ()
    dhEmi: str = ""
    dest: str = ""
    dest_uf: str = ""
    carrier: str = ""
    readers: tuple[str, ...] = ()
    items: int = 0
    goods: str = ""
    svc: bool = False

    @property
    def denied(self) -> bool:
        return self.cStat in ("110", "301", "302", "303")


class Event(msgspec.Struct, frozen=True, kw_only=True, tag="event", tag_field="kind"):
    """A registered event: the bytes of `evento` as they arrived, and of the answer.

    author: CNPJ or CPF of infEvento. of: nProt of the event that this one cancels, if any. fields: texts of detEvento that
    later rules ask for. dhRegEvento is RFC 3339. svc: registered by the SVC.
    """

    chave: str
    tpEvento: str
    nSeqEvento: int
    author: str
    cOrgao: str
    nProt: str
    dhRegEvento: str
    cStat: str
    evento: str
    retEvento: str
    of: str = ""
    fields: dict[str, str] = {}
    svc: bool = False

    @property
    def proc(self) -> str:
        """procEventoNFe 1.00."""
        opening = '<procEventoNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="1.00">'
        return f"{opening}{self.evento}{self.retEvento}</procEventoNFe>"


class Voided(msgspec.Struct, frozen=True, kw_only=True, tag="voided", tag_field="kind"):
    """A range of numbers that can no longer be used; `first` and `last` belong to it."""

    cUF: str
    CNPJ: str
    mod: str
    serie: int
    ano: str
    first: int
    last: int
    nProt: str
    dhRecbto: str

    @property
    def book(self) -> tuple[str, str, str, int]:
        """What numbers are counted in: UF, issuer, model and series."""
        return self.cUF, self.CNPJ, self.mod, self.serie


class Original(msgspec.Struct, frozen=True, kw_only=True, tag="original", tag_field="kind"):
    """The nfeProc of a note that somebody else than its issuer may read."""

    chave: str
    nfeProc: str


class Parcel(msgspec.Struct, frozen=True, kw_only=True, tag="parcel", tag_field="kind"):
    """A document at the Ambiente Nacional, waiting for one CNPJ base. `schema` as in docZip, e.g. `resNFe_v1.01`."""

    base: str
    nsu: int
    schema: str
    xml: str
    at: str
    chave: str = ""


class Request(msgspec.Struct, kw_only=True, tag="request", tag_field="kind"):
    """One request as it arrived and what was done with it.

    `cStat` is the note's when there is one, else the lot's or the service's; empty when nothing was processed. `answered`
    is false when the answer was withheld or mutilated by a fault; `fault` names the action. `face` is empty, `svc` or `an`;
    `event` the tpEvento of the first event. `signed`: SHA-256 of the signed document inside, whatever envelope it came in.
    """

    n: int
    at: str
    service: str
    face: str = ""
    event: str = ""
    chave: str = ""
    nNF: int = 0
    serie: int = 0
    cStat: str = ""
    xMotivo: str = ""
    client: str = ""
    sha256: str = ""
    signed: str = ""
    size: int = 0
    answered: bool = True
    fault: str = ""


class Sequences(msgspec.Struct, frozen=True, kw_only=True, tag="sequences", tag_field="kind"):
    """High-water marks, written when the memory is cleared so that no protocol is ever given twice in one file."""

    protocol: int
    receipt: int
