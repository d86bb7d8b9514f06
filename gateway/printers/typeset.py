"""An IR document set on a paper: paragraphs wrapped, pairs justified, frames drawn. Every medium prints these lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.printers.ir import (
    PLAIN,
    Align,
    Barcode,
    Box,
    Cut,
    Document,
    Drawer,
    Feed,
    Image,
    Line,
    Node,
    Pair,
    Paper,
    Qr,
    Rule,
    Span,
    Style,
)
from gateway.printers.paper_text import clean

_WORDS = re.compile(r" +|[^ ]+")


@dataclass(frozen=True, slots=True)
class SetLine:
    """One physical line: cleaned spans no wider than the paper."""

    spans: tuple[Span, ...]
    align: Align

    @property
    def dots(self) -> int:
        return sum(len(span.text) * span.style.cell for span in self.spans)

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def tall(self) -> int:
        return max((span.style.tall for span in self.spans), default=1)


SetNode = SetLine | Qr | Barcode | Image | Feed | Cut | Drawer


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document set on a paper; `lost` are the characters that no printer has and that show as `?`."""

    nodes: tuple[SetNode, ...]
    lost: str


def typeset(document: Document, paper: Paper) -> Sheet:
    """Set every node. Pure; the same document and paper always give the same lines."""
    lost: list[str] = []
    nodes: list[SetNode] = []
    for node in document.nodes:
        nodes.extend(_set(node, paper, lost))
    return Sheet(tuple(nodes), "".join(lost))


def _set(node: Node, paper: Paper, lost: list[str]) -> Iterator[SetNode]:
    match node:
        case Line():
            yield from _set_line(node, paper, lost)
        case Pair():
            yield from _set_pair(node, paper, lost)
        case Rule():
            yield SetLine((Span(("═" if node.double else "─") * paper.columns),), "left")
        case Box():
            yield from _set_box(node, paper, lost)
        case _:
            yield node


def _cleaned(spans: tuple[Span, ...], lost: list[str]) -> list[Span]:
    found = []
    for span in spans:
        result = clean(span.text)
        if result.lost:
            lost.append(result.lost)
        found.append(Span(result.text, span.style))
    return found


def _set_line(node: Line, paper: Paper, lost: list[str]) -> Iterator[SetLine]:
    spans = _cleaned(node.spans, lost)
    lines = wrap(spans, paper.dots, node.hang)
    if node.balanced and len(lines) > 1:
        lines = _balance(spans, lines, paper.dots)
    for spans_of_line in lines:
        yield SetLine(spans_of_line, node.align)


def _balance(spans: list[Span], lines: list[tuple[Span, ...]], dots: int) -> list[tuple[Span, ...]]:
    """The narrowest measure, tried upwards from the average, that needs no more lines and cuts no word."""
    step = max(span.style.cell for span in spans)
    total = sum(len(span.text) * span.style.cell for span in spans)
    longest = max(len(word) * span.style.cell for span in spans for word in span.text.split(" "))
    for measure in range(max(total // len(lines), longest), dots, step):
        narrower = wrap(spans, measure, 0)
        if len(narrower) <= len(lines):
            return narrower
    return lines


def wrap(spans: list[Span], dots: int, hang: int) -> list[tuple[Span, ...]]:
    """Lines of at most `dots`, broken at blanks; a word longer than the line is cut. At least one line, perhaps empty."""
    lines: list[tuple[Span, ...]] = []
    current: list[Span] = []
    used = 0
    indent = 0

    def close() -> None:
        nonlocal current, used, indent
        while current and not current[-1].text.strip(" "):
            current.pop()
        lines.append(_merged(current))
        first = spans[0].style if spans else PLAIN
        indent = hang * first.cell if hang * first.cell < dots // 2 else 0
        current = [Span(" " * hang, first)] if indent else []
        used = indent

    for span in spans:
        cell = span.style.cell
        for match in _WORDS.finditer(span.text):
            word = match.group()
            if word.startswith(" ") and used == indent and lines:
                continue
            if used + len(word) * cell > dots:
                if word.startswith(" "):
                    close()
                    continue
                if used > indent:
                    close()
                while used + len(word) * cell > dots:
                    room = _cut(word, max(1, (dots - used) // cell))
                    current.append(Span(word[:room], span.style))
                    word = word[room:]
                    close()
            if word:
                current.append(Span(word, span.style))
                used += len(word) * cell
    if (current and any(span.text.strip(" ") for span in current)) or not lines:
        close()
    return lines


def _cut(word: str, room: int) -> int:
    """Where a word longer than its line is cut: after a slash or a dot (addresses of the web) when one is in the second half."""
    sign = max(word.rfind(sign, 0, room) for sign in "/.?&")
    return sign + 1 if sign + 1 > room // 2 else room


def _merged(words: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for word in words:
        if merged and merged[-1].style == word.style:
            merged[-1] = Span(merged[-1].text + word.text, word.style)
        else:
            merged.append(word)
    if merged:
        merged[-1] = Span(merged[-1].text.rstrip(" "), merged[-1].style)
    return tuple(merged)


def _set_pair(node: Pair, paper: Paper, lost: list[str]) -> Iterator[SetLine]:
    left, right = _cleaned((node.left, node.right), lost)
    right_dots = len(right.text) * right.style.cell
    cell = left.style.cell
    *above, last = wrap([left], paper.dots, node.hang)
    if len(above) == 0 and sum(len(span.text) for span in last) * cell + cell + right_dots > paper.dots:
        # the left alone fits the line but not beside the right: prefer a break that leaves room
        *above, last = wrap([left], max(paper.dots - right_dots - cell, paper.dots // 2), node.hang)
    for spans in above:
        yield SetLine(spans, "left")
    last_dots = sum(len(span.text) * span.style.cell for span in last)
    if last_dots + cell + right_dots > paper.dots:
        yield SetLine(last, "left")
        last, last_dots = (), 0
    if right_dots > paper.dots:
        for spans in wrap([right], paper.dots, 0):
            yield SetLine(spans, "right")
        return
    gap = (paper.dots - last_dots - right_dots) // cell
    blank = Span(" " * gap, Style(font=left.style.font, wide=left.style.wide))
    yield SetLine(_joined((*last, blank, right)), "left")


def _joined(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Neighbours of one style as one span; inner blanks are kept."""
    merged: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if merged and merged[-1].style == span.style:
            merged[-1] = Span(merged[-1].text + span.text, span.style)
        else:
            merged.append(span)
    return tuple(merged)


def _set_box(node: Box, paper: Paper, lost: list[str]) -> Iterator[SetLine]:
    inside = paper.columns - 4
    yield SetLine((Span("╔" + "═" * (paper.columns - 2) + "╗"),), "left")
    for span in _cleaned(node.lines, lost):
        for spans in wrap([span], inside * PLAIN.cell, 0):
            width = sum(len(part.text) * part.style.cell for part in spans) // PLAIN.cell
            before = (inside - width) // 2
            yield SetLine(
                _joined((Span("║ " + " " * before), *spans, Span(" " * (inside - width - before) + " ║"))),
                "left",
            )
    yield SetLine((Span("╚" + "═" * (paper.columns - 2) + "╝"),), "left")
