"""Writes the pages that come from the code, the tables and the tests. `--check` only compares.

Also checks that every relative link in the documentation leads somewhere.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from docs import document_rules, error_codes, event_table, rejections, scenarios
from gateway.config import Settings
from gateway.core.machine import Machine
from gateway.nfe.events.lifecycle import EVENT, VOIDING
from gateway.nfe.lifecycle import DOCUMENT
from gateway.nfe.received import RECEIVED
from gateway.workflows.marketplace_order import ORDER

DOCS = Path(__file__).parent
ROOT = DOCS.parent
FAMILIES = {
    "SA": ("assistência técnica", 57),
    "TS": ("serviços adicionais", 45),
    "FD": ("devolução com título", 42),
    "LN": ("reclamações", 47),
    "LX": ("pedidos, consignado e comodato", 72),
}
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")


def states() -> str:
    """Every state machine, drawn from its table."""
    parts = ["# Estados\n\nGerado das tabelas do código por `python -m docs.generate`.\n"]
    drawn = (
        ("Documento", DOCUMENT),
        ("Evento da nota", EVENT),
        ("Nota recebida", RECEIVED),
        ("Inutilização", VOIDING),
        ("Pedido de marketplace", ORDER),
    )
    for title, machine in drawn:
        parts.append(f"## {title}\n\n{_labels(machine)}\n```mermaid\n{machine.diagram()}\n```\n")
    return "\n".join(parts)


def _labels(machine: Machine) -> str:
    rows = "".join(f"| `{state}` | {machine.labels[state]} |\n" for state in machine.states() if state in machine.labels)
    return f"| estado | rótulo |\n|---|---|\n{rows}"


def configuration() -> str:
    """Every setting with its default, as `gateway.toml` and the environment spell it."""
    lines = [
        "# Configuração\n",
        "Gerado por `python -m docs.generate`. `gateway.toml` no diretório de trabalho (ou o arquivo de `GATEWAY_CONFIG`) e,"
        " por cima, as variáveis `GATEWAY_*`. Um nome desconhecido é erro.\n",
        "| chave | variável | padrão | o que faz |",
        "|---|---|---|---|",
    ]
    for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True):
        shown = f"`{default}`" if default != "" else "vazio"
        lines.append(f"| `{name}` | `GATEWAY_{name.upper()}` | {shown} | {_MEANINGS[name]} |")
    return "\n".join(lines) + "\n"


_MEANINGS = {
    "data_dir": "banco SQLite, chave do cofre, soquete do Valkey",
    "database_url": "`sqlite:///caminho` ou `postgresql://...`; vazio usa SQLite em `data_dir`",
    "redis_url": "Redis ou Valkey próprio; vazio sobe um Valkey embutido; `off` trabalha só com o banco",
    "host": "interface em que a API escuta",
    "port": "porta da API; 0 toma uma livre",
    "public_url": "endereço pelo qual pessoas e a VTEX chegam ao gateway",
    "secret_key": "chave Fernet do cofre; vazio usa `secret.key` em `data_dir`",
    "sefaz_url": "manda todos os serviços da SEFAZ para `URL/<Serviço>`; recusado em produção",
    "sefaz_svc_url": "como `sefaz_url`, só para as chamadas à SVC; vazio: o mesmo endereço",
    "sefaz_an_url": "como `sefaz_url`, só para o Ambiente Nacional; vazio: o mesmo endereço",
    "sefaz_ca": "CA (PEM) desse outro servidor",
    "ca_bundle": "raízes da ICP-Brasil, somadas às do sistema, e autoridades abaixo delas: um arquivo PEM ou DER, ou uma pasta",
    "vtex_url": "substitui o endereço base de toda conta VTEX",
    "log_level": "`debug`, `info`, `warning` ou `error`",
    "log_format": "`json` ou `text`",
    "sefaz_concurrency": "notas em andamento ao mesmo tempo neste processo",
    "marketplace_concurrency": "chamadas a marketplaces ao mesmo tempo",
    "print_concurrency": "impressoras atendidas ao mesmo tempo",
    "sefaz_requery_seconds": "espera antes da primeira consulta depois de uma resposta perdida",
    "sefaz_absent_seconds": "espera depois de um 217, antes de consultar de novo e reenviar",
    "sefaz_probe_seconds": "de quanto em quanto tempo um autorizador fora do ar é consultado (a SEFAZ pede 180 s ou mais)",
    "sefaz_read_timeout": "quanto esperar por uma resposta da SEFAZ, em segundos",
    "vtex_sweep_seconds": "intervalo da varredura de pedidos de cada conta",
    "receive_seconds": "intervalo em que se vê se chegou a hora de ler alguma fila de notas recebidas",
    "max_body_bytes": "maior corpo aceito pela API, depois de descompactado",
    "retention_months": "meses de guarda dos documentos, da autorização (Ajuste SINIEF 2/2025); nada é apagado antes, nem depois",
    "stop_grace_seconds": "quanto um trabalho em andamento tem para terminar quando o serviço para",
}


def requirements() -> str:
    """Which requirements are proven by which tests, from the `req` markers; and how many are not yet."""
    proofs: dict[str, list[str]] = defaultdict(list)
    for path, test, ids in _markers():
        for requirement in ids:
            proofs[requirement].append(f"`{path}::{test}`")
    lines = ["# Requisitos e provas\n", "Gerado dos marcadores `req` dos testes por `python -m docs.generate`.\n"]
    for family, (title, total) in FAMILIES.items():
        ids = [f"{family}-{n:02d}" for n in range(1, total + 1)]
        proven = [name for name in ids if name in proofs]
        lines.append(f"## {family}: {title}\n\nProvados: {len(proven)} de {total}.\n")
        lines += [f"- **{name}**: {', '.join(sorted(set(proofs[name])))}" for name in proven]
        missing = [name for name in ids if name not in proofs]
        lines.append(f"\nAinda sem prova: {', '.join(missing)}.\n" if missing else "\nTodos provados.\n")
    return "\n".join(lines)


def _markers() -> Iterator[tuple[str, str, list[str]]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                ids = [
                    str(arg.value)
                    for mark in node.decorator_list
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.req"
                    for arg in mark.args
                    if isinstance(arg, ast.Constant)
                ]
                if ids:
                    yield str(path.relative_to(ROOT)), node.name, ids


PAGES = {
    "reference/states.md": states,
    "reference/configuration.md": configuration,
    "reference/errors.md": error_codes.page,
    "reference/events.md": event_table.page,
    "reference/rules.md": document_rules.page,
    "reference/rejections.md": rejections.page,
    "reference/requirements.md": requirements,
    "reference/scenarios.md": scenarios.page,
}


def broken_links() -> list[str]:
    """Relative links of README, CHANGELOG and docs that lead nowhere."""
    broken = []
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]:
        for match in _LINK.finditer(page.read_text(encoding="utf-8")):
            target = match.group(1) or match.group(2)
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    return broken


def main(argv: list[str]) -> int:
    """Write the pages, or compare them with `--check`; answers the exit code."""
    check = "--check" in argv
    stale = []
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    broken = broken_links()
    for name in stale:
        print(f"docs/{name} não corresponde ao código: rode python -m docs.generate")
    for link in broken:
        print(f"link quebrado: {link}")
    return 1 if stale or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
