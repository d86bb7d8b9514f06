"""A branch signs with its own certificate, or else its root's; what is put takes effect at the next call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert

from gateway.core.errors import CertificateInvalid, NotFound
from gateway.jobs.certificates import Certificates
from gateway.nfe.certificate import load
from gateway.nfe.certificate_maker import make_test_pfx
from gateway.nfe.ports import Pfx
from gateway.nfe.validity import DAY_MS, validity
from gateway.store import certificates
from gateway.store.database import Database
from gateway.store.tables import branches
from gateway.store.vault import Vault

START = datetime(2026, 11, 3, 13, 0, tzinfo=UTC)
MATRIX, BRANCH, STRANGER = "11222333000181", "11222333000262", "11444777000161"
ROOT = "11222333"


class FakeClock:
    def now(self) -> datetime:
        return START

    def epoch_ms(self) -> int:
        return int(START.timestamp() * 1000)


@pytest.fixture(scope="module")
def pfxs() -> tuple[Pfx, Pfx]:
    """Two certificates of the same company: the second is the renewed one."""
    return tuple(make_test_pfx(MATRIX, "Loja", "segredo", at=START, days=days) for days in (90, 400))  # type: ignore[return-value]


@pytest.fixture
async def vault(db: Database) -> Vault:
    def write(conn) -> None:
        for cnpj in (MATRIX, BRANCH, STRANGER):
            conn.execute(insert(branches).values(cnpj=cnpj, config="{}", created_at=1, updated_at=1))

    await db.write(write)
    return Vault(Fernet.generate_key())


async def put(db: Database, vault: Vault, owner: str, pfx: Pfx, actor: str = "user:ana", at: int = 5):
    info = load(pfx)
    return await db.write(
        lambda conn: certificates.put_certificate(
            conn, vault, owner, pfx=pfx.data, password=pfx.password, info=info, at=at, actor=actor
        )
    )


async def test_a_branch_without_its_own_signs_with_the_roots_until_it_has_one(db, vault, pfxs):
    shared, own = pfxs
    using = Certificates(db, vault, FakeClock())
    with pytest.raises(CertificateInvalid) as missing:
        await using.of(BRANCH)
    assert missing.value.code == "CERT-MISSING"

    await put(db, vault, ROOT, shared)
    assert [(await using.of(one))[0] for one in (MATRIX, BRANCH)] == [shared, shared]
    with pytest.raises(CertificateInvalid):
        await using.of(STRANGER)

    await put(db, vault, BRANCH, own)
    assert [(await using.of(one))[0] for one in (MATRIX, BRANCH)] == [shared, own]


async def test_a_renewed_certificate_is_used_at_the_next_call_and_the_old_one_is_kept(db, vault, pfxs):
    old, new = pfxs
    using = Certificates(db, vault, FakeClock())
    first = await put(db, vault, ROOT, old, at=5)
    assert (await using.of(BRANCH))[1].serial == load(old).serial

    second = await put(db, vault, ROOT, new, actor="user:bia", at=6)
    assert (await using.of(BRANCH))[1].serial == load(new).serial

    rows = await db.read(lambda conn: certificates.list_certificates(conn, history=True))
    assert [(row.id, row.active, row.actor, row.created_at) for row in rows] == [
        (first.id, False, "user:ana", 5),
        (second.id, True, "user:bia", 6),
    ]
    assert [row.id for row in await db.read(certificates.list_certificates)] == [second.id]


async def test_a_root_without_branches_is_refused_and_nothing_is_stored(db, vault, pfxs):
    with pytest.raises(NotFound):
        await put(db, vault, "99888777", pfxs[0])
    assert await db.read(lambda conn: certificates.list_certificates(conn, history=True)) == []


@pytest.mark.parametrize(
    ("left", "days", "step", "urgency"),
    [
        (timedelta(days=60, milliseconds=1), 60, None, "ok"),
        (timedelta(days=60), 60, 60, "notice"),
        (timedelta(days=30, hours=1), 30, 60, "notice"),
        (timedelta(days=30), 30, 30, "warning"),
        (timedelta(days=15), 15, 15, "warning"),
        (timedelta(days=7), 7, 7, "critical"),
        (timedelta(days=1), 1, 1, "critical"),
        (timedelta(hours=3), 0, 1, "critical"),
        (timedelta(milliseconds=-1), -1, 1, "expired"),
    ],
)
def test_alerts_begin_60_30_15_7_and_1_days_before_the_end(left, days, step, urgency):
    now = 1_800_000_000_000
    end = now + int(left / timedelta(milliseconds=1))
    found = validity(end, now)
    assert (found.days_left, found.step, found.urgency) == (days, step, urgency)
    assert DAY_MS == 86_400_000
