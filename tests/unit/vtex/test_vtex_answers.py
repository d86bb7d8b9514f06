"""An HTTP answer becomes one error of the tree: who waits, who stops, who asks first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.core.errors import EdgeError, NotSent, OutcomeUnknown, ProtocolBroken, Refused, Throttled
from gateway.vtex.answers import error_of, message, pause

NOW = datetime(2026, 10, 9, 12, 0, 0, tzinfo=UTC)


def _error(status: int, *, write: bool = False, body: bytes = b"", retry_after: str | None = None) -> EdgeError:
    return error_of(status, body, retry_after=retry_after, now=NOW, write=write, permission="Notify invoice")


@pytest.mark.parametrize(
    ("status", "write", "kind", "code"),
    [
        (400, False, Refused, "VTEX-400"),
        (401, True, Refused, "VTEX-401"),
        (403, True, Refused, "VTEX-403"),
        (404, False, Refused, "VTEX-404"),
        (409, True, Refused, "VTEX-409"),
        (422, True, Refused, "VTEX-422"),
        (408, False, NotSent, "VTEX-408"),
        (408, True, OutcomeUnknown, "VTEX-408"),
        (429, True, Throttled, "VTEX-429"),
        (500, False, NotSent, "VTEX-5XX"),
        (503, False, NotSent, "VTEX-5XX"),
        (500, True, OutcomeUnknown, "VTEX-5XX"),
        (504, True, OutcomeUnknown, "VTEX-5XX"),
        (301, False, ProtocolBroken, "VTEX-HTTP"),
        (302, True, ProtocolBroken, "VTEX-HTTP"),
    ],
)
def test_statuses(status: int, write: bool, kind: type[EdgeError], code: str) -> None:
    error = _error(status, write=write)
    assert type(error) is kind
    assert error.code == code


def test_a_403_names_the_permission_and_the_sentence_of_vtex_is_shown() -> None:
    assert "Notify invoice" in _error(403).fix
    body = b'{"error":{"code":"OMS003","message":"Order status should be ready-for-handling","exception":null}}'
    assert "OMS003 Order status should be ready-for-handling" in _error(409, body=body).detail


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 60.0),
        ("5", 5.0),
        ("0", 1.0),
        (" 120 ", 120.0),
        ("999999999999", 3600.0),
        ("Fri, 09 Oct 2026 12:01:30 GMT", 90.0),
        ("Fri, 09 Oct 2026 11:00:00 GMT", 1.0),
        ("Fri, 09 Oct 2026 12:01:30", 90.0),
        ("soon", 60.0),
        ("-5", 60.0),
        ("", 60.0),
    ],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    assert pause(header, NOW) == seconds
    error = _error(429, retry_after=header)
    assert isinstance(error, Throttled)
    assert error.after == seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", ""),
        (b"<html><body>502</body></html>", ""),
        (b"plain text", "plain text"),
        (b'"only text"', "only text"),
        (b'{"Message":"No access"}', "No access"),
        (b'{"message":"x","error":null}', "x"),
        (b'{"error":"denied"}', "denied"),
        (b'{"Error":{"Code":"1","Message":"Unauthorized access"}}', "1 Unauthorized access"),
        (b"[1,2]", ""),
        (b'{"error":{}}', ""),
        (b"\xff\xfe", "ÿþ"),
        (b'{"message":"' + b"x" * 900 + b'"}', "x" * 200),
    ],
)
def test_messages_of_any_shape(body: bytes, said: str) -> None:
    assert message(body) == said or (body == b"\xff\xfe" and len(message(body)) <= 2)
