"""What each operation is to the fisco in a branch on a day: the dated defaults under the branch's own rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.nfe import tables
from gateway.nfe.sale import OperationName

By = Literal["items", "returns", "either", "outside"]
Icms = Literal["product", "fixed", "mirror", "none"]
Measure = Literal["", "quantity", "amount", "either", "tax"]
PaymentPolicy = Literal["real", "sem_pagamento", "credito_loja"]
ReferencePolicy = Literal["none", "optional", "required"]

SCOPES = ("internal", "interstate", "interstate_non_contributor")
"""Keys of the CFOP of an operation inside Brazil."""
EXPORT = "export"
"""Key of the CFOP of an operation with another country; one that has it is made with nobody else."""
CFOPS = ("cfop", "cfop_st", "cfop_substitute", "cfop_fuel", "cfop_service")
"""Tables of CFOP of an operation, by what is sold; the plain one stands for those that an operation does not have."""

Cfop = Annotated[str, Meta(pattern=r"^[1-7][0-9]{3}$")]
UntaxedCst = Annotated[str, Meta(pattern=r"^(0[4-9]|49|5[0-6]|6[0-7]|7[0-5]|9[89])$")]
"""CST of PIS and COFINS that charges nothing by itself: an operation never invents a rate."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on one day. Texts are empty when the row says nothing; `cfop` and `cfop_st` are keyed by scope.

    The columns are explained on top of `schemas/fiscal/operations.toml`.
    """

    number: int
    name: str
    by: By
    model: tuple[str, ...]
    natOp: str
    tpNF: str
    finNFe: str
    tpNFDebito: str
    tpNFCredito: str
    icms: Icms
    cst: str
    csosn: str
    pis_cofins_cst: str
    ipi_cst: str
    ibs_cbs_cst: str
    cclasstrib: str
    payment: PaymentPolicy
    references: ReferencePolicy
    recipient: str
    infCpl: str
    deadline_days: int | None
    measure: Measure
    cfop_inverse: bool
    cfop_same: bool
    cfop: Mapping[str, str]
    cfop_st: Mapping[str, str]
    cfop_substitute: Mapping[str, str]
    cfop_fuel: Mapping[str, str]
    cfop_service: Mapping[str, str]
    since: date
    source: str
    certainty: str

    @property
    def returns(self) -> bool:
        """Whether a sale of it may be lines of earlier documents."""
        return self.by in ("returns", "either")

    @property
    def reform_only(self) -> bool:
        """A credit or debit note: it says IBS, CBS and IS, and nothing of the taxes before them (B25-80)."""
        return self.icms == "none"


class BranchOperation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A branch's own row: from `since` to `until` (both included), what it says replaces the default; None leaves it.

    What makes an operation what it is (direction, finNFe, model, who it is to) is not the branch's to change. reason: why, for
    whoever reads it later.
    """

    operation: OperationName
    since: date
    until: date | None = None
    natOp: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    cfop_internal: Cfop | None = None
    cfop_interstate: Cfop | None = None
    cfop_interstate_non_contributor: Cfop | None = None
    cfop_export: Cfop | None = None
    cfop_st_internal: Cfop | None = None
    cfop_st_interstate: Cfop | None = None
    cfop_st_interstate_non_contributor: Cfop | None = None
    cfop_substitute_internal: Cfop | None = None
    cfop_substitute_interstate: Cfop | None = None
    cfop_substitute_interstate_non_contributor: Cfop | None = None
    cfop_fuel_internal: Cfop | None = None
    cfop_fuel_interstate: Cfop | None = None
    cfop_fuel_interstate_non_contributor: Cfop | None = None
    cfop_service_internal: Cfop | None = None
    cfop_service_interstate: Cfop | None = None
    cfop_service_interstate_non_contributor: Cfop | None = None
    icms: Literal["product", "fixed"] | None = None
    cst: Literal["40", "41", "50"] | None = None
    csosn: Literal["102", "103", "300", "400"] | None = None
    pis_cofins_cst: UntaxedCst | None = None
    ipi_cst: Literal["", "01", "02", "03", "04", "05", "51", "52", "53", "54", "55"] | None = None
    ibs_cbs_cst: Annotated[str, Meta(pattern=r"^[0-9]{3}$")] | None = None
    cclasstrib: Annotated[str, Meta(pattern=r"^[0-9]{6}$")] | None = None
    payment: PaymentPolicy | None = None
    references: ReferencePolicy | None = None
    infCpl: Annotated[str, Meta(max_length=1000)] | None = None
    deadline_days: Annotated[int, Meta(ge=0, le=3650)] | None = None
    reason: Annotated[str, Meta(max_length=200)] = ""


_TEXTS = (
    "natOp",
    "icms",
    "cst",
    "csosn",
    "pis_cofins_cst",
    "ipi_cst",
    "ibs_cbs_cst",
    "cclasstrib",
    "payment",
    "references",
    "infCpl",
)


class Explained(Struct, frozen=True, kw_only=True):
    """What will be used for an operation, and why.

    origin: `default` (the table), or `branch` when a row of its own counts; since: from when that row counts; changed: the
    columns the branch replaces. source, certainty: of the default row; reason: the branch's. CFOPs are by
    scope; the original's, turned around (`cfop_inverse`) or repeated (`cfop_same`), comes before them. `mirror` is as the
    original document, `none` says only IBS, CBS and IS.
    """

    operation: str
    number: int
    by: str
    how: str
    model: tuple[str, ...]
    natOp: str
    tpNF: str
    finNFe: str
    tpNFDebito: str
    tpNFCredito: str
    cfop: dict[str, str]
    cfop_st: dict[str, str]
    cfop_substitute: dict[str, str]
    cfop_fuel: dict[str, str]
    cfop_service: dict[str, str]
    icms: str
    cst: str
    csosn: str
    pis_cofins_cst: str
    ipi_cst: str
    ibs_cbs_cst: str
    cclasstrib: str
    payment: str
    references: str
    recipient: str
    infCpl: str
    deadline_days: int | None
    measure: str
    cfop_inverse: bool
    cfop_same: bool
    origin: Literal["default", "branch"]
    since: date
    until: date | None
    changed: tuple[str, ...]
    source: str
    certainty: str
    reason: str


_HOW = {
    "items": "Emitida por POST /v1/nfe com os dados do negócio (items).",
    "returns": "Emitida por POST /v1/nfe com as linhas dos documentos de origem (returns), de onde vêm os valores e os impostos.",
    "either": "Emitida por POST /v1/nfe com os dados do negócio (items) ou com as linhas do documento de origem (returns).",
    "outside": "Não é NF-e: montagem e serviço saem na NFS-e do município.",
}


def names(day: date) -> tuple[str, ...]:
    """Every operation that has a default row on `day`, in the order of the table."""
    return tuple(dict.fromkeys(row["name"] for row in tables.table("operations")["operation"] if row["since"] <= day))


@lru_cache(maxsize=256)
def default(name: str, day: date) -> Operation:
    """The default row of the operation. Raises LookupError when there is none on that day."""
    row = next((row for row in tables.rows_on("operations", "operation", day) if row["name"] == name), None)
    if row is None:
        raise LookupError(f"schemas/fiscal/operations.toml não tem a operação {name} em {day}")
    return Operation(
        number=row["number"],
        name=name,
        by=row["by"],
        model=tuple(row["model"]),
        natOp=row.get("natOp", ""),
        tpNF=row.get("tpNF", ""),
        finNFe=row.get("finNFe", ""),
        tpNFDebito=row.get("tpNFDebito", ""),
        tpNFCredito=row.get("tpNFCredito", ""),
        icms=row["icms"],
        cst=row.get("cst", ""),
        csosn=row.get("csosn", ""),
        pis_cofins_cst=row.get("pis_cofins_cst", ""),
        ipi_cst=row.get("ipi_cst", ""),
        ibs_cbs_cst=row.get("ibs_cbs_cst", ""),
        cclasstrib=row.get("cclasstrib", ""),
        payment=row["payment"],
        references=row["references"],
        recipient=row.get("recipient", "customer"),
        infCpl=row.get("infCpl", ""),
        deadline_days=row.get("deadline_days"),
        measure=row.get("measure", ""),
        cfop_inverse=row.get("cfop_inverse", False),
        cfop_same=row.get("cfop_same", False),
        cfop=row.get("cfop", {}),
        cfop_st=row.get("cfop_st", {}),
        cfop_substitute=row.get("cfop_substitute", {}),
        cfop_fuel=row.get("cfop_fuel", {}),
        cfop_service=row.get("cfop_service", {}),
        since=row["since"],
        source=row["source"],
        certainty=row["certainty"],
    )


def own_row(name: str, day: date, rows: Sequence[BranchOperation]) -> BranchOperation | None:
    """The newest of the branch's rows that counts on `day`, if any."""
    alive = [row for row in rows if row.operation == name and row.since <= day <= (row.until or date.max)]
    return max(alive, key=lambda row: row.since, default=None)


def over(base: Operation, own: BranchOperation) -> Operation:
    """The default with what the branch's row says put over it."""
    said: dict[str, object] = {name: value for name in _TEXTS if (value := getattr(own, name)) is not None}
    if own.deadline_days is not None:
        said["deadline_days"] = own.deadline_days
    for table in CFOPS:
        scopes = (*SCOPES, EXPORT) if table == "cfop" else SCOPES
        codes = {scope: code for scope in scopes if (code := getattr(own, f"{table}_{scope}")) is not None}
        if codes:
            said[table] = {**(getattr(base, table) or base.cfop), **codes}
            # Who names a CFOP wants that one, not the original's turned around.
            said |= {"cfop_inverse": False, "cfop_same": False}
    return replace(base, **said)  # type: ignore[arg-type]


def operation(name: str, day: date, rows: Sequence[BranchOperation] = ()) -> Operation:
    """The operation as it counts on `day` for a branch with these rows. Raises LookupError when nothing says it on that day."""
    base = default(name, day)
    own = own_row(name, day, rows) if rows else None
    return base if own is None else over(base, own)


def explain(rows: Sequence[BranchOperation], name: str, day: date) -> Explained:
    """What will be used of `name` on `day` by the branch that has these rows, and why. Raises LookupError as `operation`."""
    base, own = default(name, day), own_row(name, day, rows)
    used = base if own is None else over(base, own)
    changed: tuple[str, ...] = ()
    if own is not None:
        outside = ("operation", "since", "until", "reason")
        changed = tuple(field for field in own.__struct_fields__ if field not in outside and getattr(own, field) is not None)
    columns = {
        field: getattr(used, field)
        for field in Explained.__struct_fields__
        if field not in ("operation", "how", "origin", "since", "until", "changed", "reason", *CFOPS)
    }
    return Explained(
        operation=name,
        how=_HOW[used.by],
        cfop=dict(used.cfop),
        cfop_st=dict(used.cfop_st),
        cfop_substitute=dict(used.cfop_substitute),
        cfop_fuel=dict(used.cfop_fuel),
        cfop_service=dict(used.cfop_service),
        origin="default" if own is None else "branch",
        since=base.since if own is None else own.since,
        until=None if own is None else own.until,
        changed=changed,
        reason="" if own is None else own.reason,
        **columns,
    )
