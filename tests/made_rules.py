"""A rulebook for tests: three rules over the text of the note, so that a test decides which fires by what it sells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.nfe.layout.document import InfNFe, InfNFeSupl
from gateway.nfe.rulebook import Rule, mode_of
from gateway.nfe.rules import Mode


@dataclass(frozen=True)
class MadeRule:
    code: str
    cStat: str
    mode: Mode
    mandatory: bool = True
    since: Mapping[str, date] = None  # type: ignore[assignment]
    rule: str = "X01-10"
    source: str = "MOC de teste"
    models: tuple[str, ...] = ("55", "65")
    certainty: str = "C"
    until: date | None = None

    def __post_init__(self) -> None:
        if self.since is None:
            object.__setattr__(self, "since", {"hom": date(2026, 1, 1), "prod": date(2026, 2, 1)})

    def active(self, model: str, environment: int, crt: str, day: date) -> bool:
        begins = self.since.get({1: "prod", 2: "hom"}[environment])
        return model in self.models and begins is not None and begins <= day


@dataclass(frozen=True)
class MadeFinding:
    code: str
    cStat: str
    path: str


@dataclass(frozen=True)
class MadeJudgement:
    refused: tuple[MadeFinding, ...]
    warned: tuple[MadeFinding, ...]
    shadow: tuple[MadeFinding, ...]


RULES = (
    MadeRule("R-NOTE", "778, 805", "shadow"),
    MadeRule("R-NCM", "806", "warn", mandatory=False),
    MadeRule("R-SEFAZ", "999", "sefaz"),
)


def _broken(inf: InfNFe, code: str) -> str | None:
    """R-NOTE: infCpl says `errada`. R-NCM: an item has NCM 00000000."""
    if code == "R-NOTE":
        said = (inf.infAdic.infCpl if inf.infAdic else None) or ""
        return "/infNFe/infAdic/infCpl" if "errada" in said else None
    if code == "R-NCM":
        return next((f"/infNFe/det[{n}]/prod/NCM" for n, det in enumerate(inf.det, 1) if det.prod.NCM == "00000000"), None)
    return None


class MadeRules:
    """Judges by the rules above."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = tuple(rules)

    def rules(self) -> Sequence[Rule]:
        return self._rules

    def judge(
        self, inf: InfNFe, *, environment: int, at: datetime, modes: Mapping[str, Mode], supplement: InfNFeSupl | None = None
    ) -> MadeJudgement:
        found: dict[Mode, list[MadeFinding]] = {"refuse": [], "warn": [], "shadow": [], "off": [], "sefaz": []}
        for rule in self._rules:
            path = _broken(inf, rule.code)
            if path is not None and rule.active(inf.ide.mod, environment, inf.emit.CRT, at.date()):
                found[mode_of(rule, modes)].append(MadeFinding(rule.code, rule.cStat, path))
        return MadeJudgement(tuple(found["refuse"]), tuple(found["warn"]), tuple(found["shadow"]))
