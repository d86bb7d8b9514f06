"""What is wrong with the rows a branch wants to put over the table of operations. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from gateway.core.faults import Fault
from gateway.nfe.operations import CFOPS, EXPORT, SCOPES, BranchOperation, Operation, default, over
from gateway.nfe.reform.classification import classification, table_version

_FIRST = {"1": {"internal": "5", "interstate": "6", "interstate_non_contributor": "6"}}
_FIRST["0"] = {"internal": "1", "interstate": "2", "interstate_non_contributor": "2"}
_EXPORT_FIRST = "7"


_REFORM = date(2026, 1, 1)
"""First day of IBS and CBS: rows of before may already say them."""
_OWN_FACTS = frozenset({"510", "515", "550", "620", "800", "810", "811"})
"""CST whose groups no operation can fill."""


def faults_of(rows: Sequence[BranchOperation]) -> list[Fault]:
    """Every fault, at `$[i]`: what a row says against the operation it is of, against itself, or against another row."""
    faults: list[Fault] = []
    seen: set[tuple[str, str]] = set()
    for i, row in enumerate(rows):
        faults.extend(_row(row, f"$[{i}]"))
        key = (row.operation, row.since.isoformat())
        if key in seen:
            message = f"A operação {row.operation} já tem uma linha desde {row.since:%d/%m/%Y}."
            faults.append(Fault(code="OPERATION-TWICE", path=f"$[{i}].since", message=message, fix="Deixe uma linha por data."))
        seen.add(key)
    return faults


def _row(row: BranchOperation, path: str) -> Iterator[Fault]:
    if row.until is not None and row.until < row.since:
        message = "O fim da linha é anterior ao começo."
        yield Fault(code="OPERATION-DATES", path=f"{path}.until", message=message, fix="Corrija since ou until.")
    try:
        base = default(row.operation, row.since)
    except LookupError:
        message = f"A operação {row.operation} ainda não existe em {row.since:%d/%m/%Y}."
        yield Fault(code="OPERATION-DATES", path=f"{path}.since", message=message, fix="Comece a linha depois.")
        return
    if base.by == "outside":
        message = f"A operação {row.operation} não é de NF-e: não há o que trocar nela."
        yield Fault(code="OPERATION-OUTSIDE", path=f"{path}.operation", message=message, fix="Retire a linha.")
        return
    yield from _cfops(row, base, path)
    yield from _taxes(over(base, row), path)
    if base.reform_only and row.icms is not None:
        message = f"A operação {row.operation} só diz IBS, CBS e IS: não há ICMS a trocar."
        yield Fault(
            code="OPERATION-ICMS",
            path=f"{path}.icms",
            message=message,
            fix="Retire icms.",
            source="NT 2025.002-RTC, B25-80 (1001)",
        )
    if base.finNFe in ("3", "4") and row.payment not in (None, "sem_pagamento"):
        message = "Nota de devolução ou de ajuste não tem pagamento."
        yield Fault(
            code="OPERATION-PAYMENT",
            path=f"{path}.payment",
            message=message,
            fix="Use sem_pagamento.",
            source="MOC 7.0, regra YA02-20 (871)",
        )


def _cfops(row: BranchOperation, base: Operation, path: str) -> Iterator[Fault]:
    for table in CFOPS:
        for scope in SCOPES:
            code = getattr(row, f"{table}_{scope}")
            first = _FIRST[base.tpNF][scope]
            if code is not None and code[0] != first:
                message = f"O CFOP {code} não serve: a operação {base.name}, neste destino, usa os que começam com {first}."
                yield Fault(
                    code="OPERATION-CFOP",
                    path=f"{path}.{table}_{scope}",
                    message=message,
                    fix="Corrija o CFOP, ou ponha-o na coluna do destino certo.",
                    source="MOC 7.0, regras I08-10 a I08-70 (731, 732, 733)",
                )

    code = row.cfop_export
    if code is not None and (EXPORT not in base.cfop or code[0] != _EXPORT_FIRST):
        message = f"O CFOP {code} não serve: a coluna cfop_export é da exportação, com CFOP que começa com {_EXPORT_FIRST}."
        yield Fault(
            code="OPERATION-CFOP",
            path=f"{path}.cfop_export",
            message=message,
            fix="Corrija o CFOP, ou retire-o da linha.",
            source="MOC 7.0, regras I08-10 a I08-70 (731, 732, 733)",
        )


def _taxes(used: Operation, path: str) -> Iterator[Fault]:
    if used.icms == "fixed" and not (used.cst and used.csosn):
        message = "ICMS fixo precisa do CST e do CSOSN."
        yield Fault(code="OPERATION-ICMS", path=f"{path}.icms", message=message, fix="Informe cst e csosn.")
    if not used.cclasstrib.startswith(used.ibs_cbs_cst) or bool(used.cclasstrib) != bool(used.ibs_cbs_cst):
        message = f"O cClassTrib {used.cclasstrib or 'vazio'} não é do CST {used.ibs_cbs_cst or 'vazio'} de IBS e CBS."
        fix = "Informe ibs_cbs_cst e cclasstrib juntos; o segundo começa com o primeiro."
        yield Fault(code="OPERATION-IBSCBS", path=f"{path}.cclasstrib", message=message, fix=fix)
    elif used.cclasstrib and classification(used.cclasstrib, max(used.since, _REFORM)) is None:
        message = f"O cClassTrib {used.cclasstrib} não existe na tabela {table_version()}, ou não vale desde {used.since}."
        fix = "Use um cClassTrib da tabela, ou outra data de início."
        yield Fault(code="OPERATION-IBSCBS", path=f"{path}.cclasstrib", message=message, fix=fix)
    elif used.cclasstrib[:3] in _OWN_FACTS:
        message = f"O CST {used.ibs_cbs_cst} de IBS e CBS depende do que só o produto ou a linha sabem."
        fix = "Classifique o produto, e deixe a operação sem cclasstrib."
        yield Fault(code="OPERATION-IBSCBS", path=f"{path}.ibs_cbs_cst", message=message, fix=fix)
