"""A finished piece of paper: picture, text, bytes and events."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from gateway.sim.printer.drawing import draw
from gateway.sim.printer.paper import Paper

Boundary = Literal["cut", "partial-cut", "connection-closed"]


class Receipt:
    """One receipt. `number` counts from 1; `boundary` says how it ended: a torn one ends `connection-closed`."""

    def __init__(self, number: int, boundary: Boundary, paper: Paper) -> None:
        self.number = number
        self.boundary = boundary
        self.events: list[dict[str, Any]] = paper.events
        self.text = "\n".join(paper.lines) + "\n"
        self.raw = bytes(paper.raw)
        self._paper = paper

    @cached_property
    def png(self) -> bytes:
        """The picture, drawn when first asked for."""
        return draw(self._paper)

    @property
    def codes(self) -> list[str]:
        """Contents of the QR codes and barcodes, in order."""
        return [event["data"] for event in self.events if event["type"] in ("qr", "barcode")]

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Events that a good job does not cause: unknown or unsupported commands, codes that could not be printed."""
        return [event for event in self.events if "." in event["type"]]

    def summary(self) -> dict[str, Any]:
        """What the control API and the JSON file show."""
        return {
            "number": self.number,
            "boundary": self.boundary,
            "width": self._paper.width,
            "height": self._paper.height,
            "bytes": len(self.raw),
            "codes": self.codes,
            "events": self.events,
        }

    def write_to(self, folder: Path) -> None:
        """Writes `receipt-0001.png`, `.txt`, `.bin` and `.json`."""
        stem = folder / f"receipt-{self.number:04d}"
        stem.with_suffix(".png").write_bytes(self.png)
        stem.with_suffix(".txt").write_text(self.text, encoding="utf-8")
        stem.with_suffix(".bin").write_bytes(self.raw)
        stem.with_suffix(".json").write_text(json.dumps(self.summary(), ensure_ascii=False, indent=2), encoding="utf-8")


def next_number(folder: Path) -> int:
    """The first free number of a folder, so that a restarted printer does not write over what it printed before."""
    taken = [int(file.stem.removeprefix("receipt-")) for file in folder.glob("receipt-[0-9]*.json")]
    return max(taken, default=0) + 1
