"""The page of the rejections, from the catalogue."""

from __future__ import annotations

from collections import Counter
from typing import Final

from gateway.nfe.rejection_rows import FILES, rejection_rows
from gateway.nfe.rejections import Rejection, rejections

_DECISIONS: Final = {
    "ok": "sucesso",
    "ok_alert": "sucesso com alerta",
    "ok_event": "evento registrado",
    "info": "informação",
    "poll": "perguntar de novo",
    "wait_retry": "esperar e repetir",
    "query_then_decide": "consultar antes",
    "idempotent": "já existe: adotar",
    "contingency": "contingência",
    "stop_wait": "parar uma hora",
    "fix_data": "corrigir dados",
    "fix_config": "corrigir cadastro",
    "fix_software": "corrigir cálculo ou sistema",
    "new_number": "outro número",
    "final_refused": "recusado de vez",
    "denied": "denegado",
}


def page() -> str:
    """Every code, by number."""
    found = rejections()
    certain = Counter(row.certainty for row in found)
    lines = [
        "# Códigos e rejeições da SEFAZ\n",
        f"Gerado de `schemas/sefaz/cstat.json` e de {', '.join(f'`{name}.toml`' for name in FILES)} por"
        " `python -m docs.generate`. Como usar: [entender uma rejeição](../how-to/understand-a-rejection.md).\n",
        f"{len(rejection_rows())} códigos: {certain['C']} certos (C), {certain['M']} de uma só fonte (M) e {certain['U']} de que"
        " as fontes só trazem o código (U). Os campos são caminhos a partir de `infNFe`; em `det`, é o item que a SEFAZ cita.\n",
        "| código | o que é | decisão | causa | correção | no balcão | campos | regras que evitam | certeza e fonte |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_line(row) for row in found),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Rejection) -> str:
    fields = ", ".join(f"`{path}`" for path in row.fields) or "–"
    rules = ", ".join(f"`{code}`" for code in row.rules) or "–"
    told = (row.message, _DECISIONS[row.decision], row.cause, row.fix, " ".join(row.counter))
    cells = (f"**{row.cStat}**", *told, fields, rules, f"{row.certainty}: {row.source}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
