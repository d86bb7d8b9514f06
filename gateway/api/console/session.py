"""Who is at the console: the session cookie, the form token, the role, and how often a password may be tried."""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from typing import Any
from urllib.parse import quote

from aiohttp import web

from gateway.api.problems import Handler, TooManyRequests
from gateway.api.services import SERVICES
from gateway.core.errors import Forbidden
from gateway.store import access
from gateway.store.access import Session

COOKIE = "gateway_session"
SESSION = web.RequestKey("session", Session)

_OPEN = ("/console/login", "/console/static/")
_TRIES = 5
_WINDOW_MS = 5 * 60 * 1000
_MAX_NAMES = 10_000


class Logins:
    """Failed logins of the last five minutes, by user and by address: five of either, then wait."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, list[int]] = OrderedDict()
        # Each verification takes 64 MiB: two at a time is what a small machine bears.
        self.verifying = asyncio.Semaphore(2)

    def check(self, names: tuple[str, ...], at: int) -> None:
        """Raises TooManyRequests while any of the names has used up its tries."""
        for name in names:
            recent = [one for one in self._failed.get(name, []) if one > at - _WINDOW_MS]
            if len(recent) >= _TRIES:
                after = max(1, (recent[-_TRIES] + _WINDOW_MS - at) // 1000)
                raise TooManyRequests("Tentativas demais de entrar.", after=after)

    def failed(self, names: tuple[str, ...], at: int) -> None:
        """Count a wrong password, before it is even verified: tries sent at once count as well."""
        for name in names:
            self._failed[name] = [*self._failed.get(name, [])[-_TRIES:], at]
            self._failed.move_to_end(name)
        while len(self._failed) > _MAX_NAMES:
            self._failed.popitem(last=False)

    def succeeded(self, names: tuple[str, ...]) -> None:
        """Forget the failures of who got in."""
        for name in names:
            self._failed.pop(name, None)


LOGINS = web.AppKey("logins", Logins)


@web.middleware
async def signed_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pages need a session; acts need its form token, the same origin and a role that may act."""
    path = request.path
    if not (path == "/console" or path.startswith("/console/")) or path.startswith(_OPEN):
        return await handler(request)
    services = request.app[SERVICES]
    token, at = request.cookies.get(COOKIE, "")[:200], services.clock.epoch_ms()
    session = await services.db.read(lambda conn: access.get_session(conn, token, at)) if token else None
    if session is None:
        return _to_login(request)
    request[SESSION] = session
    if request.method not in ("GET", "HEAD"):
        await _check_form(request, session)
    return await handler(request)


def _to_login(request: web.Request) -> web.Response:
    if request.headers.get("HX-Request") or request.path == "/console/stream":
        # The page reloads whole, and lands on the login by itself.
        return web.Response(status=401, text="Sessão encerrada.", headers={"HX-Refresh": "true"})
    back = request.path_qs if request.method == "GET" else "/console"
    return web.Response(status=303, headers={"Location": f"/console/login?next={quote(back, safe='')}"})


async def _check_form(request: web.Request, session: Session) -> None:
    require_same_origin(request)
    form = await request.post()
    if not hmac.compare_digest(str(form.get("csrf", "")).encode(), session.csrf.encode()):
        raise Forbidden("O formulário expirou.", code="GW-CSRF", fix="Recarregue a página e tente de novo.")
    if not session.may_act and request.path != "/console/logout":
        raise Forbidden("Seu papel permite ver, não agir.", code="GW-ROLE", fix="Peça o papel de operador a quem administra.")


def require_same_origin(request: web.Request) -> None:
    """Raises Forbidden for a form that another site sent (browsers say so in Sec-Fetch-Site)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("O formulário veio de outro site.", code="GW-ORIGIN", fix="Abra o console e tente de novo.")


def local_path(text: Any) -> str:
    """Where to go after a form: a page of the console, never another site."""
    path = str(text or "")
    plain = path.isprintable() and "\\" not in path and "//" not in path.partition("?")[0]
    ours = path == "/console" or path.startswith(("/console/", "/console?"))
    return path if plain and ours and not path.startswith("/console/login") else "/console"
