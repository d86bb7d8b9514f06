"""What the simulator remembers: notes, events, voided numbers, documents to distribute, and a ledger of every request it saw.

With a file, each line is appended before the answer leaves, so that the memory survives the simulator's own restart.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.sim.sefaz.chave import Key
from gateway.sim.sefaz.records import Authorized, Event, Original, Parcel, Request, Sequences, Voided

MEMORY = 200_000
"""Requests kept in memory; the file keeps all."""


_Line = Authorized | Event | Original | Parcel | Request | Sequences | Voided


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
    def events(self) -> list[Event]:
        """Every event registered, in order."""
        return [event for events in self._events.values() for event in events]

    @property
    def voided(self) -> list[Voided]:
        return [each for book in self._voided.values() for each in book]

    @property
    def request_count(self) -> int:
        return self._count

    def by_key(self, chave: str) -> Authorized | None:
        return self._by_key.get(chave)

    def by_number(self, key: Key) -> Authorized | None:
        """Whatever note already has this UF, issuer, model, series and number."""
        chave = self._by_number.get(key.natural)
        return None if chave is None else self._by_key[chave]

    def events_of(self, chave: str) -> list[Event]:
        """Events of a note, in the order in which they were registered."""
        return self._events.get(chave, [])

    def event(self, chave: str, tpEvento: str, nSeqEvento: int) -> Event | None:
        return next((e for e in self.events_of(chave) if (e.tpEvento, e.nSeqEvento) == (tpEvento, nSeqEvento)), None)

    def cancellation(self, chave: str) -> Event | None:
        """The event that cancelled a note."""
        return next((e for e in self.events_of(chave) if e.tpEvento in ("110111", "110112")), None)

    def epec(self, key: Key) -> Event | None:
        """The EPEC registered for this UF, issuer, model, series and number."""
        return self._epecs.get(key.natural)

    def epecs_of(self, base: str) -> list[Event]:
        """Every EPEC of the issuers of a CNPJ base."""
        return [event for event in self._epecs.values() if event.chave[6:14] == base]

    def voided_in(self, book: tuple[str, str, str, int]) -> list[Voided]:
        """Ranges voided in a UF, issuer, model and series."""
        return self._voided.get(book, [])

    def is_voided(self, key: Key) -> bool:
        return any(each.first <= key.nNF <= each.last for each in self._voided.get(key.natural[:4], ()))

    def original(self, chave: str) -> str:
        """The nfeProc of a note that somebody may read, or empty."""
        return self._originals.get(chave, "")

    def parcels(self, base: str) -> list[Parcel]:
        """Documents of a CNPJ base, by NSU: the first has number 1."""
        return self._parcels.get(base, [])

    def next_protocol(self, cUF: str, year: int) -> str:
        """15 digits: 1 (state) or 8 (Ambiente Nacional, cUF 91), cUF, two of the year, ten of a sequence that only grows."""
        self._protocols += 1
        return f"{8 if cUF == '91' else 1}{cUF}{year % 100:02d}{self._protocols:010d}"

    def next_receipt(self, cUF: str) -> str:
        """15 digits: cUF, then a sequence of 13."""
        self._receipts += 1
        return f"{cUF}{self._receipts:013d}"

    def store(self, record: Authorized | Event | Voided | Original | Parcel) -> None:
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
        self._events: dict[str, list[Event]] = {}
        self._epecs: dict[tuple[str, str, str, int, int], Event] = {}
        self._voided: dict[tuple[str, str, str, int], list[Voided]] = {}
        self._originals: dict[str, str] = {}
        self._parcels: dict[str, list[Parcel]] = {}
        self._count = 0

    def _keep(self, record: Authorized | Event | Voided | Original | Parcel) -> None:
        if isinstance(record, Authorized):
            self._by_key[record.chave] = record
            self._by_number[Key(record.chave).natural] = record.chave
        elif isinstance(record, Event):
            self._events.setdefault(record.chave, []).append(record)
            if record.tpEvento == "110140":
                self._epecs[Key(record.chave).natural] = record
        elif isinstance(record, Voided):
            self._voided.setdefault(record.book, []).append(record)
        elif isinstance(record, Original):
            self._originals[record.chave] = record.nfeProc
        else:
            self._parcels.setdefault(record.base, []).append(record)

    def _append(self, line: _Line) -> None:
        if self._file is not None:
            self._file.write(self._encoder.encode(line) + b"\n")

    def _load(self, path: Path) -> None:
        for line in _lines(path):
            if isinstance(line, Request):
                self._requests.append(line)
                self._count = max(self._count, line.n)
            elif isinstance(line, Sequences):
                self._protocols, self._receipts = line.protocol, line.receipt
            else:
                self._keep(line)
                if isinstance(line, Authorized | Event | Voided):
                    self._protocols = max(self._protocols, int(line.nProt[-10:]))
                if isinstance(line, Authorized):
                    self._receipts = max(self._receipts, int(line.nRec[2:] or 0))


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
