"""The simulator's memory on disk: one JSON object a line, the last line of a key wins, replayed at start."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any


class JournalCorruptError(Exception):
    """A line in the middle of the state file is not ours; the file must be looked at or deleted by a person."""


class Journal:
    """Key-value state that survives the process. Without a path it keeps nothing.

    A line is written in one unbuffered call before the answer leaves, so a killed process loses nothing it acknowledged;
    there is no fsync: the machine itself going down is outside what the simulator promises.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def open(self) -> dict[tuple[str, str], Any]:
        """Reads what is there, rewrites it without superseded lines, and opens it for appending. Raises JournalCorruptError."""
        if self._path is None:
            return {}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        state = self._read(self._path) if self._path.exists() else {}
        fresh = self._path.with_suffix(self._path.suffix + ".new")
        fresh.write_bytes(b"".join(_line(kind, key, value) for (kind, key), value in state.items()))
        os.replace(fresh, self._path)  # noqa: PTH105 -- the atomic rename is the point
        self._file = self._path.open("ab", buffering=0)
        return state

    def put(self, kind: str, key: str, value: Any) -> None:
        """Stores a value under (kind, key); None removes it."""
        if self._file is not None:
            self._file.write(_line(kind, key, value))

    def close(self) -> None:
        """Closes the file; later `put`s keep nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @staticmethod
    def _read(path: Path) -> dict[tuple[str, str], Any]:
        state: dict[tuple[str, str], Any] = {}
        lines = path.read_bytes().split(b"\n")
        # The last piece is empty when the file ends in a newline; otherwise it is a line cut by a crash, never acknowledged.
        for number, line in enumerate(lines[:-1], 1):
            try:
                kind, key, value = json.loads(line)
            except ValueError as error:
                raise JournalCorruptError(
                    f"linha {number} de {path} ilegível; apague o arquivo para recomeçar do zero"
                ) from error
            if value is None:
                state.pop((kind, key), None)
            else:
                state[(kind, key)] = value
        return state


def _line(kind: str, key: str, value: Any) -> bytes:
    return json.dumps([kind, key, value], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
