"""What `gateway explain` and `gateway why` print: rejections and stories, in lines of pt-BR or as JSON."""

from __future__ import annotations

import argparse
import json
from typing import Any

import msgspec

from gateway.config import Settings
from gateway.core.clock import SystemClock, from_epoch_ms
from gateway.core.errors import NotFound
from gateway.nfe.explanation import Explanation
from gateway.nfe.field_changes import Change
from gateway.nfe.rejections import Rejection, rejection
from gateway.setup_commands import opened
from gateway.store import explaining, stories
from gateway.store.stories import Story


async def explained(settings: Settings, args: argparse.Namespace) -> list[str]:
    """Lines of `gateway explain`. Raises NotFound for a code or document that is not known."""
    if args.ref:
        found = await _of_document(settings, args.ref, args.codes)
        return [_json(msgspec.to_builtins(one, enc_hook=str)) if args.json else "\n".join(_against(one)) for one in found]
    if not args.codes:
        raise NotFound("Diga o código da SEFAZ, ou a nota em --ref.", fix="Exemplo: gateway explain 778.")
    rows = [_known(code) for code in args.codes]
    return [_json(msgspec.to_builtins(row)) if args.json else "\n".join(_described(row)) for row in rows]


def _known(code: str) -> Rejection:
    row = rejection(code)
    if row is None:
        raise NotFound(f"O catálogo não descreve o código {code[:10]!r}.", fix="Leia o xMotivo que a SEFAZ mandou.")
    return row


async def _of_document(settings: Settings, ref: str, codes: list[str]) -> list[Explanation]:
    def read(conn: Any) -> list[Explanation | None]:
        row = explaining.find(conn, ref)
        return [explaining.explanation(conn, row, code or None) for code in codes or [""]]

    for code in codes:
        _known(code)
    async with opened(settings) as (db, _):
        found = [one for one in await db.read(read) if one is not None]
    if not found:
        raise NotFound(f"A nota {ref!r} não tem rejeição da SEFAZ a explicar.", fix=f"Veja a história dela: gateway why {ref}")
    return found


def _described(row: Rejection) -> list[str]:
    lines = [
        f"{row.cStat}  {row.message}",
        f"  causa:    {row.cause}",
        f"  correção: {row.fix}",
        f"  decisão:  {row.decision_text}",
        f"  balcão:   {' '.join(row.counter)}",
    ]
    lines += [f"  campos:   {', '.join(row.fields)}"] if row.fields else []
    lines += [f"  evitam:   {', '.join(row.rules)}"] if row.rules else []
    return [*lines, f"  fonte:    {row.source} (certeza {row.certainty})"]


def _against(one: Explanation) -> list[str]:
    lines = [f"{one.rejection.cStat}  {one.xMotivo or one.rejection.message}", f"  causa:    {one.cause}"]
    for field in one.fields:
        value = "não informado" if field.value is None else field.value
        lines.append(f"  campo:    {field.path}  ({field.layout})  = {value}")
    lines += [f"  correção: {one.fix}", f"  balcão:   {' '.join(one.rejection.counter)}"]
    if one.draft is None:
        return [*lines, "  rascunho: não há correção que se calcule; uma pessoa decide"]
    return [*lines, "  rascunho: muda", *(f"    {_changed(change)}" for change in one.changes)]


def _changed(change: Change) -> str:
    return f"{change.path}: {change.before or 'nada'} → {change.after or 'nada'}"


async def story(settings: Settings, args: argparse.Namespace) -> list[str]:
    """Lines of `gateway why`. Raises NotFound."""
    now = SystemClock().now()
    async with opened(settings) as (db, _):
        told: Story = await db.read(lambda conn: stories.told(conn, args.ref, now))
    if args.json:
        lines = [
            {
                "at": from_epoch_ms(line.at).astimezone(told.zone).isoformat(),
                "kind": line.kind,
                "text": line.text,
                "changes": msgspec.to_builtins(line.changes),
            }
            for line in told.lines
        ]
        return [_json({"ref": told.ref, "headline": told.headline, "lines": lines, "now": told.now})]
    found = [told.headline]
    if told.document is not None and told.document.chave:
        found.append(f"Chave {told.document.chave}")
    for line in told.lines:
        found.append(f"{from_epoch_ms(line.at).astimezone(told.zone):%d/%m/%Y %H:%M:%S}  {line.text}")
    return [*found, *(f"Agora: {one}" for one in told.now)]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
