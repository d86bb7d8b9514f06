"""Rules of every event: who, where, when, how many, and a detail of the right shape. Source: MOC 7.0, 5.8.4."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.sim.sefaz.chave import UF_OF, Key, key_digit, valid_cnpj, valid_cpf
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.office import Face, Office
from gateway.sim.sefaz.records import Authorized
from gateway.sim.sefaz.schema import complaint, event_schema
from gateway.sim.sefaz.services.event_kinds import KINDS, EventKind
from gateway.sim.sefaz.services.event_request import EventRequest

TOLERANCE = timedelta(minutes=5)


def general(office: Office, face: Face, event: EventRequest) -> Iterator[Refusal]:
    """What may be said without the base, in the MOC's order; after it tpEvento is known to be in KINDS."""
    now, key = office.now(), event.key
    if event.tpAmb != office.tpAmb:
        yield Refusal("252")
    valid = valid_cpf(event.author) if len(event.author) == 11 else valid_cnpj(event.author)
    if not valid:
        yield Refusal("490" if len(event.author) == 11 else "489")
    yield from _of_key(office, key)
    kind = KINDS.get(event.tpEvento)
    if kind is None:
        yield Refusal("491")
        return
    if event.verEvento != "1.00":
        yield Refusal("492")
    if event.Id != f"ID{event.tpEvento}{key.text}{event.nSeqEvento:02d}":
        yield Refusal("572")
    yield from _detail(event, kind)
    yield from _place(office, face, event, kind)
    if kind.author == "issuer" and event.author[:8] != key.tax_id[:8] and event.author != key.tax_id[3:]:
        yield Refusal("574")
    if key.mod not in kind.mods:
        yield Refusal("784" if event.tpEvento == "110110" else "450")
    if event.dhEvento > now + TOLERANCE:
        yield Refusal("578")
    if event.nSeqEvento > kind.most:
        yield Refusal("594")
    tpAutor, cOrgaoAutor = event.told("tpAutor"), event.told("cOrgaoAutor")
    if cOrgaoAutor and tpAutor in ("", "1") and kind.author == "issuer" and cOrgaoAutor != key.cUF:
        yield Refusal("455")


def _of_key(office: Office, key: Key) -> Iterator[Refusal]:
    if key.cUF not in UF_OF:
        yield Refusal("614")
    elif UF_OF[key.cUF] not in office.ufs:
        yield Refusal("249")
    if not 1 <= int(key.AAMM[2:]) <= 12:
        yield Refusal("616")
    if key.mod not in ("55", "65"):
        yield Refusal("618")
    if key.nNF == 0:
        yield Refusal("619")
    if key_digit(key.text[:43]) != key.text[43]:
        yield Refusal("236")


def _detail(event: EventRequest, kind: EventKind) -> Iterator[Refusal]:
    """493: our own list of the tags first, then the whole layout."""
    if event.detail.get("versao") != "1.00" or event.told("descEvento") not in kind.descEvento:
        yield Refusal("493", "[descEvento]")
    if kind.fields:
        tags, wanted = event.tags[1:], kind.fields.split()
        missing = [tag for tag in wanted if not tag.endswith("?") and tag not in tags]
        foreign = [tag for tag in tags if tag not in kind.fields.replace("?", "").split()]
        if missing or foreign:
            yield Refusal("493", f"[{(missing + foreign)[0]}]")
    fault = complaint(event.detail, event_schema(event.tpEvento))
    if fault is not None:
        yield Refusal("493", f"[{fault}]")


def _place(office: Office, face: Face, event: EventRequest, kind: EventKind) -> Iterator[Refusal]:
    """657: cOrgao and the authoriser that was asked must both be the event's own."""
    at_an = event.cOrgao == "91"
    wanted = {"an": at_an, "either": at_an or event.cOrgao == event.key.cUF}.get(kind.place, event.cOrgao == event.key.cUF)
    here = {"an": at_an, "svc": kind.place == "origin" and event.key.tpEmis in ("6", "7")}.get(face, True)
    if not wanted or not here:
        yield Refusal("657")


def of_note(office: Office, face: Face, event: EventRequest, kind: EventKind, note: Authorized) -> Iterator[Refusal]:
    """What the note in the base says: addressee (575), duplicate (573), standing (580), hours (577, 579)."""
    if kind.author == "addressee" and event.author[:8] != note.dest[:8]:
        yield Refusal("575")
    yield from duplicate(office, event)
    if note.denied or office.register.cancellation(note.chave) is not None:
        yield Refusal({"210210": "650", "210220": "651", "210240": "652"}.get(event.tpEvento, "580"))
    if note.dhEmi and event.dhEvento < datetime.fromisoformat(note.dhEmi):
        yield Refusal("577")
    if event.key.tpEmis == "1" and event.dhEvento < datetime.fromisoformat(note.dhRecbto) - TOLERANCE:
        yield Refusal("579")
    if kind.cancels:
        yield from _undoes(office, event, kind)


def duplicate(office: Office, event: EventRequest) -> Iterator[Refusal]:
    """573: this type and sequence of this key, by this author."""
    known = office.register.event(event.key.text, event.tpEvento, event.nSeqEvento)
    if known is not None and (known.author[:8] == event.author[:8] or KINDS[event.tpEvento].author == "issuer"):
        yield Refusal("573", f"[nProt:{known.nProt}][dhRegEvento:{known.dhRegEvento}]")


def _undoes(office: Office, event: EventRequest, kind: EventKind) -> Iterator[Refusal]:
    """The event to cancel must exist, be of the same author, and not be cancelled already."""
    nProt, wanted = event.told("nProtEvento"), event.told("tpEventoAut")
    known = office.register.events_of(event.key.text)
    target = next((each for each in known if each.nProt == nProt), None)
    if target is None or target.tpEvento not in kind.cancels or (wanted and wanted != target.tpEvento):
        yield Refusal("222", "[nProtEvento]")
    elif target.author[:8] != event.author[:8]:
        yield Refusal("574")
    elif any(each.of == nProt for each in known):
        yield Refusal("580", "[nProtEvento]")
