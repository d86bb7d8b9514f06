"""A branch that receives, an Ambiente Nacional in memory with a queue of documents, and the handlers around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.core.chave import ChaveAcesso
from gateway.jobs.handlers.distribution import FetchReceived
from gateway.nfe.address import Address
from gateway.nfe.branch import Branch
from gateway.nfe.event_answers import AfterNsu, Distributed, DistributionBatch, DistributionQuery, OneNsu
from gateway.nfe.ports import Pfx
from gateway.store import distribution, setup
from gateway.store.database import Database

US = "11222333000181"
THEM = "45543915000181"
NFE = "http://www.portalfiscal.inf.br/nfe"
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def epoch_ms(self) -> int:
        return int(self.at.timestamp() * 1000)

    def go(self, **delta: int) -> None:
        self.at += timedelta(**delta)


def chave(number: int, issuer: str = THEM) -> ChaveAcesso:
    """The key of note `number` of `issuer`."""
    return ChaveAcesso.build(cUF="35", dhEmi=NOW, tax_id=issuer, mod="55", serie=1, nNF=number, tpEmis="1", cNF="71830582")


def res_nfe(number: int, issuer: str = THEM, situation: int = 1, at: str = "2026-11-20T10:00:00-03:00") -> tuple[str, bytes]:
    text = (
        f'<resNFe xmlns="{NFE}" versao="1.01"><chNFe>{chave(number, issuer)}</chNFe><CNPJ>{issuer}</CNPJ>'
        f"<xNome>Fornecedor &amp; Filhos</xNome><IE>110042490114</IE><dhEmi>{at}</dhEmi><tpNF>1</tpNF><vNF>190.00</vNF>"
        f"<digVal>kRyY4rCrLrYr1qPZ1rTz0dVwK3g=</digVal><dhRecbto>{at}</dhRecbto><nProt>135260000000{number:03d}</nProt>"
        f"<cSitNFe>{situation}</cSitNFe></resNFe>"
    )
    return "resNFe_v1.01.xsd", text.encode()


def res_evento(number: int, tpEvento: str = "110111", author: str = THEM) -> tuple[str, bytes]:
    text = (
        f'<resEvento xmlns="{NFE}" versao="1.01"><cOrgao>35</cOrgao><CNPJ>{author}</CNPJ><chNFe>{chave(number)}</chNFe>'
        f"<dhEvento>2026-11-21T10:00:00-03:00</dhEvento><tpEvento>{tpEvento}</tpEvento><nSeqEvento>1</nSeqEvento>"
        f"<xEvento>Evento</xEvento><dhRecbto>2026-11-21T10:00:05-03:00</dhRecbto><nProt>135260000000999</nProt></resEvento>"
    )
    return "resEvento_v1.01.xsd", text.encode()


@dataclass
class National:
    """The Ambiente Nacional: documents by NSU, what was asked, and what it answers instead when told so."""

    documents: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[DistributionQuery] = field(default_factory=list)
    instead: list[DistributionBatch | Exception] = field(default_factory=list)
    size: int = 50

    def put(self, *documents: tuple[str, bytes], at: int | None = None) -> None:
        start = at if at is not None else max(self.documents, default=0) + 1
        self.documents.update(dict(enumerate(documents, start)))

    async def distribute(self, _target: Any, tax_id: str, query: DistributionQuery) -> DistributionBatch:
        assert tax_id == US
        self.asked.append(query)
        if self.instead:
            answer = self.instead.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        top = max(self.documents, default=0)
        if isinstance(query, OneNsu):
            found = [query.nsu] if query.nsu in self.documents else []
        else:
            assert isinstance(query, AfterNsu)
            found = sorted(nsu for nsu in self.documents if nsu > query.nsu)[: self.size]
        batch = tuple(Distributed(nsu, *self.documents[nsu]) for nsu in found)
        reached = found[-1] if found else top
        return self.answer("138" if found else "137", reached, top, batch)

    @staticmethod
    def answer(cStat: str, last: int, top: int, documents: Sequence[Distributed] = ()) -> DistributionBatch:
        return DistributionBatch(cStat, "motivo", "stop_wait" if cStat == "656" else "ok", last, top, tuple(documents))


class NoCertificates:
    """Answers a certificate that nobody opens."""

    async def of(self, _branch: str) -> tuple[Pfx, None]:
        return Pfx(b"", ""), None


@dataclass
class House:
    """Everything together."""

    db: Database
    clock: Clock
    national: National

    async def fetch(self) -> Any:
        handler = FetchReceived(self.db, self.clock, self.national, NoCertificates())  # type: ignore[arg-type]
        job: Any = type("Job", (), {"subject": US})()
        return await handler(job)

    async def cursor(self) -> distribution.Cursor:
        return await self.db.read(lambda conn: distribution.cursor_of(conn, US[:8], 2))

    async def put_branch(self, **changes: Any) -> Branch:
        made = msgspec.structs.replace(BRANCH, **changes)
        await self.db.write(lambda conn: setup.put_branch(conn, made, self.clock.epoch_ms()))
        return made


BRANCH = Branch(
    cnpj=US,
    name="Loja de Teste",
    state_registration="110042490114",
    address=Address(
        street="Rua Um", number="1", district="Centro", city="São Paulo", city_code="3550308", uf="SP", postal_code="01001000"
    ),
    receive="on",
)


@pytest.fixture
async def house(db: Database) -> House:
    made = House(db, Clock(), National())
    await made.put_branch()
    return made


@pytest.fixture
def count(house: House) -> Callable[[Any], Any]:
    """How many rows a table has."""
    from sqlalchemy import func, select  # noqa: PLC0415 one use

    return lambda table: house.db.read(lambda conn: conn.execute(select(func.count()).select_from(table)).scalar_one())
