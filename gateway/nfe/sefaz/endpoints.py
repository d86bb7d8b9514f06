"""Where each service of each authoriser lives: the dated table `schemas/sefaz/endpoints.toml`, and how a call picks its row.

Promises that no address of one environment is ever answered for the other. Does not promise that the host is up.
Source: Portal NF-e, Relação de Serviços Web; MOC 7.0 Annex III.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ConfigInvalid

Service = Literal[
    "NFeAutorizacao4",
    "NFeRetAutorizacao4",
    "NFeConsultaProtocolo4",
    "NFeStatusServico4",
    "NFeRecepcaoEvento4",
    "NFeInutilizacao4",
    "CadConsultaCadastro4",
    "NFeDistribuicaoDFe",
]

PRODUCAO = 1
_AMBIENTE = {1: "produção", 2: "homologação"}
_SVC_TPEMIS = ("6", "7")


@dataclass(frozen=True, slots=True)
class Operation:
    """One SOAP operation: namespace, name and the roots of its messages.

    wrapper: an element around nfeDadosMsg; wrapped_at: the authorisers that want it, empty when all do.
    """

    ns: str
    operation: str
    request: str
    response: str
    versao: str
    wrapper: str = ""
    wrapped_at: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        return f"{self.ns}/{self.operation}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address to call. `host` has the port only when it is not 443."""

    authorizer: str
    service: Service
    url: str
    host: str
    ns: str
    operation: str
    action: str
    response: str
    wrapper: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """What a key meant from `since` on."""

    since: date
    value: Any


@dataclass(frozen=True, slots=True)
class _Uf:
    uf: str
    cUF: str
    authorizer: dict[str, str]
    svc: dict[int, str]
    cad: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """The file, indexed: rows of a key from the oldest to the newest."""

    operations: dict[Service, Operation]
    ufs: dict[str, tuple[_Row, ...]]
    by_cuf: dict[str, str]
    svc: dict[str, str]
    urls: dict[tuple[str, str, int], tuple[_Row, ...]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the TOML. Raises ConfigInvalid when an address is not https or a host is in both environments."""
        raw = tomllib.loads(text)
        ns = raw["soap"]["namespace"]
        operations: dict[Service, Operation] = {
            name: Operation(ns=f"{ns}/{name}", **{**row, "wrapped_at": tuple(row.get("wrapped_at", ()))})
            for name, row in raw["services"].items()
        }
        ufs: dict[str, list[_Row]] = {}
        by_cuf: dict[str, str] = {}
        for row in raw["uf"]:
            svc = {1: row["svc"], 2: row.get("svc_homologacao", row["svc"])}
            uf = _Uf(row["uf"], row["cUF"], {"55": row["mod55"], "65": row["mod65"]}, svc, row.get("cad"))
            ufs.setdefault(uf.uf, []).append(_Row(row["since"], uf))
            by_cuf[uf.cUF] = uf.uf
        urls: dict[tuple[str, str, int], list[_Row]] = {}
        for row in raw["authorizer"]:
            urls.setdefault((row["name"], row["mod"], row["tpAmb"]), []).append(_Row(row["since"], row["urls"]))
        table = cls(operations, _sorted(ufs), by_cuf, raw["svc"], _sorted(urls))
        table._check()
        return table

    def hosts(self, tpAmb: int) -> frozenset[str]:
        """Every host of one environment, of any date."""
        return frozenset(
            urlsplit(url).netloc
            for (_, _, environment), rows in self.urls.items()
            if environment == tpAmb
            for row in rows
            for url in row.value.values()
        )

    def _check(self) -> None:
        for rows in self.urls.values():
            for row in rows:
                for service, url in row.value.items():
                    if not url.startswith("https://") or service not in self.operations:
                        raise ConfigInvalid(f"Tabela de endereços da SEFAZ inválida: {service} = {url}.")
        both = self.hosts(1) & self.hosts(2)
        if both:
            raise ConfigInvalid(f"Tabela de endereços da SEFAZ inválida: {sorted(both)} nos dois ambientes.")


@cache
def official_table() -> Table:
    """The table shipped with the gateway, read once."""
    return Table.parse((files("schemas") / "sefaz" / "endpoints.toml").read_text(encoding="utf-8"))


class Endpoints:
    """Picks addresses; the only place that knows them.

    With `override_url` every service goes to `override_url/<Service>`, whoever the authoriser is, and production
    (tpAmb 1) is refused: a test server can never receive a note that counts. `override_svc` and `override_an` replace it for
    the contingency's and the Ambiente Nacional's calls. `override_ca` is the PEM file of the only roots trusted for them; without
    it the usual trust applies. Raises ConfigInvalid.
    """

    def __init__(
        self,
        *,
        override_url: str | None = None,
        override_svc: str | None = None,
        override_an: str | None = None,
        override_ca: Path | None = None,
        table: Table | None = None,
    ) -> None:
        self._table = table or official_table()
        if override_url is None and (override_svc or override_an):
            raise ConfigInvalid(
                "GATEWAY_SEFAZ_SVC_URL e GATEWAY_SEFAZ_AN_URL só valem junto de GATEWAY_SEFAZ_URL.",
                code="SEFAZ-URL",
                fix="Informe GATEWAY_SEFAZ_URL, ou retire as outras duas.",
            )
        self._override = None if override_url is None else _override(override_url, self._table)
        special = {"SVC-AN": override_svc, "SVC-RS": override_svc, "AN": override_an}
        self._special = {name: _override(url, self._table) for name, url in special.items() if url}
        self.override_ca = override_ca
        self._hosts = {environment: self._table.hosts(environment) for environment in _AMBIENTE}

    def hosts(self, tpAmb: int) -> frozenset[str]:
        """The hosts that may receive a message of this environment."""
        if self._override is None:
            return self._hosts.get(tpAmb, frozenset())
        urls = (self._override, *self._special.values())
        return frozenset() if tpAmb == PRODUCAO else frozenset(urlsplit(url).netloc for url in urls)

    def cuf_of(self, uf: str) -> str:
        """IBGE code of a UF. Raises ConfigInvalid."""
        rows = self._table.ufs.get(uf)
        if rows is None:
            raise ConfigInvalid(f"UF desconhecida: {uf}.", code="SEFAZ-UF", fix="Corrija a UF do endereço da filial.")
        uf_row: _Uf = rows[-1].value
        return uf_row.cUF

    def uf_of(self, cUF: str) -> str:
        """UF of an IBGE code. Raises ConfigInvalid."""
        uf = self._table.by_cuf.get(cUF)
        if uf is None:
            raise ConfigInvalid(f"Código de UF desconhecido: {cUF}.", code="SEFAZ-UF", fix="Confira a chave de acesso.")
        return uf

    def authorizer(self, uf: str, mod: str, tpAmb: int, tpEmis: str = "1") -> str:
        """Name of who authorises today. Raises ConfigInvalid."""
        return self._authorizer(uf, mod, tpAmb, "NFeStatusServico4", tpEmis=tpEmis, at=None)

    def svc(self, uf: str, tpAmb: int) -> str:
        """tpEmis (6 or 7) of the contingency of a UF today. Raises ConfigInvalid."""
        self.cuf_of(uf)
        row: _Uf = self._table.ufs[uf][-1].value
        return next(tpEmis for tpEmis in _SVC_TPEMIS if self._table.svc[tpEmis] == row.svc[tpAmb])

    def for_chave(self, chave: ChaveAcesso, tpAmb: int, service: Service, *, at: date | None = None) -> Endpoint:
        """The authoriser the key implies: its UF, its model, and the SVC when its tpEmis is 6 or 7."""
        return self.url_for(self.uf_of(chave.cUF), chave.mod, tpAmb, service, tpEmis=chave.tpEmis, at=at)

    def url_for(self, uf: str, mod: str, tpAmb: int, service: Service, *, tpEmis: str = "1", at: date | None = None) -> Endpoint:
        """The address in force on `at` (the newest when None). `uf` may be `AN`, the Ambiente Nacional.

        Raises ConfigInvalid when nobody offers the service there.
        """
        if tpAmb not in _AMBIENTE:
            raise ConfigInvalid(f"Ambiente inválido: {tpAmb}.", code="SEFAZ-AMBIENTE", fix="Use 1 (produção) ou 2 (homologação).")
        operation = self._table.operations.get(service)
        if operation is None:
            raise ConfigInvalid(f"Serviço da SEFAZ desconhecido: {service}.", code="SEFAZ-SERVICO")
        authorizer = self._authorizer(uf, mod, tpAmb, service, tpEmis=tpEmis, at=at)
        url = self._url(authorizer, mod, tpAmb, service, at)
        if self._override is not None:
            if tpAmb == PRODUCAO:
                raise ConfigInvalid(
                    "O endereço alternativo da SEFAZ (GATEWAY_SEFAZ_URL) só vale em homologação; a filial está em produção.",
                    code="SEFAZ-URL-PRODUCAO",
                    fix="Retire GATEWAY_SEFAZ_URL para emitir em produção, ou ponha a filial em homologação.",
                )
            url = f"{self._special.get(authorizer, self._override)}/{service}"
        return Endpoint(
            authorizer=authorizer,
            service=service,
            url=url,
            host=urlsplit(url).netloc,
            ns=operation.ns,
            operation=operation.operation,
            action=operation.action,
            response=operation.response,
            wrapper=operation.wrapper if not operation.wrapped_at or authorizer in operation.wrapped_at else "",
        )

    def _authorizer(self, uf: str, mod: str, tpAmb: int, service: Service, *, tpEmis: str, at: date | None) -> str:
        if uf == "AN" or service == "NFeDistribuicaoDFe":
            return "AN"
        self.cuf_of(uf)
        row: _Uf | None = _in_force(self._table.ufs[uf], at)
        if row is None or mod not in row.authorizer:
            raise ConfigInvalid(f"Não há autorizador para {uf}, modelo {mod}.", code="SEFAZ-UF", fix="Use o modelo 55 ou 65.")
        if tpEmis in _SVC_TPEMIS:
            svc = row.svc[tpAmb]
            if mod != "55" or self._table.svc[tpEmis] != svc:
                detail = (
                    f"tpEmis {tpEmis} não vale para {uf}, modelo {mod}: a contingência dessa UF é {svc}, só para o modelo 55."
                )
                raise ConfigInvalid(detail, code="SEFAZ-SVC", fix="Emita em modo normal ou pela SVC da UF.")
            return svc
        if service == "CadConsultaCadastro4":
            if row.cad is None:
                raise ConfigInvalid(f"A UF {uf} não oferece consulta de cadastro.", code="SEFAZ-SERVICO")
            return row.cad
        return row.authorizer[mod]

    def _url(self, authorizer: str, mod: str, tpAmb: int, service: Service, at: date | None) -> str:
        # The cadastro and the Ambiente Nacional are listed once, with model 55, and serve both models.
        listed = "55" if authorizer == "AN" or service == "CadConsultaCadastro4" else mod
        urls: dict[str, str] | None = _in_force(self._table.urls.get((authorizer, listed, tpAmb), ()), at)
        if urls is None or service not in urls:
            raise ConfigInvalid(
                f"{authorizer} não oferece {service} para o modelo {mod} em {_AMBIENTE[tpAmb]}.", code="SEFAZ-SERVICO"
            )
        return urls[service]


def _sorted(rows: dict[Any, list[_Row]]) -> dict[Any, tuple[_Row, ...]]:
    return {key: tuple(sorted(group, key=lambda row: row.since)) for key, group in rows.items()}


def _in_force(rows: tuple[_Row, ...], at: date | None) -> Any:
    for row in reversed(rows):
        if at is None or row.since <= at:
            return row.value
    return None


def _override(url: str, table: Table) -> str:
    """The alternative address without its last slash; https, no credentials, never a host of production."""
    parts = urlsplit(url.strip())
    try:
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        port_ok = False
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment or not port_ok:
        raise ConfigInvalid(
            "GATEWAY_SEFAZ_URL precisa ser um endereço https sem usuário, consulta ou fragmento.",
            code="SEFAZ-URL",
            fix="Exemplo: https://127.0.0.1:9443",
        )
    if parts.hostname in {urlsplit(f"//{host}").hostname for host in table.hosts(PRODUCAO)}:
        raise ConfigInvalid(
            f"GATEWAY_SEFAZ_URL aponta para {parts.hostname}, que é um endereço de produção.",
            code="SEFAZ-URL-PRODUCAO",
            fix="Use o endereço de um servidor de teste.",
        )
    return url.strip().rstrip("/")
