"""Rules beside the real thing: what they say of the note about to leave, compared with what SEFAZ answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from gateway.core.clock import from_epoch_ms
from gateway.jobs.results import Done, NeedsAttention, Result, Write
from gateway.nfe.layout.document import NFe
from gateway.nfe.rulebook import JUDGED, Finding, Rulebook, avoiding, mode_of
from gateway.nfe.rules import Mode
from gateway.store import documents, setup
from gateway.store.documents import DocumentRow
from gateway.store.predictions import Prediction, resolve
from gateway.store.rule_modes import modes_of

log = structlog.get_logger()


class Shadow:
    """Predicts and resolves by one rulebook."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book

    async def predictions(self, note: NFe, doc: DocumentRow, modes: Mapping[str, Mode]) -> tuple[Prediction, ...]:
        """What the rules in use say of the note, as its signed bytes have it.

        A judgement that fails is a defect of a rule, and no reason to hold back a note: it is logged and predicts nothing.
        """
        if not any(mode_of(rule, modes) in JUDGED for rule in self._book.rules()):
            return ()
        try:
            return await asyncio.to_thread(self._judged, note, doc, modes)
        except Exception:
            log.exception("rules.judgement_failed", document=doc.id)
            return ()

    def _judged(self, note: NFe, doc: DocumentRow, modes: Mapping[str, Mode]) -> tuple[Prediction, ...]:
        at = from_epoch_ms(doc.issued_at or doc.created_at)
        told = self._book.judge(note.infNFe, environment=doc.environment, at=at, modes=modes, supplement=note.infNFeSupl)
        found: dict[str, Prediction] = {}
        by_mode: tuple[tuple[Mode, Sequence[Finding]], ...]
        by_mode = (("shadow", told.shadow), ("warn", told.warned), ("refuse", told.refused))
        for mode, findings in by_mode:
            for one in findings:
                found.setdefault(one.code, Prediction(one.code, one.cStat, one.path, mode))
        return tuple(found.values())

    def following(self, result: Result, document: str, at: int) -> Result:
        """The result with its predictions resolved, in its own transaction, when it writes SEFAZ's last word on the document."""
        if isinstance(result, Done | NeedsAttention) and result.write is not None and self._book.rules():
            return replace(result, write=partial(self._write, first=result.write, document=document, at=at))
        return result

    def _write(self, conn: Any, *, first: Write, document: str, at: int) -> None:
        first(conn)
        doc = documents.get(conn, document)
        branch = None if doc is None else setup.get_branch(conn, doc.branch)
        if doc is None or branch is None:
            return
        modes = modes_of(conn, doc.environment)

        def missing(cStat: str) -> tuple[str, ...]:
            issued = from_epoch_ms(doc.issued_at or doc.created_at)
            return avoiding(self._book, cStat, modes, model=doc.model, environment=doc.environment, crt=branch.crt, at=issued)

        resolve(conn, doc, at, missing)
