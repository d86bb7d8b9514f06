"""Groups Y and YA: instalments and payments. Source: NT 2016.002, NT 2020.006, NT 2023.004, NT 2025.001, IT 2024.002."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz.document import Node, Note, amount, find, find_all, text, total
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

_ELECTRONIC = frozenset({"03", "04", "17"})
_CARD_ALLOWED = frozenset({"03", "04", "10", "11", "12", "13", "15", "17", "18", "20", "23", "24"})
_NO_VALUE = frozenset({"90", "91"})


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Means of payment, card group, sums and change."""
    details = find_all(note.inf, "pag/detPag")
    means = {text(detail, "tPag") for detail in details}
    if note.mod == "55" and note.finNFe in ("3", "4") and means != {"90"}:
        yield Refusal("871")
    for n, detail in enumerate(details, 1):
        for cStat in _of_payment(note, detail):
            yield Refusal(cStat, f"[nOcor:{n}]")
    instalments = find_all(note.inf, "cobr/dup")
    if note.mod == "55" and "14" in means and not instalments:
        yield Refusal("872")
    if instalments and all(text(detail, "indPag") == "0" for detail in details):
        yield Refusal("853")
    yield from _sums(note, details, means)


def _of_payment(note: Note, detail: Node) -> Iterator[str]:
    tPag = text(detail, "tPag")
    if tPag in _NO_VALUE and amount(detail, "vPag") != 0:
        yield "904"
    if tPag == "99" and not text(detail, "xPag"):
        yield "441"
    if note.mod == "65":
        forbidden = {"14": "857", "90": "899", "99": "436"}.get(tPag)
        if forbidden:
            yield forbidden
    card = find(detail, "card")
    if card is None:
        if note.mod == "65" and tPag in _ELECTRONIC:
            yield "391"
        return
    if tPag not in _CARD_ALLOWED:
        yield "963"
    if text(card, "tpIntegra") == "1" and not (text(card, "CNPJ") and text(card, "cAut")):
        yield "392"


def _sums(note: Note, details: list[Node], means: set[str]) -> Iterator[Refusal]:
    """YA03-10, YA03-20, YA09-10: payments less change are vNF, unless nothing is paid now."""
    if note.finNFe in ("3", "4") or means & _NO_VALUE:
        return
    paid = total(details, "vPag")
    change = find(note.inf, "pag/vTroco")
    if paid < note.vNF:
        yield Refusal("865")
    if paid > note.vNF and change is None:
        yield Refusal("866")
    if change is not None and amount(note.inf, "pag/vTroco") != paid - note.vNF:
        yield Refusal("869")
