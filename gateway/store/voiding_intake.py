"""How a request to void numbers enters: checked, its range reserved, stored with its job in one transaction."""

from __future__ import annotations

import hashlib
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from gateway.core.clock import Clock
from gateway.core.errors import NotFound, ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import Cnpj
from gateway.nfe.branch import Branch
from gateway.nfe.events.inutilizacao import compose_voiding
from gateway.nfe.municipios import uf_code
from gateway.store import setup, voidings
from gateway.store.database import Database
from gateway.store.number_gaps import refresh_series
from gateway.store.voidings import VoidingRow


async def request_voiding(
    db: Database,
    clock: Clock,
    *,
    ref: str,
    branch: str,
    model: str,
    series: int,
    first: int,
    last: int,
    reason: str,
    year: int | None = None,
) -> tuple[VoidingRow, bool]:
    """Ask for numbers to be voided; answers the request and whether it had been made before.

    Raises ValidationFailed (a bad range, or a number that has a note), IdempotencyConflict, NotFound (the branch).
    """
    told = hashlib.sha256(msgspec.json.encode([branch, model, series, first, last, reason, year])).digest()
    at = clock.epoch_ms()

    def unit(conn: Connection) -> tuple[VoidingRow, bool]:
        known = voidings.replayed(conn, ref, told)
        if known is not None:
            return known, True
        found = _branch(conn, branch)
        today = clock.now().astimezone(ZoneInfo(found.time_zone)).date()
        voiding = compose_voiding(
            cUF=uf_code(found.address.uf) or "",
            year=year or today.year,
            this_year=today.year,
            cnpj=Cnpj(found.cnpj),
            mod=model,
            series=series,
            first=first,
            last=last,
            reason=reason,
            environment=found.environment,
        )
        row = voidings.request(conn, voiding, ref=ref, body_hash=told, at=at)
        refresh_series(conn, row)
        return row, False

    return await db.write(unit)


def _branch(conn: Connection, cnpj: str) -> Branch:
    try:
        known = setup.get_branch(conn, Cnpj(cnpj))
    except ValueError as error:
        fault = Fault(code="GW-CNPJ", path="$.branch", message=f"CNPJ inválido: {error}.", fix="Confira o CNPJ da filial.")
        raise ValidationFailed([fault]) from error
    if known is None:
        raise NotFound(f"A filial {cnpj} não está cadastrada.", fix="Cadastre-a em PUT /v1/branches/{cnpj}.")
    return known
