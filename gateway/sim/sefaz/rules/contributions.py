"""Groups O to UA: IPI, PIS, COFINS, ISSQN and what a return gives back. Source: MOC 7.0 annex I O to UA; NT 2015.002."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.sim.sefaz.document import Node, Note, find, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions

_FRAMES = {"02": (301, 399), "52": (301, 399), "04": (1, 99), "54": (1, 99), "05": (101, 199), "55": (101, 199)}
"""O09-10: the legal frames that each CST of IPI without tax may name."""


def rules(note: Note, _: Conditions) -> Iterator[Refusal]:
    """Every item, in order."""
    for det in note.items:
        imposto = find(det, "imposto")
        if imposto is None:
            continue
        for rule, cStat in _of_item(note, det, imposto):
            yield Refusal(cStat, f"[nItem:{det.nItem}]", rule)


def _of_item(note: Note, det: Node, imposto: Node) -> Iterator[tuple[str, str]]:
    cst, cEnq = text(imposto, "IPI/IPINT/CST"), text(imposto, "IPI/cEnq")
    frame = _FRAMES.get(cst)
    if frame is not None and cEnq.isdigit() and not frame[0] <= int(cEnq) <= frame[1]:
        yield "O09-10", "388"
    if note.mod == "55" and note.finNFe not in ("5", "6"):
        if find(imposto, "PIS") is None:
            yield "Q01-20", "745"
        if find(imposto, "COFINS") is None:
            yield "S01-20", "748"
    if find(imposto, "ISSQN") is not None and not text(note.emit, "IM"):
        yield "U01-10", "530"
    if find(det, "impostoDevol") is not None and note.mod == "55" and not note.supplementary:
        yield "UA01-10", "354"
