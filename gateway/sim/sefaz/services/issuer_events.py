"""Rules of the issuer's own events: cancellation, substitution, correction, EPEC, actor.

Source: MOC 7.0, 5.9 and 5.10 (NT 2018.004), NT 2014.001, NT 2020.007. EPEC blocked in PR and PB: NT 2014.001 v1.41.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.sim.sefaz.chave import UF_OF, Key, key_digit, valid_cnpj
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.office import Office
from gateway.sim.sefaz.records import Authorized
from gateway.sim.sefaz.services.event_kinds import CONCLUSIVE
from gateway.sim.sefaz.services.event_request import EventRequest

_TWO_HOURS = timedelta(hours=2)
_NO_EPEC = frozenset({"PB", "PR"})


def age(office: Office, note: Authorized) -> timedelta:
    """Time since the note was authorised."""
    return office.now() - datetime.fromisoformat(note.dhRecbto)


def cancellation(office: Office, event: EventRequest, note: Authorized) -> Iterator[Refusal]:
    """110111: deadline (501), protocol (222), and what happened to the goods (219, 221, 304, 690, 811)."""
    if not in_time(office, note) and not late_accepted(office, note):
        yield Refusal("501")
    if event.told("nProt") != note.nProt:
        yield Refusal("222")
    if note.mod == "55" and last_manifestation(office, note.chave) == "210200":
        yield Refusal("221")
    barred = office.state.bar_cancel.get(note.chave)
    if barred is not None:
        yield Refusal(barred)


def in_time(office: Office, note: Authorized) -> bool:
    """Whether a cancellation is inside its deadline."""
    limit = office.state.cancel_65_s if note.mod == "65" else office.state.cancel_55_s
    return age(office, note) <= timedelta(seconds=limit)


def late_accepted(office: Office, note: Authorized) -> bool:
    """Whether the UF takes a late cancellation of an NF-e, and answers 155."""
    limit = office.state.cancel_late.get(UF_OF[note.cUF], 0)
    return note.mod == "55" and age(office, note) <= timedelta(seconds=limit)


def last_manifestation(office: Office, chave: str) -> str:
    """tpEvento of the conclusive manifestation that stands: the last one."""
    told = [event.tpEvento for event in office.register.events_of(chave) if event.tpEvento in CONCLUSIVE]
    return told[-1] if told else ""


def substitution(office: Office, event: EventRequest, note: Authorized) -> Iterator[Refusal]:
    """110112: a normal NFC-e gives way to an off-line one of the same sale."""
    if event.key.tpEmis != "1":
        yield Refusal("920")
    other = Key(event.told("chNFeRef"))
    yield from _other_key(event.key, other)
    if age(office, note) > timedelta(seconds=office.state.substitution_s):
        yield Refusal("501")
    if event.told("nProt") != note.nProt:
        yield Refusal("222")
    substitute = office.register.by_key(other.text)
    if substitute is None:
        yield Refusal("912")
        return
    if substitute.denied or office.register.cancellation(other.text) is not None:
        yield Refusal("913")
    if abs(datetime.fromisoformat(substitute.dhEmi) - datetime.fromisoformat(note.dhEmi)) > _TWO_HOURS:
        yield Refusal("914")
    for cStat, ours, theirs in (
        ("915", note.vNF, substitute.vNF),
        ("916", note.vICMS, substitute.vICMS),
        ("917", note.dest, substitute.dest),
        ("918", note.items, substitute.items),
        ("919", note.goods, substitute.goods),
    ):
        if ours != theirs:
            yield Refusal(cStat)


def _other_key(key: Key, other: Key) -> Iterator[Refusal]:
    sound = key_digit(other.text[:43]) == other.text[43] and other.cUF in UF_OF and other.nNF > 0
    if not sound or other.mod not in ("55", "65") or not 1 <= int(other.AAMM[2:]) <= 12:
        yield Refusal("910")
    if other.text == key.text or (other.cUF, other.tax_id, other.mod) != (key.cUF, key.tax_id, key.mod):
        yield Refusal("911")
    if other.tpEmis != "9":
        yield Refusal("920")


def correction(office: Office, _: EventRequest, note: Authorized) -> Iterator[Refusal]:
    """110110: thirty days."""
    if age(office, note) > timedelta(seconds=office.state.correction_s):
        yield Refusal("501")


def actor(office: Office, event: EventRequest, note: Authorized) -> Iterator[Refusal]:
    """110150: who may give access to whom."""
    role, reader = event.told("tpAutor"), event.told("autXML/CNPJ") or event.told("autXML/CPF")
    if role == "1" and event.author[:8] != note.issuer[:8]:
        yield Refusal("574")
    if role == "2" and event.author[:8] != note.dest[:8]:
        yield Refusal("575")
    if len(reader) == 14 and not valid_cnpj(reader):
        yield Refusal("323")
    yield from _terms(role, event.told("tpAutorizacao"), event.told("xCondUso"))
    if age(office, note) > timedelta(seconds=office.state.actor_s):
        yield Refusal("596")
    if reader in (note.issuer, note.dest):
        yield Refusal("421" if reader == note.issuer else "422")
    given = {e.fields["reader"]: e.fields["tpAutorizacao"] for e in office.register.events_of(note.chave) if "reader" in e.fields}
    if reader in note.readers or reader in given:
        yield Refusal("423")
    if role == "3" and event.author not in (*given, note.carrier):
        yield Refusal("585")
    if role == "3" and given.get(event.author) == "0":
        yield Refusal("831")


def _terms(role: str, kind: str, terms: str) -> Iterator[Refusal]:
    """tpAutorizacao is told by issuer and addressee only, and xCondUso when it is 1."""
    if role in ("1", "2") and not kind:
        yield Refusal("827")
    if role == "3" and kind:
        yield Refusal("828")
    if kind == "1" and not terms:
        yield Refusal("829")
    if kind != "1" and terms:
        yield Refusal("830")


def epec(office: Office, event: EventRequest) -> Iterator[Refusal]:
    """110140: the number must be free, and the issuer must not owe an older note."""
    key, register = event.key, office.register
    if key.mod != "55":
        yield Refusal("450")
    if key.tpEmis != "4":
        yield Refusal("484")
    if UF_OF[key.cUF] in _NO_EPEC:
        yield Refusal("121")
    if datetime.fromisoformat(event.told("dhEmi")) > office.now() + timedelta(minutes=5):
        yield Refusal("212")
    limit = timedelta(seconds=office.state.epec_deadline_s)
    for other in register.epecs_of(key.text[6:14]):
        overdue = limit and office.now() - datetime.fromisoformat(other.dhRegEvento) > limit
        if overdue and register.by_key(other.chave) is None:
            yield Refusal("142", f"[chNFe:{other.chave}]")
    if register.epec(key) is not None:
        yield Refusal("485")
    if register.by_number(key) is not None:
        yield Refusal("661")
    if register.is_voided(key):
        yield Refusal("662")
