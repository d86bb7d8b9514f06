"""What a cStat means: decision, cause, fix, the sentences for the counter, and the document rules that avoid it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from gateway.nfe.answers import Decision
from gateway.nfe.decisions import consumes_number, cstat_row, cstat_table, decide
from gateway.nfe.rejection_rows import RejectionRow, rejection_rows
from gateway.nfe.rules import rows as rule_rows

UNLISTED_COUNTER = ("A Fazenda recusou esta nota.", "Leia o motivo na tela para o suporte antes de tentar de novo.")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A code, described. message: short, pt-BR. decision: `decision_text` says it in pt-BR. counter: at most two sentences.

    fields: paths from infNFe. rules: codes of the document rules that avoid it. consumes_number: see CstatRow. certainty: `C`,
    `M`, `U`; `U` also for a code that nobody has described.
    """

    cStat: str
    message: str
    decision: Decision
    decision_text: str
    cause: str
    fix: str
    counter: tuple[str, ...]
    fields: tuple[str, ...]
    rules: tuple[str, ...]
    consumes_number: bool | None
    source: str
    certainty: str


def rejection(cStat: str) -> Rejection | None:
    """The code as the catalogue describes it, None when it does not."""
    return _catalogue().get(cStat)


def rejections() -> tuple[Rejection, ...]:
    """The whole catalogue, by number."""
    return tuple(_catalogue().values())


def described(cStat: str, xMotivo: str) -> Rejection:
    """The code as the catalogue describes it, or, when it does not, by what SEFAZ wrote (never retried by itself)."""
    known = rejection(cStat)
    if known is not None:
        return known
    decision = decide(cStat, "aut")
    return Rejection(
        cStat=cStat,
        message=xMotivo or "Código que o catálogo não descreve",
        decision=decision,
        decision_text=cstat_table().decisions[decision],
        cause="O catálogo não descreve este código; o xMotivo diz o que a SEFAZ recusou.",
        fix="Leia o xMotivo, corrija o campo que ele cita e reenvie com o mesmo número.",
        counter=UNLISTED_COUNTER,
        fields=(),
        rules=_avoided().get(cStat, ()),
        consumes_number=consumes_number(cStat),
        source="",
        certainty="U",
    )


def codes_of(text: str) -> tuple[str, ...]:
    """The codes of a rule's cStat: `531`, `503,244`, `178-186`."""
    found: list[str] = []
    for part in filter(None, text.replace(" ", "").split(",")):
        first, _, last = part.partition("-")
        found += [str(code) for code in range(int(first), int(last or first) + 1)] if first else []
    return tuple(found)


@lru_cache(maxsize=1)
def _catalogue() -> Mapping[str, Rejection]:
    rows = rejection_rows()
    return MappingProxyType({code: _joined(code, rows[code]) for code in sorted(rows, key=int)})


def _joined(code: str, row: RejectionRow) -> Rejection:
    known = cstat_row(code)
    decision = decide(code, "aut") if known is None or "aut" in known.scope else known.decision
    return Rejection(
        cStat=code,
        message=row.message or (known.message if known else ""),
        decision=decision,
        decision_text=cstat_table().decisions[decision],
        cause=row.cause,
        fix=row.fix or (known.action if known else ""),
        counter=row.counter,
        fields=row.fields,
        rules=_avoided().get(code, ()),
        consumes_number=consumes_number(code),
        source=row.source,
        certainty=row.certainty,
    )


@lru_cache(maxsize=1)
def _avoided() -> Mapping[str, tuple[str, ...]]:
    """Codes of the document rules by the cStat they avoid."""
    found: dict[str, list[str]] = {}
    for rule in rule_rows():
        for code in codes_of(rule.cStat):
            found.setdefault(code, []).append(rule.code)
    return MappingProxyType({code: tuple(rules) for code, rules in found.items()})
