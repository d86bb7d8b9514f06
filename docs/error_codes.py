"""The page of every code that an answer, a job or a held order may carry: read from where each is written in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from gateway.core.errors import TREATMENTS
from gateway.nfe.findings import rules

PACKAGE = Path(__file__).parents[1] / "gateway"
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+")
_QUOTED = re.compile(rf'"(?!R-){CODE.pattern}"')
NOT_CODES = frozenset({"US-ASCII", "UTF-8", "SVC-AN", "SVC-RS", "NO-PAYMENT", "PAYMENT-FROM-AFFILIATE"})
"""Texts of the same shape that say something else."""
SAID = {
    "APPROXIMATE-ROW": "Uma linha da tabela do IBPT não pôde ser lida; a mensagem diz a linha e a coluna.",
    "CONTINGENCY-SVC": "A SVC não disse que está ativa para a UF da filial; a resposta dela vem na mensagem.",
    "DANFE-DRAW": "O DANFE em PDF não pôde ser desenhado; o motivo vem na mensagem.",
    "EVENT-DETAIL": "Um campo do evento falta, sobra ou não está no formato do leiaute.",
    "GW-RATE": "Chamadas demais em pouco tempo; `Retry-After` diz quanto esperar.",
    "JOB-DISCARDED": "Uma pessoa, ou o próprio trabalho, disse que nada mais há a fazer; o motivo fica guardado.",
    "JOB-LEASE-LOST": "Outro processo tomou a tarefa, porque este deixou de dar notícia dela.",
    "JOB-POISON": "O processo morreu repetidas vezes com esta tarefa, que foi posta de lado.",
    "NFE-CANCELLED": "A nota do pedido consta como cancelada na SEFAZ.",
    "NFE-DENIED": "A SEFAZ denegou a nota do pedido.",
    "NFE-REJECTED": "A SEFAZ rejeitou a nota do pedido.",
    "NFE-VOIDED": "O número da nota do pedido foi inutilizado.",
    "OPERATION-COLUMN": "Uma coluna do CSV das operações falta, sobra ou se repete.",
    "PRINT-XML": "O XML a imprimir não é de uma nota que se saiba desenhar.",
    "ROWS-UNREADABLE": "Um dado guardado não pôde ser lido por esta versão.",
    "SEFAZ-103": "A SEFAZ recebeu o lote e ainda não respondeu: o recibo é consultado.",
    "SEFAZ-106": "A SEFAZ não conhece o recibo: a nota é consultada pela chave.",
    "SEFAZ-DOWN": "O autorizador está fora do ar: a nota espera a volta, ou a contingência.",
    "SEFAZ-UNAVAILABLE": "A SEFAZ, ou um servidor no caminho, respondeu que está indisponível.",
    "SEFAZ-UNCLEAR": "A resposta da SEFAZ não diz o que houve com o pedido: pergunta-se antes de repetir.",
    "SIGNATURE-ALTERED": "O XML foi alterado depois de assinado.",
    "SIGNATURE-BROKEN": "A assinatura do XML falta ou não confere.",
    "VTEX-404": "A VTEX não conhece o que foi pedido.",
    "VTEX-409": "A VTEX recusou por causa da situação do pedido: ele é lido de novo.",
    "VTEX-ACCOUNT": "A conta da notificação não está cadastrada.",
    "VTEX-HOOK-SECRET": "O segredo da notificação não confere.",
    "VTEX-PRODUCT-UNDECIDED": "Um produto do pedido espera a decisão do cClassTrib.",
    "VTEX-PRODUCT-UNKNOWN": "Um produto do pedido não tem cadastro.",
}
"""Codes whose sentence is made elsewhere than where they are written."""
_NOT_OURS = ("sim/", "demo", "bench", "stage.py")
"""Simulators speak as other people's servers, and the rest answers nobody."""


@dataclass(frozen=True, slots=True)
class Told:
    """A code with the sentences written beside it, `…` where a value goes."""

    code: str
    message: str
    fix: str


def page() -> str:
    """The one error table by class, then every code: of the business rules, and of the rest."""
    actions = {
        "fail": "encerra",
        "retry": "tenta de novo pelo calendário",
        "wait": "espera o que foi pedido, sem gastar tentativa",
        "ask": "pergunta ao outro lado antes de repetir",
        "park": "espera uma pessoa",
        "stop": "para o worker",
    }
    lines = [
        "# Erros\n",
        "Gerado do código por `python -m docs.generate`.\n",
        "Toda resposta de erro é `application/problem+json` com `code`; um 422 traz `faults`, um por falta, cada um com `code`,"
        " `path`, `message`, `fix` e `source`. Uma tarefa que parou ou um pedido retido mostra o mesmo tipo de código.\n",
        "## Por classe\n",
        "| classe | código | HTTP | trabalho | log |",
        "|---|---|---|---|---|",
    ]
    for cls, row in TREATMENTS.items():
        lines.append(f"| `{cls.__name__}` | `{cls.code}` | {row.http} | {actions[row.job]} | {row.log} |")
    lines += [
        "\nUm código mais preciso, abaixo, toma o lugar do da classe; o HTTP é o dela.\n",
        "## Regras da venda\n",
        "As dos leiautes oficiais (`R-...`) estão em [regras do documento](rules.md).\n",
        "| código | falta | correção | evita |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{one.code}` | {_cell(one.message)} | {_cell(one.fix)} | {one.cStat} |"
        for one in sorted(rules().values(), key=lambda one: one.code)
    ]
    lines += [
        "\n## Demais códigos\n",
        "`…` está no lugar de um valor. `SEFAZ-` seguido de três dígitos é a resposta da SEFAZ com esse cStat"
        " ([o que cada um quer dizer](rejections.md)), e `VTEX-` seguido de três dígitos o HTTP com que a VTEX recusou.\n",
    ]
    lines += ["| código | o que houve | o que fazer |", "|---|---|---|"]
    lines += [f"| `{one.code}` | {_cell(one.message)} | {_cell(one.fix)} |" for one in written()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\{[^}]*\}", "…", text)).replace("|", "\\|").strip()


@cache
def written() -> tuple[Told, ...]:
    """Every code in the code that is no business rule, with the fullest sentences found beside it."""
    known = {*rules(), *(cls.code for cls in TREATMENTS)}
    found: dict[str, Told] = {}
    for one in _all():
        kept = found.get(one.code)
        if one.code not in known and (kept is None or len(one.message) + len(one.fix) > len(kept.message) + len(kept.fix)):
            found[one.code] = one
    return tuple(replace(found[code], message=found[code].message or SAID.get(code, "")) for code in sorted(found))


def _all() -> Iterator[Told]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if not str(path.relative_to(PACKAGE)).startswith(_NOT_OURS):
            text = path.read_text(encoding="utf-8")
            if _QUOTED.search(text):  # most files write none, and need not be parsed
                yield from _in(ast.parse(text), {})


def _in(node: ast.AST, names: dict[str, ast.expr]) -> Iterator[Told]:
    """Codes of a piece of a file, each with the sentences of the call, row or class it is written in."""
    if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        names = dict(names)
    for child in ast.iter_child_nodes(node):
        text = _constant(child.value if isinstance(child, ast.keyword) else child)
        if text is not None and CODE.fullmatch(text) and text not in NOT_CODES and not text.startswith("R-"):
            yield Told(text, *_sentences(node, child, names))
        yield from _in(child, names)
        if isinstance(child, ast.Assign):
            names.update({target.id: child.value for target in child.targets if isinstance(target, ast.Name)})


def _sentences(node: ast.AST, code: ast.AST, names: dict[str, ast.expr]) -> tuple[str, str]:
    fix = ""
    values: list[ast.expr] = []
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg == "fix":
                fix = _sentence(keyword.value, names)
        values = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in ("message", "detail", "reason"))]
    elif isinstance(node, ast.Tuple | ast.List):
        values = list(node.elts)
    elif isinstance(node, ast.Dict):
        beside = [value for key, value in zip(node.keys, node.values, strict=True) if key is code]
        named = [(key and _constant(key), value) for key, value in zip(node.keys, node.values, strict=True)]
        values = beside or [value for key, value in named if key in ("error", "fix")]
    values = [part for value in values for part in (value.elts if isinstance(value, ast.Tuple) else [value])]
    texts = [text for value in values if " " in (text := _sentence(value, names))]
    return (texts[0] if texts else "", fix or (texts[1] if len(texts) > 1 else ""))


def _constant(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _sentence(node: ast.expr, names: dict[str, ast.expr]) -> str:
    """A text, with `…` for what is only known when it is said."""
    if isinstance(node, ast.Name) and node.id in names:
        return _sentence(names[node.id], {})
    if isinstance(node, ast.JoinedStr):
        return "".join(_constant(part) or "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sentence(node.left, names) + _sentence(node.right, names)
    if isinstance(node, ast.IfExp):
        return _sentence(node.body, names)
    return _constant(node) or ""
