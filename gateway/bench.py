"""How fast the fiscal core is on this machine: `gateway bench issue|build|sign|validate`.

Every figure is the best of twenty short rounds of the same deterministic sale, in one thread, with a certificate made at
run time. `issue` is what a worker does for a note: compose and tax, write, sign, validate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from gateway.nfe.branch import Branch
from gateway.nfe.build import build
from gateway.nfe.certificate import Certificate, load
from gateway.nfe.certificate_maker import make_test_pfx
from gateway.nfe.compose import compose
from gateway.nfe.sale import Address, Customer, Payment, Product, Sale, SaleItem
from gateway.nfe.signature import sign
from gateway.nfe.xsd import validate

NAMES = ("issue", "build", "sign", "validate")
SECONDS = 2.0
_ROUNDS = 20
_AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
_CNPJ = "12ABC34501DE35"
_ADDRESS = Address(street="Rua das Flores", number="100", district="Centro", city="São Paulo", uf="SP", postal_code="01001000")
_BRANCH = Branch(cnpj=_CNPJ, name="Loja de Teste Ltda", state_registration="110042490114", address=_ADDRESS, crt="3")


def sample_sale(items: int) -> tuple[Sale, dict[str, Product]]:
    """A taxed in-state sale of `items` different products, paid by PIX."""
    products = {
        f"SKU{i:04d}": Product(sku=f"SKU{i:04d}", description=f"Camiseta de algodão modelo {i}", ncm="61091000")
        for i in range(items)
    }
    lines = tuple(SaleItem(sku=sku, quantity=Decimal(2), unit_price=Decimal("49.90")) for sku in products)
    sale = Sale(
        ref="bench",
        branch=_CNPJ,
        customer=Customer(tax_id="52998224725", name="Consumidor de Teste", address=_ADDRESS),
        items=lines,
        payments=(Payment(method="pix", amount=Decimal("99.80") * items),),
    )
    return sale, products


def run(name: str, items: Sequence[int] = (1, 100)) -> Iterator[dict[str, Any]]:
    """One figure for each size: `{"bench", "unit", "value", "items", "n", "best_ms", "bytes"}`. About two seconds each.

    Raises ValueError for a bench that is not of `NAMES`.
    """
    if name not in NAMES:
        raise ValueError(f"medição desconhecida: {name}; use uma destas: {', '.join(NAMES)}")
    certificate = load(make_test_pfx(_CNPJ, "Loja de Teste", "bench", at=_AT))
    for count in items:
        work, size = _work(name, count, certificate)
        n, best = _measure(work, SECONDS)
        yield {
            "bench": name,
            "unit": "notes/s",
            "value": round(1 / best, 1),
            "items": count,
            "n": n,
            "best_ms": round(best * 1000, 4),
            "bytes": size,
        }


def _work(name: str, items: int, certificate: Certificate) -> tuple[Callable[[], object], int]:
    sale, products = sample_sale(items)

    def write() -> bytes:
        draft = compose(sale, _BRANCH, products, at=_AT)
        return build(draft, number=1234, cNF="87654321", dhEmi=_AT).xml

    xml = write()
    signed = sign(xml, certificate).xml

    def issue() -> None:
        if validate(sign(write(), certificate).xml):
            raise AssertionError("a nota da medição não é válida")

    works: dict[str, Callable[[], object]] = {
        "issue": issue,
        "build": write,
        "sign": lambda: sign(xml, certificate),
        "validate": lambda: validate(signed),
    }
    issue()
    return works[name], len(signed)


def _measure(work: Callable[[], object], seconds: float) -> tuple[int, float]:
    """Runs done and the best round's seconds per run."""
    start = time.perf_counter()
    work()
    once = time.perf_counter() - start
    per_round = max(1, int(seconds / _ROUNDS / max(once, 1e-6)))
    best = once
    done = 1
    deadline = start + seconds
    while True:
        began = time.perf_counter()
        for _ in range(per_round):
            work()
        best = min(best, (time.perf_counter() - began) / per_round)
        done += per_round
        if time.perf_counter() >= deadline:
            return done, best
