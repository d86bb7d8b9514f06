"""Settings: `gateway.toml`, and `GATEWAY_*` variables over it. An unknown name is an error, never silence."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from gateway.core.errors import ConfigInvalid

FILE_NAME = "gateway.toml"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting, with its default. Paths are relative to the working directory; addresses have no trailing slash.

    data_dir: database, key, sockets. database_url: SQLite in data_dir unless given. redis_url: an embedded Valkey unless
    given; `off` runs with database polling only. public_url: how people reach the console. sefaz_url/sefaz_ca: send
    every SEFAZ service to another server (tests, proxy), refused in production. vtex_url: replaces every account's base
    address. ca_bundle: roots of ICP-Brasil, added to the system's, and the authorities under them, by which signatures are
    followed up to a root. requery/absent: patience with lost answers, in seconds; probe: how
    often an authoriser that is down is asked whether it is back (SEFAZ wants no less than 180).
    retention_months: how long documents are kept (Ajuste SINIEF 2/2025: 132 from authorisation); nothing is deleted before.
    """

    data_dir: str = "var/gateway"
    database_url: str = ""
    redis_url: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    public_url: str = ""
    secret_key: str = ""
    sefaz_url: str = ""
    sefaz_svc_url: str = ""
    sefaz_an_url: str = ""
    sefaz_ca: str = ""
    ca_bundle: str = ""
    vtex_url: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"
    sefaz_concurrency: Annotated[int, Meta(ge=1, le=256)] = 64
    marketplace_concurrency: Annotated[int, Meta(ge=1, le=64)] = 8
    print_concurrency: Annotated[int, Meta(ge=1, le=64)] = 8
    sefaz_requery_seconds: Annotated[float, Meta(ge=0, le=3600)] = 5.0
    sefaz_absent_seconds: Annotated[float, Meta(ge=0, le=3600)] = 30.0
    sefaz_probe_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 180.0
    sefaz_read_timeout: Annotated[float, Meta(ge=1, le=300)] = 30.0
    vtex_sweep_seconds: Annotated[float, Meta(ge=1, le=86400)] = 900.0
    receive_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 60.0
    max_body_bytes: Annotated[int, Meta(ge=1024, le=64 * 1024 * 1024)] = 5 * 1024 * 1024
    retention_months: Annotated[int, Meta(ge=60, le=1200)] = 132
    stop_grace_seconds: Annotated[float, Meta(ge=0, le=300)] = 20.0

    @property
    def data(self) -> Path:
        return Path(self.data_dir)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'gateway.db'}"

    @property
    def address(self) -> str:
        """Where people reach the API and the console."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file (`GATEWAY_CONFIG`, or gateway.toml here, if it exists) and the variables over it.

    Raises ConfigInvalid naming the setting, the value and the fix.
    """
    environ = os.environ if environ is None else environ
    if path is None:
        named = environ.get("GATEWAY_CONFIG")
        path = Path(named) if named else Path(FILE_NAME)
        if named and not path.exists():
            raise ConfigInvalid(
                f"GATEWAY_CONFIG aponta para {named}, que não existe.", fix="Corrija o caminho ou remova a variável."
            )
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigInvalid(f"{path} não é um TOML válido: {error}.", fix="Corrija a linha indicada.") from error
        for name in values:
            _known(name, f"{path}")
    for name, text in environ.items():
        if name.startswith("GATEWAY_") and name != "GATEWAY_CONFIG":
            key = name.removeprefix("GATEWAY_").lower()
            _known(key, f"a variável {name}")
            values[key] = text
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigInvalid(
            f"Configuração inválida: {error}.", fix="Veja os valores aceitos em docs/reference/configuration.md."
        ) from error
    _check(settings)
    return settings


def _known(name: str, where: str) -> None:
    if name in Settings.__struct_fields__:
        return
    near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
    hint = f" Você quis dizer {near[0]!r}?" if near else ""
    raise ConfigInvalid(
        f"{where} traz uma configuração desconhecida: {name!r}.{hint}", fix="Veja docs/reference/configuration.md."
    )


def _check(settings: Settings) -> None:
    for name, schemes in (
        ("sefaz_url", ("https",)),
        ("sefaz_svc_url", ("https",)),
        ("sefaz_an_url", ("https",)),
        ("vtex_url", ("http", "https")),
        ("public_url", ("http", "https")),
    ):
        text = getattr(settings, name)
        if text and (urlsplit(text).scheme not in schemes or not urlsplit(text).hostname):
            raise ConfigInvalid(
                f"{name} precisa ser um endereço {' ou '.join(schemes)}: {text!r}.", fix=f"Exemplo: {schemes[0]}://127.0.0.1:9443"
            )
    for name in ("sefaz_ca", "ca_bundle"):
        text = getattr(settings, name)
        if text and not Path(text).exists():
            raise ConfigInvalid(
                f"{name} aponta para {text!r}, que não existe.",
                fix="Informe um arquivo PEM ou DER, ou uma pasta com arquivos .pem, .crt ou .cer.",
            )
    if settings.database_url and not settings.database_url.startswith(("sqlite:///", "postgresql://", "postgresql+asyncpg://")):
        raise ConfigInvalid(
            "database_url precisa começar com sqlite:/// ou postgresql://.", fix="Exemplo: postgresql://user@host/base"
        )
