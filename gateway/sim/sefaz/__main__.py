"""`python -m gateway.sim.sefaz --dir DIR`: the simulator in a process of its own, until it is told to stop.

Prints one line of JSON with its addresses once it listens; SIGTERM or SIGINT stop it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.simulator import SefazSimulator


async def serve(
    directory: Path, *, port: int = 0, control_port: int = 0, uf: str | None = None, scenario: str | None = None
) -> None:
    """Run until a signal. `directory` keeps the test PKI (`pki/`) and the ledger (`ledger.jsonl`)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    simulator = SefazSimulator(
        pki=TestPki(directory / "pki"),
        uf=uf,
        port=port,
        control_port=control_port,
        ledger_path=directory / "ledger.jsonl",
    )
    if scenario is not None:
        simulator.load_scenario(scenario)
    async with simulator:
        addresses = {"url": simulator.url, "control_url": simulator.control_url, "ca_path": str(simulator.ca_path)}
        sys.stdout.write(msgspec.json.encode(addresses).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="gateway.sim.sefaz", description="Simulador da SEFAZ, sem valor fiscal.")
    parser.add_argument("--dir", type=Path, required=True, help="pasta da ICP de testes e do registro")
    parser.add_argument("--port", type=int, default=0, help="porta HTTPS dos serviços (0: uma livre)")
    parser.add_argument("--control-port", type=int, default=0, help="porta HTTP de controle (0: uma livre)")
    parser.add_argument("--uf", default=None, help="atende só esta UF (padrão: todas)")
    parser.add_argument("--scenario", default=None, help="cenário a carregar, pelo nome ou pelo arquivo")
    args = parser.parse_args()
    asyncio.run(serve(args.dir, port=args.port, control_port=args.control_port, uf=args.uf, scenario=args.scenario))


if __name__ == "__main__":
    main()
