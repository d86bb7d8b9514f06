"""A document read once for all rules: its items, their tax groups and its dates, at hand and already told apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal

import msgspec

from gateway.core.money import ZERO
from gateway.nfe.layout.document import InfNFe, InfNFeSupl
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.ibs_cbs import GroupIbsCbs, IbsCbs
from gateway.nfe.layout.item import Det, Imposto, Prod

Hit = tuple[str, Mapping[str, object]]
"""Where a rule is broken (path in the document, `/infNFe/det[2]/prod/CFOP`) and the facts its sentences need."""
Found = Iterator[Hit]
Trait = Literal["reform", "valued", "credits", "deferral", "reduction", "returned", "regular", "references", "billed"]
"""What few documents have, by which the rules over it are passed over in the others."""
_ICMS_SUMS = (
    "vBC",
    "vICMS",
    "vICMSDeson",
    "vFCP",
    "vBCST",
    "vICMSST",
    "vFCPST",
    "vFCPSTRet",
    "vICMSMonoReten",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One `det`. `icms`: the arm of the ICMS group that is there; `situation`: its CST or CSOSN, empty without one."""

    number: int
    det: Det
    prod: Prod
    tax: Imposto
    icms: Group | None
    situation: str
    reform: IbsCbs | None

    @property
    def path(self) -> str:
        return f"/infNFe/det[{self.number}]"


@dataclass(slots=True)
class Shape:
    """Items whose IBSCBS has the same codes and the same groups: what is decided by form is decided once for all of them."""

    group: IbsCbs
    values: GroupIbsCbs | None
    items: list[Item] = field(default_factory=list)

    def at(self, tail: str, **facts: object) -> Found:
        """The same fault at each of the items, below IBSCBS."""
        told = {"cst": self.group.CST, "code": self.group.cClassTrib, **facts}
        return ((f"{item.path}/imposto/IBSCBS{tail}", told) for item in self.items)


@dataclass(slots=True)
class Valued:
    """An item that has gIBSCBS."""

    item: Item
    group: IbsCbs
    values: GroupIbsCbs

    @property
    def path(self) -> str:
        return f"{self.item.path}/imposto/IBSCBS/gIBSCBS"


def only(choice: Group | None) -> Any:
    """The arm that is there of a group of alternatives (ICMS, PIS, COFINS); None when there is none."""
    if choice is None:
        return None
    return next(filter(None, msgspec.structs.astuple(choice)), None)


def total_of(values: Iterable[Decimal | None]) -> Decimal:
    """The sum, an absent amount counting as zero."""
    return sum(filter(None, values), ZERO)


def instant(text: str | None) -> datetime | None:
    """A TDateTimeUTC as an aware instant; None when it is not one."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


class Reading:
    """The document and what was read of it. `at`: aware instant of the judgement; `environment`: 1 produção, 2 homologação.

    Nothing of the form of a field is taken for granted: what the schema would refuse is read as absent, never raised.
    """

    def __init__(self, inf: InfNFe, *, environment: int, at: datetime, supplement: InfNFeSupl | None = None) -> None:
        self.inf = inf
        self.ide = inf.ide
        self.emit = inf.emit
        self.dest = inf.dest
        self.environment = environment
        self.at = at
        self.supplement = supplement
        self.total = inf.total.ICMSTot
        self.moment = instant(inf.ide.dhEmi)
        self.day: date | None = None if self.moment is None else self.moment.date()
        self.items = [self._item(number, det) for number, det in enumerate(inf.det, 1)]
        self.goods = [item for item in self.items if item.tax.ISSQN is None]
        self.services = [item for item in self.items if item.tax.ISSQN is not None] if len(self.goods) < len(self.items) else []
        self.reform = [item for item in self.items if item.reform is not None]
        self.valued = [
            Valued(item, item.reform, item.reform.gIBSCBS)
            for item in self.reform
            if item.reform is not None and item.reform.gIBSCBS is not None
        ]
        self.values = [each.values for each in self.valued]
        self.prods = [item.prod for item in self.items]
        self.shapes = list(self._shapes())
        self.traits = frozenset(self._traits())

    @staticmethod
    def _item(number: int, det: Det) -> Item:
        tax = det.imposto
        icms = only(tax.ICMS)
        situation = "" if icms is None else str(getattr(icms, "CST", None) or getattr(icms, "CSOSN", ""))
        return Item(number, det, det.prod, tax, icms, situation, tax.IBSCBS)

    def _shapes(self) -> Iterable[Shape]:
        found: dict[tuple[object, ...], Shape] = {}
        for item in self.reform:
            group = item.reform
            if group is None:
                continue
            values = group.gIBSCBS
            key: tuple[object, ...] = (
                group.CST,
                group.cClassTrib,
                group.gIBSCBSMono is None,
                group.gTransfCred is None,
                group.gAjusteCompet is None,
                group.gEstornoCred is None,
                group.gCredPresOper is None,
                group.gCredPresIBSZFM is None,
            )
            if values is not None:
                uf, mun, cbs = values.gIBSUF, values.gIBSMun, values.gCBS
                key += (
                    uf.gDif is None,
                    uf.gRed is None,
                    uf.gDevTrib is None,
                    mun.gDif is None,
                    mun.gRed is None,
                    mun.gDevTrib is None,
                    cbs.gDif is None,
                    cbs.gRed is None,
                    cbs.gDevTrib is None,
                    values.gTribRegular is None,
                    values.gTribCompraGov is None,
                )
            shape = found.get(key)
            if shape is None:
                shape = found[key] = Shape(group, values)
            shape.items.append(item)
        return found.values()

    def _traits(self) -> Iterator[Trait]:
        if self.reform or self.inf.total.IBSCBSTot is not None:
            yield "reform"
        if self.valued:
            yield "valued"
        if self.ide.NFref:
            yield "references"
        if self.inf.cobr is not None:
            yield "billed"
        for shape in self.shapes:
            group, values = shape.group, shape.values
            if group.gTransfCred or group.gAjusteCompet or group.gEstornoCred or group.gCredPresOper or group.gCredPresIBSZFM:
                yield "credits"
            if values is None:
                continue
            if values.gTribRegular:
                yield "regular"
            for share in (values.gIBSUF, values.gIBSMun, values.gCBS):
                if share.gDif:
                    yield "deferral"
                if share.gRed:
                    yield "reduction"
                if share.gDevTrib:
                    yield "returned"

    @cached_property
    def icms_sums(self) -> Mapping[str, Decimal]:
        """Sums of the amounts of the ICMS groups, by tag."""
        sums = dict.fromkeys(_ICMS_SUMS, ZERO)
        for item in self.items:
            if item.icms is not None:
                names, read = _amounts(type(item.icms))
                for name, value in zip(names, read(item.icms), strict=True):
                    if value:
                        sums[name] += value
        return sums

    @cached_property
    def deducted(self) -> Decimal:
        """ICMS relieved that comes off the price: of the items whose indDeduzDeson is 1."""
        return total_of(
            getattr(item.icms, "vICMSDeson", None) for item in self.items if getattr(item.icms, "indDeduzDeson", None) == "1"
        )

    @property
    def outgoing(self) -> bool:
        return self.ide.tpNF == "1"


_READERS: dict[type[Group], tuple[tuple[str, ...], Any]] = {}


def _amounts(arm: type[Group]) -> tuple[tuple[str, ...], Any]:
    """The tags of `_ICMS_SUMS` that a group has, and how to read them together."""
    known = _READERS.get(arm)
    if known is None:
        names = tuple(name for name in _ICMS_SUMS if name in arm.__struct_fields__)
        if len(names) > 1:
            read: Any = attrgetter(*names)
        else:
            read = lambda group, names=names: tuple(getattr(group, name) for name in names)  # noqa: E731
        known = _READERS[arm] = (names, read)
    return known
