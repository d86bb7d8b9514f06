"""The page of the stories that the whole system is told, from `tests/scenarios/stories`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from gateway.nfe.lifecycle import DOCUMENT

STORIES = Path(__file__).parents[1] / "tests" / "scenarios" / "stories"
_NUMBERS = {
    "authorized": "autorizado",
    "cancelled": "cancelado",
    "denied": "denegado",
    "voided": "inutilizado",
    "held": "preso à nota",
    "other": "de outra nota",
}


def page() -> str:
    """Every story: the case, its source, what happens step by step, and how it ends."""
    lines = [
        "# Respostas perdidas, duplicidades e contingência, caso a caso\n",
        "Gerado de `tests/scenarios/stories/` por `python -m docs.generate`. Cada caso é contado ao sistema inteiro (API, filas,"
        " banco, SEFAZ simulada) e tem de acabar como está escrito; `make chaos` o conta de novo com o processo morto em cada"
        " ponto do caminho. [O que se promete](../explanation/promises.md).\n",
    ]
    for path in sorted(STORIES.glob("*.toml")):
        lines += _story(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    return "\n".join(lines)


def _story(name: str, told: dict[str, Any]) -> list[str]:
    model = "NFC-e" if told.get("model") == "65" else "NF-e"
    steps = [f"{n}. {step['text']}" for n, step in enumerate(told["step"], 1)]
    sales = "; ".join(_sale(ref, sale) for ref, sale in told["end"]["sales"].items())
    numbers = ", ".join(f"{number} {_NUMBERS[state]}" for number, state in told["end"].get("numbers", {}).items())
    ending = [f"Fim: {sales}." + (f" Números: {numbers}." if numbers else "")]
    waits = told["end"].get("attention", [])
    if waits:
        ending.append(f"Espera uma pessoa: {', '.join(f'`{code}`' for code in waits)}.")
    return [f"## {name}\n", f"{told['description']} *{model}; {told['source']}.*\n", *steps, "", " ".join(ending) + "\n"]


def _sale(ref: str, sale: dict[str, Any]) -> str:
    emission = f", tpEmis {sale['tpEmis']}" if "tpEmis" in sale else ""
    return f"{ref}: {DOCUMENT.labels[sale['status']].lower()}{emission}"
