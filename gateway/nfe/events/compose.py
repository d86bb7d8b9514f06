"""An event as the signed `<evento>` that is stored and sent. Source: MOC 7.0, Anexo I, recepção de evento; NT of each type."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import InvariantBroken, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.build import VERSION
from gateway.nfe.certificate import Certificate
from gateway.nfe.events.detail import Value, detail_text
from gateway.nfe.events.table import EventKind
from gateway.nfe.ports import SignedEvent
from gateway.nfe.signature import NFE, signature_of

AN = "91"
"""cOrgao of the Ambiente Nacional."""
_AUTHORS = {"emitente": "1", "destinatario": "2", "sucessora": "8"}
_DHEVENTO = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True, slots=True)
class Event:
    """An event composed and checked, before its time and its signature. `body` is detEvento in canonical form.

    tax_id: CNPJ or CPF of who signs. n_seq: nSeqEvento, from 1 on.
    """

    kind: EventKind
    chave: ChaveAcesso
    tax_id: str
    n_seq: int
    environment: int
    cOrgao: str
    body: str

    @property
    def id(self) -> str:
        """infEvento/@Id."""
        return f"ID{self.kind.tpEvento}{self.chave}{self.n_seq:02d}"


def compose_event(
    kind: EventKind,
    chave: ChaveAcesso,
    *,
    tax_id: str,
    cUF: str,
    n_seq: int,
    environment: int,
    values: Mapping[str, Value],
) -> Event:
    """Check what is told of the event and write its detail. `cUF` is the author's own. `values`: see `detail_text`.

    Raises ValidationFailed: the type is only received, the model does not take it, the sequence is past its limit, or the detail
    has faults.
    """
    faults: list[Fault] = []
    if not kind.sendable:
        message = f"O evento {kind.label} é escrito pelo fisco ou por terceiros; a empresa só o recebe."
        faults.append(
            Fault(code="EVENT-RECEIVED-ONLY", path="$.tpEvento", message=message, fix="Use outro evento.", source=kind.source)
        )
    elif chave.mod not in kind.models:
        message = f"O evento {kind.label} não existe para o modelo {chave.mod}."
        faults.append(
            Fault(
                code="EVENT-MODEL",
                path="$.tpEvento",
                message=message,
                fix=f"Vale para: {', '.join(kind.models)}.",
                source=kind.source,
            )
        )
    elif not 1 <= n_seq <= kind.max_seq:
        message = f"A nota já tem os {kind.max_seq} eventos de {kind.label} que a SEFAZ aceita."
        faults.append(
            Fault(
                code="EVENT-SEQUENCE", path="$.nSeqEvento", message=message, fix="Não há como enviar outro.", source=kind.source
            )
        )
    if faults:
        raise ValidationFailed(faults)
    # tpAutorizacao: an actor may not let others in unless the caller says so (827 without it).
    filled = {"verAplic": VERSION, "cOrgaoAutor": cUF, "tpAutor": _AUTHORS[kind.author], "tpAutorizacao": "0"}
    body = detail_text(kind.tpEvento, values, filled)
    return Event(kind, chave, tax_id, n_seq, environment, AN if kind.authorizer == "an" else chave.cUF, body)


def sign_event(event: Event, certificate: Certificate, at: datetime) -> SignedEvent:
    """The signed bytes. `at` is dhEvento, aware, in the zone to be written, without fractions of a second."""
    if at.tzinfo is None or at.microsecond:
        raise InvariantBroken("A data do evento precisa de fuso horário e não leva fração de segundo.")
    offset = at.strftime("%z")
    who = "CNPJ" if len(event.tax_id) == 14 else "CPF"
    content = (
        f"<cOrgao>{event.cOrgao}</cOrgao><tpAmb>{event.environment}</tpAmb><{who}>{event.tax_id}</{who}>"
        f"<chNFe>{event.chave}</chNFe><dhEvento>{at.strftime(_DHEVENTO)}{offset[:3]}:{offset[3:5]}</dhEvento>"
        f"<tpEvento>{event.kind.tpEvento}</tpEvento><nSeqEvento>{event.n_seq}</nSeqEvento><verEvento>1.00</verEvento>{event.body}"
    )
    return SignedEvent(sealed("evento", 'versao="1.00"', "infEvento", event.id, content, certificate))


def sealed(root: str, attributes: str, element: str, identity: str, content: str, certificate: Certificate) -> bytes:
    """`<root><element Id>content</element><Signature/></root>`; `content` is canonical text."""
    apex = f'<{element} xmlns="{NFE}" Id="{identity}">{content}</{element}>'
    digest = base64.b64encode(hashlib.sha1(apex.encode(), usedforsecurity=False).digest()).decode()
    signature = signature_of(identity, digest, certificate)
    body = f'<{root} xmlns="{NFE}" {attributes}><{element} Id="{identity}">{content}</{element}>'
    return body.encode() + signature + f"</{root}>".encode()
