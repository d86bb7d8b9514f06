"""`gateway demo`: the main job, whole, against the simulators, with everything it produced left in a directory to look at."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway import demo_data
from gateway.core.errors import ConfigInvalid
from gateway.stage import Outcome, Stage


async def run_demo(directory: Path, *, order_file: Path | None, register_products: bool, as_json: bool, stay: bool) -> int:
    """Run the demonstration; answers 0 when every note ended as it should (an order parked with a reason did)."""
    order = _read_order(order_file) if order_file else None
    started = time.monotonic()
    stage = Stage(directory, port=8080 if stay else 0)
    await stage.open()
    ready = time.monotonic() - started
    try:
        outcomes = await _show(stage, order, register_products=register_products, quiet=as_json)
        if not as_json:
            print(
                f"\nPronto em {ready:.1f} s para começar; {time.monotonic() - started:.1f} s no total. Arquivos em {directory}/"
            )
        if as_json:
            print(outcomes[-1].as_json(), flush=True)
        if stay:
            await _stay(stage)
    finally:
        await stage.close()
    return 0 if all(_ended_well(outcome, may_park=order is not None) for outcome in outcomes) else 1


def _ended_well(outcome: Outcome, *, may_park: bool) -> bool:
    if outcome.status == "parked":
        return may_park
    return outcome.status == "authorized" and outcome.vtex_status in (None, "invoiced")


def _read_order(path: Path) -> dict[str, Any]:
    try:
        order = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigInvalid(
            f"Não foi possível ler o pedido {path}: {error}.", fix="Informe um arquivo JSON de um pedido."
        ) from error
    if not isinstance(order, dict) or not order.get("orderId"):
        raise ConfigInvalid(
            f"{path} não é um pedido da VTEX: falta orderId.", fix="Use o JSON do GET /api/oms/pvt/orders/{orderId}."
        )
    return order


async def _show(stage: Stage, order: dict[str, Any] | None, *, register_products: bool, quiet: bool) -> list[Outcome]:
    now = datetime.now(UTC)
    outcomes: list[Outcome] = []
    if order is None:
        outcomes.append(await stage.sell(f"venda-{now:%Y%m%d-%H%M%S}"))
        _tell("Venda de balcão", outcomes[-1], quiet)
        outcomes.append(await stage.sell_nfce(f"caixa-{now:%Y%m%d-%H%M%S}"))
        _tell("Venda no caixa (NFC-e)", outcomes[-1], quiet)
        order = demo_data.order(f"v{now:%d%H%M%S}demo-01", now)
    outcomes.append(await stage.take_order(order, register_products=register_products))
    _tell("Pedido da VTEX", outcomes[-1], quiet)
    return outcomes


def _tell(title: str, outcome: Outcome, quiet: bool) -> None:
    if quiet:
        return
    end = "invoiced" if outcome.vtex_status == "invoiced" else outcome.status
    lines = [f"\n{title}: {end}", f"  ref        {outcome.ref}"]
    if outcome.chave_acesso:
        lines += [f"  chave      {outcome.chave_acesso}", f"  protocolo  {outcome.protocolo}", f"  valor      R$ {outcome.total}"]
    if outcome.vtex_status:
        lines.append(f"  na VTEX    {outcome.vtex_status}")
    if outcome.reason:
        lines.append(f"  motivo     {outcome.reason}")
    lines += [f"  {kind:<9}  {path}" for kind, path in outcome.files.items()]
    if outcome.authorized_after is not None:
        lines.append(f"  autorizada em {outcome.authorized_after:.2f} s")
    if outcome.finished_after is not None:
        lines.append(f"  completo em {outcome.finished_after:.2f} s")
    print("\n".join(lines), flush=True)


async def _stay(stage: Stage) -> None:
    url = stage.gateway.url
    print(f"\nConsole       {url}/console   usuário admin, senha {stage.password}")
    print(f"API           {url}/docs   chave {stage.token}")
    print(stage.sims.describe())
    print("\nCtrl+C encerra.", flush=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    await stop.wait()
