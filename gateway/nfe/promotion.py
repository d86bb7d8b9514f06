"""When may a rule refuse notes? By numbers: refusing a note that SEFAZ would authorise is worse than a rejection."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.faults import Fault
from gateway.nfe.rulebook import Rule

MIN_NOTES = 1000
"""Authorised notes without a false alarm before a rule may refuse: with none in n, fewer than 3/n are to be feared (95 %)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a rule in one environment.

    evaluated: authorised notes it was replayed over; false_alarms: of those, how many it would have stopped. controlled: notes
    corrupted on purpose; fired: of those, how many it caught. live_*: predictions of issued notes against SEFAZ's answers.
    outdated: the last replay was of another version of the rule, and is not counted here.
    """

    evaluated: int = 0
    false_alarms: int = 0
    controlled: int = 0
    fired: int = 0
    live_hits: int = 0
    live_false_alarms: int = 0
    outdated: bool = False


def doubts(rule: Rule, evidence: Evidence, minimum: int = MIN_NOTES) -> tuple[Fault, ...]:
    """Why the rule may not refuse notes yet; empty when it may."""
    found: list[Fault] = []

    def doubt(code: str, message: str, fix: str) -> None:
        found.append(Fault(code=code, path="$.mode", message=message, fix=fix, source=rule.source))

    if not rule.mandatory:
        doubt(
            "RULE-OPTIONAL",
            f"A regra {rule.rule} não é obrigatória em toda UF.",
            "Deixe-a em aviso, ou force com o motivo se a sua UF a aplica.",
        )
    if evidence.outdated:
        doubt(
            "RULE-REPLAY-OLD",
            "A regra mudou depois do último ensaio, que por isso não conta.",
            f"Rode de novo gateway rules replay --code {rule.code}.",
        )
    elif evidence.evaluated < minimum:
        doubt(
            "RULE-FEW-NOTES",
            f"A regra foi ensaiada sobre {evidence.evaluated} notas autorizadas; o mínimo é {minimum}.",
            f"Rode gateway rules replay --code {rule.code} quando houver notas bastantes.",
        )
    if evidence.false_alarms:
        doubt(
            "RULE-FALSE-ALARMS",
            f"No ensaio, a regra teria recusado {evidence.false_alarms} notas que a SEFAZ autorizou.",
            "Olhe os exemplos do ensaio: ou a regra está errada, ou falta uma exceção.",
        )
    if evidence.live_false_alarms:
        doubt(
            "RULE-LIVE-FALSE-ALARMS",
            f"Em uso, a regra apontou {evidence.live_false_alarms} notas que a SEFAZ autorizou.",
            "Olhe os exemplos em GET /v1/rules/{code}.",
        )
    if evidence.outdated:
        return tuple(found)
    if not evidence.controlled:
        doubt(
            "RULE-NO-CONTROL",
            "A regra não foi ensaiada em nenhuma nota estragada de propósito: nada prova que ela chegou a olhar as notas.",
            f"Rode gateway rules replay --code {rule.code}; o controle dela é o de schemas/fiscal/rule_controls.toml.",
        )
    elif not evidence.fired:
        doubt(
            "RULE-CONTROL-SILENT",
            f"A regra não apontou nenhuma das {evidence.controlled} notas estragadas de propósito.",
            "Confira o controle da regra e a própria regra.",
        )
    return tuple(found)
