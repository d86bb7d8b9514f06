"""How fast the fiscal core is on this machine: `gateway bench issue|build|sign|validate|floor`.

`issue` is what a worker does for a note: compose and tax, write, sign, validate. It is measured turn by turn with its floor (see
`gateway.bench_floor`) and with RSA alone, in rounds of 20 ms, so that a busy machine slows them alike; `ratio` is the figure
that does not depend on the machine. The certificate is made at run time. As in `gateway serve`, what was made before the
measure is left out of the collector's rounds.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec

from gateway.bench_clock import SECONDS, alternate, alternate_threads, figure, measure, ratios, spread
from gateway.bench_floor import floor
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

NAMES = ("issue", "build", "sign", "validate", "floor")
ROOT = Path(__file__).resolve().parent.parent
FLOOR = "piso"
"""Name of the floor among the peers."""
_PEERS_TIMEOUT = 600.0
_FEW = 6
"""Notes of the same shop that come in turn: each product is sold by one, two and three."""
_MANY = 40_000
"""Items of notes with new prices, before the first of them comes again."""
_PASSWORD = "bench"  # noqa: S105 - of a certificate that lives for one measure
_AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
_BEFORE = datetime(2025, 11, 20, 13, 0, tzinfo=UTC)
"""A day before the groups of IBS and CBS, for a note that other programs' figures are known of."""
_CNPJ = "12ABC34501DE35"
_ADDRESS = Address(street="Rua das Flores", number="100", district="Centro", city="São Paulo", uf="SP", postal_code="01001000")
_BRANCH = Branch(cnpj=_CNPJ, name="Loja de Teste Ltda", state_registration="110042490114", address=_ADDRESS, crt="3")


def sample_sale(items: int, number: int = 0, rise: int = 0) -> tuple[Sale, dict[str, Product]]:
    """A taxed in-state sale of `items` different products, one to three of each, paid by PIX.

    Sales of other `number`s sell other quantities to other people; prices are the products' own, plus `rise` centavos.
    """
    products = {
        f"SKU{i:04d}": Product(sku=f"SKU{i:04d}", description=f"Camiseta de algodão modelo {i}", ncm="61091000")
        for i in range(items)
    }
    lines = tuple(
        SaleItem(sku=sku, quantity=Decimal((i + number) % 3 + 1), unit_price=Decimal(4990 + 731 * i % 15000 + rise).scaleb(-2))
        for i, sku in enumerate(products)
    )
    home = msgspec.structs.replace(_ADDRESS, number=str(100 + number % 100))
    total = sum((line.quantity * (line.unit_price or 0) for line in lines), Decimal(0))
    sale = Sale(
        ref=f"bench-{number}",
        branch=_CNPJ,
        customer=Customer(tax_id="52998224725", name="Consumidor de Teste", address=home),
        items=lines,
        payments=(Payment(method="pix", amount=total),),
    )
    return sale, products


def peers_python(root: Path = ROOT) -> Path | None:
    """The interpreter of the environment with the other libraries (`make bench` makes it), None when there is none."""
    found = root / ".venv-bench" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return found if found.is_file() else None


def run(
    name: str,
    items: Sequence[int] = (1, 100),
    *,
    python: Path | None = None,
    reform: bool = True,
    threads: int = 1,
    new_prices: bool = False,
) -> Iterator[dict[str, Any]]:
    """One figure for each size, in some two seconds for each thing measured.

    `{"bench", "unit", "value", "items", "n", "best_ms", "bytes", "reform", "threads", "new_prices"}`.

    `reform`: whether the note has the groups of IBS and CBS, or is one of 2025, which has not. `threads`: how many make notes at
    the same time; `value` is of all of them together. `new_prices`: every item of every note has an amount never met before;
    otherwise notes sell a shop's products at their prices, again and again.
    `issue` has as well `floor` (notes/s), `ratio` and `ratio_median` to it, `rsa_sign_per_s`, and the medians `median_ms` (CPU)
    and `wall_ms`.
    With `python` (see `peers_python`), `issue` is followed, size by size, by the floor and by the same note made by other
    libraries, in one thread: `peer` and `version` say whose figure it is, and one that could not make the note has `error`
    instead of a figure.

    Raises ValueError for a bench that is not of `NAMES`.
    """
    if name not in NAMES:
        raise ValueError(f"medição desconhecida: {name}; use uma destas: {', '.join(NAMES)}")
    certificate = load(make_test_pfx(_CNPJ, "Loja de Teste", _PASSWORD, at=_AT))
    for count in items:
        works, size = _works(count, certificate, reform, new_prices)
        of = {"reform": reform, "threads": threads, "new_prices": new_prices}
        gc.collect()
        gc.freeze()
        try:
            if name != "issue":
                n, best = measure(works[name], SECONDS)
                yield figure(name, count, n, best, size) | of
                continue
            rows = _beside_floor(works, count, size, threads)
        finally:
            gc.unfreeze()
        yield rows[0] | of
        if python is not None:
            yield rows[1] | of | {"threads": 1, "peer": FLOOR}
            yield from ({**row, "reform": reform, "threads": 1} for row in _peers(python, count, reform))


def _beside_floor(works: Mapping[str, Callable[[], object]], items: int, size: int, threads: int) -> list[dict[str, object]]:
    """Our figure and the floor's, of the same turns. With threads both are by the clock on the wall, and the floor has one."""
    if threads == 1:
        ours, low, rsa = alternate([works["issue"], works["floor"], works["rsa"]], SECONDS)
        mine, its, sign_s = ours.cpu, low.cpu, min(rsa.cpu)
    else:
        ours, low = alternate_threads(works["issue"], works["floor"], threads, SECONDS)
        mine, its, sign_s = ours.wall, low.wall, measure(works["rsa"], SECONDS / 4)[1]
    floor_row = figure("issue", items, low.n, min(its), size) | spread(low)
    told = {"floor": floor_row["value"], **ratios(its, mine), "rsa_sign_per_s": round(1 / sign_s)}
    return [figure("issue", items, ours.n, min(mine), size) | spread(ours) | told, floor_row]


def _works(items: int, certificate: Certificate, reform: bool, new_prices: bool) -> tuple[dict[str, Callable[[], object]], int]:
    write = _writer(items, reform, new_prices)
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
        "floor": floor(xml, certificate),
        "rsa": lambda: certificate.sign_sha1(xml[:1000]),
    }
    issue()
    return works, len(signed)


def _writer(items: int, reform: bool, new_prices: bool = False) -> Callable[[], bytes]:
    """A function that composes and writes the next note: of a few that come again, or of more than what any cache keeps."""
    _, products = sample_sale(items)
    numbers = range(1 + _MANY // items) if new_prices else range(_FEW)
    notes = cycle([sample_sale(items, number, number if new_prices else 0)[0] for number in numbers])
    at = _AT if reform else _BEFORE

    def write() -> bytes:
        draft = compose(next(notes), _BRANCH, products, at=at)
        return build(draft, number=1234, cNF="87654321", dhEmi=at).xml

    return write


def _peers(python: Path, items: int, reform: bool) -> Iterator[dict[str, Any]]:
    """The figures of one size, from a process of the other environment. Raises ConfigInvalid when it breaks."""
    task = {
        "items": items,
        "xml": _writer(items, reform)().decode(),
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
