"""A document and all that the next step of its issue depends on, read at once; and what each step teaches of its authoriser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from gateway.core.clock import from_epoch_ms
from gateway.jobs.handlers.outcomes import AUTHORIZE, CONSULT, RECEIPT, also, guard_key
from gateway.jobs.results import Result
from gateway.nfe.branch import Branch
from gateway.nfe.contingency import EPEC, OFFLINE, Emission
from gateway.nfe.operations import BranchOperation
from gateway.nfe.request import is_raw
from gateway.nfe.rules import Mode
from gateway.nfe.sefaz.endpoints import Endpoints
from gateway.store import authorizers, contingencies, documents, fiscal_events, guards, receipts, setup
from gateway.store.authorizers import Authorizer, AuthorizerRow
from gateway.store.branch_operations import operations_of
from gateway.store.contingencies import Contingency
from gateway.store.documents import DocumentRow, TransmissionRow
from gateway.store.fiscal_events import FiscalEvent
from gateway.store.other_key import OTHER_KEY
from gateway.store.reissues import ATTEMPT
from gateway.store.rule_modes import modes_of

EPEC_PROVED = ("unknown", "573")
"""Status and cStat of an EPEC that the Ambiente Nacional says it has, without its protocol."""

SPOKEN = frozenset({"unproved", OTHER_KEY})
"""Outcomes with which SEFAZ has said something of the number that a person has to look at first."""
NORMAL = "1"
"""tpEmis of normal emission."""


@dataclass(frozen=True, slots=True)
class Found:
    """paused: by service, the seconds left and why. receipt: the number and how often it was asked about.

    entered: the contingency the branch is in. own: the one the document was issued under. emission: how it is, or will be,
    written; None for normal emission. epec: the document's EPEC that the Ambiente Nacional has, or may have.
    """

    doc: DocumentRow
    branch: Branch
    signed: bytes | None
    attempts: tuple[TransmissionRow, ...]
    paused: Mapping[str, tuple[float, str]]
    receipt: tuple[str, int] | None
    authorizer: Authorizer
    known: AuthorizerRow | None
    entered: Contingency | None
    own: Contingency | None
    emission: Emission | None
    epec: FiscalEvent | None
    operations: tuple[BranchOperation, ...]
    modes: Mapping[str, Mode]

    @property
    def wants_epec(self) -> bool:
        """Whether an EPEC has to be registered before the note goes anywhere."""
        doc, emission = self.doc, self.emission
        if emission is None or emission.tpEmis != EPEC or doc.status not in ("accepted", "processing"):
            return False
        if doc.chave is not None and doc.chave[34] != EPEC:
            return False
        known = self.epec
        return known is None or (known.status != "registered" and (known.status, known.cstat) != EPEC_PROVED)

    @property
    def wants_reissue(self) -> bool:
        """Whether its normal send may be there, nobody can tell, and the branch does not wait: the sale takes another number."""
        doc, emission = self.doc, self.emission
        if self.branch.contingency.reissue != "reissue" or self.entered is None or emission is None or doc.origin == ATTEMPT:
            return False
        if doc.status not in ("processing", "unknown") or doc.chave is None or doc.chave[34] != NORMAL:
            return False
        return all(row.outcome not in SPOKEN for row in self.attempts)

    def unanswered(self, result: Result, reason: str, cstat: str | None = None) -> Result:
        """The result, which also counts against the authoriser."""
        limits = self.branch.contingency

        def write(conn: Any) -> None:
            authorizers.failed(
                conn, self.authorizer, reason, limit=limits.failures, within_ms=limits.minutes * 60_000, cstat=cstat
            )

        return also(result, write)

    def answered(self, result: Result) -> Result:
        """The result, which also ends the authoriser's row of failures, if there was one."""
        if self.known is None or not self.known.failures:
            return result
        return also(result, lambda conn: authorizers.answered(conn, self.authorizer))


def found(conn: Any, document: str, endpoints: Endpoints) -> Found | None:
    """Everything, or None when there is no such document."""
    doc = documents.get(conn, document)
    if doc is None:
        return None
    branch = setup.get_branch(conn, doc.branch)
    assert branch is not None  # documents.branch is a foreign key
    own = contingencies.of_document(conn, doc.id)
    entered = contingencies.active_for(conn, doc.branch, doc.environment, doc.model)
    emission = None if is_raw(doc.request) else _emission(own or entered, branch, doc.environment, endpoints)
    tpEmis = doc.chave[34] if doc.chave is not None else "1" if emission is None else emission.tpEmis
    name = endpoints.authorizer(branch.address.uf, doc.model, doc.environment, tpEmis)
    key = Authorizer(name, doc.model, doc.environment)
    paused = {one: left for one in (AUTHORIZE, CONSULT, RECEIPT) if (left := guards.paused_for(conn, guard_key(doc, one)))}
    return Found(
        doc=doc,
        # The number is of the environment the document was accepted in: a branch that moved on since does not take it along.
        branch=replace(branch, environment=doc.environment),
        signed=documents.artefact(conn, doc.id, "signed"),
        attempts=documents.transmissions(conn, doc.id),
        paused=paused,
        receipt=receipts.of(conn, doc.id),
        authorizer=key,
        known=authorizers.known(conn, key),
        entered=entered,
        own=own,
        emission=emission,
        epec=fiscal_events.epec_of(conn, doc.id) if EPEC in (tpEmis, emission and emission.tpEmis) else None,
        operations=operations_of(conn, doc.branch),
        modes=modes_of(conn, doc.environment),
    )


def _emission(of: Contingency | None, branch: Branch, environment: int, endpoints: Endpoints) -> Emission | None:
    if of is None:
        return None
    by_mode = {"offline": OFFLINE, "epec": EPEC}
    tpEmis = by_mode.get(of.mode) or endpoints.svc(branch.address.uf, environment)
    return Emission(tpEmis, from_epoch_ms(of.since), of.reason)
