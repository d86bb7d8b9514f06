"""A replay: rules over the stored authorised notes, page by page, with each note also spoilt on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import msgspec
import structlog

from gateway.core.clock import Clock, from_epoch_ms
from gateway.core.errors import GatewayError
from gateway.nfe.layout.document import NFe
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rule_controls import Control, spoilt
from gateway.nfe.rulebook import BRASILIA, Rule, Rulebook, version_of
from gateway.nfe.rules import Mode
from gateway.store import rule_replays
from gateway.store.database import Database
from gateway.store.rule_replays import MAX_EXAMPLES, ReplayRow, StoredNote, Tally

log = structlog.get_logger()

PAGE = 50


async def run_replay(
    db: Database,
    clock: Clock,
    book: Rulebook,
    codes: Sequence[str],
    *,
    environment: int,
    controls: Mapping[str, Sequence[Control]],
    told: Callable[[ReplayRow, int], None],
    page: int = PAGE,
) -> ReplayRow:
    """Try the rules of `codes` over every authorised note of the environment that there was when it began, oldest first.

    Each note is judged on the day it was issued, by the rules that counted then. An unfinished replay of the same rules is gone
    on with, unless one of them has changed since. `told` hears of each page, with how many notes there are in all. Notes are
    held a page at a time.
    """
    at = clock.epoch_ms()
    wanted = frozenset(codes)
    versions = {rule.code: version_of(rule) for rule in book.rules() if rule.code in wanted}
    row = await db.write(lambda conn: rule_replays.start(conn, environment, versions, at))
    until = row.started_at
    total = await db.read(lambda conn: rule_replays.count_authorised(conn, environment, until))
    bench = Bench(book, tuple(rule for rule in book.rules() if rule.code in row.codes), environment, controls)
    while True:
        after = row.position
        notes = await db.read(
            partial(rule_replays.authorised_after, environment=environment, position=after, until=until, limit=page)
        )
        if notes:
            row = await asyncio.to_thread(bench.add, row, notes)
        else:
            row = replace(row, finished_at=clock.epoch_ms())
        moved, now = row, clock.epoch_ms()
        await db.write(partial(rule_replays.advance, row=moved, at=now))
        told(row, total)
        if not notes:
            return row


class Bench:
    """Some rules, and the notes they are tried over. Pure but for the log."""

    def __init__(
        self, book: Rulebook, rules: Sequence[Rule], environment: int, controls: Mapping[str, Sequence[Control]]
    ) -> None:
        self._book = book
        self._rules = tuple(rules)
        self._environment = environment
        self._controls = controls
        tried = {rule.code for rule in rules}
        self._modes: dict[str, Mode] = {rule.code: "shadow" if rule.code in tried else "off" for rule in book.rules()}

    def add(self, row: ReplayRow, notes: Sequence[StoredNote]) -> ReplayRow:
        """The replay after these notes."""
        results = {code: msgspec.structs.replace(tally, examples=list(tally.examples)) for code, tally in row.results.items()}
        unreadable = row.unreadable
        for note in notes:
            try:
                read = read_unchecked(note.signed)
            except GatewayError as error:
                log.warning("rules.note_unreadable", chave=note.chave, error=error.detail)
                unreadable += 1
                continue
            self._note(results, note, read)
        return replace(row, results=results, position=notes[-1].position, seen=row.seen + len(notes), unreadable=unreadable)

    def _note(self, results: dict[str, Tally], note: StoredNote, read: NFe) -> None:
        issued = from_epoch_ms(note.issued_at)
        day = issued.astimezone(BRASILIA).date()
        rules = [rule for rule in self._rules if rule.active(note.model, self._environment, read.infNFe.emit.CRT, day)]
        if not rules:
            return

        def fired(one: NFe) -> set[str]:
            told = self._book.judge(
                one.infNFe, environment=self._environment, at=issued, modes=self._modes, supplement=one.infNFeSupl
            )
            return {finding.code for finding in told.shadow}

        alarms = fired(read)
        for rule in rules:
            tally = results[rule.code]
            tally.evaluated += 1
            if rule.code in alarms:
                tally.false_alarms += 1
                if len(tally.examples) < MAX_EXAMPLES:
                    tally.examples.append(note.chave)
                continue
            for control in self._controls.get(rule.code, ()):
                bad = spoilt(read, control)
                if bad is not None:
                    tally.controlled += 1
                    tally.fired += rule.code in fired(bad)
