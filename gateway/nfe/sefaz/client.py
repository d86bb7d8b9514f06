"""The wire to SEFAZ: implements `gateway.nfe.ports.Sefaz` over SOAP 1.2 and mutual TLS.

What happens, and what it becomes::

    before a byte leaves                    DNS, connect, pool, TLS         NotSent
                                            our certificate refused         Refused SEFAZ-TLS-CLIENT
                                            unknown root                    ConfigInvalid SEFAZ-TLS-ROOT
                                            wrong place or document         Refused SEFAZ-GUARD, SEFAZ-UNFIT
    bytes may have left, no whole answer    authorize                       OutcomeUnknown
                                            consult, status                 NotSent SEFAZ-NO-ANSWER (reads may be repeated)
    an answer that says nothing             authorize                       Unknown; consult: Unknown; status: ProtocolBroken
    HTTP 5xx                                authorize                       Unknown; reads: NotSent SEFAZ-NO-ANSWER
    HTTP 3xx, never followed                any                             ProtocolBroken SEFAZ-REDIRECT
    HTTP 401, 403, 4xx                      any                             Refused; 429: Throttled
    a cStat                                 any                             a value, by `gateway.nfe.decisions`; 656 too

Stateless but for its sessions; never retries. One log line a call, without bodies or secrets.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import structlog

from gateway.core.chave import ChaveAcesso
from gateway.core.clock import Clock
from gateway.core.errors import GatewayError, NotSent, Refused
from gateway.nfe.answers import Authorized, Consultation, Denied, Outcome, ServiceStatus, Unknown
from gateway.nfe.event_answers import (
    DistributionBatch,
    DistributionQuery,
    EventOutcome,
    EventUnknown,
    History,
    OneChave,
    Taxpayer,
    VoidedBefore,
    VoidingOutcome,
    VoidingUnknown,
)
from gateway.nfe.ports import SignedEvent, SignedInut, SignedXml, Target
from gateway.nfe.sefaz import parse, parse_distribution, parse_events
from gateway.nfe.sefaz.endpoints import Endpoint, Endpoints
from gateway.nfe.sefaz.exchange import NoAnswer, post
from gateway.nfe.sefaz.guard import check_request, check_target
from gateway.nfe.sefaz.messages import (
    chave_of,
    cons_cad,
    cons_reci_nfe,
    cons_sit_nfe,
    cons_stat_serv,
    dist_dfe_int,
    env_evento,
    envi_nfe,
    event_of,
)
from gateway.nfe.sefaz.replies import Unavailable, payload_of
from gateway.nfe.sefaz.sessions import Sessions
from gateway.nfe.sefaz.soap import Payload, Unclear, envelope
from gateway.nfe.sefaz.tls import Trust

_Answer = TypeVar("_Answer", Outcome, Consultation, ServiceStatus, EventOutcome, VoidingOutcome, Taxpayer, DistributionBatch)

_log = structlog.get_logger("gateway.sefaz")


class SefazClient:
    """Every service of every authoriser, for any number of branches, from one event loop.

    connect_timeout and read_timeout are seconds: to get a connection (queue, DNS, TCP, TLS), and from then on for the whole
    answer. `ca_bundle` is a PEM file, or a folder of them, with roots that the system lacks (ICP-Brasil).
    """

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        clock: Clock,
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
        ca_bundle: Path | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._clock = clock
        timeout = aiohttp.ClientTimeout(
            total=connect_timeout + read_timeout, connect=connect_timeout, sock_connect=connect_timeout, sock_read=read_timeout
        )
        self._sessions = Sessions(trust=Trust(only=endpoints.override_ca, extra=ca_bundle), clock=clock, timeout=timeout)

    async def authorize(self, target: Target, signed: SignedXml, *, idLote: int) -> Outcome:
        """Send one note. The key in the document decides the authoriser (tpEmis 6 and 7: the SVC)."""
        chave = chave_of(signed)
        check_target(chave, target, self._endpoints.cuf_of(target.uf))
        endpoint = self._endpoints.for_chave(chave, target.tpAmb, "NFeAutorizacao4", at=self._clock.now().date())
        with self._logged(endpoint, target, chave) as line:
            try:
                payload = await self._ask(endpoint, target, envi_nfe(signed, idLote), line)
                outcome = parse.authorization(payload, chave=chave, tpAmb=target.tpAmb)
            except Unclear as unclear:
                line["error"] = unclear.code
                outcome = Unknown(unclear.detail)
            return _seen(line, outcome)

    async def receipt(self, target: Target, chave: str, nRec: str) -> Outcome:
        """Ask about a receipt, at the authoriser of the note it is of."""
        key = _key(chave)
        endpoint = self._endpoints.for_chave(key, target.tpAmb, "NFeRetAutorizacao4", at=self._clock.now().date())
        with self._logged(endpoint, target, key) as line:
            try:
                payload = await self._read(endpoint, target, cons_reci_nfe(nRec, target.tpAmb), line)
                outcome = parse.receipt(payload, chave=key, tpAmb=target.tpAmb)
            except Unclear as unclear:
                line["error"] = unclear.code
                outcome = Unknown(unclear.detail)
            return _seen(line, outcome)

    async def consult(self, target: Target, chave: str) -> Consultation:
        """Ask what became of a key, of any UF and model: the key decides the authoriser. Safe to repeat, but for 656."""
        return (await self.history(target, chave)).consultation

    async def history(self, target: Target, chave: str) -> History:
        """The same question, with every event of the answer."""
        key = _key(chave)
        endpoint = self._endpoints.for_chave(key, target.tpAmb, "NFeConsultaProtocolo4", at=self._clock.now().date())
        with self._logged(endpoint, target, key) as line:
            try:
                payload = await self._read(endpoint, target, cons_sit_nfe(key, target.tpAmb), line)
                answer = parse.consultation(payload, chave=key, tpAmb=target.tpAmb)
                events = tuple(parse_events.registered_events(payload))
            except Unclear as unclear:
                line["error"] = unclear.code
                lost: Consultation = Unknown(unclear.detail)
                return History(_seen(line, lost), ())
            return History(_seen(line, answer), events)

    async def send_event(self, target: Target, event: SignedEvent, *, idLote: int, at_origin: bool = False) -> EventOutcome:
        """Send one event. Its cOrgao decides the Ambiente Nacional; `at_origin` the SVC of the key, else the key's home."""
        chave, cOrgao = event_of(event)
        uf = "AN" if cOrgao == "91" else self._endpoints.uf_of(chave.cUF)
        tpEmis = chave.tpEmis if at_origin else "1"
        day = self._clock.now().date()
        endpoint = self._endpoints.url_for(uf, chave.mod, target.tpAmb, "NFeRecepcaoEvento4", tpEmis=tpEmis, at=day)
        tpEvento, n_seq = parse_events.identity_of(event)
        with self._logged(endpoint, target, chave) as line:
            line["tpEvento"] = tpEvento
            try:
                payload = await self._ask(endpoint, target, env_evento(event, idLote), line)
                outcome = parse_events.event_outcome(payload, chave=chave, tpEvento=tpEvento, n_seq=n_seq, tpAmb=target.tpAmb)
            except Unclear as unclear:
                line["error"] = unclear.code
                outcome = EventUnknown(unclear.detail)
            return _seen(line, outcome)

    async def inutilize(self, target: Target, request: SignedInut) -> VoidingOutcome:
        """Void a range. The SVC offers no inutilização (NT 2013.007): it always goes home."""
        day = self._clock.now().date()
        endpoint = self._endpoints.url_for(target.uf, target.mod, target.tpAmb, "NFeInutilizacao4", at=day)
        with self._logged(endpoint, target, None) as line:
            try:
                payload = await self._ask(endpoint, target, request, line)
                outcome = parse_events.voiding_outcome(payload, tpAmb=target.tpAmb)
            except Unclear as unclear:
                line["error"] = unclear.code
                outcome = VoidingUnknown(unclear.detail)
            return _seen(line, outcome)

    async def taxpayer(self, target: Target, uf: str, document: str) -> Taxpayer:
        """Ask a state for the registrations of a document."""
        endpoint = self._endpoints.url_for(uf, "55", target.tpAmb, "CadConsultaCadastro4", at=self._clock.now().date())
        with self._logged(endpoint, target, None) as line:
            payload = await self._read(endpoint, target, cons_cad(uf, document), line)
            return _seen(line, parse_distribution.taxpayer(payload))

    async def distribute(self, target: Target, tax_id: str, query: DistributionQuery) -> DistributionBatch:
        """Ask the Ambiente Nacional for documents. Raises ProtocolBroken (Unclear) for a document that does not open."""
        endpoint = self._endpoints.url_for("AN", "55", target.tpAmb, "NFeDistribuicaoDFe", at=self._clock.now().date())
        message = dist_dfe_int(query, cUF=self._endpoints.cuf_of(target.uf), tax_id=tax_id, tpAmb=target.tpAmb)
        with self._logged(endpoint, target, query.chave if isinstance(query, OneChave) else None) as line:
            payload = await self._read(endpoint, target, message, line)
            return _seen(line, parse_distribution.distribution(payload, tpAmb=target.tpAmb))

    async def status(self, target: Target) -> ServiceStatus:
        """Status of the authoriser of the target's UF, model and tpEmis (6 and 7: the SVC). At most every 3 minutes."""
        endpoint = self._endpoints.url_for(
            target.uf,
            target.mod,
            target.tpAmb,
            "NFeStatusServico4",
            tpEmis=target.tpEmis,
            at=self._clock.now().date(),
        )
        message = cons_stat_serv(self._endpoints.cuf_of(target.uf), target.tpAmb)
        with self._logged(endpoint, target, None) as line:
            payload = await self._read(endpoint, target, message, line)
            return _seen(line, parse.service_status(payload, tpAmb=target.tpAmb))

    def status_host(self, target: Target) -> str:
        """The host that `status` asks. Raises ConfigInvalid when the target has none."""
        at = self._clock.now().date()
        return self._endpoints.url_for(target.uf, target.mod, target.tpAmb, "NFeStatusServico4", tpEmis=target.tpEmis, at=at).host

    async def close(self) -> None:
        """Close every session. Calls after it raise NotSent."""
        await self._sessions.close()

    async def _read(self, endpoint: Endpoint, target: Target, message: bytes, line: dict[str, Any]) -> Payload:
        """A question that may be asked again: what is lost after sending is as harmless as what was never sent."""
        try:
            return await self._ask(endpoint, target, message, line)
        except (NoAnswer, Unavailable) as lost:
            raise NotSent(lost.detail, code="SEFAZ-NO-ANSWER") from lost

    async def _ask(self, endpoint: Endpoint, target: Target, message: bytes, line: dict[str, Any]) -> Payload:
        body = envelope(endpoint, message)
        check_request(endpoint, hosts=self._endpoints.hosts(target.tpAmb), tpAmb=target.tpAmb, body=body)
        async with self._sessions.lease(target.pfx) as session:
            reply = await post(session, endpoint, body)
        line["http"] = reply.status
        return payload_of(reply, endpoint)

    @contextmanager
    def _logged(self, endpoint: Endpoint, target: Target, chave: str | None) -> Iterator[dict[str, Any]]:
        line: dict[str, Any] = {
            "service": endpoint.service,
            "uf": target.uf,
            "authorizer": endpoint.authorizer,
            "host": endpoint.host,
            "tpAmb": target.tpAmb,
        }
        if chave is not None:
            line["chave"] = str(chave)
        began = time.perf_counter()
        try:
            yield line
        except GatewayError as error:
            line["error"] = error.code
            raise
        except BaseException as error:
            line["error"] = type(error).__name__
            raise
        finally:
            line["ms"] = round((time.perf_counter() - began) * 1000, 1)
            (_log.warning if "error" in line else _log.info)("sefaz.call", **line)


def _key(chave: str) -> ChaveAcesso:
    try:
        return ChaveAcesso(chave)
    except ValueError as error:
        raise Refused(f"Nada foi perguntado à SEFAZ: {error}.", code="SEFAZ-UNFIT", fix="Confira a chave de acesso.") from error


def _seen(line: dict[str, Any], answer: _Answer) -> _Answer:
    """Note in the log line what the answer was."""
    if isinstance(answer, Authorized | Denied):
        line["cStat"] = answer.protocol.cStat
    elif isinstance(answer, VoidedBefore):
        line["cStat"] = "563"
    elif isinstance(answer, Unknown | EventUnknown | VoidingUnknown):
        line["unknown"] = answer.reason
    else:
        line["cStat"] = answer.cStat
    return answer
