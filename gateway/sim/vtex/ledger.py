"""What the simulator saw: every request of the API with its answer, secrets left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SECRET_HEADERS = frozenset({"x-vtex-api-apptoken", "authorization", "cookie", "vtexidclientautcookie", "proxy-authorization"})
KEPT_REQUESTS = 20_000
KEPT_BODY = 262_144


@dataclass(slots=True)
class Exchange:
    """One request. `status` is what was answered; None while it runs and when the answer was withheld on purpose."""

    number: int
    at: str
    account: str | None
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int | None = None
    fault: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As the control API shows it."""
        return asdict(self)


class Ledger:
    """The last 20,000 requests, oldest first; a body is kept up to 256 KiB."""

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT_REQUESTS)
        self._count = 0

    def open(self, *, at: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Exchange:
        """Writes a request down before anything is done with it."""
        self._count += 1
        shown = {name: "***" if name.lower() in SECRET_HEADERS else value for name, value in headers.items()}
        text = body[:KEPT_BODY].decode("utf-8", "replace")
        exchange = Exchange(self._count, at, None, method, path, query, shown, text)
        self.exchanges.append(exchange)
        return exchange

    def matching(self, method: str | None = None, path_part: str | None = None) -> list[Exchange]:
        """Requests with this method and this text in their path; None is any."""
        return [e for e in self.exchanges if method in (None, e.method) and (path_part is None or path_part in e.path)]

    def clear(self) -> None:
        """Forgets the requests; numbers go on."""
        self.exchanges.clear()
