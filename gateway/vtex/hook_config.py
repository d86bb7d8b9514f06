"""The hook's configuration: what we ask VTEX to keep, and what it says it keeps.

VTEX does not check status words (a typo is stored in silence) and its schema requires a header literally named `key`.
Source: Orders API, `POST /api/orders/hook/config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.errors import ConfigInvalid

STATUSES = (
    "ready-for-handling",
    "handling",
    "invoice-after-cancellation-deny",
    "cancellation-requested",
    "request-cancel",
    "cancel",
    "canceled",
    "replaced",
    "invoiced",
)
"""Changes that make us look at an order."""


@dataclass(frozen=True, slots=True)
class HookConfig:
    """The address and the statuses VTEX holds for this key. Headers are left out: they carry the secret."""

    url: str
    statuses: tuple[str, ...]

    def same_as(self, url: str) -> bool:
        """Whether it is ours and complete; otherwise it must be set again."""
        return self.url == url and set(STATUSES) <= set(self.statuses)


def hook_body(url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The body that sets the hook. Raises ConfigInvalid when the address is not https or a `key` header is missing."""
    if not url.startswith("https://"):
        raise ConfigInvalid(
            "A VTEX só aceita um hook com endereço https.", fix="Publique o gateway em https e informe public_url."
        )
    if not headers.get("key"):
        raise ConfigInvalid("O hook da VTEX exige um cabeçalho chamado 'key'.", fix="Gere o segredo do hook da conta.")
    return {"filter": {"type": "FromWorkflow", "status": list(STATUSES)}, "hook": {"url": url, "headers": dict(headers)}}


def read_config(body: Mapping[str, Any]) -> HookConfig | None:
    """The configuration in VTEX's answer; None when it holds no address."""
    hook, rule = body.get("hook"), body.get("filter")
    url = hook.get("url") if isinstance(hook, dict) else None
    words = rule.get("status") if isinstance(rule, dict) else None
    if not isinstance(url, str) or not url:
        return None
    return HookConfig(url, tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ())
