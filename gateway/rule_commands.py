"""`gateway rules`: what the rules got right, replays over stored notes, promotion by numbers; in lines of pt-BR."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.config import Settings
from gateway.core.clock import SystemClock, from_epoch_ms
from gateway.core.errors import NotFound, TransitionRefused, ValidationFailed
from gateway.core.faults import Fault
from gateway.jobs.rule_replay import run_replay
from gateway.nfe.promotion import doubts
from gateway.nfe.rule_controls import Control, controls
from gateway.nfe.rulebook import DECLARED, MODE_LABELS, MODES, Rule, Rulebook, mode_of, rule_named
from gateway.nfe.rules import Mode
from gateway.setup_commands import opened
from gateway.store import predictions, rule_modes, rule_replays
from gateway.store.database import Database
from gateway.store.predictions import Counts
from gateway.store.rule_promotion import change_mode, evidence, outdated
from gateway.store.rule_replays import ReplayRow, Tally

OUTCOMES = {
    "hit": "acerto",
    "miss": "perdida",
    "false_alarm": "falso alarme",
    "undetermined": "indeterminada",
    None: "sem resposta",
}


async def listed(settings: Settings, environment: int, book: Rulebook = DECLARED) -> list[str]:
    """Every rule: mode and counts in the environment."""
    async with opened(settings) as (db, _):
        modes = await db.read(lambda conn: rule_modes.modes_of(conn, environment))
        counted = await db.read(predictions.counts)
    lines = [f"{'regra':<24} {'modo':<10} {'cStat':<8} acertos perdidas falsos indeterm."]
    for rule in book.rules():
        n = counted.get((rule.code, environment), Counts())
        mode = MODE_LABELS[mode_of(rule, modes)]
        numbers = f"{n.hits:>7} {n.misses:>8} {n.false_alarms:>6} {n.undetermined:>9}"
        lines.append(f"{rule.code:<24} {mode:<10} {rule.cStat:<8} {numbers}")
    return lines


async def shown(settings: Settings, code: str, environment: int, book: Rulebook = DECLARED) -> list[str]:
    """One rule, its numbers, what lacks for it to refuse, and its last notes. Raises NotFound."""
    rule = _find(book, code)

    def read(conn: Any) -> tuple[Mapping[str, Mode], Counts, Tally | None, Sequence[predictions.Example]]:
        replay = rule_replays.last_finished(conn, environment).get(code)
        counted = predictions.counts(conn).get((code, environment), Counts())
        tally = None if replay is None else replay[1]
        return rule_modes.modes_of(conn, environment), counted, tally, predictions.examples(conn, code, environment)

    async with opened(settings) as (db, _):
        modes, counted, tally, examples = await db.read(read)
    lines = [
        f"{rule.code}  ({rule.source})",
        f"modo: {MODE_LABELS[mode_of(rule, modes)]} (o próprio: {MODE_LABELS[rule.mode]}); evita: {rule.cStat or '—'}",
        f"acertos {counted.hits}, perdidas {counted.misses}, falsos alarmes {counted.false_alarms},"
        f" indeterminadas {counted.undetermined}",
        "ensaio: nenhum" if tally is None else f"{_rehearsal(rule, tally)}: {_told(code, tally)}",
    ]
    found = doubts(rule, evidence(rule, counted, tally))
    lines += [f"para recusar, falta: {one.message} {one.fix}" for one in found] or ["os números permitem que ela recuse"]
    lines += [
        f"{from_epoch_ms(one.at):%d/%m/%Y %H:%M}  {OUTCOMES[one.outcome]}  {one.ref}  {one.path}  {one.answer or ''}".rstrip()
        for one in examples
    ]
    return lines


async def replayed(
    settings: Settings,
    codes: Sequence[str],
    environment: int,
    say: Callable[[str], None],
    book: Rulebook = DECLARED,
    spoil: Mapping[str, Sequence[Control]] | None = None,
) -> list[str]:
    """Replay the rules named, or all that are in shadow; `say` hears how far it is. Raises NotFound for an unknown rule."""
    async with opened(settings) as (db, _):
        chosen = [_find(book, code).code for code in codes] or await _in_shadow(db, book, environment)
        if not chosen:
            return ["Nenhuma regra em sombra neste ambiente."]

        def told(row: ReplayRow, total: int) -> None:
            say(f"{row.seen} de {total} notas")

        found = await run_replay(
            db,
            SystemClock(),
            book,
            chosen,
            environment=environment,
            controls=controls() if spoil is None else spoil,
            told=told,
        )
    lines = [f"{found.seen} notas autorizadas" + (f", {found.unreadable} ilegíveis" if found.unreadable else "")]
    for code, tally in found.results.items():
        lines.append(_told(code, tally))
        lines += [f"    {chave}" for chave in tally.examples]
    return lines


def _rehearsal(rule: Rule, tally: Tally) -> str:
    return "ensaio, de antes de a regra mudar" if outdated(rule, tally) else "ensaio"


def _told(code: str, tally: Tally) -> str:
    control = f"controle: apontou {tally.fired} de {tally.controlled} estragadas" if tally.controlled else "sem controle"
    return f"{code}: {tally.evaluated} notas avaliadas, {tally.false_alarms} falsos alarmes; {control}"


async def moved(
    settings: Settings,
    code: str,
    environment: int,
    to: str,
    *,
    upwards: bool,
    reason: str,
    force: bool,
    book: Rulebook = DECLARED,
) -> list[str]:
    """Promote (`upwards`) or demote a rule. Raises NotFound, ValidationFailed with the doubts, TransitionRefused."""
    rule = _find(book, code)
    async with opened(settings) as (db, _):
        modes = await db.read(lambda conn: rule_modes.modes_of(conn, environment))
        before = mode_of(rule, modes)
        mode = next((one for one in MODES if one == to), None)
        _check_direction(rule, before, mode or rule.mode, upwards)
        actor, at = f"cli:{getpass.getuser()}"[:120], SystemClock().epoch_ms()
        await db.write(lambda conn: change_mode(conn, rule, environment, mode, reason=reason, force=force, actor=actor, at=at))
    return [f"{code}: {MODE_LABELS[before]} -> {MODE_LABELS[mode or rule.mode]}. Vale a partir da próxima nota."]


def _check_direction(rule: Rule, before: Mode, after: Mode, upwards: bool) -> None:
    if "sefaz" in (before, after):
        raise TransitionRefused(f"A regra {rule.code} só a SEFAZ decide.", code="RULE-SEFAZ", fix="Nada a fazer.")
    if (MODES.index(after) > MODES.index(before)) is not upwards:
        verb, other = ("promove", "demote") if upwards else ("rebaixa", "promote")
        message = f"De {MODE_LABELS[before]} para {MODE_LABELS[after]} não {verb} a regra."
        raise ValidationFailed([Fault(code="RULE-DIRECTION", path="--to", message=message, fix=f"Use gateway rules {other}.")])


async def _in_shadow(db: Database, book: Rulebook, environment: int) -> list[str]:
    modes = await db.read(lambda conn: rule_modes.modes_of(conn, environment))
    return [rule.code for rule in book.rules() if mode_of(rule, modes) == "shadow"]


def _find(book: Rulebook, code: str) -> Rule:
    rule = rule_named(book, code)
    if rule is None:
        raise NotFound(f"A regra {code!r} não existe.", fix="Veja os códigos em gateway rules list.")
    return rule
