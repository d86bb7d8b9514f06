"""The same body is the same request for ever, also to the release after the one that kept it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
from sqlalchemy import update

from gateway import demo_data
from gateway.nfe.sale import Sale
from gateway.stage import Stage
from gateway.store.request_body import body_hash, same_body
from gateway.store.tables import documents
from tests.e2e.test_sale import counts, final, post


def sale(**changes: Any) -> Sale:
    return msgspec.json.decode(json.dumps(demo_data.sale("corpo-1") | changes), type=Sale)


def kept_before(body: Sale) -> tuple[bytes, str]:
    """As the first release kept it: every default of its day, among which there was no `information`."""
    told = msgspec.json.decode(msgspec.json.encode(body))
    del told["information"]
    text = json.dumps(told)
    return hashlib.sha256(text.encode()).digest(), text


def test_what_is_at_its_default_changes_nothing() -> None:
    plain = body_hash(sale())
    assert body_hash(sale(discount="0.00", references=[], information={})) == plain
    assert body_hash(sale(discount="0.01")) != plain
    assert body_hash(sale(customer={})) != plain
    assert body_hash(sale(), "65") != plain
    assert (plain[:1], len(plain)) == (b"\x02", 33)


def test_a_body_kept_by_the_first_release_is_read_anew() -> None:
    kept, text = kept_before(sale())
    assert same_body(kept, text, "55", body_hash(sale()))
    assert not same_body(kept, text, "55", body_hash(sale(notes="outra")))
    assert not same_body(kept, text, "65", body_hash(sale()))
    assert not same_body(kept, '{"ref": "corpo-1", "extinto": 1}', "55", body_hash(sale()))


async def test_a_body_posted_again_after_an_upgrade_answers_the_same_note(stage: Stage) -> None:
    body = demo_data.sale("corpo-1")
    await post(stage, body)
    first = await final(stage, "corpo-1")
    old, text = kept_before(sale())
    values = {"body_hash": old, "request": text}
    await stage.gateway.db.write(lambda conn: conn.execute(update(documents).where(documents.c.ref == "corpo-1").values(values)))
    async with stage.http.post("/v1/nfe", json=body) as answer:
        again = await answer.json()
        assert (answer.status, answer.headers["Idempotent-Replayed"]) == (200, "true")
    assert (again["chave_acesso"], again["status"]) == (first["chave_acesso"], "authorized")
    status, problem = await post(stage, body | {"notes": "outra"})
    assert (status, problem["code"]) == (409, "GW-IDEMPOTENCY")
    assert await counts(stage) == (1, 1)
