"""The files of `schemas/fiscal/reform`, each loaded only if it is the very one that its manifest names.

A fiscal table edited by hand, or half copied, is refused: whoever changes one changes its row of `manifest.toml` too, and that
is what a reviewer looks at.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from gateway.core.errors import ConfigInvalid

Row = Mapping[str, Any]
MANIFEST = "manifest.toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the manifest: which version of which source a file holds, and its digest."""

    name: str
    version: str
    source: str
    certainty: str
    sha256: str


def packaged() -> Traversable:
    """Where the tables of this release are."""
    return files("schemas.fiscal.reform")


def read_manifest(folder: Traversable) -> dict[str, Entry]:
    """Every row by the name of its file."""
    rows = tomllib.loads(folder.joinpath(MANIFEST).read_text(encoding="utf-8"))["file"]
    return {row["name"]: Entry(**row) for row in rows}


def read(folder: Traversable, name: str) -> Row:
    """The content of the file. Raises ConfigInvalid when the manifest does not name it or its digest is another."""
    entry = read_manifest(folder).get(name)
    if entry is None:
        raise ConfigInvalid(f"schemas/fiscal/reform/{name} não está no manifesto.", fix="Acrescente a linha a manifest.toml.")
    body = folder.joinpath(name).read_bytes()
    found = hashlib.sha256(body).hexdigest()
    if found != entry.sha256:
        raise ConfigInvalid(
            f"schemas/fiscal/reform/{name} não é o arquivo do manifesto: sha256 {found}, esperado {entry.sha256}.",
            fix="Reinstale o gateway, ou revise a mudança e atualize version e sha256 em manifest.toml.",
        )
    text = body.decode()
    document: Row = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    return document


@lru_cache(maxsize=16)
def dataset(name: str) -> Row:
    """A packaged file, read once. Raises ConfigInvalid as `read`."""
    return read(packaged(), name)


@lru_cache(maxsize=1)
def manifest() -> Mapping[str, Entry]:
    """The packaged manifest."""
    return read_manifest(packaged())


def row_hash(row: Row) -> str:
    """What identifies a row's content: 16 hexadecimal digits of its canonical JSON, whatever the order of its keys."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
