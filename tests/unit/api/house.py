"""Fakes of the edges and short cuts: what the tests of the HTTP side stand on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import func, select

from gateway.api.services import HookAnswer, Services
from gateway.core.errors import CertificateExpired, CertificateInvalid
from gateway.nfe.address import Address
from gateway.nfe.answers import ServiceStatus
from gateway.nfe.branch import Branch, TechnicalContact
from gateway.nfe.event_answers import Taxpayer
from gateway.nfe.sale import Sale
from gateway.store import access, documents
from gateway.store.access import SCOPES
from gateway.store.database import Database
from gateway.store.documents import DocumentRow, NewDocument

CNPJ = "11222333000181"
OTHER = "11444777000161"
START = datetime(2026, 11, 3, 13, 0, tzinfo=UTC)
PASSWORD = "uma senha longa"
CHAVE = "35261111222333000181550010000000421000000424"


@dataclass
class FakeClock:
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def epoch_ms(self) -> int:
        return int(self.at.timestamp() * 1000)

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(frozen=True)
class FakeCertificate:
    tax_id: str = CNPJ
    subject: str = "CN=LOJA DE TESTE"
    serial: int = 0xA1B
    not_before: datetime = START - timedelta(days=10)
    not_after: datetime = START + timedelta(days=90)
    der: bytes = b""
    chain: tuple[bytes, ...] = ()

    def check(self, at: datetime, branch_cnpj: str) -> None:
        if at > self.not_after:
            raise CertificateExpired("O certificado venceu.", fix="Envie o novo.")
        if self.tax_id[:8] != branch_cnpj[:8]:
            raise CertificateInvalid("O certificado é de outra empresa.", code="CERT-OWNER", fix="Envie o da filial.")


class FakeRenderers:
    async def pdf(self, proc: bytes) -> bytes:
        return b"%PDF-" + proc

    def slip_png(self, proc: bytes) -> bytes:
        return b"\x89PNG" + proc

    def slip_escpos(self, proc: bytes) -> bytes:
        return b"\x1b@" + proc


def digest(sale: Sale) -> bytes:
    return hashlib.sha256(msgspec.json.encode(sale)).digest()


def new_document(sale: Sale, model: str = "55") -> NewDocument:
    total = sum((item.quantity * (item.unit_price or Decimal(0)) for item in sale.items), Decimal(0))
    return NewDocument(
        ref=sale.ref,
        body_hash=digest(sale),
        branch=sale.branch,
        model=model,
        environment=2,
        series=1,
        origin="api",
        origin_ref=None,
        request=msgspec.json.encode(sale).decode(),
        total=total,
        customer_name=sale.customer.name if sale.customer else None,
        customer_tax_id=sale.customer.tax_id if sale.customer else None,
    )


@dataclass
class Edges:
    """What the fakes answer, and what they were asked."""

    hook: HookAnswer = field(default_factory=lambda: HookAnswer("accepted"))
    hook_calls: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    hook_error: Exception | None = None
    status: ServiceStatus | Exception = field(default_factory=lambda: ServiceStatus("107", "Servico em Operacao", 1, None))
    status_models: list[str] = field(default_factory=list)
    taxpayer: Taxpayer | Exception = field(default_factory=lambda: Taxpayer("259", "CNPJ nao cadastrado", ()))
    taxpayer_questions: list[tuple[str, str, str]] = field(default_factory=list)
    certificate: FakeCertificate | Exception = field(default_factory=FakeCertificate)
    reasons: dict[str, str] = field(default_factory=dict)
    fail: Exception | None = None


@dataclass
class House:
    """The services, the fakes behind them, and short cuts for tests."""

    services: Services
    clock: FakeClock
    edges: Edges
    db: Database

    async def key(self, *scopes: str, branches: tuple[str, ...] = ()) -> dict[str, str]:
        made = await self.db.write(
            lambda conn: access.new_key(
                conn, environment="test", name="teste", scopes=scopes or SCOPES, branches=branches, at=self.clock.epoch_ms()
            )
        )
        return {"Authorization": f"Bearer {made[1]}"}

    async def user(self, username: str = "ana", role: Any = "operator") -> None:
        hashed = access.hash_password(PASSWORD)
        await self.db.write(
            lambda conn: access.put_user(conn, username=username, password_hash=hashed, role=role, at=self.clock.epoch_ms())
        )

    async def authorize(self, ref: str, *, proc: bytes = b"<nfeProc/>") -> DocumentRow:
        """Carry a document to `authorized` the way the worker does."""
        at = self.clock.epoch_ms()

        def write(conn: Any) -> DocumentRow:
            doc = documents.by_ref(conn, ref)
            assert doc is not None
            documents.take_number(conn, doc.id, at=at, cnf=lambda n: "10000004")
            documents.store_signed(conn, doc.id, chave=CHAVE, digest="abc", xml=b"<NFe/>", at=at)
            documents.put_artefact(conn, doc.id, "proc", proc, at)
            return documents.move(
                conn, doc.id, "authorize", at=at, text="Autorizada.", protocol="135260000000001", cstat="100", authorized_at=at
            )

        return await self.db.write(write)

    async def reject(self, ref: str, cstat: str = "778", reason: str = "Rejeicao: Informado NCM inexistente") -> DocumentRow:
        at = self.clock.epoch_ms()

        def write(conn: Any) -> DocumentRow:
            doc = documents.by_ref(conn, ref)
            assert doc is not None
            documents.take_number(conn, doc.id, at=at, cnf=lambda n: "10000004")
            return documents.move(conn, doc.id, "reject", at=at, text=f"Rejeitada: {cstat}.", cstat=cstat, reason=reason)

        return await self.db.write(write)

    async def rows(self, table: Any) -> int:
        return int(await self.db.read(lambda conn: conn.execute(select(func.count()).select_from(table)).scalar_one()))


def branch(cnpj: str = CNPJ, **changes: Any) -> Branch:
    address = Address(street="Rua A", district="Centro", city="Manaus", uf="AM", postal_code="69000000")
    contact = TechnicalContact(cnpj="11222333000181", contact="Suporte", email="suporte@example.com", phone="9233334444")
    made = Branch(
        cnpj=cnpj,
        name="Loja de Teste",
        state_registration="041939808",
        address=address,
        time_zone="America/Manaus",
        technical_contact=contact,
    )
    return msgspec.structs.replace(made, **changes)


def sale(ref: str = "venda-1", **changes: Any) -> dict[str, Any]:
    """A body for POST /v1/nfe."""
    return {
        "ref": ref,
        "branch": CNPJ,
        "customer": {"tax_id": "12345678909", "name": "Maria de Teste"},
        "items": [{"sku": "A1", "quantity": 2, "unit_price": 19.90}],
        "payments": [{"method": "pix", "amount": 39.80}],
        **changes,
    }
