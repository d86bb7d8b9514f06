"""tpEmis against who is asked and when: SVC, EPEC, off-line. Source: NT 2013.007, NT 2014.001, Ajuste SINIEF 07/05 and 19/16."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from gateway.sim.sefaz.chave import Key
from gateway.sim.sefaz.document import Note, amount, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.office import SVC_TPEMIS, Face, Office, svc_of
from gateway.sim.sefaz.state import State

LATE = {"55": timedelta(days=7), "65": timedelta(hours=24)}
"""Later than this a note is authorised with 150 (Ajuste SINIEF 07/05 and 19/16)."""


def closed(office: Office, face: Face, chave: str) -> Refusal | None:
    """Why the addressed authoriser takes nothing now: home paralysed (108, 109, 114), or the SVC off (114)."""
    state = office.state
    if face == "svc" or (chave and office.acts_as_svc(face, Key(chave))):
        return Refusal("114") if state.svc == "114" else None
    if face == "an":
        return Refusal(state.an) if state.an != "107" else None
    return Refusal(state.status) if state.status in ("108", "109", "114") else None


def misplaced(office: Office, face: Face, note: Note) -> Refusal | None:
    """A note at an authoriser of another kind: 713 and, of an NFC-e, 783 at the SVC; 570 at home."""
    if note.mod != "55":
        return Refusal("783") if face == "svc" else None
    if not office.acts_as_svc(face, note.key):
        return Refusal("570") if note.tpEmis in SVC_TPEMIS else None
    return None if note.tpEmis == svc_of(note.issuer_uf) else Refusal("713")


def refusal(office: Office, note: Note, now: datetime) -> Refusal | None:
    """EPEC that a note of tpEmis 4 needs (467, 468); one that holds its number (485); an NFC-e out of time (704)."""
    state, age = office.state, now - note.dhEmi
    if note.mod == "65":
        limit = {"1": state.online_limit_s, "9": state.offline_refused_s}.get(note.tpEmis, 0)
        return Refusal("704") if limit and age > timedelta(seconds=limit) else None
    epec = office.register.epec(note.key)
    if note.tpEmis != "4":
        return None if epec is None else Refusal("485", f"[chNFe:{epec.chave}]")
    if epec is None or epec.chave != note.key.text:
        return Refusal("468")
    if now < datetime.fromisoformat(epec.dhRegEvento) + timedelta(seconds=state.epec_sync_s):
        return Refusal("468")
    return None if _same(note, epec.fields) else Refusal("467")


def _same(note: Note, epec: dict[str, str]) -> bool:
    dest = note.dest
    addressee = "" if dest is None else text(dest, "CNPJ") or text(dest, "CPF") or text(dest, "idEstrangeiro")
    return (
        addressee == epec["addressee"]
        and note.dest_uf == epec["UF"]
        and note.tpNF == epec["tpNF"]
        and all(amount(note.inf, f"total/ICMSTot/{tag}") == Decimal(epec[tag]) for tag in ("vNF", "vICMS", "vST"))
    )


def late(state: State, note: Note, now: datetime) -> bool:
    """Whether the note is authorised with 150."""
    age = now - note.dhEmi
    if note.tpEmis == "9":
        return bool(state.offline_late_s) and age > timedelta(seconds=state.offline_late_s)
    return note.tpEmis == "1" and age > LATE.get(note.mod, LATE["55"])
