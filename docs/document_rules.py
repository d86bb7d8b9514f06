"""The page of the rules over the document, from their rows."""

from __future__ import annotations

from collections import Counter
from typing import Final

from gateway.nfe.rules import DocumentRule, rows
from gateway.nfe.rules.rows import FILES

_TITLES: Final = {
    "document_rules": "Identificação, datas, contingência, intermediador e referências",
    "document_rules_parties": "Emitente, destinatário e responsável técnico",
    "document_rules_items": "Itens e ICMS",
    "document_rules_references": "Referências, notas de crédito e de débito",
    "document_rules_totals": "Totais",
    "document_rules_payment": "Cobrança e pagamento",
    "document_rules_nfce": "NFC-e e QR Code",
    "document_rules_ibs_cbs": "IBS e CBS: códigos, alíquotas e valores",
    "document_rules_ibs_cbs_groups": "IBS e CBS: tributação regular, compra governamental e créditos",
    "document_rules_ibs_cbs_totals": "IBS e CBS: totais",
    "document_rules_sefaz": "O que só a SEFAZ decide",
}
_MODES: Final = {"refuse": "recusa", "warn": "avisa", "shadow": "prevê", "off": "desligada", "sefaz": "só a SEFAZ"}


def page() -> str:
    """Every rule, by part of the note."""
    found = rows()
    modes = Counter(rule.mode for rule in found)
    counted = ", ".join(f"{modes[mode]} {label}" for mode, label in _MODES.items() if modes[mode])
    lines = [
        "# Regras do documento\n",
        "Gerado de `schemas/fiscal/document_rules*.toml` por `python -m docs.generate`. O que cada modo faz está em"
        " [quando o gateway recusa uma nota](../explanation/refusals.md).\n",
        f"{len(found)} regras: {counted}. As datas são o primeiro dia em homologação e em produção; um traço é onde a regra não"
        " está ativa.\n",
    ]
    for file in FILES:
        lines += [
            f"## {_TITLES[file]}\n",
            "| código | cStat | modelos | modo | homologação | produção | o que diz | o que fazer | fonte |",
            "|---|---|---|---|---|---|---|---|---|",
            *(_line(rule) for rule in found if rule.group == file),
            "",
        ]
    return "\n".join(lines)


def _line(rule: DocumentRule) -> str:
    days = [f"{rule.since[name]:%d/%m/%Y}" if name in rule.since else "–" for name in ("hom", "prod")]
    if rule.until is not None:
        days[1] += f" a {rule.until:%d/%m/%Y}"
    mode = _MODES[rule.mode] + (f" (CRT {', '.join(rule.crt)})" if rule.crt else "")
    said = " ".join(part for part in (rule.message, rule.why, rule.note) if part)
    cells = (f"`{rule.code}`", rule.cStat or "–", ", ".join(rule.models), mode, *days, said, rule.fix, rule.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
