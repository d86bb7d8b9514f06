"""Entering and leaving the console."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import Any

from aiohttp import web

from gateway.api.console.render import render
from gateway.api.console.session import COOKIE, LOGINS, SESSION, local_path, require_same_origin
from gateway.api.services import SERVICES
from gateway.core.errors import Forbidden
from gateway.store import access

_FORM_COOKIE = "gateway_login"


async def form(request: web.Request) -> web.Response:
    """The login page."""
    return _page(request, "", 200)


def _page(request: web.Request, error: str, status: int) -> web.Response:
    token = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(24)
    back = local_path(request.query.get("next"))
    response = render(request, "login.html", "", status=status, error=error, next=back, token=token)
    secure = request.app[SERVICES].settings.secure_cookies
    response.set_cookie(_FORM_COOKIE, token, httponly=True, samesite="Strict", secure=secure, path="/console/login", max_age=3600)
    return response


async def enter(request: web.Request) -> web.Response:
    """Verify the password and start a session. A wrong one says no more than that."""
    require_same_origin(request)
    data = await request.post()
    if not hmac.compare_digest(str(data.get("token", "")).encode(), request.cookies.get(_FORM_COOKIE, "-").encode()):
        raise Forbidden("O formulário expirou.", code="GW-CSRF", fix="Recarregue a página e tente de novo.")
    services, logins = request.app[SERVICES], request.app[LOGINS]
    username, password = str(data.get("username", ""))[:80].strip(), str(data.get("password", ""))[:500]
    names, at = (f"user:{username}", f"addr:{request.remote}"), services.clock.epoch_ms()
    logins.check(names, at)
    logins.failed(names, at)
    user = await services.db.read(lambda conn: access.get_user(conn, username))
    async with logins.verifying:
        matched = await asyncio.to_thread(access.password_matches, user, password)
    if not matched:
        await services.db.write(
            lambda conn: access.record(conn, actor=f"user:{username}", action="login.refused", subject=username, at=at)
        )
        return _page(request, "Usuário ou senha não conferem.", 401)
    logins.succeeded(names)

    def write(conn: Any) -> str:
        token, _ = access.new_session(conn, username, at)
        access.record(conn, actor=f"user:{username}", action="login", subject=username, at=at)
        return token

    token = await services.db.write(write)
    response = web.Response(status=303, headers={"Location": local_path(data.get("next"))})
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="Lax",
        secure=services.settings.secure_cookies,
        path="/console",
        max_age=access.SESSION_MS // 1000,
    )
    response.del_cookie(_FORM_COOKIE, path="/console/login")
    return response


async def leave(request: web.Request) -> web.Response:
    """End the session, here and in the database."""
    token = request.cookies.get(COOKIE, "")
    services = request.app[SERVICES]
    at, who = services.clock.epoch_ms(), request[SESSION].username

    def write(conn: Any) -> None:
        access.end_session(conn, token)
        access.record(conn, actor=f"user:{who}", action="logout", subject=who, at=at)

    await services.db.write(write)
    response = web.Response(status=303, headers={"Location": "/console/login"})
    response.del_cookie(COOKIE, path="/console")
    return response
