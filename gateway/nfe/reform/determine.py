"""Which cClassTrib an item has, and why not the others.

Official facts exclude, each with its reason and source; what nobody knows excludes nothing. Then the law restricts what the
operation is, the product's register decides, a single candidate is chosen, and otherwise a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from gateway.nfe.amounts import digits
from gateway.nfe.operations import Operation
from gateway.nfe.product import Product
from gateway.nfe.reform.areas import Area
from gateway.nfe.reform.classification import Classification, classification, classifications, table_version
from gateway.nfe.reform.credits import demanded
from gateway.nfe.reform.dataset import dataset

By = Literal["law", "register", "facts", "original", "nobody"]
GENERAL = "000001"
_EXPORT = frozenset({"410004", "410013", "410027", "550001", "550021"})
_DONATION = frozenset({"410003", "410026"})
_TABLE = "Tabela de classificação tributária (IT 2025.002)"


@dataclass(frozen=True, slots=True)
class Buyer:
    """Facts of the other side; None is not known. `area`: of its address, None outside of all."""

    government: bool | None = None
    company: bool | None = None
    abroad: bool | None = None
    area: Area | None = None


CONSUMER = Buyer(government=False, company=False, abroad=False)
"""A person inside the country: what the register of a product is decided for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cClassTrib that the facts allow, with the condition that it meets."""

    cclasstrib: str
    name: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A cClassTrib that the facts do not allow."""

    code: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Determination:
    """`chosen` is None when a person has to decide, or when the original document does (`by` original).

    version: publication of the packaged table.
    """

    chosen: str | None
    by: By
    why: str
    candidates: tuple[Candidate, ...]
    excluded: tuple[Exclusion, ...]
    needs_person: bool
    version: str


@dataclass(frozen=True, slots=True)
class _Condition:
    by: str
    ncm: tuple[str, ...]
    buyer: str
    kind: str
    why: str
    source: str


def determine(
    product: Product, operation: Operation, buyer: Buyer, day: date, *, model: str = "55", donation: bool = False
) -> Determination:
    """The cClassTrib of `product` in `operation`, sold to `buyer` on `day` in a document of `model`."""
    candidates, excluded = _facts(digits(product.ncm), buyer, day, model)

    def answer(chosen: str | None, by: By, why: str, needs_person: bool = False) -> Determination:
        return Determination(chosen, by, why, candidates, excluded, needs_person, table_version())

    note = demanded(operation.tpNFDebito, operation.tpNFCredito)
    if note is not None:
        return answer(note, "law", "O tipo da nota de crédito ou débito exige este cClassTrib (UB14-70, UB14-80).")
    if operation.cclasstrib:
        return answer(operation.cclasstrib, "law", f"A operação {operation.name} é classificada pela lei: {operation.source}.")
    if operation.icms == "mirror":
        return answer(None, "original", "A operação repete a classificação do documento original (LC 214/2025 art. 17).")
    stated = product.tax.cclasstrib
    if donation:
        code = stated if stated in _DONATION else "410003"
        return answer(code, "law", "O item é doação (LC 214/2025 art. 6, VIII).")
    if buyer.abroad:
        if stated in _EXPORT:
            return answer(stated, "register", "O cadastro escolhe entre as classificações de exportação.")
        fuel = any(one.cclasstrib == "410013" for one in candidates)
        return answer("410013" if fuel else "410004", "law", "O comprador é do exterior: exportação (LC 214/2025 art. 8).")
    if stated and classification(stated, day) is not None:
        return answer(stated, "register", "Decidido no cadastro do produto.")
    if stated:
        why = f"O cClassTrib {stated} do cadastro não existe na tabela {table_version()} ou não vale em {day:%d/%m/%Y}."
        return answer(None, "nobody", why, needs_person=True)
    if len(candidates) == 1:
        return answer(candidates[0].cclasstrib, "facts", f"Único candidato que os fatos deixam: {candidates[0].why}.")
    return answer(None, "nobody", "Os fatos deixam mais de um candidato: decida pelo que o produto é.", needs_person=True)


@lru_cache(maxsize=4096)
def _facts(ncm: str, buyer: Buyer, day: date, model: str) -> tuple[tuple[Candidate, ...], tuple[Exclusion, ...]]:
    candidates: list[Candidate] = []
    excluded: list[Exclusion] = []
    for code, one in classifications().items():
        condition = _conditions().get(code)
        reason = _not_in_table(one, day, model)
        if reason:
            excluded.append(Exclusion(code, reason, _TABLE))
        elif condition is None:
            excluded.append(Exclusion(code, "depende de regime ou qualidade que o cadastro não declara", _TABLE))
        elif reason := _unmet(condition, ncm, buyer):
            excluded.append(Exclusion(code, reason, condition.source))
        else:
            why = "tributação geral" if condition.by == "general" else f"o NCM {ncm} está nas posições deste tratamento"
            if condition.by in ("export", "area"):
                why = "o endereço do comprador está nas condições deste tratamento"
            candidates.append(Candidate(code, one.name, why, condition.source))
    return tuple(candidates), tuple(excluded)


def _not_in_table(one: Classification, day: date, model: str) -> str:
    if not one.models:
        return "é de outro documento fiscal, não de NF-e nem NFC-e"
    if model not in one.models:
        return f"não é permitido no modelo {model}"
    return "" if one.valid(day) else f"não vale em {day:%d/%m/%Y}"


def _unmet(condition: _Condition, ncm: str, buyer: Buyer) -> str:
    """Why the facts do not meet the condition; empty when they do, or when what they would need is not known."""
    if condition.by == "operation":
        return condition.why
    if condition.ncm and not ncm.startswith(condition.ncm):
        return f"o NCM {ncm} não está nas posições deste tratamento"
    if condition.by == "export" and buyer.abroad is not True:
        return "o comprador não é do exterior"
    if condition.by == "area" and (buyer.area is None or buyer.area.kind != condition.kind):
        return "o comprador não está em área incentivada deste tipo"
    if condition.buyer == "government" and buyer.government is False:
        return "o comprador não é da administração pública"
    if condition.buyer == "company" and buyer.company is False:
        return "o comprador não tem CNPJ"
    return ""


@lru_cache(maxsize=1)
def _conditions() -> Mapping[str, _Condition]:
    return {code: _condition(row) for row in dataset("conditions.toml")["condition"] for code in row["codes"]}


def _condition(row: Mapping[str, Any]) -> _Condition:
    return _Condition(
        by=row["by"],
        ncm=tuple(row.get("ncm", ())),
        buyer=row.get("buyer", ""),
        kind=row.get("kind", ""),
        why=row.get("why", ""),
        source=row["source"],
    )
