"""infNFeSupl: what stands between infNFe and Signature, outside of what is signed. The NFC-e (65) has it, the NF-e does not."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

import msgspec

from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.layout.document import InfNFeSupl, NFe
from gateway.nfe.layout.parties import Dest, Emit
from gateway.nfe.nfce import MODEL, policy
from gateway.nfe.nfce_urls import consult_address
from gateway.nfe.qrcode import Consumer, Csc, Offline, Sign, v2, v3
from gateway.nfe.signature import digest
from gateway.nfe.xml_writer import writer

if TYPE_CHECKING:
    from gateway.nfe.build import Built  # build rehearses with this module

_write = writer(InfNFeSupl, "infNFeSupl")
_CLOSE = len(b"</NFe>")
_PLACEHOLDER_CSC = Csc("1", "0" * 36)


class Supplemented(Protocol):
    """What the supplement needs of a draft, of a sale or raw."""

    @property
    def mod(self) -> str: ...

    @property
    def branch(self) -> Branch: ...

    @property
    def zone(self) -> ZoneInfo: ...

    @property
    def emit(self) -> Emit: ...

    @property
    def dest(self) -> Dest | None: ...

    @property
    def total(self) -> Decimal: ...


def needs_csc(draft: Supplemented, at: datetime) -> bool:
    """Whether the document's QR code is of version 2 at the instant `at` (aware), which the branch's CSC authenticates."""
    if draft.mod != MODEL:
        return False
    day = at.astimezone(draft.zone).date()
    return policy(draft.branch, draft.emit.enderEmit.UF, day).qr_version == "2"


def require_csc(draft: Supplemented, kept: bool, at: datetime) -> None:
    """Raises ValidationFailed when the document needs a CSC and the branch keeps none."""
    if not kept and needs_csc(draft, at):
        findings = Findings()
        findings.add("NFCE-QR-01", "$.branch", environment=draft.branch.environment)
        findings.raise_any()


def supplemented(built: Built, draft: Supplemented, *, dhEmi: datetime, csc: Csc | None, sign: Sign) -> Built:
    """The unsigned document with its infNFeSupl, or as it is when its model has none. infNFe and its digest do not change.

    `dhEmi` is the instant the document was built with. The form is off-line when the chave says tpEmis 9. Raises ValidationFailed
    (NFCE-QR-01) without the CSC that version 2 needs; LookupError for a UF without addresses.
    """
    if draft.mod != MODEL:
        return built
    require_csc(draft, csc is not None, dhEmi)
    moment = dhEmi.astimezone(draft.zone)
    uf, tpAmb = draft.emit.enderEmit.UF, str(draft.branch.environment)
    address = consult_address(uf, tpAmb, moment.date())
    offline = None
    if built.chave.tpEmis == "9":
        offline = Offline(moment.day, draft.total, digest(built.xml), _consumer(draft.dest))
    if csc is not None and needs_csc(draft, dhEmi):
        qr = v2(address.qr, built.chave, tpAmb, csc, offline)
    else:
        qr = v3(address.qr, built.chave, tpAmb, offline, sign)
    told = InfNFeSupl(qrCode=qr, urlChave=address.consult)
    close = len(built.xml) - _CLOSE
    xml = built.xml[:close] + _write(told).encode() + built.xml[close:]
    return msgspec.structs.replace(built, xml=xml, note=NFe(infNFe=built.note.infNFe, infNFeSupl=told))


def rehearsed(built: Built, draft: Supplemented, dhEmi: datetime) -> Built:
    """As `supplemented`, with values of the right shape and no worth: for a dry run or a preview."""
    return supplemented(built, draft, dhEmi=dhEmi, csc=_PLACEHOLDER_CSC, sign=lambda _: bytes(256))


def _consumer(dest: Dest | None) -> Consumer:
    if dest is None:
        return Consumer()
    if dest.CNPJ is not None:
        return Consumer("1", dest.CNPJ)
    if dest.CPF is not None:
        return Consumer("2", dest.CPF)
    return Consumer("3") if dest.idEstrangeiro is not None else Consumer()
