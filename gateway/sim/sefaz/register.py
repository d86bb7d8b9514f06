"""What the simulator remembers: notes authorised or denied, receipts, and a ledger of every request it saw.

With a file, each line is appended before the answer leaves, so that the memory survives the simulator's own restart.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.sim.sefaz.chave import Key

MEMORY = 200_000
"""Requests kept in memory; the file keeps all."""


class Authorized(msgspec.Struct, frozen=True, kw_only=True, tag="authorized", tag_field="kind"):
    """A note in the authoriser's base. `cStat` 100, 120, 150, or a denial (301, 302, 303). Times are RFC 3339."""

    chave: str
    nNF: int
    serie: int
    mod: str
    cUF: str
    issuer: str
    nProt: str
    digVal: str
    dhRecbto: str
    cStat: str
    xMotivo: str
    vNF: str
    vICMS: str = ""
    nRec: str = ""
    alerts: tuple[tuple[str, str], ...] = ()

    @property
    def denied(self) -> bool:
        return self.cStat in ("110", "301", "302", "303")


class Request(msgspec.Struct, kw_only=True, tag="request", tag_field="kind"):
    """One request as it arrived and what was done with it.

    `cStat` is the note's when there is one, else the lot's or the service's; empty when nothing was processed. `answered`
    is false when the answer was withheld or mutilated by a fault; `fault` names the action.
    """

    n: int
    at: str
    service: str
    chave: str = ""
    nNF: int = 0
    serie: int = 0
    cStat: str = ""
    xMotivo: str = ""
    client: str = ""
    sha256: str = ""
    size: int = 0
    answered: bool = True
    fault: str = ""


class Sequences(msgspec.Struct, frozen=True, kw_only=True, tag="sequences", tag_field="kind"):
    """High-water marks, written when the memory is cleared so that no protocol is ever given twice in one file."""

    protocol: int
    receipt: int


_Line = Authorized | Request | Sequences


class Register:
    """The base and the ledger. Not for threads: one event loop owns it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: io.FileIO | None = None
        self._encoder = msgspec.json.Encoder()
        self._clear()
        self._protocols = 0
        self._receipts = 0

    def open(self) -> None:
        """Read the file back, if there is one, and go on at its end. Without a file, memory is all there is."""
        if self._path is None or self._file is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._clear()
        self._load(self._path)
        self._file = io.FileIO(self._path, "ab")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def requests(self) -> list[Request]:
        return list(self._requests)

    @property
    def authorized(self) -> list[Authorized]:
        """In the order in which they were authorised; denials are not here."""
        return [record for record in self._by_key.values() if not record.denied]

    @property
    def denied(self) -> list[Authorized]:
        return [record for record in self._by_key.values() if record.denied]

    @property
    def request_count(self) -> int:
        return self._count

    def by_key(self, chave: str) -> Authorized | None:
        return self._by_key.get(chave)

    def by_number(self, key: Key) -> Authorized | None:
        """Whatever note already has this UF, issuer, model, series and number."""
        chave = self._by_number.get(key.natural)
        return None if chave is None else self._by_key[chave]

    def next_protocol(self, cUF: str, year: int) -> str:
        """15 digits: 1 (state), cUF, two of the year, ten of a sequence that only grows."""
        self._protocols += 1
        return f"1{cUF}{year % 100:02d}{self._protocols:010d}"

    def next_receipt(self, cUF: str) -> str:
        """15 digits: cUF, then a sequence of 13."""
        self._receipts += 1
        return f"{cUF}{self._receipts:013d}"

    def store(self, record: Authorized) -> None:
        self._keep(record)
        self._append(record)

    def record(self, request: Request) -> None:
        """Close a request's line: call once, when its fate is known and before the answer leaves."""
        self._requests.append(request)
        self._append(request)

    def next_request(self) -> int:
        self._count += 1
        return self._count

    def reset(self) -> None:
        """Forget every note and request. Sequences go on, so that a protocol is never given twice."""
        if self._file is not None:
            self._file.truncate(0)
            self._append(Sequences(protocol=self._protocols, receipt=self._receipts))
        self._clear()

    def _clear(self) -> None:
        self._requests: deque[Request] = deque(maxlen=MEMORY)
        self._by_key: dict[str, Authorized] = {}
        self._by_number: dict[tuple[str, str, str, int, int], str] = {}
        self._count = 0

    def _keep(self, record: Authorized) -> None:
        self._by_key[record.chave] = record
        self._by_number[Key(record.chave).natural] = record.chave

    def _append(self, line: _Line) -> None:
        if self._file is not None:
            self._file.write(self._encoder.encode(line) + b"\n")

    def _load(self, path: Path) -> None:
        for line in _lines(path):
            if isinstance(line, Authorized):
                self._keep(line)
                self._protocols = max(self._protocols, int(line.nProt[-10:]))
                self._receipts = max(self._receipts, int(line.nRec[2:] or 0))
            elif isinstance(line, Request):
                self._requests.append(line)
                self._count = max(self._count, line.n)
            else:
                self._protocols, self._receipts = line.protocol, line.receipt


def _lines(path: Path) -> Iterator[_Line]:
    """Every whole line; a last line cut by a kill is dropped from the file, as it was never answered."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(_Line)
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
    for line in data[:whole].splitlines():
        yield decoder.decode(line)
