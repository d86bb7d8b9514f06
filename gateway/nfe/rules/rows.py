"""The rows of `schemas/fiscal/document_rules*.toml`: what each rule avoids, says, and since when it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from gateway.nfe.tables import Row, table

Mode = Literal["refuse", "warn", "shadow", "off", "sefaz"]
"""refuse: the document is not issued. warn: it is, and people are told. shadow: only predicted, to be compared with SEFAZ's
answer. off: not judged. sefaz: SEFAZ alone can tell (`why`)."""
MODES: Final = get_args(Mode)
FILES: Final = (
    "document_rules",
    "document_rules_references",
    "document_rules_parties",
    "document_rules_items",
    "document_rules_totals",
    "document_rules_payment",
    "document_rules_nfce",
    "document_rules_ibs_cbs",
    "document_rules_ibs_cbs_groups",
    "document_rules_ibs_cbs_totals",
    "document_rules_sefaz",
)
"""One file a group of the layout; the last has what only SEFAZ can tell."""
ENVIRONMENTS: Final[Mapping[int, str]] = MappingProxyType({1: "prod", 2: "hom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRule:
    """One rule over the document.

    code: stable, unique (`R-UB13-20`). rule: its id in the manual or note. cStat: the refusals it avoids, commas between, none if
    unknown. models: `55`, `65`. message, fix: pt-BR, with `{names}` to fill. certainty: C certain,
    M one good source, U to be confirmed. since: first day by environment (`hom`, `prod`); absent there means not active there.
    crt: issuers it counts for, all when empty. why: of `sefaz` and `shadow` rows. note: where sources differ.
    facts: lists the check reads (states, CFOP), so that they are data.
    """

    code: str
    rule: str
    cStat: str
    models: tuple[str, ...]
    mode: Mode
    mandatory: bool
    message: str
    fix: str
    source: str
    certainty: str
    since: Mapping[str, date]
    until: date | None = None
    crt: tuple[str, ...] = ()
    why: str = ""
    note: str = ""
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    group: str = ""

    def active(self, model: str, environment: int, crt: str, day: date) -> bool:
        """Whether the rule counts for documents of `model` by an issuer of `crt` that SEFAZ receives on `day`."""
        begins = self.since.get(ENVIRONMENTS[environment])
        if begins is None or model not in self.models or (self.crt and crt not in self.crt):
            return False
        return begins <= day and (self.until is None or day <= self.until)


def _rule(code: str, row: Row, file: str) -> DocumentRule:
    return DocumentRule(
        code=code,
        rule=row["rule"],
        cStat=row["cStat"],
        models=tuple(row["models"]),
        mode=cast("Mode", row["mode"]),
        mandatory=row["mandatory"],
        message=row["message"],
        fix=row["fix"],
        source=row["source"],
        certainty=row["certainty"],
        since=MappingProxyType(dict(row["since"])),
        until=row.get("until"),
        crt=tuple(row.get("crt", ())),
        why=row.get("why", ""),
        note=row.get("note", ""),
        facts=MappingProxyType({name: frozenset(values) for name, values in row.get("facts", {}).items()}),
        group=file,
    )


def _all() -> Iterator[DocumentRule]:
    for file in FILES:
        for code, row in table(file).items():
            yield _rule(code, row, file)


@lru_cache(maxsize=1)
def by_code() -> Mapping[str, DocumentRule]:
    """Every rule by its code. Raises ValueError when two files have the same code."""
    found: dict[str, DocumentRule] = {}
    for rule in _all():
        if rule.code in found:
            raise ValueError(f"a regra {rule.code} está em dois arquivos")
        found[rule.code] = rule
    return MappingProxyType(found)


def rows() -> tuple[DocumentRule, ...]:
    """Every rule, in the order of the files."""
    return tuple(by_code().values())


def fact(code: str, name: str) -> frozenset[str]:
    """A list that the row of `code` keeps for its check."""
    return by_code()[code].facts[name]
