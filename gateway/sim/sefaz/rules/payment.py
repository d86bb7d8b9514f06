"""Group YA: how the note is paid. Source: NT 2016.002, NT 2020.006, NT 2023.004, NT 2025.001, IT 2024.002."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.sim.sefaz.chave import valid_cnpj
from gateway.sim.sefaz.document import Node, Note, amount, find, find_all, text, total
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

_ELECTRONIC = frozenset({"03", "04", "17"})
_CARD_ALLOWED = frozenset({"03", "04", "10", "11", "12", "13", "15", "17", "18", "20", "23", "24"})
_NO_VALUE = frozenset({"90", "91"})
_NOT_IN_NFCE = {"14": ("857", "YA02-10"), "90": ("899", "YA02-40"), "99": ("436", "YA02-50")}
_NFCE_TOLERANCE = Decimal("1.00")


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Means of payment, card group, sums and change."""
    details = find_all(note.inf, "pag/detPag")
    means = {text(detail, "tPag") for detail in details}
    if note.mod == "65" and not details:
        yield Refusal("899", rule="YA02-40")
    if note.mod == "55" and note.finNFe in ("3", "4") and means != {"90"}:
        yield Refusal("871", rule="YA02-04")
    for n, detail in enumerate(details, 1):
        for rule, cStat in _of_payment(note, detail):
            yield Refusal(cStat, f"[nOcor:{n}]", rule)
    if note.mod == "55" and "14" in means and find(note.inf, "cobr/dup") is None:
        yield Refusal("872", rule="YA02-20")
    yield from _sums(note, details, means)


def _of_payment(note: Note, detail: Node) -> Iterator[tuple[str, str]]:
    tPag = text(detail, "tPag")
    if tPag in _NO_VALUE and amount(detail, "vPag") != 0:
        yield "YA03-30", "904"
    if tPag == "99" and not text(detail, "xPag"):
        yield "YA02a-10", "441"
    if note.mod == "65" and tPag in _NOT_IN_NFCE:
        cStat, rule = _NOT_IN_NFCE[tPag]
        yield rule, cStat
    card = find(detail, "card")
    if card is None:
        if note.mod == "65" and tPag in _ELECTRONIC:
            yield "YA04-10", "391"
        return
    if tPag not in _CARD_ALLOWED:
        yield "YA04-20", "963"
    if text(card, "tpIntegra") == "1" and not (text(card, "CNPJ") and text(card, "cAut")):
        yield "YA05-10", "392"
    if text(card, "CNPJ") and not valid_cnpj(text(card, "CNPJ")):
        yield "YA05-20", "437"


def _sums(note: Note, details: list[Node], means: set[str]) -> Iterator[Refusal]:
    """YA03-10, YA03-20, YA09-10, W16-70: payments less change are vNF, unless nothing is paid now."""
    if note.finNFe in ("3", "4") or means & _NO_VALUE:
        return
    paid = total(details, "vPag")
    change = find(note.inf, "pag/vTroco")
    if paid < note.vNF:
        yield Refusal("865", rule="YA03-10")
    if paid > note.vNF and change is None:
        yield Refusal("866", rule="YA03-20")
    if change is not None and amount(note.inf, "pag/vTroco") != paid - note.vNF:
        yield Refusal("869", rule="YA09-10")
    if note.mod == "65" and abs(paid - amount(note.inf, "pag/vTroco") - note.vNF) > _NFCE_TOLERANCE:
        yield Refusal("767", rule="W16-70")
