"""NFeConsultaProtocolo4 and NFeStatusServico4. Source: MOC 7.0, 5.4 and 5.5; NT 2013.007 (113 and 114)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gateway.sim.sefaz import answers, wire
from gateway.sim.sefaz.answers import Head
from gateway.sim.sefaz.chave import UF_OF, Key, key_digit
from gateway.sim.sefaz.messages import Refusal, motivo
from gateway.sim.sefaz.office import Asked, Office, Processed, field, key_in, svc_of
from gateway.sim.sefaz.records import Authorized, Event
from gateway.sim.sefaz.schema import schema


class Consultation:
    """What became of a key, with every event of it; and how the service is."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # ---- NFeConsultaProtocolo4

    def consult(self, asked: Asked) -> Processed:
        office, fault = self._office, asked.fault
        root = wire.read(asked.message, "consSitNFe", schema("consSitNFe_v4.00"), "215")
        if isinstance(root, Refusal):
            return self._of_key(office.head(), "0" * 44, root)
        key = Key(field(root, "chNFe"))
        head = office.head(key.cUF if key.cUF in UF_OF else "")
        refusal = next(self._key_rules(root, key, head), None)
        if refusal is not None:
            return self._of_key(head, key.text, refusal)
        record = office.known(key.text, asked.face)
        if record is None:
            return self._of_key(head, key.text, self._not_found(key, asked))
        digval = not office.state.omit_digval and (fault is None or fault.action != "no_digval")
        prot = answers.prot_of(record, office.tpAmb, digval=digval, alerts=False)
        events = [event for event in office.register.events_of(key.text) if asked.face != "svc" or event.svc]
        cStat = _standing(record, office.register.cancellation(key.text))
        answer = answers.ret_cons_sit(head, key.text, cStat, prot=prot, events="".join(event.proc for event in events))
        return Processed(answer, cStat, motivo(cStat))

    def _key_rules(self, root: etree._Element, key: Key, head: Head) -> Iterator[Refusal]:
        office = self._office
        if field(root, "tpAmb") != office.tpAmb:
            yield Refusal("252")
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
        guard, state = office.guard, office.state
        if guard.blocks(state, key.tax_id, head.at) or guard.consulted(state, key.text, head.at):
            yield Refusal("656")

    def _not_found(self, key: Key, asked: Asked) -> Refusal:
        """217, or which other key has the number: month (561), cNF (562), or anything else (613) differs."""
        other = self._office.register.by_number(key)
        if other is None or other.chave == key.text or self._office.known(other.chave, asked.face) is None:
            return Refusal("217")
        stored = Key(other.chave)
        where = f"[chNFe:{other.chave}]"
        if stored.AAMM != key.AAMM:
            return Refusal("561", where)
        return Refusal("562" if stored.cNF != key.cNF else "613", where)

    def forced(self, asked: Asked, cStat: str) -> Processed:
        chave = key_in(asked.message)
        return self._of_key(self._office.head(chave[:2]), chave or "0" * 44, Refusal(cStat))

    def _of_key(self, head: Head, chave: str, refusal: Refusal) -> Processed:
        answer = answers.ret_cons_sit(head, chave, refusal.cStat, xMotivo=refusal.xMotivo)
        return Processed(answer, refusal.cStat, refusal.xMotivo)

    # ---- NFeStatusServico4

    def status(self, asked: Asked) -> Processed:
        office = self._office
        root = wire.read(asked.message, "consStatServ", schema("consStatServ_v4.00"), "215")
        if isinstance(root, Refusal):
            return self._of_status(office.head(), root)
        cUF = field(root, "cUF")
        head = office.head(cUF)
        if field(root, "tpAmb") != office.tpAmb:
            return self._of_status(head, Refusal("252"))
        uf = UF_OF.get(cUF, "")
        if uf not in office.ufs:
            return self._of_status(head, Refusal("410"))
        if asked.face == "svc":
            return self._of_status(head, self._of_svc(uf))
        return self._of_status(head, Refusal(office.state.status))

    def _of_svc(self, uf: str) -> Refusal:
        state = self._office.state
        name = "SVC-RS" if svc_of(uf) == "7" else "SVC-AN"
        if state.svc == "113":
            until = f" em {state.svc_until}" if state.svc_until else ""
            return Refusal("113", f"{name} sera desabilitada para a SEFAZ-{uf}{until}")
        return Refusal(state.svc)

    def status_forced(self, _: Asked, cStat: str) -> Processed:
        return self._of_status(self._office.head(), Refusal(cStat))

    def _of_status(self, head: Head, refusal: Refusal) -> Processed:
        answer = answers.ret_cons_stat_serv(head, refusal.cStat, refusal.xMotivo)
        return Processed(answer, refusal.cStat, refusal.xMotivo)


def _standing(record: Authorized, cancellation: Event | None) -> str:
    if record.denied:
        return "110"
    if cancellation is not None:
        return "151" if cancellation.cStat == "155" else "101"
    return record.cStat
