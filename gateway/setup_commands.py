"""What the command line does to an installation: prepare it, add certificates and keys, tell a document's story."""

from __future__ import annotations

import asyncio
import getpass
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from gateway import demo_data
from gateway.api.approximate_csv import read_csv as read_approximate
from gateway.api.operations_csv import read_csv, written_own
from gateway.bootstrap import authorities_of, prepare_data
from gateway.config import FILE_NAME, Settings
from gateway.core.clock import SystemClock, from_epoch_ms
from gateway.core.errors import ConfigInvalid, InputError, NotFound
from gateway.core.taxid import Cnpj
from gateway.nfe.branch import Branch
from gateway.nfe.certificate import Certificate, load
from gateway.nfe.municipios import uf_code
from gateway.nfe.ports import Pfx
from gateway.nfe.validity import validity
from gateway.sim.pki import TestPki
from gateway.store import access, certificates, setup
from gateway.store.approximate_rates import publications, put_rates
from gateway.store.branch_operations import operations_of, put_operations
from gateway.store.certificates import ROOT, CertificateRow
from gateway.store.database import Database, open_database
from gateway.store.vault import Vault

_TOML = """# Configuração do gateway. Toda chave tem um valor padrão; veja docs/reference/configuration.md.
# data_dir = "var/gateway"
# port = 8080
# database_url = "postgresql://usuario@servidor/base"
# redis_url = "redis://servidor:6379/0"
"""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Database, Vault]]:
    """The installation's database, brought up to date, and its vault."""
    vault = await asyncio.to_thread(prepare_data, settings)
    db = await open_database(settings.database)
    try:
        yield db, vault
    finally:
        await db.close()


async def initialise(
    settings: Settings, *, user: str, test_branch: bool, cnpj: str = "", uf: str = "SP", crt: str = "3"
) -> dict[str, Any]:
    """Prepare data directory, key, database and console user; with `test_branch`, a branch ready to issue in homologação.

    Run again it keeps what exists: an existing user keeps its password, an existing test branch its certificate.
    """
    await asyncio.to_thread(_write_configuration)
    result: dict[str, Any] = {"data_dir": settings.data_dir, "database": settings.database.split("@")[-1], "user": user}
    async with opened(settings) as (db, vault):
        at = SystemClock().epoch_ms()
        if await db.read(lambda conn: access.get_user(conn, user)) is None:
            password = new_password()
            hashed = await asyncio.to_thread(access.hash_password, password)
            await db.write(lambda conn: access.put_user(conn, username=user, password_hash=hashed, role="admin", at=at))
            result["password"] = password
        if test_branch:
            result |= await make_test_branch(db, vault, settings.data, cnpj=cnpj or demo_data.TEST_CNPJ, uf=uf, crt=crt)
    return result


def _write_configuration() -> None:
    path = Path(FILE_NAME)
    if not path.exists():
        path.write_text(_TOML, encoding="utf-8")


async def make_test_branch(
    db: Database,
    vault: Vault,
    data: Path,
    *,
    cnpj: str,
    uf: str = "SP",
    crt: str = "3",
    printer: str = "",
    pki: TestPki | None = None,
) -> dict[str, Any]:
    """An invented branch in homologação with an A1 of the test PKI, three products and an API key for everything."""
    try:
        number = Cnpj(cnpj)
    except ValueError as error:
        raise ConfigInvalid(f"CNPJ inválido: {error}.", fix="Use um CNPJ com dígitos verificadores corretos.") from error
    authority: TestPki = pki if pki is not None else await asyncio.to_thread(TestPki, data / "pki")
    branch = demo_data.branch(str(number), uf=uf, crt=crt, printer=printer)
    at = SystemClock().epoch_ms()
    await db.write(lambda conn: setup.put_branch(conn, branch, at))
    if await db.read(lambda conn: certificates.certificate_in_use(conn, number)) is None:
        password = secrets.token_urlsafe(12)
        pfx = await asyncio.to_thread(authority.issue_a1, str(number), branch.name, password)
        await _store_certificate(db, vault, str(number), pfx, password)

    def products(conn: Any) -> None:
        for product in demo_data.PRODUCTS:
            setup.put_product(conn, product, at)

    await db.write(products)
    token = await db.write(lambda conn: access.new_key(conn, environment="test", name="teste", scopes=access.SCOPES, at=at)[1])
    return {"branch": str(number), "api_key": token, "ca": str(authority.ca_path)}


async def _store_certificate(
    db: Database, vault: Vault, owner: str, pfx: bytes, password: str
) -> tuple[CertificateRow, Certificate]:
    certificate = await asyncio.to_thread(load, Pfx(pfx, password))
    clock = SystemClock()
    certificate.check(clock.now(), owner)
    who, at = f"cli:{getpass.getuser()}"[:120], clock.epoch_ms()

    def write(conn: Any) -> CertificateRow:
        row = certificates.put_certificate(conn, vault, owner, pfx=pfx, password=password, info=certificate, at=at, actor=who)
        access.record(conn, actor=who, action="certificate.put", subject=owner, at=at, data={"serial": row.serial})
        return row

    return await db.write(write), certificate


async def add_certificate(settings: Settings, owner: str, pfx: bytes, password: str) -> str:
    """Activate an A1 for a branch (14 characters) or for every branch of a root CNPJ (8); answers what to tell.

    Raises CertificateInvalid, CertificateExpired and NotFound.
    """
    root = owner.replace(".", "").upper()
    owner = root if re.fullmatch(f"[0-9A-Z]{{{ROOT}}}", root) else _cnpj(owner)
    async with opened(settings) as (db, vault):
        row, stored = await _store_certificate(db, vault, owner, pfx, password)
    said = f"Certificado ativo para {owner}: {row.subject}, válido até {_day(row.not_after)}."
    authorities = authorities_of(settings)
    return said if authorities is None else f"{said} {authorities.follow(stored.der, SystemClock().now(), stored.chain).text}"


async def list_certificates(settings: Settings) -> list[str]:
    """One line a certificate in use, with who sent it and how long it serves; then the branches without any."""
    now = SystemClock().epoch_ms()
    async with opened(settings) as (db, _):
        rows = await db.read(certificates.list_certificates)
        branches: list[Branch] = await db.read(setup.list_branches)
    owners = {row.owner for row in rows}
    lines = [
        f"{row.owner:<14}  {row.subject}, válido até {_day(row.not_after)} ({validity(row.not_after, now).days_left} dias),"
        f" enviado em {_day(row.created_at)}" + (f" por {row.actor}" if row.actor else "")
        for row in rows
    ]
    lines += [f"{one.cnpj}  sem certificado" for one in branches if not owners & {one.cnpj, one.cnpj[:ROOT]}]
    return lines or ["Nenhuma filial cadastrada."]


async def add_key(settings: Settings, name: str, scopes: tuple[str, ...], branches: tuple[str, ...]) -> str:
    """A new API key; its text is seen only here. `*` means every scope, every branch."""
    wanted = access.SCOPES if scopes == ("*",) else scopes
    seen = () if branches == ("*",) else tuple(_cnpj(text) for text in branches)
    async with opened(settings) as (db, _):
        at = SystemClock().epoch_ms()
        try:
            return await db.write(
                lambda conn: access.new_key(conn, environment="live", name=name, scopes=wanted, branches=seen, at=at)[1]
            )
        except ValueError as error:
            raise ConfigInvalid(str(error), fix=f"Escopos: {', '.join(access.SCOPES)}.") from error


async def list_keys(settings: Settings) -> list[str]:
    """One line a key, without secrets."""
    async with opened(settings) as (db, _):
        keys = await db.read(access.list_keys)
    return [
        f"{key.id}  {key.name}  {' '.join(sorted(key.scopes))}  {'revogada' if key.revoked_at else 'ativa'}" for key in keys
    ] or ["Nenhuma chave."]


async def revoke_key(settings: Settings, key_id: str) -> str:
    """End a key at once."""
    async with opened(settings) as (db, _):
        at = SystemClock().epoch_ms()
        if not await db.write(lambda conn: access.revoke_key(conn, key_id, at)):
            raise NotFound(f"A chave {key_id!r} não existe ou já foi revogada.", fix="Veja os ids em: gateway key list")
    return f"Chave {key_id} revogada."


async def export_operations(settings: Settings, branch: str) -> str:
    """The branch's own rows over the table of operations, as CSV that `import_operations` takes back. Raises NotFound."""
    number = _cnpj(branch)
    async with opened(settings) as (db, _):
        await _known(db, number)
        return written_own(await db.read(lambda conn: operations_of(conn, number)))


async def import_operations(settings: Settings, branch: str, body: bytes) -> str:
    """Replace all of the branch's own rows with those of a CSV; any fault leaves them as they are. Answers what to tell.

    Raises ValidationFailed with faults at `$line[n]`, and NotFound.
    """
    number = _cnpj(branch)
    rows = read_csv(body)
    async with opened(settings) as (db, _):
        await _known(db, number)
        at = SystemClock().epoch_ms()

        def write(conn: Any) -> None:
            put_operations(conn, number, rows, at)
            access.record(conn, actor="cli", action="operations.put", subject=number, at=at, data={"rows": len(rows)})

        await db.write(write)
    return f"Filial {number}: {len(rows)} linhas de operação."


async def import_approximate_taxes(settings: Settings, uf: str, body: bytes) -> str:
    """Replace a state's table of approximate taxes (Lei 12.741) of the days in a CSV of IBPT. Answers what to tell.

    Raises ValidationFailed with faults at `$line[n]`.
    """
    if uf_code(uf) is None:
        raise InputError(f"'{uf}' não é uma UF.", fix="Use a sigla do estado, por exemplo --uf SP.")
    rows = read_approximate(body)
    async with opened(settings) as (db, _):
        at = SystemClock().epoch_ms()

        def write(conn: Any) -> None:
            put_rates(conn, uf, rows)
            access.record(conn, actor="cli", action="approximate_taxes.put", subject=uf, at=at, data={"rows": len(rows)})

        await db.write(write)
    return f"UF {uf}: {len(rows)} linhas, {_days(rows[0].since, rows[0].until)}."


async def list_approximate_taxes(settings: Settings) -> list[str]:
    """What was imported, a line each, by state and newest first."""
    async with opened(settings) as (db, _):
        found = await db.read(publications)
    return [f"{one.uf}  {one.version}  {_days(one.since, one.until)}  {one.rows} linhas  {one.source}" for one in found]


def _days(since: date, until: date) -> str:
    return f"de {since:%d/%m/%Y} a {until:%d/%m/%Y}"


async def _known(db: Database, branch: str) -> None:
    if await db.read(lambda conn: setup.get_branch(conn, branch)) is None:
        raise NotFound(f"A filial {branch} não está cadastrada.", fix="Cadastre-a primeiro em PUT /v1/branches/{cnpj}.")


def _cnpj(text: str) -> str:
    try:
        return str(Cnpj(text))
    except ValueError as error:
        raise ConfigInvalid(f"CNPJ inválido: {error}.", fix="Informe os 14 caracteres do CNPJ da filial.") from error


def _day(ms: int) -> str:
    return f"{from_epoch_ms(ms):%d/%m/%Y}"


def new_password() -> str:
    """A password for the console that can be read aloud: 15 characters, about 74 random bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(3))
