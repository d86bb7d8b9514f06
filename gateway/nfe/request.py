"""What a document was asked as: a sale in the trade's words or a raw note by its tags. The one place that tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe import build as sales
from gateway.nfe import compose, raw, supplement
from gateway.nfe.approximate_rates import NO_RATES, Rates
from gateway.nfe.branch import Branch
from gateway.nfe.build import Built
from gateway.nfe.claims import Kept, NewClaim
from gateway.nfe.contingency import Emission
from gateway.nfe.draft import Draft
from gateway.nfe.operations import BranchOperation
from gateway.nfe.originals import keys, opened
from gateway.nfe.product import Product
from gateway.nfe.qrcode import Csc, Sign
from gateway.nfe.raw import RawDraft, RawNote, build_raw, dry_run_raw
from gateway.nfe.rules import Mode
from gateway.nfe.sale import Sale

Request = Sale | RawNote
"""The body a caller posted, as `documents.request` keeps it."""
AnyDraft = Draft | RawDraft
"""All of the document but number, cNF, date and key."""


_NO_MODES: Mapping[str, Mode] = {}


class _Peek(msgspec.Struct):
    """Which of the two a stored request is: only a raw note has `infNFe`."""

    infNFe: msgspec.Raw = msgspec.Raw(b"")


def is_raw(request: str) -> bool:
    """Whether a stored request is a raw note."""
    return bool(bytes(msgspec.json.decode(request, type=_Peek).infNFe))


def decode_request(request: str) -> Request:
    """The sale or raw note that `documents.request` keeps."""
    if is_raw(request):
        return msgspec.json.decode(request, type=RawNote)
    return msgspec.json.decode(request, type=Sale)


def branch_path(request: Request) -> str:
    """Where the body names the branch."""
    return "$.infNFe.emit.CNPJ" if isinstance(request, RawNote) else "$.branch"


def skus(request: Request) -> list[str]:
    """Products that have to be looked up before `draft`; a raw note brings all of its own."""
    return [] if isinstance(request, RawNote) else [item.sku for item in request.items if item.product is None]


def origins(request: Request) -> tuple[str, ...]:
    """Earlier documents that have to be looked up before `draft`, by chave; a raw note says its own values."""
    return () if isinstance(request, RawNote) else keys(line.chave_acesso for line in request.returns)


def items_of(request: Request) -> int:
    """How many items, known before anything is composed."""
    return len(request.infNFe.det) if isinstance(request, RawNote) else len(request.items) + len(request.returns)


def draft(
    request: Request,
    branch: Branch,
    products: Mapping[str, Product],
    *,
    at: datetime,
    mod: str = "55",
    operations: Sequence[BranchOperation] = (),
    kept: Mapping[str, Kept] | None = None,
    rates: Rates = NO_RATES,
) -> AnyDraft:
    """The document that is asked for, checked. `at` is aware; `mod` is what a sale becomes, a raw note says its own.

    `operations`: the branch's own rows over the table of operations. `kept`: what the store has of `origins`.

    Raises ValidationFailed with every fault.
    """
    made = attempt(request, branch, products, at=at, mod=mod, operations=operations, kept=kept, rates=rates)
    if made.faults:
        raise ValidationFailed(made.faults)
    return made


def attempt(
    request: Request,
    branch: Branch,
    products: Mapping[str, Product],
    *,
    at: datetime,
    mod: str = "55",
    operations: Sequence[BranchOperation] = (),
    kept: Mapping[str, Kept] | None = None,
    rates: Rates = NO_RATES,
) -> AnyDraft:
    """As `draft`, but the faults of the body are in it instead of raised, so that `dry_run` tells them with its own."""
    if isinstance(request, RawNote):
        return raw.attempt(request, branch, at=at)
    originals = opened(request, kept or {}) if request.returns else None
    return compose.attempt(request, branch, products, at=at, mod=mod, operations=operations, originals=originals, rates=rates)


def claims(of: AnyDraft) -> tuple[NewClaim, ...]:
    """What the document takes of the items of earlier ones; of a raw return, what its items refer to."""
    if isinstance(of, Draft):
        return of.claims
    if of.body.ide.finNFe != "4":
        return ()
    referred = ((det, ref) for det in of.body.det if (ref := det.DFeReferenciado) is not None)
    return tuple(
        NewClaim(ChaveAcesso(ref.chaveAcesso), int(ref.nItem), "quantity", det.prod.qCom, None, int(det.nItem))
        for det, ref in referred
        if ref.nItem is not None and keys((ref.chaveAcesso,))
    )


def dry_run(of: AnyDraft, at: datetime, modes: Mapping[str, Mode] = _NO_MODES) -> AnyDraft:
    """The draft with what is foreseen of it: it passes the schema, and no rule over the document refuses it.

    `modes`: the operator's, by code of rule. Raises ValidationFailed with every fault: the draft's own, NFE-XSD-*, rules broken.
    """
    if isinstance(of, RawDraft):
        return replace(of, foreseen=dry_run_raw(of, at, modes))
    return msgspec.structs.replace(of, foreseen=sales.dry_run(of, at, modes))


def build(of: AnyDraft, *, number: int, cNF: str, dhEmi: datetime, emission: Emission | None = None) -> Built:
    """The unsigned note. `dhEmi` is aware. Raises InvariantBroken for a number or cNF that the layout does not take.

    `emission`: in contingency; a raw note says its own way of emission, and is written as it says.
    """
    if isinstance(of, RawDraft):
        return build_raw(of, number=number, cNF=cNF, dhEmi=dhEmi)
    if emission is None:
        return sales.build(of, number=number, cNF=cNF, dhEmi=dhEmi)
    since = min(emission.since, dhEmi)  # 558: nobody enters contingency after issuing in it
    return sales.build(of, number=number, cNF=cNF, dhEmi=dhEmi, tpEmis=emission.tpEmis, dhCont=since, xJust=emission.reason)


def needs_csc(of: AnyDraft, at: datetime) -> bool:
    """Whether the document's QR code is one that the branch's CSC authenticates, at the instant `at` (aware)."""
    return supplement.needs_csc(of, at)


def require_csc(of: AnyDraft, kept: bool, at: datetime) -> None:
    """Raises ValidationFailed when the document needs a CSC and the branch keeps none."""
    supplement.require_csc(of, kept, at)


def supplemented(built: Built, of: AnyDraft, *, dhEmi: datetime, csc: Csc | None, sign: Sign) -> Built:
    """The unsigned document with its infNFeSupl, when its model has one."""
    return supplement.supplemented(built, of, dhEmi=dhEmi, csc=csc, sign=sign)


def rehearsed(built: Built, of: AnyDraft, dhEmi: datetime) -> Built:
    """As `supplemented`, with values of the right shape and no worth: for a preview."""
    return supplement.rehearsed(built, of, dhEmi)


def asked(of: AnyDraft) -> Request:
    """What the draft was made from."""
    return of.note if isinstance(of, RawDraft) else of.sale


def issued_at(of: AnyDraft) -> datetime | None:
    """The date of issue the caller chose, None when it is the moment of numbering."""
    return of.issued_at if isinstance(of, RawDraft) else of.sale.issued_at


def with_faults(of: AnyDraft, faults: Sequence[Fault]) -> AnyDraft:
    """The draft with more that is wrong with it."""
    known = (*of.faults, *faults)
    return replace(of, faults=known) if isinstance(of, RawDraft) else msgspec.structs.replace(of, faults=known)


def series(of: AnyDraft) -> int:
    """The series the document is numbered in."""
    return of.series if isinstance(of, RawDraft) else of.header.serie


def in_series(of: AnyDraft, serie: int) -> AnyDraft:
    """The draft in the series its document was accepted with: a branch may have changed its own since."""
    if serie == series(of):
        return of
    if isinstance(of, RawDraft):
        body = msgspec.structs.replace(of.body, ide=msgspec.structs.replace(of.body.ide, serie=str(serie)))
        return replace(of, body=body, series=serie)
    return msgspec.structs.replace(of, header=msgspec.structs.replace(of.header, serie=serie))


def chosen_series(of: AnyDraft) -> int | None:
    """The series the caller chose (only a raw note can), None when it is the branch's."""
    return of.series if isinstance(of, RawDraft) and of.note.infNFe.ide.serie is not None else None


def chosen_number(request: Request) -> int | None:
    """The number the caller chose (only a raw note can), None when the gateway numbers the document."""
    return request.number if isinstance(request, RawNote) else None


def cnf_of(request: Request, otherwise: Callable[[int], str]) -> Callable[[int], str]:
    """Makes the cNF of a number: the caller's, when it chose one that the fisco takes, or else of `otherwise`."""
    if isinstance(request, RawNote):
        return lambda number: request.cnf(number) or otherwise(number)
    return otherwise
