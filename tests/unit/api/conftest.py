"""The whole application over a real SQLite file, with its edges faked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from cryptography.fernet import Fernet

from gateway.api.app import make_app
from gateway.api.services import ApiSettings, HookAnswer, SalePreview, Services
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.answers import ServiceStatus
from gateway.nfe.event_answers import Taxpayer
from gateway.nfe.ports import Pfx
from gateway.nfe.sale import Sale
from gateway.store import documents, setup
from gateway.store.database import Database, open_database
from gateway.store.documents import DocumentRow
from gateway.store.tables import metadata
from gateway.store.vault import Vault
from tests.unit.api.house import CNPJ, OTHER, Edges, FakeCertificate, FakeClock, FakeRenderers, House, branch, new_document


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path}/gateway.db")
    await opened.write(metadata.create_all)
    yield opened
    await opened.close()


@pytest.fixture
async def house(db: Database) -> House:
    clock, edges = FakeClock(), Edges()

    async def accept(sale: Sale, model: str) -> tuple[DocumentRow, bool]:
        if edges.fail is not None:
            raise edges.fail
        if sale.items[0].sku == "desconhecido":
            raise ValidationFailed(
                [
                    Fault(code="NFE-ITEM-01", path="$.items[0].sku", message="Produto sem cadastro.", fix="Cadastre."),
                    Fault(code="NFE-PAY-01", path="$.payments", message="Falta pagamento.", fix="Informe."),
                ]
            )
        return await db.write(lambda conn: documents.accept(conn, new_document(sale, model), at=clock.epoch_ms()))

    async def preview(sale: Sale, model: str) -> SalePreview:
        return SalePreview(b"<NFe/>", new_document(sale).total)

    async def retry(document: str, sale: Sale | None, force: bool) -> DocumentRow:
        def write(conn: Any) -> DocumentRow:
            row = documents.get(conn, document)
            assert row is not None
            again = new_document(sale or msgspec.json.decode(row.request, type=Sale))
            return documents.resubmit(conn, document, again, at=clock.epoch_ms(), cnf=lambda n: "20000005")

        return await db.write(write)

    async def status(cnpj: str, model: str, cached: bool) -> ServiceStatus:
        edges.status_models.append(model)
        if isinstance(edges.status, Exception):
            raise edges.status
        return edges.status

    async def svc_status(cnpj: str) -> ServiceStatus:
        return await status(cnpj, "55", False)

    async def taxpayer(cnpj: str, uf: str, document: str) -> tuple[Taxpayer, int]:
        edges.taxpayer_questions.append((cnpj, uf, document))
        if isinstance(edges.taxpayer, Exception):
            raise edges.taxpayer
        return edges.taxpayer, clock.epoch_ms()

    def load(pfx: Pfx) -> FakeCertificate:
        if isinstance(edges.certificate, Exception):
            raise edges.certificate
        return edges.certificate

    async def hook(account: str, headers: Mapping[str, str], body: bytes) -> HookAnswer:
        edges.hook_calls.append((account, headers, body))
        if edges.hook_error is not None:
            raise edges.hook_error
        return edges.hook

    services = Services(
        db=db,
        vault=Vault(Fernet.generate_key()),
        clock=clock,
        settings=ApiSettings(version="9.9.9", max_body=256 * 1024, wait_limit=5.0),
        renderers=FakeRenderers(),
        accept_sale=accept,
        preview_sale=preview,
        retry_document=retry,
        sefaz_status=status,
        svc_status=svc_status,
        taxpayer=taxpayer,
        load_certificate=load,
        vtex_hook=hook,
        readiness=lambda: edges.reasons,
    )
    await db.write(lambda conn: [setup.put_branch(conn, branch(one), clock.epoch_ms()) for one in (CNPJ, OTHER)])
    return House(services, clock, edges, db)


@pytest.fixture
async def client(house: House, aiohttp_client: Callable[..., Awaitable[TestClient[Any, Any]]]) -> TestClient[Any, Any]:
    return await aiohttp_client(make_app(house.services))
