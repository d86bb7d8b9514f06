"""The commands `gateway explain` and `gateway why`: what they take, and examples."""

from __future__ import annotations

import argparse
from collections.abc import Callable

_EXPLAIN = """exemplos:
  gateway explain 778                      o que é, de quem é, como se corrige, o que dizer no balcão
  gateway explain 531 610 865 --json       vários códigos, para um programa
  gateway explain --ref venda-1            a rejeição desta nota: campo, valor, causa e a correção pronta
  gateway explain 806 --ref venda-1        o que a 806 diria desta nota"""
_WHY = """exemplos:
  gateway why venda-1                      a vida da nota, e o que mudou de uma tentativa para a outra
  gateway why 35261111222333000181550010000000071123456780 --json
  gateway why 11222333000181-55-1-123      um número: CNPJ-modelo-série-número, também o inutilizado"""


def add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    explain: Callable[[argparse.Namespace], int],
    why: Callable[[argparse.Namespace], int],
) -> None:
    """Add both commands, run by `explain` and `why`."""
    raw = argparse.RawDescriptionHelpFormatter
    text = "explica um código da SEFAZ, ou a rejeição de uma nota"
    sub = commands.add_parser("explain", help=text, description=text, epilog=_EXPLAIN, formatter_class=raw)
    sub.add_argument("codes", nargs="*", metavar="CODE", help="código da SEFAZ (cStat); com --ref, é opcional")
    sub.add_argument("--ref", default="", help="ref ou chave da nota")
    sub.add_argument("--json", action="store_true", help="um objeto JSON por linha")
    sub.set_defaults(run=explain)
    text = "conta a história de um documento"
    sub = commands.add_parser("why", help=text, description=text, epilog=_WHY, formatter_class=raw)
    sub.add_argument("ref", help="ref, chave ou número (CNPJ-modelo-série-número)")
    sub.add_argument("--json", action="store_true", help="um objeto JSON")
    sub.set_defaults(run=why)
