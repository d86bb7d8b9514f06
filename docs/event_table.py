"""The page of the events of a note, from `schemas/sefaz/events.toml` and the schema of their details."""

from __future__ import annotations

from datetime import timedelta

from gateway.nfe.events.schema import Tag, details
from gateway.nfe.events.table import Deadline, EventKind, event_kinds

_FILLED = frozenset({"descEvento", "versao", "tpAutor", "cOrgaoAutor", "verAplic"})
_AUTHORS = {
    "emitente": "emitente",
    "destinatario": "destinatário",
    "sucessora": "empresa sucessora",
    "other": "fisco ou terceiros",
}
_WHERE = {"home": "SEFAZ da filial", "origin": "quem autorizou a nota", "an": "Ambiente Nacional"}
_CERTAINTY = {"C": "certa", "M": "provável", "U": "confirme com a UF"}


def page() -> str:
    """Every event: what it is, who sends it, where, how many, until when, and the tags of its detail."""
    kinds = sorted(event_kinds().values(), key=lambda kind: kind.tpEvento)
    lines = [
        "# Eventos da nota\n",
        "Gerado de `schemas/sefaz/events.toml` e do esquema dos eventos por `python -m docs.generate`. Como usar:"
        " [cancelar e corrigir](../how-to/cancel-and-correct.md).\n",
        "| tpEvento | nome | o que é | autor | registra | por nota | modelos | prazo | fonte |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(kind) for kind in kinds]
    lines += [
        "\n## O que cada um diz\n",
        "`POST /v1/nfe/{ref}/events` com `event` (tpEvento ou nome) e `detEvento` com as tags abaixo. `?`: opcional; `*`: repete."
        " O gateway preenche `descEvento`, `versao`, `tpAutor`, `cOrgaoAutor` e `verAplic`.\n",
        "| tpEvento | detEvento |",
        "|---|---|",
    ]
    tags = details()
    lines += [
        f"| `{kind.tpEvento}` {kind.label} | {_tags(tags[kind.tpEvento]) or 'nada a informar'} |"
        for kind in kinds
        if kind.sendable and kind.tpEvento in tags
    ]
    return "\n".join(lines) + "\n"


def _row(kind: EventKind) -> str:
    limits = "; ".join(_limit(one) for one in kind.deadlines) or "sem prazo conhecido"
    who, where = _AUTHORS[kind.author], _WHERE[kind.authorizer]
    return (
        f"| `{kind.tpEvento}` | `{kind.name}` | {kind.label} | {who} | {where} | {kind.max_seq}"
        f" | {', '.join(kind.models)} | {limits} | {kind.source} ({_CERTAINTY[kind.certainty]}) |"
    )


def _limit(limit: Deadline) -> str:
    whom = " ".join(part for part in (limit.uf, f"modelo {limit.model}" if limit.model else "") if part)
    after = "depois, a UF decide" if limit.after == "late" else "depois, recusado aqui"
    return f"{whom + ': ' if whom else ''}{_span(limit.within)} ({after})"


def _span(within: timedelta) -> str:
    minutes = int(within.total_seconds() // 60)
    if minutes % 1440 == 0 and minutes > 1440:
        return f"{minutes // 1440} dias"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def _tags(tags: tuple[Tag, ...]) -> str:
    told = []
    for tag in tags:
        if tag.name in _FILLED:
            continue
        inside = f" {{{_tags(tag.tags)}}}" if tag.tags else ""
        told.append(f"{'@' if tag.attribute else ''}{tag.name}{'' if tag.required else '?'}{'*' if tag.repeated else ''}{inside}")
    return ", ".join(told)
