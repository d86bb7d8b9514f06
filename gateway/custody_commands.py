"""`gateway verify`, `gateway export` and `gateway db retention`: what is kept, that it is whole, and until when."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from gateway.config import Settings
from gateway.core.clock import SystemClock, from_epoch_ms, to_epoch_ms
from gateway.core.errors import ConfigInvalid
from gateway.core.taxid import strip_punctuation
from gateway.jobs.exporting import write_export
from gateway.setup_commands import opened
from gateway.store import ledger, ledger_check
from gateway.store.ledger_check import Finding
from gateway.store.retention import kept

Say = Callable[[str], None]
TOLD_EVERY = 50_000


async def verify(settings: Settings, since: str, until: str, noted: str, *, say: Say, progress: Say) -> int:
    """Walk the chain and say what is wrong; answers the exit code. Raises ConfigInvalid for a date or a head that is none."""
    begin = None if not since else _midnight(_day(since))
    end = None if not until else _midnight(_day(until) + timedelta(days=1))
    anchor = _head(noted) if noted else None
    wrong = 0

    def tell(findings: Sequence[Finding]) -> int:
        for one in findings:
            say(f"ERRO  {one.text} [{one.damage}]")
        return len(findings)

    async with opened(settings) as (db, _):
        cursor = await db.read(lambda conn: ledger_check.begin(conn, begin))
        ended, told = False, 0
        while not ended:
            page = await db.read(partial(ledger_check.walk, cursor=cursor, until=end))
            wrong += tell(page.findings)
            cursor, ended = page.cursor, page.ended
            if cursor.seen - told >= TOLD_EVERY:
                told = cursor.seen
                progress(f"{told} conferidos")
        if begin is None and end is None:
            wrong += tell(await db.read(ledger_check.unchained))
        if anchor is not None:
            wrong += tell(await db.read(partial(ledger_check.against_head, noted=anchor)))
        last = await db.read(ledger.head)
    say(f"{cursor.seen} elos conferidos, {wrong} problema(s).")
    if last is not None:
        say(f"Fim da cadeia, para anotar fora daqui: {last.seq}:{last.hash.hex()}")
    return 1 if wrong else 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigInvalid(f"{text!r} não é uma data.", fix="Use AAAA-MM-DD.") from error


def _head(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d{1,18}):([0-9a-fA-F]{64})", text)
    if found is None:
        raise ConfigInvalid(f"{text[:100]!r} não é um elo.", fix="Use SEQ:HASH, com 64 caracteres hexadecimais.")
    return int(found[1]), found[2]


def _midnight(day: date) -> int:
    return to_epoch_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


async def export(settings: Settings, branch: str, month: str, out: Path, *, progress: Say) -> str:
    """Write a branch's month to a ZIP; answers what to tell. Raises ConfigInvalid and NotFound."""
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise ConfigInvalid(f"{month!r} não é um mês.", fix="Use AAAA-MM, por exemplo 2026-11.")

    async def told(files: int, total: int) -> None:
        if files % 2000 == 0:
            progress(f"{files} de {total} documentos")

    async with opened(settings) as (db, _):
        try:
            made = await write_export(db, strip_punctuation(branch), month, out, told)
        except OSError as error:
            raise ConfigInvalid(
                f"{out} não pôde ser gravado: {error.strerror}.", fix="Escolha outra pasta em --out, ou libere espaço."
            ) from error
    return f"{out}: {made.files} documento(s), {made.size} bytes, sha256 {made.sha256}"


async def retention(settings: Settings) -> list[str]:
    """What is kept, by branch, and until when; in lines."""
    months = settings.retention_months
    limit = to_epoch_ms(months_before(SystemClock().now(), months))
    async with opened(settings) as (db, _):
        rows = await db.read(partial(kept, before=limit))
    lines = [f"Prazo de guarda: {months} meses da autorização. O gateway não apaga nenhum documento, nem depois do prazo."]
    lines += [
        f"{row.branch}: {row.documents} documentos ({row.bytes / 1024**2:.1f} MiB), de {_shown(row.first)} a {_shown(row.last)};"
        f" {row.past} além do prazo; o mais antigo fica até {months_before(from_epoch_ms(row.first), -months):%d/%m/%Y}"
        for row in rows
    ]
    return lines if rows else [*lines, "Nenhum documento autorizado ainda."]


def months_before(at: datetime, months: int) -> datetime:
    """The same day so many months earlier (later when negative); the month's last day when it has no such day."""
    index = at.year * 12 + at.month - 1 - months
    year, month = divmod(index, 12)
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return at.replace(year=year, month=month + 1)


def _shown(ms: int) -> str:
    return f"{from_epoch_ms(ms):%d/%m/%Y}"
