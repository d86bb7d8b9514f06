"""The authoriser itself: a message in, an answer out, and what is stored in between. No sockets here."""

from __future__ import annotations

from collections.abc import Callable

from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.faults import Fault
from gateway.sim.sefaz.office import Asked, Clock, Face, Office, Processed
from gateway.sim.sefaz.register import Register
from gateway.sim.sefaz.schema import parse
from gateway.sim.sefaz.services import parcels
from gateway.sim.sefaz.services.authorization import Authorization, stored_as
from gateway.sim.sefaz.services.cadastro import Cadastro
from gateway.sim.sefaz.services.consultation import Consultation
from gateway.sim.sefaz.services.distribution import Distribution
from gateway.sim.sefaz.services.events import Events
from gateway.sim.sefaz.services.voiding import Voiding
from gateway.sim.sefaz.signature import SignatureJudge
from gateway.sim.sefaz.state import State

_Handler = Callable[[Asked], Processed]
_Forced = Callable[[Asked, str], Processed]


class Authorizer(Office):
    """Every service of every UF in `ufs`, of the SVCs and of the Ambiente Nacional, in one environment."""

    def __init__(self, *, register: Register, judge: SignatureJudge, clock: Clock, tpAmb: str, ufs: frozenset[str]) -> None:
        super().__init__(register=register, judge=judge, clock=clock, tpAmb=tpAmb, ufs=ufs)
        self._authorization, self._distribution = Authorization(self), Distribution(self)
        consultation, events, voiding, cadastro = Consultation(self), Events(self), Voiding(self), Cadastro(self)
        self._services: dict[str, tuple[_Handler, _Forced]] = {
            "NFeAutorizacao4": (self._authorization.authorize, self._authorization.forced),
            "NFeRetAutorizacao4": (self._authorization.receipt, self._authorization.receipt_forced),
            "NFeConsultaProtocolo4": (consultation.consult, consultation.forced),
            "NFeStatusServico4": (consultation.status, consultation.status_forced),
            "NFeRecepcaoEvento4": (events.receive, events.forced),
            "NFeInutilizacao4": (voiding.void, voiding.forced),
            "CadConsultaCadastro4": (cadastro.consult, cadastro.forced),
            "NFeDistribuicaoDFe": (self._distribution.distribute, self._distribution.forced),
        }

    def reset(self) -> None:
        """Forget notes, events, requests, receipts, blocks and switches."""
        self.register.reset()
        self.guard.reset()
        self._authorization.reset()
        self._distribution.reset()
        self.state = State()

    def supply(self, note: bytes) -> str:
        """Put a third party's note into the base as authorised now, and its documents at the Ambiente Nacional; its chave."""
        read = Note(parse(note))
        head = self.head(read.cUF)
        record = stored_as(self, read, "100", head)
        self.register.store(record)
        parcels.of_note(self, record, read)
        return record.chave

    def process(
        self,
        service: str,
        message: bytes,
        transmitter: str,
        fault: Fault | None = None,
        *,
        face: Face = "",
        wrapped: bool = False,
    ) -> Processed:
        """Answer one message. `transmitter` is the tax id in the TLS certificate; `fault` bends the outcome, if it can.

        face: where it was sent. wrapped: it came inside the operation's own element, as some services want it.
        """
        handler, forced = self._services[service]
        asked = Asked(message, transmitter, face, fault, wrapped)
        if fault is None or fault.action != "cstat":
            return handler(asked)
        if fault.phase == "after":
            handler(asked)
        return forced(asked, fault.cStat)


__all__ = ["Authorizer", "Face", "Processed"]
