"""The declared rules replayed over stored authorised notes: no false alarm, controls that fire, and promotion by numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert

from gateway.core.clock import to_epoch_ms
from gateway.core.errors import ValidationFailed
from gateway.jobs.rule_replay import run_replay
from gateway.nfe.reader import read_unchecked
from gateway.nfe.rule_controls import Control, controls
from gateway.nfe.rulebook import DECLARED, JUDGED, DeclaredRules, Rulebook, version_of
from gateway.nfe.rules import DocumentRule, rows
from gateway.nfe.rules.rows import by_code
from gateway.store import rule_modes, rule_replays
from gateway.store.database import Database
from gateway.store.rule_promotion import change_mode
from gateway.store.rule_replays import ReplayRow
from gateway.store.tables import artefacts, documents

GOLDEN = Path(__file__).parents[2] / "golden" / "nfe" / "notes"
CODES = tuple(rule.code for rule in rows() if rule.mode in JUDGED)
SOME = (
    "crt3_interstate_consumer_difal",
    "every_means_of_payment",
    "nfce_counter_sale",
    "nfce_delivery",
    "operation_devolucao_venda",
    "reform_200_reduced_by_60",
    "reform_510_deferred_by_60",
    "tax_cst00_pauta",
    "tax_cst10_in_state",
    "tax_cst20_relief_deducted",
)
SILENT = {
    # Production only.
    "R-E04-10",
    # In force from 14/12/2026 on.
    "R-BA02-35",
    "R-I08-180",
    # The rate of CBS of 2027 is in no table yet.
    "R-UB56-20",
}
"""Rules whose control proves nothing over `SOME`: the numbers keep them from being promoted."""
NOW = datetime.fromisoformat("2030-01-01T00:00:00-03:00")


class Then:
    """A clock that stands still, after the last of the notes."""

    def now(self) -> datetime:
        return NOW

    def epoch_ms(self) -> int:
        return to_epoch_ms(NOW)


EXPLAINED = {
    # In shadow for it: the share of a state of double base is not computed by this formula.
    "R-NA15-10": {"tax_difal_double_base"},
    # Two rules of one NT read against each other; the operator may promote the row.
    "R-UB106-30-05": {"operation_credito_sucessao"},
}


def stored(conn: Connection, branch: str, names: Iterable[str]) -> None:
    """Golden notes of homologação, as if SEFAZ had authorised them the moment they were issued."""
    for number, name in enumerate(names, 1):
        xml = (GOLDEN / f"{name}.xml").read_bytes().replace(b">\n<", b"><")
        ide = read_unchecked(xml).infNFe.ide
        at = to_epoch_ms(datetime.fromisoformat(ide.dhEmi))
        conn.execute(
            insert(documents).values(
                id=f"doc_{number:04}",
                ref=name,
                body_hash=b"",
                branch=branch,
                model=ide.mod,
                environment=2,
                series=1,
                number=number,
                issued_at=at,
                chave=f"{number:044}",
                status="authorized",
                origin="api",
                request="{}",
                total="0.00",
                protocol="135260000000001",
                created_at=at,
                updated_at=at,
            )
        )
        digest = hashlib.sha256(xml).digest()
        conn.execute(
            insert(artefacts).values(
                document=f"doc_{number:04}", kind="signed", version=1, body=xml, sha256=digest, created_at=at
            )
        )


async def replayed(
    db: Database, codes: Sequence[str], spoil: Mapping[str, Sequence[Control]], book: Rulebook = DECLARED
) -> ReplayRow:
    return await run_replay(db, Then(), book, codes, environment=2, controls=spoil, told=lambda *_: None)


def homologacao() -> list[str]:
    return [file.stem for file in sorted(GOLDEN.glob("*.xml")) if b"<tpAmb>2<" in file.read_bytes()]


async def test_golden_notes_raise_no_alarm(db: Database, branch: str) -> None:
    names = homologacao()
    await db.write(lambda conn: stored(conn, branch, names))
    row = await replayed(db, CODES, {})
    assert (row.seen, row.unreadable) == (len(names), 0)
    alarms = {
        code: {names[int(chave) - 1] for chave in tally.examples} for code, tally in row.results.items() if tally.false_alarms
    }
    assert alarms == EXPLAINED
    assert {code for code, tally in row.results.items() if not tally.evaluated} == set()


async def test_controls_fire_and_numbers_promote(db: Database, branch: str) -> None:
    await db.write(lambda conn: stored(conn, branch, SOME))
    row = await replayed(db, CODES, controls())
    tallies = row.results
    assert {code for code, tally in tallies.items() if tally.false_alarms} == set()
    unproven = {code for code, tally in tallies.items() if tally.fired < tally.controlled or not tally.controlled}
    assert unproven == SILENT
    # Ten notes; eight are NF-e, and the first item of seven of those has gIBSCBS to spoil.
    assert [(one.evaluated, one.controlled, one.fired) for one in (tallies["R-W03-10"], tallies["R-UB63-10"])] == [
        (10, 10, 10),
        (8, 7, 7),
    ]

    assert await promoted(db, "R-UB63-10", minimum=9) == ["RULE-FEW-NOTES"]
    assert await db.read(lambda conn: rule_modes.modes_of(conn, 2)) == {}
    assert await promoted(db, "R-UB63-10", minimum=8) == []
    assert await promoted(db, "R-E04-10", minimum=8) == ["RULE-CONTROL-SILENT"]
    assert await promoted(db, "R-BA02-35", minimum=8) == ["RULE-FEW-NOTES", "RULE-NO-CONTROL"]
    assert await db.read(lambda conn: rule_modes.modes_of(conn, 2)) == {"R-UB63-10": "refuse"}


async def test_a_rule_that_changed_is_replayed_anew(db: Database, branch: str) -> None:
    await db.write(lambda conn: stored(conn, branch, SOME))
    rule = by_code()["R-UB63-10"]
    spoil = {rule.code: controls()[rule.code]}
    first = await replayed(db, [rule.code], spoil)
    assert first.results[rule.code].version == version_of(rule)
    later = replace(rule, cStat="1190")
    assert await promoted(db, rule.code, minimum=8, rule=later) == ["RULE-REPLAY-OLD"]
    assert await db.read(lambda conn: rule_modes.modes_of(conn, 2)) == {}
    # A better sentence is the same rule.
    assert await promoted(db, rule.code, minimum=8, rule=replace(rule, message="Outra frase.")) == []

    # One that was half done when the rule changed is not gone on with.
    half = await db.write(lambda conn: rule_replays.start(conn, 2, {rule.code: version_of(rule)}, to_epoch_ms(NOW)))
    again = await db.write(lambda conn: rule_replays.start(conn, 2, {rule.code: version_of(rule)}, to_epoch_ms(NOW)))
    other = await db.write(lambda conn: rule_replays.start(conn, 2, {rule.code: version_of(later)}, to_epoch_ms(NOW) + 1))
    assert again.id == half.id != other.id
    row = await replayed(db, [rule.code], spoil, Changed(later))
    assert (row.id, row.results[rule.code].version, row.results[rule.code].fired) == (other.id, version_of(later), 7)
    assert await promoted(db, rule.code, minimum=8, rule=later) == []


class Changed(DeclaredRules):
    """The declared rules, one of them otherwise."""

    def __init__(self, rule: DocumentRule) -> None:
        self._rule = rule

    def rules(self) -> Sequence[DocumentRule]:
        return tuple(self._rule if rule.code == self._rule.code else rule for rule in rows())


async def promoted(db: Database, code: str, *, minimum: int, rule: DocumentRule | None = None) -> list[str]:
    """Let the rule refuse; the doubts that stood in the way."""
    said = {"reason": "ensaio", "force": False, "actor": "cli:teste", "at": to_epoch_ms(NOW), "minimum": minimum}
    try:
        await db.write(partial(change_mode, rule=rule or by_code()[code], environment=2, mode="refuse", **said))
    except ValidationFailed as error:
        return [one.code for one in error.faults]
    return []
