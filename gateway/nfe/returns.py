"""The items of a note that gives back, corrects or adjusts earlier ones: a part of each, its taxes turned around. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec

from gateway.core.chave import ChaveAcesso
from gateway.core.money import CENT, ZERO
from gateway.core.text import clean_text
from gateway.nfe.amounts import plain, quantity, reais
from gateway.nfe.branch import Branch
from gateway.nfe.claims import Basis, NewClaim
from gateway.nfe.complement import icms_complement
from gateway.nfe.findings import Findings
from gateway.nfe.layout.item import Det, DfeReferenciado, ImpostoDevol
from gateway.nfe.layout.parties import Emit
from gateway.nfe.mirror import Facing, inverse_cfop, mirrored, referred_by_item, substituted
from gateway.nfe.operations import BranchOperation, Operation
from gateway.nfe.originals import Original
from gateway.nfe.parties import Buyer
from gateway.nfe.proportion import Step, cents, part_of
from gateway.nfe.raw_totals import item_value
from gateway.nfe.return_lines import ReturnLine, check_repeated, lines_of
from gateway.nfe.sale import Sale

_HUNDRED = Decimal(100)
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Back:
    """A sale's `returns`, resolved. chaves: the originals, each once; by_item: they are referred to in the items alone."""

    det: tuple[Det, ...]
    buyer: Buyer
    interstate: bool
    chaves: tuple[ChaveAcesso, ...]
    by_item: bool
    claims: tuple[NewClaim, ...]


def give_back(
    sale: Sale,
    operation: Operation,
    rows: Sequence[BranchOperation],
    originals: Mapping[ChaveAcesso, Original],
    branch: Branch,
    issuer: Emit,
    customer: Buyer | None,
    day: date,
    findings: Findings,
) -> Back | None:
    """The items of `sale.returns`; None when faults leave nothing to show.

    `rows`: the branch's own over the table of operations. `customer`: the other side when the caller names it.
    """
    if sale.items:
        findings.add("NFE-RET-01", "$.items", name=operation.name)
    told = len(findings.faults)
    lines = lines_of(sale, operation, rows, originals, branch, issuer, day, findings)
    if len(findings.faults) > told or not lines:
        return None
    other = customer or lines[0].side.buyer
    if len({(line.side.sold, line.side.direction, line.side.interstate) for line in lines}) > 1 or (
        customer is None and len({line.side.buyer.tax_id for line in lines}) > 1
    ):
        findings.add("NFE-RET-10", "$.returns")
    chaves = tuple(dict.fromkeys(line.original.chave for line in lines))
    if operation.finNFe == "2" and len(chaves) > 1:
        findings.add("NFE-RET-19", "$.returns")
    check_repeated(lines, findings)
    maker = _Maker(branch, other, day, findings)
    items = [maker.item(number, line) for number, line in enumerate(lines, start=1)]
    made = [det for det in items if det is not None]
    if len(findings.faults) > told:
        return None
    by_item = referred_by_item(operation.finNFe, branch.environment, day) and any(det.imposto.IBSCBS is not None for det in made)
    if by_item:
        made = _by_item(made, lines)
    return Back(tuple(made), other, lines[0].side.interstate, chaves, by_item, tuple(maker.claims))


def _by_item(made: Sequence[Det], lines: Sequence[ReturnLine]) -> list[Det]:
    """The items with what each refers to. An item of an original is named once (1072); a second line of it names the document."""
    named: set[tuple[str, str]] = set()
    referred = []
    for det, line in zip(made, lines, strict=True):
        place = (line.original.chave, line.item.nItem)
        reference = DfeReferenciado(chaveAcesso=place[0], nItem=None if place in named else place[1])
        referred.append(msgspec.structs.replace(det, DFeReferenciado=reference))
        named.add(place)
    return referred


class _Maker:
    """Makes the items in order: what an earlier line took of an item is no more there for a later one."""

    def __init__(self, branch: Branch, other: Buyer, day: date, findings: Findings) -> None:
        self.claims: list[NewClaim] = []
        self._branch = branch
        self._other = other
        self._day = day
        self._findings = findings
        self._steps: dict[tuple[str, int, Basis], list[Step]] = {}

    def item(self, number: int, line: ReturnLine) -> Det | None:
        """The item, or None when its line has faults."""
        operation, given = line.operation, line.given
        told = len(self._findings.faults)
        measure = operation.measure
        if measure == "either":
            measure = "amount" if given.amount is not None else "quantity"
        if measure == "tax":
            det = icms_complement(line.item, operation, given, self._branch, line.path, self._findings)
        elif measure == "amount":
            det = self._by_amount(number, line)
        else:
            det = self._by_quantity(number, line)
        if det is None or len(self._findings.faults) > told:
            return None
        prod = msgspec.structs.replace(det.prod, CFOP=self._cfop(line))
        note = clean_text(given.note, 500) or None
        det = msgspec.structs.replace(det, nItem=str(number), prod=prod, infAdProd=note)
        return msgspec.structs.replace(det, vItem=item_value(det)) if det.imposto.IBSCBS is not None else det

    def _by_quantity(self, number: int, line: ReturnLine) -> Det | None:
        given, prod = line.given, line.item.prod
        if given.amount is not None or given.icms_base is not None or given.icms_rate is not None:
            self._findings.add("NFE-RET-09", line.path, wanted="quantity")
            return None
        whole = Decimal(prod.qCom)
        if whole <= 0:
            self._findings.add("NFE-RET-09", line.path, wanted="amount (a origem não tem quantidade)")
            return None
        correction = line.operation.finNFe == "2"
        steps = [] if correction else self._before(line, "quantity", whole)
        left = whole - sum((cents(step.part * Fraction(whole), 4) for step in steps), ZERO)
        if correction and given.quantity is None:
            self._findings.add("NFE-RET-09", line.path, wanted="quantity ou amount")
            return None
        asked = (
            quantity(left if given.quantity is None else given.quantity, f"{line.path}.quantity", self._findings)
            if left > 0 or given.quantity is not None
            else None
        )
        if asked is None or (asked > left and not correction):
            if given.quantity is None or asked is not None:
                self._over(line, f"{line.path}.quantity", left, given.quantity or whole)
            return None
        part = Fraction(asked) / Fraction(whole)
        det = part_of(self._whole(line), steps, part, asked)
        if not correction:
            self._take(number, line, "quantity", asked, whole, part, det)
        return self._with_share(det, part)

    def _by_amount(self, number: int, line: ReturnLine) -> Det | None:
        given = line.given
        if given.amount is None or given.quantity is not None or given.icms_base is not None or given.icms_rate is not None:
            self._findings.add("NFE-RET-09", line.path, wanted="amount")
            return None
        amount = reais(given.amount, "O valor da linha", f"{line.path}.amount", self._findings)
        if amount <= 0:
            self._findings.add("NFE-RET-09", f"{line.path}.amount", wanted="amount acima de zero")
            return None
        fine, correction = line.operation.measure == "amount", line.operation.finNFe == "2"
        whole = line.value
        base = _base(line.item) if fine else whole
        if line.operation.reform_only and (line.item.imposto.IBSCBS is None or (fine and _by_unit(line.item))):
            self._findings.add("NFE-RET-15", line.path, item=line.item.nItem)
            return None
        steps: list[Step] = []
        if not fine and not correction:
            steps = self._before(line, "amount", whole)
            back = sum((step.part for step in self._before(line, "quantity", Decimal(line.item.prod.qCom))), Fraction(0))
            left = cents(max(Fraction(whole) * (1 - back - sum((step.part for step in steps), Fraction(0))), Fraction(0)))
            if amount > left:
                self._over(line, f"{line.path}.amount", left, amount)
                return None
        part = Fraction(amount) / Fraction(base) if base else Fraction(0)
        det = part_of(self._whole(line), steps, part, _ONE)
        if not fine and not correction:
            self._take(number, line, "amount", amount, whole, part, det)
        prod = msgspec.structs.replace(
            det.prod,
            qCom=_ONE,
            vUnCom=plain(amount),
            vProd=amount,
            qTrib=_ONE,
            uTrib=det.prod.uCom,
            vUnTrib=plain(amount),
            vFrete=None,
            vSeg=None,
            vDesc=None,
            vOutro=None,
        )
        imposto = msgspec.structs.replace(det.imposto, IS=None) if fine else det.imposto
        return msgspec.structs.replace(det, prod=prod, imposto=imposto, impostoDevol=None)

    def _over(self, line: ReturnLine, path: str, left: Decimal, asked: Decimal) -> None:
        self._findings.add("NFE-RET-08", path, item=line.item.nItem, balance=max(left, ZERO), asked=asked)

    def _before(self, line: ReturnLine, basis: Basis, whole: Decimal) -> list[Step]:
        """What was taken of the item until now, by other notes and by earlier lines of this one."""
        key = (str(line.original.chave), line.number, basis)
        if key not in self._steps:
            taken = (one for one in line.original.taken.get(line.number, ()) if one.basis == basis)
            self._steps[key] = [Step(Fraction(one.size) / Fraction(whole), one.det) for one in taken] if whole > 0 else []
        return self._steps[key]

    def _take(self, number: int, line: ReturnLine, basis: Basis, size: Decimal, whole: Decimal, part: Fraction, det: Det) -> None:
        self._before(line, basis, whole).append(Step(part, det))
        self.claims.append(NewClaim(line.original.chave, line.number, basis, size, whole, number))

    def _whole(self, line: ReturnLine) -> Det:
        facing = Facing(
            crt=self._branch.crt,
            regime=self._branch.pis_cofins_regime,
            sold=line.side.sold,
            elsewhere=line.side.elsewhere,
            turned=line.side.direction != line.operation.tpNF,
        )
        return mirrored(line.item, line.operation, facing, self._day)

    def _with_share(self, det: Det, part: Fraction) -> Det:
        """pDevol is of this note alone (UA02)."""
        given = det.impostoDevol
        if given is None:
            return det
        share = max(cents(part * 100), CENT)
        return msgspec.structs.replace(det, impostoDevol=ImpostoDevol(pDevol=share, IPI=given.IPI))

    def _cfop(self, line: ReturnLine) -> str:
        operation, old = line.operation, line.item.prod.CFOP
        if operation.cfop_same:
            return old
        interstate = line.side.interstate
        first = ("2" if interstate else "1") if operation.tpNF == "0" else ("6" if interstate else "5")
        pair = inverse_cfop(old, sold=line.side.sold, first=first, day=self._day) if operation.cfop_inverse else None
        if pair is not None:
            return pair
        column = operation.cfop_st if substituted(line.item.imposto.ICMS) else operation.cfop
        place = "internal" if not interstate else ("interstate" if self._other.contributor else "interstate_non_contributor")
        return column[place]


def _base(item: Det) -> Decimal:
    """Base of IBS and CBS of the item, zero when it has none."""
    group = item.imposto.IBSCBS
    return group.gIBSCBS.vBC if group is not None and group.gIBSCBS is not None else ZERO


def _by_unit(item: Det) -> bool:
    group = item.imposto.IBSCBS
    return group is not None and group.gIBSCBSMono is not None
