"""The page of the events of a note, from `schemas/sefaz/events.toml` and the schema of their details."""

from __future__ import annotations

from gateway.nfe.events.schema import Tag, details
from gateway.nfe.events.table import Deadline, EventKind, event_kinds
from gateway.nfe.events.term import span

_FILLED = frozenset({"descEvento", "versao", "tpAutor", "cOrgaoAutor", "verAplic"})
_AUTHORS = {
    "emitente": "emitente",
    "destinatario": "destinatário",
    "sucessora": "empresa sucessora",
    "other": "fisco ou terceiros",
}
_WHERE = {"home": "SEFAZ da filial", "origin": "quem autorizou a nota", "an": "Ambiente Nacional"}
_AFTER = {"late": "depois, a UF decide", "refuse": "depois, recusado aqui"}
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
        "\n## Prazos por UF\n",
        "A linha da UF vale antes da nacional. Fora do prazo o pedido vai com aviso, e a SEFAZ decide (155 aceita, 501 recusa);"
        " onde a UF exige autorização prévia, peça-a antes de enviar.\n",
        "| evento | modelo | UF | desde | prazo | fora do prazo | fonte |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [row for kind in kinds for row in _of_states(kind)]
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
    limits = "; ".join(_limit(one) for one in kind.deadlines if one.uf is None) or "sem prazo conhecido"
    if any(one.uf for one in kind.deadlines):
        limits += "; [UFs com prazo próprio](#prazos-por-uf)"
    who, where = _AUTHORS[kind.author], _WHERE[kind.authorizer]
    return (
        f"| `{kind.tpEvento}` | `{kind.name}` | {kind.label} | {who} | {where} | {kind.max_seq}"
        f" | {', '.join(kind.models)} | {limits} | {kind.source} ({_CERTAINTY[kind.certainty]}) |"
    )


def _limit(limit: Deadline) -> str:
    whom = f"modelo {limit.model}: " if limit.model else ""
    return f"{whom}{span(limit.within)} ({_AFTER[limit.after]})"


def _of_states(kind: EventKind) -> list[str]:
    rows = sorted((one for one in kind.deadlines if one.uf), key=lambda one: (one.model or "", one.uf or "", one.since))
    return [
        f"| {kind.label} | {one.model or 'todos'} | {one.uf} | {one.since:%d/%m/%Y} | {span(one.within)} | {_late(one)}"
        f" | {one.source} ({_CERTAINTY[one.certainty]}) |"
        for one in rows
    ]


def _late(limit: Deadline) -> str:
    until = f"até {span(limit.late_within)} da autorização" if limit.late_within else _AFTER[limit.after]
    return f"{until}. {limit.late_told}".strip()


def _tags(tags: tuple[Tag, ...]) -> str:
    told = []
    for tag in tags:
        if tag.name in _FILLED:
            continue
        inside = f" {{{_tags(tag.tags)}}}" if tag.tags else ""
        told.append(f"{'@' if tag.attribute else ''}{tag.name}{'' if tag.required else '?'}{'*' if tag.repeated else ''}{inside}")
    return ", ".join(told)
