"""Tables of approximate taxes by state. One upload replaces what it overlaps: the rows of the same state and first days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.engine import RowMapping

from gateway.nfe.approximate_rates import ApproximateRate, Rates
from gateway.store.tax_tables import approximate_rates as table

_AT_ONCE = 500
"""Bound parameters have a limit in both databases."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One version of a state's table: its days, its rows, and who published it."""

    uf: str
    version: str
    since: date
    until: date
    source: str
    key: str
    rows: int


def put_rates(conn: Connection, uf: str, rows: Sequence[ApproximateRate]) -> None:
    """Make these the rows of `uf` of the days they begin on."""
    for since in {row.since for row in rows}:
        conn.execute(delete(table).where(table.c.uf == uf, table.c.since == since.isoformat()))
    for first in range(0, len(rows), _AT_ONCE):
        conn.execute(insert(table), [_values(uf, row) for row in rows[first : first + _AT_ONCE]])


def rates_of(conn: Connection, uf: str, codes: Iterable[str], day: date) -> Rates:
    """Rows of the NCMs in `codes` that count in `uf` on `day`; of two, the one that began last."""
    wanted, when = sorted(set(codes)), day.isoformat()
    found: dict[str, ApproximateRate] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        query = (
            select(table)
            .where(table.c.uf == uf, table.c.kind == "0", table.c.ex == "", table.c.code.in_(wanted[first : first + _AT_ONCE]))
            .where(table.c.since <= when, table.c.until >= when)
            .order_by(table.c.since)
        )
        found |= {row["code"]: _rate(row) for row in conn.execute(query).mappings()}
    return found


def publications(conn: Connection) -> tuple[Publication, ...]:
    """What was uploaded, by state, the newest first."""
    columns = (table.c.uf, table.c.version, table.c.since, table.c.until, table.c.source, table.c.key)
    query = select(*columns, func.count()).group_by(*columns).order_by(table.c.uf, table.c.since.desc(), table.c.version)
    return tuple(
        Publication(uf, version, date.fromisoformat(since), date.fromisoformat(until), source, key, rows)
        for uf, version, since, until, source, key, rows in conn.execute(query)
    )


def _values(uf: str, row: ApproximateRate) -> dict[str, str]:
    return {"uf": uf, **{name: str(value) for name, value in asdict(row).items()}}


def _rate(row: RowMapping) -> ApproximateRate:
    return ApproximateRate(
        code=row["code"],
        ex=row["ex"],
        kind=row["kind"],
        national=Decimal(row["national"]),
        imported=Decimal(row["imported"]),
        state=Decimal(row["state"]),
        municipal=Decimal(row["municipal"]),
        since=date.fromisoformat(row["since"]),
        until=date.fromisoformat(row["until"]),
        source=row["source"],
        version=row["version"],
        key=row["key"],
    )
