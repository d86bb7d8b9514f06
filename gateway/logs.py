"""Logs: one line per event, JSON or readable text, and no secret in any of them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(r"pass(word|phrase)?|senha|secret|token|authorization|pfx|csc|csrt|app_key|cookie", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"gw_[a-z]+_[0-9a-z]+_[0-9A-Za-z_\-]+|whsec_[0-9A-Za-z+/=]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
_CPF = re.compile(r"(?<!\d)(\d{3})(\.?\d{3}\.?\d{3})(-?\d{2})(?!\d)")


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what must not be written: fields with a secret's name, keys and credentials inside texts, CPFs."""
    for name, value in event.items():
        if name != "event" and _SECRET_NAMES.search(name):
            event[name] = "[omitido]"
        elif isinstance(value, str):
            event[name] = clean(value)
        elif isinstance(value, bytes):
            event[name] = f"[{len(value)} bytes]"
    return event


def clean(text: str) -> str:
    """A text without credentials, and with the middle of each CPF hidden."""
    return _CPF.sub(r"***\2**", _SECRET_VALUES.sub("[omitido]", text))


def configure(*, level: str, fmt: str) -> None:
    """Set up structlog and route the standard library's loggers through it, to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if fmt == "json" else structlog.dev.ConsoleRenderer(colors=False)
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    for noisy in ("aiohttp.access", "arq", "alembic", "fpdf", "fontTools", "asyncio"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))
