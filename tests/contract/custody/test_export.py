"""A month as a ZIP: what is in it, in which order, the same bytes each time; asked for by a job."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.core.clock import to_epoch_ms
from gateway.core.errors import NotFound
from gateway.jobs import exporting
from gateway.jobs.exporting import month_bounds, write_export
from gateway.jobs.handlers.export import ExportMonth
from gateway.jobs.results import Discard, Done, NeedsAttention
from gateway.jobs.worker import Job
from gateway.store import exports, setup
from gateway.store.ledger import head
from tests.contract.custody.house import BRANCH, authorize, body_of, chave_of
from tests.unit.api.house import branch

OTHER = "11444777000161"
# The branch is in Manaus, UTC-4: its November begins at 04:00 UTC.
FIRST = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
LAST = datetime(2026, 12, 1, 4, 0, tzinfo=UTC) - timedelta(milliseconds=1)


class FakeClock:
    def now(self) -> datetime:
        return LAST

    def epoch_ms(self) -> int:
        return to_epoch_ms(LAST)


async def silent(files: int, total: int) -> None: ...


@pytest.fixture
async def month(db):
    """Three notes of November at its edges, of both models; one before, one after, one of another branch."""
    for cnpj in (BRANCH, OTHER):
        await db.write(lambda conn, cnpj=cnpj: setup.put_branch(conn, branch(cnpj), 1))
    await authorize(db, 1, FIRST - timedelta(milliseconds=1))
    await authorize(db, 2, FIRST, total="10.00")
    await authorize(db, 3, LAST, model="65", total="20.50")
    await authorize(db, 4, FIRST + timedelta(days=9), total="1234.56")
    await authorize(db, 5, LAST + timedelta(milliseconds=1))
    await authorize(db, 6, FIRST, branch=OTHER)


async def test_the_zip_holds_the_month_of_the_branch_byte_for_byte(db, month, tmp_path):
    made = await write_export(db, BRANCH, "2026-11", tmp_path / "a.zip", silent)
    assert made.files == 3
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        names = found.namelist()
        assert sorted(names[:3]) == sorted(
            [f"nfe/{chave_of(2)}-procNFe.xml", f"nfce/{chave_of(3, '65')}-procNFe.xml", f"nfe/{chave_of(4)}-procNFe.xml"]
        )
        assert names[3:] == ["index.csv", "integrity.txt"]
        assert found.read(f"nfe/{chave_of(4)}-procNFe.xml") == body_of(4)
        rows = list(csv.DictReader(io.StringIO(found.read("index.csv").decode("utf-8-sig")), delimiter=";"))
        by_number = {(row["modelo"], row["valor"]): row for row in rows}
        row = by_number["55", "1234.56"]
        assert row["chave"] == chave_of(4)
        assert (row["situacao"], row["protocolo"], row["autorizacao"]) == (
            "Autorizada",
            "135260000000001",
            "2026-11-10T00:00:00-04:00",
        )
        assert row["sha256"] == hashlib.sha256(body_of(4)).hexdigest()
        assert sorted(by_number) == [("55", "10.00"), ("55", "1234.56"), ("65", "20.50")]
        integrity = found.read("integrity.txt").decode()
        sums = dict(reversed(line.split("  ")) for line in integrity.splitlines() if not line.startswith("#"))
        assert set(sums) == set(names) - {"integrity.txt"}
        assert all(hashlib.sha256(found.read(name)).hexdigest() == sums[name] for name in sums)
        assert "elo da cadeia entre estes documentos: 4:" in integrity


@pytest.mark.parametrize("page", [1, 2, 3])
async def test_the_same_month_gives_the_same_bytes_whatever_the_pages(db, month, tmp_path, monkeypatch, page):
    first = await write_export(db, BRANCH, "2026-11", tmp_path / "a.zip", silent)
    monkeypatch.setattr(exporting, "PAGE", page)
    second = await write_export(db, BRANCH, "2026-11", tmp_path / "b.zip", silent)
    assert first == second
    data = (tmp_path / "a.zip").read_bytes()
    assert data == (tmp_path / "b.zip").read_bytes()
    assert (first.size, first.sha256) == (len(data), hashlib.sha256(data).hexdigest())


async def test_an_empty_month_is_a_zip_that_says_so(db, month, tmp_path):
    made = await write_export(db, BRANCH, "2025-02", tmp_path / "a.zip", silent)
    assert made.files == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        assert found.namelist() == ["index.csv", "integrity.txt"]
        assert "entre estes documentos: nenhum" in found.read("integrity.txt").decode()


async def test_what_fails_half_way_leaves_the_file_before_and_nothing_else(db, month, tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    path.write_bytes(b"before")
    monkeypatch.setattr(exporting, "PAGE", 1)

    async def full(files: int, total: int) -> None:
        assert total == 3
        if files == 2:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await write_export(db, BRANCH, "2026-11", path, full)
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".db" and "gateway" not in file.name] == ["a.zip"]
    assert path.read_bytes() == b"before"


async def test_an_unknown_branch_is_refused(db, tmp_path):
    with pytest.raises(NotFound):
        await write_export(db, BRANCH, "2026-11", tmp_path / "a.zip", silent)
    assert not (tmp_path / "a.zip").exists()


def test_a_month_is_the_branchs_own():
    zone = ZoneInfo("America/Manaus")
    assert month_bounds("2026-11", zone) == (to_epoch_ms(FIRST), to_epoch_ms(LAST) + 1)
    assert month_bounds("2026-12", zone)[1] == to_epoch_ms(datetime(2027, 1, 1, 4, tzinfo=UTC))


async def asked(db) -> exports.ExportRow:
    row, new = await db.write(lambda conn: exports.ask(conn, BRANCH, "2026-11", actor="key:a", at=7))
    again, second = await db.write(lambda conn: exports.ask(conn, BRANCH, "2026-11", actor="key:b", at=8))
    assert (new, second, again) == (True, False, row)
    return row


def job_of(row: exports.ExportRow) -> Job:
    return Job(id="job", kind="export.month", key=None, subject=row.id, payload={}, attempts=1, failures=0, created_at=7)


async def test_the_job_makes_the_file_and_tells_how_far_it_is(db, month, tmp_path):
    row = await asked(db)
    result = await ExportMonth(db, FakeClock(), tmp_path / "exports")(job_of(row))
    assert isinstance(result, Done)
    assert result.write is not None
    running = await db.read(lambda conn: exports.get(conn, row.id))
    assert (running.state, running.files, running.total) == ("running", 3, 3)
    await db.write(result.write)
    done = await db.read(lambda conn: exports.get(conn, row.id))
    data = (tmp_path / "exports" / f"{BRANCH}-2026-11.zip").read_bytes()
    assert (done.state, done.size, done.sha256) == ("done", len(data), hashlib.sha256(data).hexdigest())
    assert isinstance(await ExportMonth(db, FakeClock(), tmp_path)(job_of(row)), Discard)
    assert (await db.read(head)).seq == 6


async def test_a_folder_that_cannot_be_written_waits_for_a_person(db, month, tmp_path):
    row = await asked(db)
    (tmp_path / "exports").write_text("a file where the folder should be")
    result = await ExportMonth(db, FakeClock(), tmp_path / "exports")(job_of(row))
    assert isinstance(result, NeedsAttention)
    assert result.code == "EXPORT-DISK"
    await db.write(result.write)
    assert (await db.read(lambda conn: exports.get(conn, row.id))).state == "failed"
