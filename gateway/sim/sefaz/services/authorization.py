"""NFeAutorizacao4 and NFeRetAutorizacao4. Source: MOC 7.0, 5.1 and 5.2; NT 2013.007 (SVC)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.sim.sefaz import answers, wire
from gateway.sim.sefaz.answers import Head
from gateway.sim.sefaz.chave import UF_OF, Key
from gateway.sim.sefaz.document import Note, find_all, text
from gateway.sim.sefaz.messages import Refusal, motivo
from gateway.sim.sefaz.office import Asked, Face, Office, Processed, digest_in, field, key_in
from gateway.sim.sefaz.records import Authorized
from gateway.sim.sefaz.rules import Conditions, first_refusal
from gateway.sim.sefaz.schema import NFE, schema
from gateway.sim.sefaz.services import contingency, parcels

_OF_THE_LOT = frozenset(
    {"108", "109", "113", "114", "126", "214", "215", "225", "239", "243", "280", "281", "282", "402", "404", "452", "516"}
    | {"587", "588", "656", "764", "765", "999"}
)
_ALERTS = (("172", "Alerta de teste do simulador"),)
_RECEIPTS_KEPT = 10_000
_GOODS = ("cProd", "cEAN", "xProd", "NCM", "CFOP", "uCom", "qCom", "vUnCom", "vProd", "indTot")


@dataclass(slots=True)
class _Receipt:
    prots: str
    polls: int


class Authorization:
    """Judges lots, keeps what it authorises, and the receipts of what it answers later."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._receipts: dict[str, _Receipt] = {}

    def reset(self) -> None:
        self._receipts.clear()

    # ---- NFeAutorizacao4

    def authorize(self, asked: Asked) -> Processed:
        office, fault = self._office, asked.fault
        head = office.head()
        closed = contingency.closed(office, asked.face, key_in(asked.message))
        if closed or not asked.transmitter:
            return self._lot_refused(head, closed or Refusal("282"))
        root = wire.read(asked.message, "enviNFe", schema("enviNFe_v4.00"), "225")
        if isinstance(root, Refusal):
            return self._lot_refused(head, root)
        notes = [Note(element) for element in root.findall(f"{{{NFE}}}NFe")]
        head = Head(office.tpAmb, notes[0].cUF, head.at)
        refusal = next(self._lot_rules(notes, field(root, "indSinc"), head.at), None)
        if refusal is not None:
            return self._lot_refused(head, refusal)
        results = [self._judge_note(head, note, asked) for note in notes]
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
        if self._office.guard.blocks(self._office.state, notes[0].key.tax_id, now):
            yield Refusal("656")

    def _keep_receipt(self, cUF: str, receipt: _Receipt) -> str:
        nRec = self._office.register.next_receipt(cUF)
        self._receipts[nRec] = receipt
        if len(self._receipts) > _RECEIPTS_KEPT:
            del self._receipts[next(iter(self._receipts))]
        return nRec

    def _judge_note(self, head: Head, note: Note, asked: Asked) -> tuple[str, str, str]:
        """protNFe, cStat and xMotivo of one note; the note is stored when it is authorised or denied."""
        office, fault = self._office, asked.fault
        refusal = self._refusal(note, head.at, asked.face)
        if refusal is None:
            record = self._admit(head, note, asked)
            digval = not office.state.omit_digval and (fault is None or fault.action != "no_digval")
            return answers.prot_of(record, office.tpAmb, digval=digval), record.cStat, record.xMotivo
        if office.guard.refused(office.state, note.key, refusal.cStat, head.at):
            return "", "656", motivo("656")
        return answers.prot_refused(head, note.key.text, note.digVal, refusal), refusal.cStat, refusal.xMotivo

    def _refusal(self, note: Note, now: datetime, face: Face) -> Refusal | None:
        office, state = self._office, self._office.state
        refusal = contingency.misplaced(office, face, note)
        if refusal is None:
            refusal = office.judge.refusal(note, now, state.verifier)
        if refusal is None:
            conditions = Conditions(now, office.tpAmb, office.ufs, state.csc, state.taxpayers, office.register.by_key)
            refusal = first_refusal(note, conditions)
        return refusal or self._duplicate(note.key) or contingency.refusal(office, note, now)

    def _duplicate(self, key: Key) -> Refusal | None:
        register = self._office.register
        known = register.by_key(key.text)
        if known is not None:
            if register.cancellation(key.text) is not None:
                return Refusal("218", f"[nRec:{known.nRec}]")
            return Refusal("205" if known.denied else "204", f"[nRec:{known.nRec}]")
        other = register.by_number(key)
        if other is not None:
            return Refusal("539", f"[chNFe:{other.chave}][nRec:{other.nRec}]")
        return Refusal("206") if register.is_voided(key) else None

    def _admit(self, head: Head, note: Note, asked: Asked) -> Authorized:
        office, fault = self._office, asked.fault
        cStat = "150" if contingency.late(office.state, note, head.at) else "100"
        alerts: tuple[tuple[str, str], ...] = ()
        if fault is not None and fault.action == "denied":
            cStat = fault.cStat if fault.cStat in ("301", "302", "303") else "302"
        elif fault is not None and fault.action == "alerts":
            cStat, alerts = "120", _ALERTS
        record = stored_as(office, note, cStat, head, svc=office.acts_as_svc(asked.face, note.key), alerts=alerts)
        office.register.store(record)
        parcels.of_note(office, record, note)
        return record

    def _lot_refused(self, head: Head, refusal: Refusal) -> Processed:
        answer = answers.ret_envi(head, refusal.cStat, xMotivo=refusal.xMotivo)
        return Processed(answer, refusal.cStat, refusal.xMotivo)

    def forced(self, asked: Asked, cStat: str) -> Processed:
        """The answer a fault asked for, with nothing (more) processed."""
        refusal = Refusal(cStat)
        chave, digVal = key_in(asked.message), digest_in(asked.message)
        head = self._office.head(chave[:2])
        if cStat in _OF_THE_LOT or not chave or not digVal:
            return self._lot_refused(head, refusal)
        prot = answers.prot_refused(head, chave, digVal, refusal)
        return Processed(answers.ret_envi(head, "104", prot=prot), cStat, refusal.xMotivo)

    # ---- NFeRetAutorizacao4

    def receipt(self, asked: Asked) -> Processed:
        office = self._office
        root = wire.read(asked.message, "consReciNFe", schema("consReciNFe_v4.00"), "215")
        if isinstance(root, Refusal):
            return self._of_receipt(office.head(), "0" * 15, root)
        nRec = field(root, "nRec")
        head = office.head(nRec[:2] if nRec[:2] in UF_OF else "")
        if field(root, "tpAmb") != office.tpAmb:
            return self._of_receipt(head, nRec, Refusal("252"))
        receipt = self._receipts.get(nRec)
        if receipt is None:
            return self._of_receipt(head, nRec, Refusal("106"))
        if receipt.polls > 0:
            receipt.polls -= 1
            return self._of_receipt(head, nRec, Refusal("105"))
        return Processed(answers.ret_cons_reci(head, nRec, "104", receipt.prots), "104", motivo("104"))

    def receipt_forced(self, _: Asked, cStat: str) -> Processed:
        return self._of_receipt(self._office.head(), "0" * 15, Refusal(cStat))

    def _of_receipt(self, head: Head, nRec: str, refusal: Refusal) -> Processed:
        answer = answers.ret_cons_reci(head, nRec, refusal.cStat, xMotivo=refusal.xMotivo)
        return Processed(answer, refusal.cStat, refusal.xMotivo)


def stored_as(
    office: Office, note: Note, cStat: str, head: Head, *, svc: bool = False, alerts: tuple[tuple[str, str], ...] = ()
) -> Authorized:
    """The record of a note that is about to enter the base, with its protocol and receipt."""
    dest = note.dest
    return Authorized(
        chave=note.key.text,
        nNF=note.nNF,
        serie=note.serie,
        mod=note.mod,
        cUF=note.cUF,
        issuer=note.issuer,
        nProt=office.register.next_protocol(note.cUF, head.at.year),
        digVal=note.digVal,
        dhRecbto=head.dhRecbto,
        cStat=cStat,
        xMotivo=motivo(cStat),
        vNF=str(note.vNF),
        vICMS=note.vICMS,
        vST=text(note.inf, "total/ICMSTot/vST"),
        nRec=office.register.next_receipt(note.cUF),
        alerts=alerts,
        dhEmi=text(note.ide, "dhEmi"),
        dest="" if dest is None else text(dest, "CNPJ") or text(dest, "CPF") or text(dest, "idEstrangeiro"),
        dest_uf=note.dest_uf,
        carrier=text(note.inf, "transp/transporta/CNPJ"),
        readers=tuple(node.text for node in find_all(note.inf, "autXML/CNPJ")),
        items=len(note.items),
        goods=_goods(note) if note.mod == "65" else "",
        svc=svc,
    )


def _goods(note: Note) -> str:
    """Digest of what MOC 5P31-40 compares between a note and the one that substitutes it."""
    rows = (text(item, f"prod/{tag}") for item in note.items for tag in _GOODS)
    return hashlib.blake2s("\n".join(rows).encode(), digest_size=16).hexdigest()
