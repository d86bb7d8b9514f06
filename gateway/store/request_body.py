"""Whether a body posted again is the one that was accepted: by what it says, whatever the release that kept it knew of.

A body is its content once decoded, less what is at its default: a field that a release adds changes no hash of a body that does
not use it. The first byte of a hash is the version of this reading; a body kept under another version is read anew.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from typing import Any

import msgspec

from gateway.nfe.request import Request, decode_request

_VERSION = b"\x02"
"""1 had no such byte: SHA-256 of the body with every default of its day."""


def body_hash(request: Request, model: str = "55") -> bytes:
    """The version, and the SHA-256 of what the body says and of the model asked for (`55`, `65`)."""
    told = b"" if model == "55" else model.encode()
    return _VERSION + hashlib.sha256(told + msgspec.json.encode(_told(request), order="sorted")).digest()


def same_body(kept: bytes, request: str, model: str, asked: bytes) -> bool:
    """Whether a document kept under the hash `kept`, with its `request` as JSON, is what the hash `asked` asks for."""
    if hmac.compare_digest(kept, asked):
        return True
    if kept[:1] == _VERSION and len(kept) == len(asked):
        return False
    try:
        again = decode_request(request)
    except msgspec.MsgspecError:
        return False  # a body that this release no longer reads is not the one it was just given
    return hmac.compare_digest(body_hash(again, model), asked)


def _told(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        told = {}
        for name, default in _defaults(type(value)):
            given = getattr(value, name)
            if given != default:
                told[name] = _told(given)
        return told
    if isinstance(value, tuple | list):
        return [_told(each) for each in value]
    return value


@cache
def _defaults(struct: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """Each field and what it is when nobody says it; a required one is never that."""
    found = []
    for field in msgspec.structs.fields(struct):
        made = field.default_factory is not msgspec.NODEFAULT
        found.append((field.name, field.default_factory() if made else field.default))
    return tuple(found)
