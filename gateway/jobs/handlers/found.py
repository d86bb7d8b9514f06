"""A document and all that the next step of its issue depends on, read at once; and what each step teaches of its authoriser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from gateway.jobs.handlers.outcomes import AUTHORIZE, CONSULT, RECEIPT, also, guard_key
from gateway.jobs.results import Result
from gateway.nfe.branch import Branch
from gateway.nfe.operations import BranchOperation
from gateway.nfe.rules import Mode
from gateway.store import authorizers, documents, guards, receipts, setup
from gateway.store.authorizers import Authorizer, AuthorizerRow
from gateway.store.branch_operations import operations_of
from gateway.store.documents import DocumentRow, TransmissionRow
from gateway.store.rule_modes import modes_of

Authority = Callable[[str, str, int, str], str]
"""Name of the authoriser of a UF, model, environment and tpEmis. Raises ConfigInvalid."""


@dataclass(frozen=True, slots=True)
class Found:
    """paused: by service, the seconds left and why. receipt: the number and how often it was asked about."""

    doc: DocumentRow
    branch: Branch
    signed: bytes | None
    attempts: tuple[TransmissionRow, ...]
    paused: Mapping[str, tuple[float, str]]
    receipt: tuple[str, int] | None
    authorizer: Authorizer
    known: AuthorizerRow | None
    operations: tuple[BranchOperation, ...]
    modes: Mapping[str, Mode]

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


def found(conn: Any, document: str, authority: Authority) -> Found | None:
    """Everything, or None when there is no such document."""
    doc = documents.get(conn, document)
    if doc is None:
        return None
    branch = setup.get_branch(conn, doc.branch)
    assert branch is not None  # documents.branch is a foreign key
    tpEmis = "1" if doc.chave is None else doc.chave[34]
    key = Authorizer(authority(branch.address.uf, doc.model, doc.environment, tpEmis), doc.model, doc.environment)
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
        operations=operations_of(conn, doc.branch),
        modes=modes_of(conn, doc.environment),
    )
