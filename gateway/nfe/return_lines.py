"""The lines of `sale.returns`, each with its earlier document, the item it means and the operation that answers it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gateway.core.chave import ChaveAcesso
from gateway.core.money import ZERO
from gateway.core.text import clean_text
from gateway.nfe import operations as table
from gateway.nfe.branch import Branch
from gateway.nfe.counterpart import Side, side
from gateway.nfe.findings import Findings
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.parties import Emit
from gateway.nfe.operations import BranchOperation, Operation
from gateway.nfe.originals import Original
from gateway.nfe.sale import ReturnedLine, Sale


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A line with its original found."""

    given: ReturnedLine
    path: str
    original: Original
    side: Side
    item: Det
    operation: Operation

    @property
    def number(self) -> int:
        return int(self.item.nItem)

    @property
    def value(self) -> Decimal:
        """What the item was sold for, before taxes added on top."""
        prod = self.item.prod
        return prod.vProd - (prod.vDesc or ZERO) + (prod.vFrete or ZERO) + (prod.vSeg or ZERO) + (prod.vOutro or ZERO)


def lines_of(
    sale: Sale,
    operation: Operation,
    rows: Sequence[BranchOperation],
    originals: Mapping[ChaveAcesso, Original],
    branch: Branch,
    issuer: Emit,
    day: date,
    findings: Findings,
) -> list[ReturnLine]:
    """Every line without faults, in order. `rows`: the branch's own over the table of operations."""
    found = (
        _found(i, line, sale, operation, rows, originals, branch, issuer, day, findings) for i, line in enumerate(sale.returns)
    )
    return [line for line in found if line is not None]


def _found(
    i: int,
    given: ReturnedLine,
    sale: Sale,
    operation: Operation,
    rows: Sequence[BranchOperation],
    originals: Mapping[ChaveAcesso, Original],
    branch: Branch,
    issuer: Emit,
    day: date,
    findings: Findings,
) -> ReturnLine | None:
    path = f"$.returns[{i}]"
    try:
        chave = ChaveAcesso("".join(given.chave_acesso.split()))
    except ValueError:
        findings.add("NFE-SALE-01", f"{path}.chave_acesso", value=given.chave_acesso)
        return None
    original = originals.get(chave)
    if original is None:
        findings.add("NFE-RET-02", f"{path}.chave_acesso", chave=chave)
        return None
    if not original.authorised:
        findings.add("NFE-RET-05", f"{path}.chave_acesso", chave=chave)
        return None
    seen = side(original, issuer, branch)
    if seen is None:
        findings.add("NFE-RET-18", f"{path}.chave_acesso", chave=chave)
        return None
    item = _item(given, original, path, findings)
    if item is None:
        return None
    if item.imposto.ISSQN is not None:
        findings.add("NFE-RET-13", path, item=item.nItem)
        return None
    used = operation
    if given.operation is not None and given.operation != sale.operation:
        own = _of_line(given, operation, rows, day)
        if own is None:
            findings.add("NFE-RET-14", f"{path}.operation", name=given.operation)
            return None
        used = own
    why = _unfit(used, original, seen)
    if why:
        findings.add("NFE-RET-11", f"{path}.chave_acesso", name=used.name, why=why)
        return None
    return ReturnLine(given, path, original, seen, item, used)


def _of_line(given: ReturnedLine, operation: Operation, rows: Sequence[BranchOperation], day: date) -> Operation | None:
    try:
        own = table.operation(given.operation or "", day, rows)
    except LookupError:
        return None
    kind = (own.finNFe, own.tpNF, own.tpNFCredito, own.tpNFDebito, own.measure)
    same = kind == (operation.finNFe, operation.tpNF, operation.tpNFCredito, operation.tpNFDebito, operation.measure)
    return own if own.returns and same else None


def _unfit(operation: Operation, original: Original, seen: Side) -> str:
    """Why the operation does not answer such a document; empty when it does."""
    if original.note.ide.idDest == "3":
        return "é de comércio exterior; use POST /v1/nfe/raw"
    if operation.finNFe == "2":
        return (
            ""
            if seen.sold and not seen.elsewhere and seen.direction == operation.tpNF
            else "só a própria nota de saída se complementa"
        )
    if operation.measure == "amount":
        return ""
    if seen.direction == operation.tpNF:
        return "a mercadoria já foi nesse sentido"
    return ""


def _item(given: ReturnedLine, original: Original, path: str, findings: Findings) -> Det | None:
    if given.item is not None:
        found = original.item(given.item)
        if found is None or (given.sku and found.prod.cProd != clean_text(given.sku, 60)):
            findings.add("NFE-RET-06", f"{path}.item", chave=original.chave, item=given.item)
            return None
        return found
    if given.sku:
        same = [det for det in original.note.det if det.prod.cProd == clean_text(given.sku, 60)]
        if len(same) > 1:
            findings.add("NFE-RET-07", f"{path}.sku", sku=given.sku, count=len(same), chave=original.chave)
            return None
        if same:
            return same[0]
    elif len(original.note.det) == 1:
        return original.note.det[0]
    findings.add(
        "NFE-RET-06", f"{path}.sku" if given.sku else f"{path}.item", chave=original.chave, item=given.sku or "sem número"
    )
    return None


def check_repeated(lines: Sequence[ReturnLine], findings: Findings) -> None:
    """Each item is in one line of an operation (VC03)."""
    seen: set[tuple[str, int, str]] = set()
    for line in lines:
        key = (line.original.chave, line.number, line.operation.name)
        if key in seen:
            findings.add("NFE-RET-12", line.path, item=line.number, chave=line.original.chave)
        seen.add(key)
