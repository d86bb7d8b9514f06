"""Changing the mode of a rule: upwards to `refuse` only by numbers, or by force with a reason; always audited."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from gateway.core.errors import TransitionRefused, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.promotion import MIN_NOTES, Evidence, doubts
from gateway.nfe.rulebook import Rule, version_of
from gateway.nfe.rules import Mode
from gateway.store import access, predictions, rule_replays
from gateway.store.predictions import Counts
from gateway.store.rule_modes import ModeRow, drop_mode, put_mode
from gateway.store.rule_replays import Tally


def outdated(rule: Rule, tally: Tally) -> bool:
    """Whether what was replayed is another version of the rule."""
    return tally.version != version_of(rule)


def evidence(rule: Rule, counted: Counts, replayed: Tally | None) -> Evidence:
    """What a decision is made on; of another version of the rule, what was replayed proves nothing."""
    old = replayed is not None and outdated(rule, replayed)
    tally = Tally() if replayed is None or old else replayed
    return Evidence(
        outdated=old,
        evaluated=tally.evaluated,
        false_alarms=tally.false_alarms,
        controlled=tally.controlled,
        fired=tally.fired,
        live_hits=counted.hits,
        live_false_alarms=counted.false_alarms,
    )


def gathered(conn: Connection, rule: Rule, environment: int) -> Evidence:
    """The evidence of a rule: its last finished replay and its predictions."""
    _, replayed = rule_replays.last_finished(conn, environment).get(rule.code, (None, None))
    return evidence(rule, predictions.counts(conn).get((rule.code, environment), Counts()), replayed)


def change_mode(
    conn: Connection,
    rule: Rule,
    environment: int,
    mode: Mode | None,
    *,
    reason: str,
    force: bool,
    actor: str,
    at: int,
    minimum: int = MIN_NOTES,
) -> None:
    """Put the rule in `mode`, or back in its own (None).

    Raises ValidationFailed with every doubt about letting it refuse (unless `force`), or without a reason; TransitionRefused for
    a rule that only SEFAZ can tell. Then nothing has changed.
    """
    if rule.mode == "sefaz":
        raise TransitionRefused(
            f"A regra {rule.code} só a SEFAZ decide: ela não roda aqui.",
            code="RULE-SEFAZ",
            fix="Nada a fazer: deixe-a como está.",
        )
    if not reason.strip():
        fix = "Diga em uma frase por que o modo muda."
        raise ValidationFailed([Fault(code="RULE-REASON", path="$.reason", message="Falta o motivo.", fix=fix)])
    known = gathered(conn, rule, environment)
    found = doubts(rule, known, minimum) if (mode or rule.mode) == "refuse" else ()
    if found and not force and mode is not None:
        raise ValidationFailed(found)
    if mode is None:
        drop_mode(conn, rule.code, environment)
    else:
        forced = bool(found)
        put_mode(conn, ModeRow(rule.code, environment, mode, reason.strip()[:500], forced, actor[:120], at))
    data = {
        "environment": environment,
        "mode": mode or "default",
        "reason": reason.strip()[:500],
        "doubts": [one.code for one in found],
        "evidence": msgspec.to_builtins(known),
    }
    access.record(conn, actor=actor, action="rule.mode", subject=rule.code, at=at, data=data)
