"""A note that somebody issued and we received: its life, its deadlines, and whether its XML is what the issuer signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.core.machine import Machine, Row
from gateway.nfe.certificate import holder_of
from gateway.nfe.distributed import NoteFacts, Situation
from gateway.nfe.events.table import EventKind
from gateway.nfe.icp_chain import Authorities, Followed
from gateway.nfe.signature import AlteredAfterSigning, SignatureBroken, signer_of, verify

Status = Literal["resumo", "ciente", "completo", "manifestado"]
Verdict = Literal["ok", "altered", "bad_signature", "bad_protocol", "not_ours"]
Role = Literal["destinatario", "transportador", "autorizado"]
ManifestationName = Literal["ciencia", "confirmacao", "desconhecimento", "nao_realizada"]

AWARE = "210210"
MANIFESTATIONS: dict[ManifestationName, str] = {
    "ciencia": AWARE,
    "confirmacao": "210200",
    "desconhecimento": "210220",
    "nao_realizada": "210240",
}
"""tpEvento of each way to manifest."""
CONCLUSIVE = frozenset({"210200", "210220", "210240"})
CANCELLED_BY = frozenset({"110111", "110112"})

VERDICTS: dict[Verdict, str] = {
    "ok": "Assinatura e protocolo conferem",
    "altered": "Alterado depois de assinado",
    "bad_signature": "Assinatura não confere",
    "bad_protocol": "Protocolo não é desta nota",
    "not_ours": "A empresa não aparece na nota",
}

SITUATIONS: dict[Situation, str] = {"authorized": "Autorizada", "denied": "Denegada", "cancelled": "Cancelada pelo emitente"}

RECEIVED = Machine(
    name="received_note",
    version=1,
    initial="resumo",
    rows=(
        Row("resumo", "aware", "ciente"),
        Row("resumo", "whole", "completo"),
        Row("resumo", "conclude", "manifestado"),
        Row("ciente", "aware", "ciente"),
        Row("ciente", "whole", "completo"),
        Row("ciente", "conclude", "manifestado"),
        Row("completo", "aware", "completo"),
        Row("completo", "whole", "completo"),
        Row("completo", "conclude", "manifestado"),
        Row("manifestado", "whole", "manifestado"),
        Row("manifestado", "conclude", "manifestado"),
    ),
    labels={
        "resumo": "Só o resumo",
        "ciente": "Ciente, à espera do XML",
        "completo": "XML recebido",
        "manifestado": "Manifestada",
    },
)
"""A received note. A conclusive manifestation may be followed by another one (the last counts), never by a ciência (655)."""


def limit_of(kind: EventKind, chave_model: str, uf: str, authorized_at: datetime) -> datetime | None:
    """The last moment of a manifestation, counted from the authorisation; None where the table has no limit."""
    row = kind.deadline(chave_model, uf, authorized_at.date())
    if row is None:
        # The rows begin on the day the rule did; of an older note the oldest row is the best that is known.
        row = min(kind.deadlines, key=lambda one: one.since, default=None)
    return None if row is None else authorized_at + row.within


def role_of(facts: NoteFacts, base: str) -> Role | None:
    """What a CNPJ base is in a whole note; None when it is nothing there."""
    if facts.dest is not None and facts.dest[:8] == base:
        return "destinatario"
    if facts.carrier is not None and facts.carrier[:8] == base:
        return "transportador"
    if any(one[:8] == base for one in facts.readers):
        return "autorizado"
    return None


@dataclass(frozen=True, slots=True)
class Check:
    """What the examination of an XML found: the verdict, and for a person the sentence."""

    verdict: Verdict
    text: str


def examine(xml: bytes, facts: NoteFacts, base: str) -> Check:
    """Signature, then protocol, then whether we are in it. The signer's chain is another question: see `chain_of`."""
    try:
        signer = holder_of(verify(xml))
    except AlteredAfterSigning as error:
        return Check("altered", f"{error.detail} Peça ao emitente o XML original.")
    except SignatureBroken as error:
        return Check("bad_signature", f"{error.detail} Não lance esta nota antes de falar com o emitente.")
    if signer is not None and len(signer) == 14 and len(facts.issuer) == 14 and signer[:8] != facts.issuer[:8]:
        return Check("bad_signature", f"Quem assinou a nota ({signer}) não é da empresa que a emitiu ({facts.issuer}).")
    if facts.answered_chave != facts.chave or (facts.answered_digest is not None and facts.answered_digest != facts.digest):
        return Check("bad_protocol", "O protocolo de autorização do arquivo é de outra nota, ou de outro conteúdo.")
    if facts.answered_digest is None:
        return Check("bad_protocol", "O protocolo não traz o digVal: nada prova que autorizou este conteúdo.")
    if role_of(facts, base) is None:
        return Check("not_ours", "A empresa não é destinatária, transportadora nem autorizada nesta nota.")
    return Check("ok", "A assinatura e o protocolo conferem com o conteúdo.")


def chain_of(xml: bytes, verdict: Verdict, at: datetime, authorities: Authorities | None) -> Followed | None:
    """Whether the signer's certificate came from ICP-Brasil and was valid when SEFAZ authorised the note (`at`, aware).

    It is worked out when asked, so that a root configured later counts for the notes of before. None when no root is
    configured, or only roots that did not issue it, or when the signature itself does not hold and so says nothing.
    """
    if authorities is None or verdict in ("altered", "bad_signature"):
        return None
    leaf = signer_of(xml)
    if leaf is None:
        return None
    try:
        found = authorities.follow(leaf, at)
    except ValueError:
        return Followed("unknown_authority", "O certificado de quem assinou não pôde ser lido.", ())
    # Roots alone, as TLS needs them, lead nowhere: a signature does not bring the authorities between.
    return None if found.status == "unknown_authority" and not authorities.between else found


SOON = {"aware": timedelta(days=3), "conclude": timedelta(days=15)}
"""How long before a deadline the console warns."""
