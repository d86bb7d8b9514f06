"""`gateway doctor`: looks at everything an installation needs and says, for each finding, what to do."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.bootstrap import Edges, authorities_of, make_edges, open_vault
from gateway.config import Settings
from gateway.core.clock import SystemClock, to_epoch_ms
from gateway.core.errors import ConfigInvalid, GatewayError
from gateway.jobs.certificates import Certificates
from gateway.jobs.embedded import EmbeddedValkey
from gateway.nfe.branch import Branch
from gateway.nfe.icp_chain import Authorities
from gateway.nfe.ports import Pfx, Target
from gateway.nfe.validity import validity
from gateway.store import access, setup
from gateway.store import schema as store_schema
from gateway.store.database import Database, open_database
from gateway.store.vault import Vault

Level = Literal["ok", "warning", "error"]
FREE_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, and what to do when it is not well."""

    level: Level
    subject: str
    message: str
    fix: str = ""


async def examine(settings: Settings, *, offline: bool = False) -> list[Finding]:
    """Every finding, in the order of what depends on what. Changes nothing."""
    found = [_python(), _disk(settings)]
    pending = await asyncio.to_thread(_schema, settings)
    found.append(pending)
    if pending.level == "error":
        return found
    db = await open_database(settings.database)
    try:
        vault = open_vault(settings)
        found.append(await _queue(settings))
        found += [finding async for finding in _setup(settings, db, vault, offline=offline)]
    except GatewayError as error:
        found.append(_of("instalação", error))
    finally:
        await db.close()
    return found


def _python() -> Finding:
    return Finding("ok", "Python", f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}")


def _disk(settings: Settings) -> Finding:
    if not settings.data.is_dir():
        return Finding("error", "dados", f"{settings.data_dir} não existe.", "Rode: gateway init")
    free = shutil.disk_usage(settings.data).free
    text = f"{free // 1024**2} MiB livres em {settings.data_dir}"
    if free < FREE_BYTES:
        return Finding("warning", "disco", text, "Libere espaço: com o disco cheio nenhuma venda é aceita.")
    return Finding("ok", "disco", text)


def _schema(settings: Settings) -> Finding:
    try:
        waiting = store_schema.pending(settings.database)
    except GatewayError as error:
        return _of("banco", error)
    if waiting:
        return Finding("error", "banco", f"{len(waiting)} migração(ões) pendente(s).", "Rode: gateway db upgrade")
    return Finding("ok", "banco", settings.database.split("@")[-1])


async def _queue(settings: Settings) -> Finding:
    if settings.redis_url == "off":
        return Finding("warning", "fila", "sem Redis: os workers só consultam o banco.", 'Remova redis_url = "off".')
    if settings.redis_url:
        return await _redis(settings.redis_url)
    valkey = EmbeddedValkey(settings.data / "valkey")
    try:
        await valkey.start()
    except GatewayError as error:
        return (
            Finding("ok", "fila", "Valkey embutido em uso por um gateway no ar.") if "uso" in error.detail else _of("fila", error)
        )
    await valkey.stop()
    return Finding("ok", "fila", "Valkey embutido sobe e responde.")


async def _redis(url: str) -> Finding:
    client = Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        return Finding("error", "fila", f"O Redis não respondeu: {error}.", "Confira GATEWAY_REDIS_URL.")
    finally:
        await client.aclose()
    return Finding("ok", "fila", "o Redis respondeu.")


async def _setup(settings: Settings, db: Database, vault: Vault, *, offline: bool) -> AsyncIterator[Finding]:
    users = await db.read(access.count_users)
    if not users:
        yield Finding("error", "console", "nenhum usuário.", "Rode: gateway init")
    branches: list[Branch] = await db.read(setup.list_branches)
    if not branches:
        yield Finding(
            "warning",
            "filiais",
            "nenhuma filial cadastrada.",
            "Cadastre em PUT /v1/branches/{cnpj}, ou rode: gateway init --test-branch",
        )
    clock = SystemClock()
    certificates = Certificates(db, vault, clock)
    authorities, finding = _authorities(settings, clock.now())
    if finding is not None:
        yield finding
    edges = make_edges(settings, clock)
    try:
        for branch in branches:
            async for finding in _branch(branch, certificates, edges, authorities, offline=offline):
                yield finding
            if branch.nfce.qr_version == "2" and await certificates.csc(branch.cnpj, branch.environment) is None:
                yield Finding(
                    "warning",
                    f"filial {branch.cnpj}, NFC-e",
                    "QR Code versão 2 sem o CSC deste ambiente: nenhuma NFC-e sai.",
                    "Cadastre o CSC em PUT /v1/branches/{cnpj}/csc, ou use nfce.qr_version 3.",
                )
        for account in await db.read(setup.list_vtex_accounts):
            yield Finding("ok", f"VTEX {account.account}", f"fatura pela filial {account.branch}")
    finally:
        await edges.close()


def _authorities(settings: Settings, now: datetime) -> tuple[Authorities | None, Finding | None]:
    try:
        found = authorities_of(settings)
    except ConfigInvalid as error:
        return None, _of("ICP-Brasil", error)
    if found is None:
        return None, None
    ended = [root for root in found.roots if root.not_valid_after_utc < now]
    text = f"{len(found.roots)} raízes e {len(found.between)} autoridades em {settings.ca_bundle}"
    if len(ended) == len(found.roots):
        fix = "Junte as raízes em vigor, publicadas pelo ITI: nada novo leva às que venceram."
        return found, Finding("warning", "ICP-Brasil", f"{text}; todas as raízes venceram.", fix)
    if not found.between:
        text += "; sem as autoridades intermediárias, as assinaturas das notas recebidas não são seguidas"
    return found, Finding("ok", "ICP-Brasil", f"{text}.")


async def _branch(
    branch: Branch, certificates: Certificates, edges: Edges, authorities: Authorities | None, *, offline: bool
) -> AsyncIterator[Finding]:
    """A branch is well when its certificate opens and, unless offline, each of its hosts answers a status request.

    A handshake would prove nothing: half of the hosts ask for the certificate only after the request.
    """
    subject = f"filial {branch.cnpj}"
    try:
        pfx, certificate = await certificates.of(branch.cnpj)
    except GatewayError as error:
        yield _of(subject, error)
        return
    left = validity(to_epoch_ms(certificate.not_after), SystemClock().epoch_ms())
    until = f"certificado válido até {certificate.not_after:%d/%m/%Y}"
    if left.step is None:
        yield Finding("ok", subject, until)
    else:
        fix = "Providencie a renovação do A1 e envie com: gateway cert add"
        yield Finding("warning", subject, f"{until}. {left.sentence}", fix)
    if authorities is not None:
        chain = authorities.follow(certificate.der, SystemClock().now(), certificate.chain)
        if chain.status == "trusted":
            yield Finding("ok", f"{subject}, cadeia", chain.text)
        else:
            fix = "Exporte o A1 com toda a cadeia, ou junte as autoridades que faltam em ca_bundle."
            yield Finding("warning", f"{subject}, cadeia", chain.text, fix)
    if not offline:
        for host, name, target in _hosts(branch, pfx, edges):
            yield await _answers(f"{subject}, {name} em {host}", target, edges)


def _hosts(branch: Branch, pfx: Pfx, edges: Edges) -> list[tuple[str, str, Target]]:
    """Each host the branch may send to, once, with its name for people. A service that its state does not have is left out."""
    found: dict[str, tuple[str, str, Target]] = {}
    uf = branch.address.uf
    for name, mod, tp_emis in (
        (f"SEFAZ {uf}", "55", "1"),
        (f"NFC-e {uf}", "65", "1"),
        ("SVC-AN", "55", "6"),
        ("SVC-RS", "55", "7"),
    ):
        target = Target(uf=uf, tpAmb=branch.environment, mod=mod, pfx=pfx, tpEmis=tp_emis)
        try:
            host = edges.sefaz.status_host(target)
        except ConfigInvalid:
            if (mod, tp_emis) != ("55", "1"):
                continue
            host = uf  # the request itself says what is wrong
        found.setdefault(host, (host, name, target))
    return list(found.values())


async def _answers(subject: str, target: Target, edges: Edges) -> Finding:
    try:
        status = await edges.sefaz.status(target)
    except GatewayError as error:
        return _of(subject, error)
    answer = f"{status.cStat} {status.xMotivo}"
    if status.running:
        return Finding("ok", subject, answer)
    if target.tpEmis != "1":
        return Finding("ok", subject, f"{answer}; a contingência só atende quando a SEFAZ da UF a ativa.")
    return Finding("warning", subject, answer, "A SEFAZ está parada: as notas esperam na fila.")


def _of(subject: str, error: GatewayError) -> Finding:
    return Finding("error", subject, f"{error.detail} [{error.code}]", error.fix)
