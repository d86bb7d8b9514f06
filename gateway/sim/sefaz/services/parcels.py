"""What the Ambiente Nacional keeps for whom: a summary for the addressee until it manifests itself, the note for who may read it.

Source: NT 2014.002 (DistDFe). The issuer does not receive its own notes; carriers and autXML receive them whole.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from lxml import etree

from gateway.sim.sefaz import answers
from gateway.sim.sefaz.document import Note, text
from gateway.sim.sefaz.office import Office
from gateway.sim.sefaz.records import Authorized, Event, Original, Parcel
from gateway.sim.sefaz.schema import NFE
from gateway.sim.sefaz.services.event_kinds import MANIFESTATIONS

RESUMO, FULL = "resNFe_v1.01", "procNFe_v4.00"
RESUMO_EVENT, FULL_EVENT = "resEvento_v1.01", "procEventoNFe_v1.00"


def deposit(office: Office, base: str, schema: str, xml: str, chave: str = "") -> Parcel:
    """Put a document at the end of a CNPJ base's queue."""
    nsu = len(office.register.parcels(base)) + 1
    parcel = Parcel(base=base, nsu=nsu, schema=schema, xml=xml, at=office.head().dhRecbto, chave=chave)
    office.register.store(parcel)
    return parcel


def of_note(office: Office, record: Authorized, note: Note) -> None:
    """A note was authorised: its addressee (a company) gets the summary, carrier and autXML the whole."""
    addressee, readers = _interested(record)
    if record.denied or record.mod != "55" or not (addressee or readers):
        return
    root = etree.tostring(note.root, encoding="unicode", with_tail=False)
    prot = answers.prot_of(record, office.tpAmb, alerts=True)
    office.register.store(Original(chave=record.chave, nfeProc=f'<nfeProc xmlns="{NFE}" versao="4.00">{root}{prot}</nfeProc>'))
    if addressee:
        deposit(office, addressee, RESUMO, _summary(record, note), record.chave)
    for base in readers:
        deposit(office, base, FULL, office.register.original(record.chave), record.chave)


def of_event(office: Office, event: Event, note: Authorized | None) -> None:
    """An event was registered: who holds the note hears of it, and a manifestation opens the whole note to its author."""
    if note is None or note.mod != "55":
        return
    addressee, readers = _interested(note)
    original = office.register.original(note.chave)
    if event.tpEvento in MANIFESTATIONS:
        _tell(office, note.issuer[:8], event, whole=True)
        opens = event.tpEvento in ("210200", "210210") and original and not has_whole(office, addressee, note.chave)
        if opens and event.author[:8] == addressee:
            deposit(office, addressee, FULL, original, note.chave)
        return
    if event.tpEvento == "110150" and original and event.fields["reader"]:
        deposit(office, event.fields["reader"][:8], FULL, original, note.chave)
    if addressee:
        _tell(office, addressee, event, whole=has_whole(office, addressee, note.chave))
    for base in readers:
        _tell(office, base, event, whole=True)


def has_whole(office: Office, base: str, chave: str) -> bool:
    """Whether a CNPJ base was already given the whole note."""
    return any(parcel.chave == chave and parcel.schema == FULL for parcel in office.register.parcels(base))


def _tell(office: Office, base: str, event: Event, *, whole: bool) -> None:
    schema, xml = (FULL_EVENT, event.proc) if whole else (RESUMO_EVENT, _event_summary(event))
    deposit(office, base, schema, xml, event.chave)


def _interested(record: Authorized) -> tuple[str, list[str]]:
    """CNPJ bases of the addressee (empty for a person or the issuer itself) and of carrier and autXML."""
    own = record.issuer[:8]
    addressee = record.dest[:8] if len(record.dest) == 14 and record.dest[:8] != own else ""
    readers = dict.fromkeys(each[:8] for each in (record.carrier, *record.readers) if each)
    return addressee, [base for base in readers if base not in (own, addressee)]


def _summary(record: Authorized, note: Note) -> str:
    document = "CNPJ" if len(record.issuer) == 14 else "CPF"
    return (
        f'<resNFe xmlns="{NFE}" versao="1.01"><chNFe>{record.chave}</chNFe><{document}>{record.issuer}</{document}>'
        f"<xNome>{escape(text(note.emit, 'xNome'))}</xNome><IE>{text(note.emit, 'IE')}</IE><dhEmi>{record.dhEmi}</dhEmi>"
        f"<tpNF>{note.tpNF}</tpNF><vNF>{record.vNF}</vNF><digVal>{record.digVal}</digVal><dhRecbto>{record.dhRecbto}</dhRecbto>"
        f"<nProt>{record.nProt}</nProt><cSitNFe>1</cSitNFe></resNFe>"
    )


def _event_summary(event: Event) -> str:
    document = "CNPJ" if len(event.author) == 14 else "CPF"
    inf = etree.fromstring(event.evento)
    told = {tag: inf.findtext(f".//{{{NFE}}}{tag}") or "" for tag in ("dhEvento", "descEvento")}
    return (
        f'<resEvento xmlns="{NFE}" versao="1.01"><cOrgao>{event.cOrgao}</cOrgao><{document}>{event.author}</{document}>'
        f"<chNFe>{event.chave}</chNFe><dhEvento>{told['dhEvento']}</dhEvento><tpEvento>{event.tpEvento}</tpEvento>"
        f"<nSeqEvento>{event.nSeqEvento}</nSeqEvento><xEvento>{escape(told['descEvento'])}</xEvento>"
        f"<dhRecbto>{event.dhRegEvento}</dhRecbto><nProt>{event.nProt}</nProt></resEvento>"
    )
