"""NFeRecepcaoEvento4: a lot of up to twenty events, each judged and answered by itself. Source: MOC 7.0, 5.8."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from gateway.sim.sefaz import wire
from gateway.sim.sefaz.answers import VER_APLIC, Head, status
from gateway.sim.sefaz.messages import Refusal, motivo, plain
from gateway.sim.sefaz.office import Asked, Office, Processed, field, key_in
from gateway.sim.sefaz.records import Authorized, Event
from gateway.sim.sefaz.schema import NFE, event_schema
from gateway.sim.sefaz.services import contingency, event_rules, issuer_events, parcels
from gateway.sim.sefaz.services.event_kinds import CONCLUSIVE, KINDS, EventKind
from gateway.sim.sefaz.services.event_request import EventRequest, requests_in

_CLOSED = ("108", "109", "114")


class Events:
    """Receives lots of events for home, SVC and Ambiente Nacional."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def receive(self, asked: Asked) -> Processed:
        office = self._office
        if not asked.transmitter:
            return self._lot(asked, Refusal("282"))
        root = wire.read(asked.message, "envEvento", event_schema("envEvento"), "215", "1.00")
        if isinstance(root, Refusal):
            return self._lot(asked, root)
        events = list(requests_in(root, asked.message))
        closed = self._closed(asked, events[0])
        if closed is not None:
            return self._lot(asked, closed)
        if any(event.cOrgao != events[0].cOrgao for event in events):
            return self._lot(asked, Refusal("477"))
        if office.guard.blocks(office.state, events[0].author, office.now()):
            return self._lot(asked, Refusal("656"))
        results = [self._judge(asked, event) for event in events]
        answer = self._answer(field(root, "idLote"), events[0].cOrgao, "128", "".join(result.answer for result in results))
        return Processed(answer, results[-1].cStat, results[-1].xMotivo)

    def _closed(self, asked: Asked, event: EventRequest) -> Refusal | None:
        """The state of who is asked: the AN when cOrgao is 91, the SVC for what it authorised, else home."""
        if event.cOrgao == "91" or asked.face == "an":
            return contingency.closed(self._office, "an", "")
        kind = KINDS.get(event.tpEvento)
        at_origin = kind is not None and kind.place == "origin" and self._office.acts_as_svc(asked.face, event.key)
        # What the SVC authorised it also cancels after it was switched off: only new notes are barred by 114.
        return None if asked.face == "svc" or at_origin else contingency.closed(self._office, "", "")

    def _judge(self, asked: Asked, event: EventRequest) -> Processed:
        office = self._office
        head = office.head(event.cOrgao)
        refusal = next(self._refusals(asked, event), None)
        if refusal is not None:
            return self._result(head, event, refusal.cStat, refusal.xMotivo)
        note = office.known(event.key.text, asked.face)
        late = event.tpEvento == "110111" and note is not None and not issuer_events.in_time(office, note)
        cStat = "136" if note is None else "155" if late else "135"
        nProt = office.register.next_protocol("91" if event.cOrgao == "91" else event.key.cUF, head.at.year)
        result = self._result(head, event, cStat, motivo(cStat), nProt)
        registered = Event(
            chave=event.key.text,
            tpEvento=event.tpEvento,
            nSeqEvento=event.nSeqEvento,
            author=event.author,
            cOrgao=event.cOrgao,
            nProt=nProt,
            dhRegEvento=head.dhRecbto,
            cStat=cStat,
            evento=event.xml,
            retEvento=result.answer,
            of=event.told("nProtEvento"),
            fields=_kept(event),
            svc=office.acts_as_svc(asked.face, event.key) and KINDS[event.tpEvento].place == "origin",
        )
        office.register.store(registered)
        parcels.of_event(office, registered, note)
        return result

    def _refusals(self, asked: Asked, event: EventRequest) -> Iterator[Refusal]:
        office = self._office
        verdict = office.judge.refusal_of(event.root, event.Id, event.author, office.now(), office.state.verifier)
        if verdict is not None:
            yield verdict
        yield from event_rules.general(office, asked.face, event)
        kind = KINDS[event.tpEvento]
        note = office.known(event.key.text, asked.face)
        if event.tpEvento == "110140":
            yield from event_rules.duplicate(office, event)
            yield from issuer_events.epec(office, event)
        elif note is None:
            if kind.needs_note:
                yield Refusal("494", f"[chNFe:{event.key.text}]")
            yield from event_rules.duplicate(office, event)
        else:
            yield from event_rules.of_note(office, asked.face, event, kind, note)
            yield from self._of_kind(event, kind, note)

    def _of_kind(self, event: EventRequest, kind: EventKind, note: Authorized) -> Iterator[Refusal]:
        specific = {
            "110111": issuer_events.cancellation,
            "110112": issuer_events.substitution,
            "110110": issuer_events.correction,
            "110150": issuer_events.actor,
        }.get(event.tpEvento)
        if specific is not None:
            yield from specific(self._office, event, note)
        elif kind.author == "addressee" and event.cOrgao == "91" and event.tpEvento.startswith("2102"):
            yield from self._manifestation(event, note)

    def _manifestation(self, event: EventRequest, note: Authorized) -> Iterator[Refusal]:
        """Deadlines (596), and no ciência after a conclusive one (655). Two of each type, and the last one stands."""
        state = self._office.state
        limit = state.awareness_s if event.tpEvento == "210210" else state.manifestation_s
        if issuer_events.age(self._office, note) > timedelta(seconds=limit):
            yield Refusal("596", f"[{limit / 86_400:g} dias]")
        told = self._office.register.events_of(note.chave)
        if event.tpEvento == "210210" and any(each.tpEvento in CONCLUSIVE for each in told):
            yield Refusal("655")

    # ---- answers

    def _result(self, head: Head, event: EventRequest, cStat: str, xMotivo: str, nProt: str = "") -> Processed:
        """retEvento 1.00: with xEvento and protocol when registered."""
        kind = KINDS.get(event.tpEvento)
        described = f"<xEvento>{plain(kind.xEvento)}</xEvento>" if nProt and kind is not None else ""
        Id = f' Id="ID{nProt}"' if nProt else ""
        answer = (
            f'<retEvento xmlns="{NFE}" versao="1.00"><infEvento{Id}>'
            f"<tpAmb>{head.tpAmb}</tpAmb><verAplic>{VER_APLIC}</verAplic><cOrgao>{event.cOrgao}</cOrgao>{status(cStat, xMotivo)}"
            f"<chNFe>{event.key.text}</chNFe><tpEvento>{event.tpEvento}</tpEvento>{described}"
            f"<nSeqEvento>{event.nSeqEvento}</nSeqEvento><dhRegEvento>{head.dhRecbto}</dhRegEvento>"
            f"{f'<nProt>{nProt}</nProt>' if nProt else ''}</infEvento></retEvento>"
        )
        return Processed(answer, cStat, xMotivo)

    def _answer(self, idLote: str, cOrgao: str, cStat: str, results: str = "", xMotivo: str = "") -> str:
        return (
            f'<retEnvEvento xmlns="{NFE}" versao="1.00"><idLote>{idLote}</idLote><tpAmb>{self._office.tpAmb}</tpAmb>'
            f"<verAplic>{VER_APLIC}</verAplic><cOrgao>{cOrgao}</cOrgao>{status(cStat, xMotivo or motivo(cStat))}"
            f"{results}</retEnvEvento>"
        )

    def _lot(self, asked: Asked, refusal: Refusal) -> Processed:
        """A refusal of the whole lot."""
        key = key_in(asked.message)
        cOrgao = "91" if asked.face == "an" or b"<cOrgao>91<" in asked.message else key[:2] or self._office.home
        return Processed(self._answer("1", cOrgao, refusal.cStat, xMotivo=refusal.xMotivo), refusal.cStat, refusal.xMotivo)

    def forced(self, asked: Asked, cStat: str) -> Processed:
        """The refusal a fault asked for: of the event when it can be read, of the lot otherwise."""
        refusal = Refusal(cStat)
        root = wire.read(asked.message, "envEvento", event_schema("envEvento"), "215", "1.00")
        if isinstance(root, Refusal) or cStat in (*_CLOSED, "656", "999", "215", "280", "282"):
            return self._lot(asked, refusal)
        event = next(requests_in(root, asked.message))
        result = self._result(self._office.head(event.cOrgao), event, cStat, refusal.xMotivo)
        return Processed(self._answer(field(root, "idLote"), event.cOrgao, "128", result.answer), cStat, refusal.xMotivo)


def _kept(event: EventRequest) -> dict[str, str]:
    """What later rules ask of this event."""
    if event.tpEvento == "110140":
        fields = {tag: event.told(tag) for tag in ("tpNF", "dhEmi", "IE")}
        for tag in ("UF", "vNF", "vICMS", "vST"):
            fields[tag] = event.told(f"dest/{tag}")
        told = (event.told(f"dest/{tag}") for tag in ("CNPJ", "CPF", "idEstrangeiro"))
        return fields | {"addressee": next(filter(None, told), "")}
    if event.tpEvento == "110150":
        reader = event.told("autXML/CNPJ") or event.told("autXML/CPF")
        return {"reader": reader, "tpAutorizacao": event.told("tpAutorizacao")}
    return {}
