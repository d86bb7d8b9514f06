"""The authoriser itself: a message in, an answer out, and what is stored in between. No sockets here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from gateway.sim.sefaz import answers, wire
from gateway.sim.sefaz.answers import Head
from gateway.sim.sefaz.chave import CUF, UF_OF, Key, key_digit
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.faults import Fault
from gateway.sim.sefaz.guard import Guard
from gateway.sim.sefaz.messages import Refusal, motivo
from gateway.sim.sefaz.register import Authorized, Register
from gateway.sim.sefaz.rules import Conditions, first_refusal
from gateway.sim.sefaz.schema import NFE
from gateway.sim.sefaz.signature import SignatureJudge
from gateway.sim.sefaz.state import State

Clock = Callable[[], datetime]

LATE = {"55": timedelta(days=7), "65": timedelta(hours=24)}
"""Later than this a note is authorised with 150 (Ajuste SINIEF 07/05 and 19/16)."""

_OF_THE_LOT = frozenset(
    {"108", "109", "113", "114", "126", "214", "215", "225", "239", "243", "280", "281", "282", "402", "404", "452", "516"}
    | {"587", "588", "656", "764", "765", "999"}
)
_ALERTS = (("172", "Alerta de teste do simulador"),)
_RECEIPTS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Processed:
    """The answer's XML and what the ledger says of it."""

    answer: str
    cStat: str
    xMotivo: str


@dataclass(slots=True)
class _Receipt:
    prots: str
    polls: int


class Authorizer:
    """Every service of every UF in `ufs`, in one environment. `state` is read at each request and may be replaced."""

    def __init__(self, *, register: Register, judge: SignatureJudge, clock: Clock, tpAmb: str, ufs: frozenset[str]) -> None:
        self.register = register
        self.state = State()
        self.guard = Guard()
        self._judge = judge
        self._clock = clock
        self._tpAmb = tpAmb
        self._ufs = ufs
        self._home = CUF["SP"] if "SP" in ufs else CUF[min(ufs)]
        self._receipts: dict[str, _Receipt] = {}

    def now(self) -> datetime:
        """The clock's instant plus the offset of the state."""
        return self._clock() + timedelta(seconds=self.state.clock_offset_s)

    def reset(self) -> None:
        """Forget notes, requests, receipts, blocks and switches."""
        self.register.reset()
        self.guard.reset()
        self._receipts.clear()
        self.state = State()

    def process(self, service: str, message: bytes, transmitter: str, fault: Fault | None = None) -> Processed:
        """Answer one message. `transmitter` is the tax id in the TLS certificate; `fault` bends the outcome, if it can."""
        handler = {
            "NFeAutorizacao4": self._authorize,
            "NFeRetAutorizacao4": self._receipt,
            "NFeConsultaProtocolo4": self._consult,
            "NFeStatusServico4": self._status,
        }[service]
        forced = fault is not None and fault.action == "cstat"
        if fault is not None and forced and fault.phase == "before":
            return self._forced(service, message, fault.cStat)
        processed = handler(message, transmitter, fault)
        if fault is not None and forced:
            return self._forced(service, message, fault.cStat)
        return processed

    # ---- NFeAutorizacao4

    def _authorize(self, message: bytes, transmitter: str, fault: Fault | None) -> Processed:
        head = Head(self._tpAmb, self._home, self.now())
        closed = self.state.status in ("108", "109", "114")
        if closed or not transmitter:
            return self._lot_refused(head, Refusal(self.state.status if closed else "282"))
        root = wire.read(message, "enviNFe", "enviNFe_v4.00", "225")
        if isinstance(root, Refusal):
            return self._lot_refused(head, root)
        notes = [Note(element) for element in root.findall(f"{{{NFE}}}NFe")]
        head = Head(self._tpAmb, notes[0].cUF, head.at)
        refusal = next(self._lot_rules(notes, _field(root, "indSinc"), head.at), None)
        if refusal is not None:
            return self._lot_refused(head, refusal)
        results = [self._judge_note(head, note, fault) for note in notes]
        _, cStat, xMotivo = results[-1]
        if any(each == "656" for _, each, _ in results):
            return self._lot_refused(head, Refusal("656"))
        prots = "".join(prot for prot, _, _ in results)
        polls = fault.polls if fault is not None and fault.action == "receipt" else None
        if len(notes) == 1 and polls is None:
            return Processed(answers.ret_envi(head, "104", prot=prots), cStat, xMotivo)
        nRec = self._keep_receipt(notes[0].cUF, _Receipt(prots, polls or 0))
        return Processed(answers.ret_envi(head, "103", nRec=nRec), "103", motivo("103"))

    def _lot_rules(self, notes: list[Note], indSinc: str, now: datetime) -> Iterator[Refusal]:
        if len(notes) == 1 and indSinc != "1":
            yield Refusal("452")
        if len(notes) > 1 and indSinc == "1":
            yield Refusal("764")
        if any(note.mod != notes[0].mod for note in notes):
            yield Refusal("765")
        if len(notes) > 1 and notes[0].mod == "65":
            yield Refusal("126", rule="GAP03a-4")
        if self.guard.blocks("NFeAutorizacao4", notes[0].key.tax_id, now):
            yield Refusal("656")

    def _keep_receipt(self, cUF: str, receipt: _Receipt) -> str:
        nRec = self.register.next_receipt(cUF)
        self._receipts[nRec] = receipt
        if len(self._receipts) > _RECEIPTS_KEPT:
            del self._receipts[next(iter(self._receipts))]
        return nRec

    def _judge_note(self, head: Head, note: Note, fault: Fault | None) -> tuple[str, str, str]:
        """protNFe, cStat and xMotivo of one note; the note is stored when it is authorised or denied."""
        refusal = self._refusal(note, head.at)
        if refusal is None:
            record = self._admit(head, note, fault)
            digval = not self.state.omit_digval and (fault is None or fault.action != "no_digval")
            return answers.prot_of(record, self._tpAmb, digval=digval), record.cStat, record.xMotivo
        if self.guard.refused(self.state, "NFeAutorizacao4", note.key.text, refusal.cStat, head.at):
            return "", "656", motivo("656")
        return answers.prot_refused(head, note.key.text, note.digVal, refusal), refusal.cStat, refusal.xMotivo

    def _refusal(self, note: Note, now: datetime) -> Refusal | None:
        refusal = self._judge.refusal(note, now, self.state.verifier)
        if refusal is None:
            state = self.state
            conditions = Conditions(now, self._tpAmb, self._ufs, state.csc, state.taxpayers, self.register.by_key)
            refusal = first_refusal(note, conditions)
        return refusal or self._duplicate(note.key)

    def _duplicate(self, key: Key) -> Refusal | None:
        known = self.register.by_key(key.text)
        if known is not None:
            return Refusal("205" if known.denied else "204", f"[nRec:{known.nRec}]")
        other = self.register.by_number(key)
        return None if other is None else Refusal("539", f"[chNFe:{other.chave}][nRec:{other.nRec}]")

    def _admit(self, head: Head, note: Note, fault: Fault | None) -> Authorized:
        late = note.tpEmis == "1" and head.at - note.dhEmi > LATE.get(note.mod, LATE["55"])
        cStat = "150" if late else "100"
        alerts: tuple[tuple[str, str], ...] = ()
        if fault is not None and fault.action == "denied":
            cStat = fault.cStat if fault.cStat in ("301", "302", "303") else "302"
        elif fault is not None and fault.action == "alerts":
            cStat, alerts = "120", _ALERTS
        record = Authorized(
            chave=note.key.text,
            nNF=note.nNF,
            serie=note.serie,
            mod=note.mod,
            cUF=note.cUF,
            issuer=note.issuer,
            nProt=self.register.next_protocol(note.cUF, head.at.year),
            digVal=note.digVal,
            dhRecbto=head.dhRecbto,
            cStat=cStat,
            xMotivo=motivo(cStat),
            vNF=str(note.vNF),
            vICMS=note.vICMS,
            nRec=self.register.next_receipt(note.cUF),
            alerts=alerts,
        )
        self.register.store(record)
        return record

    def _lot_refused(self, head: Head, refusal: Refusal) -> Processed:
        xMotivo = refusal.xMotivo
        return Processed(answers.ret_envi(head, refusal.cStat, xMotivo=xMotivo), refusal.cStat, xMotivo)

    # ---- NFeRetAutorizacao4

    def _receipt(self, message: bytes, _: str, __: Fault | None) -> Processed:
        head = Head(self._tpAmb, self._home, self.now())
        root = wire.read(message, "consReciNFe", "consReciNFe_v4.00", "215")
        if isinstance(root, Refusal):
            return self._of_receipt(head, "0" * 15, root)
        nRec = _field(root, "nRec")
        head = Head(self._tpAmb, nRec[:2] if nRec[:2] in UF_OF else self._home, head.at)
        if _field(root, "tpAmb") != self._tpAmb:
            return self._of_receipt(head, nRec, Refusal("252"))
        receipt = self._receipts.get(nRec)
        if receipt is None:
            return self._of_receipt(head, nRec, Refusal("106"))
        if receipt.polls > 0:
            receipt.polls -= 1
            return self._of_receipt(head, nRec, Refusal("105"))
        return Processed(answers.ret_cons_reci(head, nRec, "104", receipt.prots), "104", motivo("104"))

    def _of_receipt(self, head: Head, nRec: str, refusal: Refusal) -> Processed:
        answer = answers.ret_cons_reci(head, nRec, refusal.cStat, xMotivo=refusal.xMotivo)
        return Processed(answer, refusal.cStat, refusal.xMotivo)

    # ---- NFeConsultaProtocolo4

    def _consult(self, message: bytes, _: str, fault: Fault | None) -> Processed:
        head = Head(self._tpAmb, self._home, self.now())
        root = wire.read(message, "consSitNFe", "consSitNFe_v4.00", "215")
        if isinstance(root, Refusal):
            return self._of_key(head, "0" * 44, root)
        key = Key(_field(root, "chNFe"))
        head = Head(self._tpAmb, key.cUF if key.cUF in UF_OF else self._home, head.at)
        refusal = next(self._key_rules(root, key, head.at), None)
        if refusal is not None:
            return self._of_key(head, key.text, refusal)
        record = self.register.by_key(key.text)
        if record is None:
            return self._of_key(head, key.text, self._not_found(key))
        digval = not self.state.omit_digval and (fault is None or fault.action != "no_digval")
        prot = answers.prot_of(record, self._tpAmb, digval=digval, alerts=False)
        cStat = "110" if record.denied else record.cStat
        return Processed(answers.ret_cons_sit(head, key.text, cStat, prot=prot), cStat, motivo(cStat))

    def _key_rules(self, root: etree._Element, key: Key, now: datetime) -> Iterator[Refusal]:
        service = "NFeConsultaProtocolo4"
        if _field(root, "tpAmb") != self._tpAmb:
            yield Refusal("252")
        if key.cUF not in UF_OF:
            yield Refusal("614")
        elif UF_OF[key.cUF] not in self._ufs:
            yield Refusal("249")
        if not 1 <= int(key.AAMM[2:]) <= 12:
            yield Refusal("616")
        if key.mod not in ("55", "65"):
            yield Refusal("618")
        if key.nNF == 0:
            yield Refusal("619")
        if key_digit(key.text[:43]) != key.text[43]:
            yield Refusal("236")
        if self.guard.blocks(service, key.tax_id, now) or self.guard.consulted(self.state, service, key.text, now):
            yield Refusal("656")

    def _not_found(self, key: Key) -> Refusal:
        """217, or which other key has the number: month (561), cNF (562), or anything else (613) differs."""
        other = self.register.by_number(key)
        if other is None:
            return Refusal("217")
        stored = Key(other.chave)
        where = f"[chNFe:{other.chave}]"
        if stored.AAMM != key.AAMM:
            return Refusal("561", where)
        return Refusal("562" if stored.cNF != key.cNF else "613", where)

    def _of_key(self, head: Head, chave: str, refusal: Refusal) -> Processed:
        answer = answers.ret_cons_sit(head, chave, refusal.cStat, xMotivo=refusal.xMotivo)
        return Processed(answer, refusal.cStat, refusal.xMotivo)

    # ---- NFeStatusServico4

    def _status(self, message: bytes, _: str, __: Fault | None) -> Processed:
        head = Head(self._tpAmb, self._home, self.now())
        root = wire.read(message, "consStatServ", "consStatServ_v4.00", "215")
        if isinstance(root, Refusal):
            return self._of_status(head, root)
        head = Head(self._tpAmb, _field(root, "cUF"), head.at)
        if _field(root, "tpAmb") != self._tpAmb:
            return self._of_status(head, Refusal("252"))
        if UF_OF.get(head.cUF) not in self._ufs:
            return self._of_status(head, Refusal("410"))
        return self._of_status(head, Refusal(self.state.status))

    def _of_status(self, head: Head, refusal: Refusal) -> Processed:
        answer = answers.ret_cons_stat_serv(head, refusal.cStat, refusal.xMotivo)
        return Processed(answer, refusal.cStat, refusal.xMotivo)

    # ---- a scripted cStat

    def _forced(self, service: str, message: bytes, cStat: str) -> Processed:
        """The answer a fault asked for, with nothing (more) processed."""
        refusal = Refusal(cStat)
        chave, digVal = key_in(message), digest_in(message)
        cUF = chave[:2] if chave[:2] in UF_OF else self._home
        head = Head(self._tpAmb, cUF, self.now())
        if service == "NFeConsultaProtocolo4":
            return self._of_key(head, chave or "0" * 44, refusal)
        if service == "NFeStatusServico4":
            return self._of_status(head, refusal)
        if service == "NFeRetAutorizacao4":
            return self._of_receipt(head, "0" * 15, refusal)
        if cStat in _OF_THE_LOT or not chave or not digVal:
            return self._lot_refused(head, refusal)
        prot = answers.prot_refused(head, chave, digVal, refusal)
        return Processed(answers.ret_envi(head, "104", prot=prot), cStat, refusal.xMotivo)


def _field(root: etree._Element, tag: str) -> str:
    return root.findtext(f"{{{NFE}}}{tag}") or ""


def key_in(message: bytes) -> str:
    """The access key a message is about, found without parsing; empty when there is none."""
    for mark in (b'Id="NFe', b"<chNFe>"):
        at = message.find(mark)
        if at >= 0:
            found = message[at + len(mark) : at + len(mark) + 44].decode("ascii", "replace")
            if len(found) == 44 and found.isalnum() and found[20:].isdigit():
                return found
    return ""


def digest_in(message: bytes) -> str:
    """The first DigestValue of a message, found without parsing."""
    _, mark, rest = message.partition(b"<DigestValue>")
    value, end, _ = rest.partition(b"</DigestValue>")
    return value.decode("ascii", "replace") if mark and end and len(value) == 28 else ""
