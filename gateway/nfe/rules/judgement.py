"""Every rule over one document: what it would be refused for, told before SEFAZ does. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from gateway.nfe.findings import shown
from gateway.nfe.layout.document import InfNFe, InfNFeSupl
from gateway.nfe.rules.catalogue import CHECKS
from gateway.nfe.rules.reading import Hit, Reading
from gateway.nfe.rules.registry import Registered
from gateway.nfe.rules.rows import DocumentRule, Mode, rows

BRASILIA = timezone(timedelta(hours=-3))
_NO_MODES: Mapping[str, Mode] = {}
_ITEM = re.compile(r"^/infNFe/det\[(\d+)\]")
_LIMIT = 20
"""Places told of one rule: a note of 990 equal faults is told by the first of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule. path: of the element, `/infNFe/det[2]/imposto/ICMS` (items count from 1). message, fix: pt-BR.

    cStat: the refusal it avoids, empty when unknown. source: manual or note the rule comes from.
    """

    code: str
    rule: str
    cStat: str
    path: str
    message: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, by what the gateway does about it: refuses, warns, or only keeps as a prediction."""

    refused: tuple[Finding, ...] = ()
    warned: tuple[Finding, ...] = ()
    shadow: tuple[Finding, ...] = ()


def judge(
    inf: InfNFe,
    *,
    environment: int,
    at: datetime,
    modes: Mapping[str, Mode] = _NO_MODES,
    supplement: InfNFeSupl | None = None,
) -> Judgement:
    """Judge the document by every rule that counts for its model, issuer and environment on the day of `at` in Brasília.

    `environment`: 1 produção, 2 homologação. `at`: aware instant. `modes`: the operator's, by code, over those of the rows; a row
    that only SEFAZ can tell stays so. `supplement`: the QR code, whose rules are silent without it. Does not check the schema and
    does not raise for what it would refuse. Raises ValueError when `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a data precisa de fuso horário")
    reading = Reading(inf, environment=environment, at=at, supplement=supplement)
    found: dict[str, list[Finding]] = {"refuse": [], "warn": [], "shadow": []}
    traits = reading.traits
    for rule, check in _plan(inf.ide.mod, environment, inf.emit.CRT, at.astimezone(BRASILIA).date()):
        if check.when is not None and check.when not in traits:
            continue
        for number, hit in enumerate(check.run(reading)):
            kept = found.get(modes.get(rule.code, rule.mode))
            if kept is None or number == _LIMIT:
                break
            kept.append(_finding(rule, hit))
    return Judgement(tuple(found["refuse"]), tuple(found["warn"]), tuple(found["shadow"]))


@lru_cache(maxsize=64)
def _plan(model: str, environment: int, crt: str, day: date) -> tuple[tuple[DocumentRule, Registered], ...]:
    """The rules that count that day, with their checks."""
    return tuple(
        (rule, CHECKS[rule.code]) for rule in rows() if rule.code in CHECKS and rule.active(model, environment, crt, day)
    )


def _finding(rule: DocumentRule, hit: Hit) -> Finding:
    path, facts = hit
    texts = {name: shown(value) for name, value in facts.items()}
    item = _ITEM.match(path)
    message = rule.message.format_map(texts)
    return Finding(
        code=rule.code,
        rule=rule.rule,
        cStat=rule.cStat,
        path=path,
        message=message if item is None else f"Item {item.group(1)}: {message}",
        fix=rule.fix.format_map(texts),
        source=rule.source,
    )
