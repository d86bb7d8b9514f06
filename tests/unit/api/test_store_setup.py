"""Products found by what orders carry, customers that marketplaces may fill but not overwrite, lists that stay on an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, insert, text

from gateway.nfe.product import Product
from gateway.nfe.sale import Customer
from gateway.store import overview, queries, setup
from gateway.store.queries import DocumentFilter, JobFilter, OrderFilter
from gateway.store.tables import documents, jobs, metadata
from tests.unit.api.house import CHAVE, CNPJ, OTHER, branch

CPF = "12345678909"


@pytest.fixture
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def product(sku: str, **changes: Any) -> Product:
    return Product(sku=sku, description=f"Produto {sku}", ncm="61091000", **changes)


def test_a_product_is_found_by_the_first_code_that_names_exactly_one(conn: Connection) -> None:
    for one in (product("1", gtin="789"), product("2", gtin="789", reference="R2"), product("3", gtin="790")):
        setup.put_product(conn, one, 0)

    def found(**codes: str) -> str | None:
        product = setup.find_product(conn, **codes)
        return product.sku if product else None

    assert found(sku="1", reference="R2", gtin="790") == "2"
    assert found(sku="1", reference="3", gtin="790") == "3"
    assert found(sku="1", reference="?", gtin="?") == "1"
    assert found(sku="x", reference="", gtin="790") == "3"
    assert found(sku="x", gtin="789") is None
    assert found() is None
    assert set(setup.products_by_sku(conn, ["1", "2", "9", "1"])) == {"1", "2"}
    assert setup.products_by_sku(conn, []) == {}


def test_many_skus_are_read_in_lots(conn: Connection) -> None:
    for n in range(990):
        setup.put_product(conn, product(f"{n:04}"), 0)
    assert len(setup.products_by_sku(conn, [f"{n:04}" for n in range(990)])) == 990


def test_a_marketplace_fills_but_never_overwrites(conn: Connection) -> None:
    learnt = setup.learn_customer(conn, Customer(tax_id="123.456.789-09", name="MARIA"), origin="vtex:loja", at=1)
    assert (learnt.customer.tax_id, learnt.origin) == (CPF, "vtex:loja")
    setup.put_customer(conn, Customer(tax_id=CPF, name="Maria da Silva", phone="11"), at=2)
    after = setup.learn_customer(conn, Customer(tax_id=CPF, name="M", phone="22", email="m@x.com"), origin="vtex:b", at=3)
    assert after.customer == Customer(tax_id=CPF, name="Maria da Silva", phone="11", email="m@x.com")
    assert (after.origin, after.created_at, after.updated_at) == ("api", 1, 3)
    assert setup.get_customer(conn, CPF) == after
    same = setup.learn_customer(conn, Customer(tax_id=CPF, name="M"), origin="vtex:b", at=9)
    assert same.updated_at == 3
    with pytest.raises(ValueError, match="CPF"):
        setup.learn_customer(conn, Customer(tax_id="12345678900", name="X"), origin="vtex:b", at=9)


def test_a_branch_keeps_when_it_was_made(conn: Connection) -> None:
    assert setup.put_branch(conn, branch(), 1)
    assert not setup.put_branch(conn, branch(name="Outra"), 2)
    found = setup.get_branch(conn, CNPJ)
    assert found == branch(name="Outra")
    assert setup.get_branch(conn, OTHER) is None


def fill(conn: Connection, n: int = 300) -> None:
    setup.put_branch(conn, branch(), 0)
    conn.execute(
        insert(documents),
        [
            {
                "id": f"doc_{i:05}",
                "ref": f"r{i}",
                "body_hash": b"",
                "branch": CNPJ,
                "model": "55",
                "environment": 2,
                "series": 1,
                "number": i,
                "chave": CHAVE if i == 7 else None,
                "status": "rejected" if i % 100 == 7 else "accepted",
                "origin": "api",
                "request": "{}",
                "total": "1.00",
                "customer_tax_id": CPF if i % 3 == 0 else None,
                "created_at": i // 10,  # ten a millisecond: the id breaks the tie
                "updated_at": i,
            }
            for i in range(n)
        ],
    )
    conn.execute(
        insert(jobs),
        [
            {
                "id": f"job_{i:05}",
                "kind": ("nfe.issue", "print.slip", "vtex.order")[i % 3],
                "queue": "q",
                "subject": f"doc_{i:05}",
                "payload": "{}",
                "state": "needs_attention" if i % 50 == 0 else "done",
                "next_at": 0,
                "attempts": 1,
                "failures": 0,
                "crashes": 0,
                "token": 0,
                "again": False,
                "error_code": "E" if i % 50 == 0 else None,
                "created_at": i // 10,
                "updated_at": i,
            }
            for i in range(n)
        ],
    )


def walk(read: Any) -> list[str]:
    """Every id of a list, page after page."""
    seen: list[str] = []
    cursor = None
    while True:
        page = read(cursor)
        seen += [row.id for row in page.rows]
        if page.next is None:
            return seen
        cursor = page.next


def test_pages_tell_every_row_once_newest_first(conn: Connection) -> None:
    fill(conn)
    found = walk(lambda cursor: queries.list_documents(conn, DocumentFilter(), cursor=cursor, limit=7))
    assert found == [f"doc_{i:05}" for i in reversed(range(300))]
    found = walk(lambda cursor: queries.list_jobs(conn, JobFilter(), cursor=cursor, limit=7))
    assert found == [f"job_{i:05}" for i in reversed(range(300))]
    stopped = walk(lambda cursor: queries.list_jobs(conn, JobFilter(states=("needs_attention",)), cursor=cursor, limit=2))
    assert stopped == [f"job_{i:05}" for i in (250, 200, 150, 100, 50, 0)]
    by_kind = queries.list_jobs(conn, JobFilter(kinds=("print.slip",)), limit=3)
    assert [row.id for row in by_kind.rows] == ["job_00298", "job_00295", "job_00292"]
    rejected = queries.list_documents(conn, DocumentFilter(statuses=("rejected",), since=5, until=25))
    assert [row.id for row in rejected.rows] == ["doc_00207", "doc_00107"]


def test_a_search_knows_what_it_was_given(conn: Connection) -> None:
    fill(conn)

    def found(text: str) -> list[str]:
        return [row.id for row in queries.list_documents(conn, DocumentFilter(search=text), limit=200).rows]

    assert found("r12") == ["doc_00012"]
    assert found("12") == ["doc_00012"]
    assert found(CHAVE) == found(" ".join(CHAVE[i : i + 4] for i in range(0, 44, 4))) == ["doc_00007"]
    assert len(found("123.456.789-09")) == 100
    assert found("r1%") == found("' or 1=1 --") == []


def test_no_list_walks_a_whole_table(conn: Connection) -> None:
    fill(conn)
    plans: list[str] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(f"{row[3]} <- {statement[:200]}" for row in rows)

    event.listen(conn, "before_cursor_execute", explain)
    for wanted in (
        DocumentFilter(),
        DocumentFilter(statuses=("rejected",)),
        DocumentFilter(branches=(CNPJ,)),
        DocumentFilter(search="r12"),
        DocumentFilter(search="12"),
        DocumentFilter(search=CPF),
        DocumentFilter(search=CHAVE),
        DocumentFilter(since=3, until=9),
    ):
        page = queries.list_documents(conn, wanted, limit=2)
        if page.next:
            queries.list_documents(conn, wanted, cursor=page.next, limit=2)
    for job_filter in (JobFilter(), JobFilter(states=("done",)), JobFilter(kinds=("nfe.issue",)), JobFilter(search="doc_00001")):
        queries.list_jobs(conn, job_filter, limit=2)
    queries.list_orders(conn, OrderFilter(search="123-01"))
    queries.list_orders(conn, OrderFilter(states=("parked",)))
    overview.job_counts(conn)
    overview.document_counts(conn, ("accepted", "rejected"))
    overview.authorized_by_hour(conn, 0)
    overview.job_causes(conn)
    overview.rejection_causes(conn)
    big = ("documents", "jobs", "orders")
    scans = [
        plan for plan in plans if any(plan.startswith(f"SCAN {name}") for name in big) and "USING" not in plan.split("<-")[0]
    ]
    assert scans == []


def test_counts_stop_at_the_cap(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(conn)
    monkeypatch.setattr(overview, "COUNT_CAP", 100)
    assert overview.job_counts(conn) == {
        "needs_attention": 6,
        "running": 0,
        "waiting": 0,
        "ready": 0,
        "discarded": 0,
        "done": 101,
    }
    causes = overview.job_causes(conn)
    assert [(cause.where["kind"], cause.code, cause.count) for cause in causes] == [
        ("nfe.issue", "E", 2),
        ("print.slip", "E", 2),
        ("vtex.order", "E", 2),
    ]


def test_the_pulse_beats_when_anything_changes(conn: Connection) -> None:
    fill(conn)
    first = overview.pulse(conn)
    assert overview.pulse(conn) == first
    conn.execute(text("update documents set updated_at = 9999 where id = 'doc_00299'"))
    second = overview.pulse(conn)
    assert second != first
    conn.execute(text("update jobs set state = 'discarded' where id = 'job_00000'"))
    assert overview.pulse(conn) != second


@pytest.mark.parametrize("cursor", ["!!", "é", "YQ", "x" * 500, "MTIz"])
def test_a_cursor_that_is_not_ours_is_refused(conn: Connection, cursor: str) -> None:
    with pytest.raises(Exception, match="Cursor inválido"):
        queries.list_documents(conn, DocumentFilter(), cursor=cursor)
