"""Bodies become structs here: bounded, and refused with every fault at once, each with its JSON path.

msgspec stops at the first error and lets NaN, Infinity and 1E+400 through as Decimal; both are mended here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from aiohttp import web

from gateway.api.sentences import as_fault, bare, missing_field, unknown_field
from gateway.api.services import SERVICES
from gateway.core.errors import InputError, PayloadTooLarge, ValidationFailed
from gateway.core.faults import Fault
from gateway.core.money import MAX_REAIS

T = TypeVar("T")

MAX_FAULTS = 100
"""More than a person reads, and a bound on the answer to a hostile body."""


async def read_body(request: web.Request) -> bytes:
    """The raw body, after decompression. Raises PayloadTooLarge over the limit, InputError when it does not arrive."""
    settings = request.app[SERVICES].settings
    try:
        async with asyncio.timeout(settings.read_timeout):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise too_large(settings.max_body) from error
    except TimeoutError as error:
        raise InputError("O corpo não chegou inteiro a tempo.", code="GW-BODY-TIMEOUT", fix="Envie de novo.") from error
    except web.RequestPayloadError as error:
        raise InputError(
            "O corpo não pôde ser lido.", code="GW-BODY", fix="Confira Content-Encoding e Content-Length."
        ) from error


def too_large(limit: int) -> PayloadTooLarge:
    """The error of a body over the limit."""
    return PayloadTooLarge(
        f"O corpo passa do limite de {limit // 1024} KiB (depois de descompactado).", fix="Divida o envio ou reduza o corpo."
    )


async def read_json(request: web.Request, type_: type[T]) -> T:
    """The body as `type_`. Raises ValidationFailed (422) with every fault, InputError (400) for what is not JSON."""
    return decode(await read_body(request), type_)


def decode(body: bytes, type_: type[T]) -> T:
    """`body` as `type_`; see `read_json`."""
    try:
        value: T = _decoder(cast(Any, type_)).decode(body)
    except msgspec.ValidationError as error:
        raise ValidationFailed(_all_faults(body, type_) or [as_fault(str(error), "$", None)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "O corpo não é um JSON válido.", code="GW-JSON", fix=f"Confira a sintaxe e a codificação UTF-8 ({str(error)[:80]})."
        ) from error
    if faults := list(_unfit(value, "$")):
        raise ValidationFailed(faults[:MAX_FAULTS])
    return value


@cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def _all_faults(body: bytes, type_: Any) -> list[Fault]:
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return []
    faults: list[Fault] = []
    for fault in _check(raw, type_, "$"):
        faults.append(fault)
        if len(faults) == MAX_FAULTS:
            break
    return faults


def _check(raw: Any, hint: Any, path: str) -> Iterator[Fault]:
    """Faults of `raw` as `hint`, going down into objects and lists so that one does not hide the next."""
    struct = _struct_in(hint)
    if struct is not None and isinstance(raw, dict):
        yield from _check_object(raw, struct, path)
        return
    item = _item_in(hint)
    if item is not None and isinstance(raw, list):
        for index, element in enumerate(raw):
            yield from _check(element, item, f"{path}[{index}]")
        raw = [None] * len(raw)
        limits = getattr(hint, "__metadata__", ())
        hint = Annotated[list[Any], *limits] if limits else list[Any]
    try:
        msgspec.convert(raw, hint)
    except msgspec.ValidationError as error:
        yield as_fault(str(error), path, hint)


def _check_object(raw: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[Fault]:
    hints = _hints(struct)
    for name in raw:
        if name not in hints:
            yield unknown_field(name[:60], path, hints)
    for field in msgspec.structs.fields(struct):
        if field.name in raw:
            yield from _check(raw[field.name], hints[field.name], f"{path}.{field.name}")
        elif field.required:
            yield missing_field(field.name, path)


@cache
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(struct, include_extras=True)


def _struct_in(hint: Any) -> type[msgspec.Struct] | None:
    plain = bare(hint)
    choices = get_args(plain) if get_origin(plain) in (Union, UnionType) else (plain,)
    return next((c for c in choices if isinstance(c, type) and issubclass(c, msgspec.Struct)), None)


def _item_in(hint: Any) -> Any:
    plain = bare(hint)
    return get_args(plain)[0] if get_origin(plain) in (tuple, list) else None


def _unfit(value: Any, path: str) -> Iterator[Fault]:
    """Values that a type admits and the trade does not: numbers that are not finite or not plausible, times without offset."""
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value) > MAX_REAIS:
            message = "O valor precisa ser um número finito, com no máximo 13 dígitos inteiros."
            yield Fault(code="GW-NUMBER", path=path, message=message, fix="Corrija o valor.")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _unfit(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, tuple | list):
        for index, element in enumerate(value):
            yield from _unfit(element, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, element in value.items():
            yield from _unfit(element, f"{path}.{name}")
    elif isinstance(value, datetime) and value.tzinfo is None:
        fix = "Acrescente o fuso, por exemplo -03:00."
        yield Fault(code="GW-DATE", path=path, message="A data precisa dizer o fuso horário.", fix=fix)
