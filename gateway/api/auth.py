"""Who calls: `Authorization: Bearer gw_...` becomes a principal; scopes and branches are enforced here and nowhere else."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from aiohttp import web

from gateway.api.operation import operation_of
from gateway.api.problems import Handler
from gateway.api.services import SERVICES, Services
from gateway.core.errors import Forbidden, NotFound, Unauthorized
from gateway.core.taxid import strip_punctuation
from gateway.store import access
from gateway.store.access import ApiKey

KEY = web.RequestKey("api_key", ApiKey)

_REMEMBER_SECONDS = 2.0
_MAX_REMEMBERED = 1000


@dataclass(slots=True)
class KeyCache:
    """Keys seen in the last two seconds: a burst of posts reads its key once, and a revoked key stops within two seconds."""

    seen: dict[str, tuple[float, ApiKey]] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)

    async def find(self, services: Services, token: str) -> ApiKey | None:
        now = time.monotonic()
        cached = self.seen.get(token)
        if cached is not None and now - cached[0] < _REMEMBER_SECONDS:
            return cached[1]
        key = await services.db.read(lambda conn: access.authenticate(conn, token))
        if key is None:
            self.seen.pop(token, None)
            return None
        if len(self.seen) >= _MAX_REMEMBERED:
            self.seen.clear()
        self.seen[token] = (now, key)
        await self._note_use(services, key)
        return key

    async def _note_use(self, services: Services, key: ApiKey) -> None:
        at = services.clock.epoch_ms()
        if at - max(self.noted.get(key.id, 0), key.last_used_at or 0) < 60_000:
            return
        self.noted[key.id] = at
        await services.db.write(lambda conn: access.key_used(conn, key.id, at))


KEY_CACHE = web.AppKey("key_cache", KeyCache)


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what has no valid key (401) or not the operation's scope (403). Routes without an operation are the console's."""
    declared = operation_of(request.match_info.handler)
    if declared is not None and declared.scope is not None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("Falta a chave de API.", fix="Envie o cabeçalho Authorization: Bearer gw_...")
        key = await request.app[KEY_CACHE].find(request.app[SERVICES], token.strip()[:200])
        if key is None:
            raise Unauthorized(
                "A chave de API não existe ou foi revogada.", fix="Peça uma chave nova a quem administra o gateway."
            )
        if not key.may(declared.scope):
            raise Forbidden(
                f"A chave não tem o escopo '{declared.scope}'.", code="GW-SCOPE", fix="Use uma chave com este escopo."
            )
        request[KEY] = key
    return await handler(request)


def require_branch(request: web.Request, branch: str) -> None:
    """Raises Forbidden unless the caller's key covers the branch (CNPJ with or without punctuation)."""
    if not request[KEY].sees(strip_punctuation(branch)):
        raise Forbidden(
            "A chave não cobre esta filial.", code="GW-BRANCH", fix="Use uma chave da filial, ou amplie as filiais desta chave."
        )


def sees(request: web.Request, branch: str) -> bool:
    """Whether the caller's key covers the branch (14 characters)."""
    return request[KEY].sees(branch)


def branches_of(request: web.Request, wanted: str | None) -> tuple[str, ...]:
    """The branches a list is limited to: the one asked for, or those of the key; empty means all. Raises Forbidden."""
    if wanted:
        require_branch(request, wanted)
        return (strip_punctuation(wanted),)
    return tuple(sorted(request[KEY].branches))


def actor(request: web.Request) -> str:
    """The caller, for the audit."""
    return f"key:{request[KEY].id}"


def hidden(what: str, name: str) -> NotFound:
    """What a caller is told of a thing that does not exist or is not theirs: the same."""
    return NotFound(f"{what} '{name[:120]}' não existe.", fix="Confira o identificador e a chave de API usada.")
