"""How fast the fiscal core is on this machine: `gateway bench issue|build|sign|validate`.

Every figure is the best of a hundred short rounds of the same deterministic sale, in one thread, with a certificate made at
run time. `issue` is what a worker does for a note: compose and tax, write, sign, validate.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.bench_clock import SECONDS, figure, measure
from gateway.core.errors import ConfigInvalid
from gateway.nfe.address import Address
from gateway.nfe.branch import Branch
from gateway.nfe.build import build
from gateway.nfe.certificate import Certificate, load
from gateway.nfe.certificate_maker import make_test_pfx
from gateway.nfe.compose import compose
from gateway.nfe.product import Product
from gateway.nfe.sale import Customer, Payment, Sale, SaleItem
from gateway.nfe.signature import sign
from gateway.nfe.xsd import schema_file, validate

NAMES = ("issue", "build", "sign", "validate")
ROOT = Path(__file__).resolve().parent.parent
_PEERS_TIMEOUT = 600.0
_PASSWORD = "bench"  # noqa: S105 - of a certificate that lives for one measure
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


def peers_python(root: Path = ROOT) -> Path | None:
    """The interpreter of the environment with the other libraries (`make bench` makes it), None when there is none."""
    found = root / ".venv-bench" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return found if found.is_file() else None


def run(name: str, items: Sequence[int] = (1, 100), *, python: Path | None = None) -> Iterator[dict[str, Any]]:
    """One figure for each size: `{"bench", "unit", "value", "items", "n", "best_ms", "bytes"}`. About two seconds each.

    With `python` (see `peers_python`), `issue` is followed, size by size, by the same note made by other libraries: `peer` and
    `version` say whose figure it is, and one that could not make the note has `error` instead of a figure.

    Raises ValueError for a bench that is not of `NAMES`.
    """
    if name not in NAMES:
        raise ValueError(f"medição desconhecida: {name}; use uma destas: {', '.join(NAMES)}")
    certificate = load(make_test_pfx(_CNPJ, "Loja de Teste", _PASSWORD, at=_AT))
    for count in items:
        work, size = _work(name, count, certificate)
        n, best = measure(work, SECONDS)
        yield figure(name, count, n, best, size)
        if python is not None and name == "issue":
            yield from _peers(python, count)


def _work(name: str, items: int, certificate: Certificate) -> tuple[Callable[[], object], int]:
    write = _writer(items)
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


def _writer(items: int) -> Callable[[], bytes]:
    sale, products = sample_sale(items)

    def write() -> bytes:
        draft = compose(sale, _BRANCH, products, at=_AT)
        return build(draft, number=1234, cNF="87654321", dhEmi=_AT).xml

    return write


def _peers(python: Path, items: int) -> Iterator[dict[str, Any]]:
    """The figures of one size, from a process of the other environment. Raises ConfigInvalid when it breaks."""
    task = {
        "items": items,
        "xml": _writer(items)().decode(),
        "pfx": base64.b64encode(make_test_pfx(_CNPJ, "Loja de Teste", _PASSWORD, at=_AT).data).decode(),
        "password": _PASSWORD,
        "schema": str(schema_file("nfe")),
        "seconds": SECONDS,
    }
    # Isolated: nothing of this folder may shadow a module of theirs.
    command = [str(python), "-I", str(Path(__file__).with_name("bench_peers.py"))]
    fix = "Apague a pasta .venv-bench e rode make bench."
    try:
        done = subprocess.run(  # noqa: S603 - our own file, by the interpreter the caller chose
            command, input=json.dumps(task), capture_output=True, encoding="utf-8", timeout=_PEERS_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        detail = f"As outras bibliotecas não responderam: {type(error).__name__}."
        raise ConfigInvalid(detail, code="BENCH-PEERS", fix=fix) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["sem mensagem"])[-1]
        raise ConfigInvalid(f"As outras bibliotecas pararam: {last[:300]}.", code="BENCH-PEERS", fix=fix)
    for line in done.stdout.splitlines():
        yield json.loads(line)
