"""Every error of the API leaves as RFC 9457 problem+json, from one table and one middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
import structlog
from aiohttp import web
from msgspec import Meta

from gateway.api.decode import too_large
from gateway.api.services import SERVICES
from gateway.core.errors import (
    GatewayError,
    InputError,
    NotFound,
    Throttled,
    Unauthorized,
    ValidationFailed,
    treatment,
)
from gateway.core.faults import Fault
from gateway.core.ids import new_id

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TITLES = {
    400: "Pedido malformado",
    401: "Não autenticado",
    403: "Não permitido",
    404: "Não encontrado",
    405: "Método não aceito",
    409: "Conflito",
    413: "Corpo grande demais",
    415: "Tipo de conteúdo não aceito",
    422: "Dados inválidos",
    429: "Pedidos demais",
    500: "Erro interno",
    502: "Outro sistema recusou",
    503: "Indisponível agora",
    504: "Outro sistema não respondeu",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `code` is stable; `faults` says every rule that was broken; `incident` finds a 500 in the log."""

    type: Annotated[str, Meta(description="URI of the explanation of the code")]
    title: str
    status: int
    detail: str
    code: str
    faults: tuple[Fault, ...]
    fix: str = ""
    incident: str = ""


class TooManyRequests(InputError):
    """The caller must slow down; answered 429 with Retry-After."""

    code = "GW-RATE"

    def __init__(self, detail: str, *, after: int) -> None:
        super().__init__(detail, fix=f"Tente de novo em {after} segundos.")
        self.after = after


_ENCODER = msgspec.json.Encoder()


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> web.Response:
    """The problem as a response."""
    body = _ENCODER.encode(problem)
    return web.Response(status=problem.status, body=body, content_type="application/problem+json", headers=headers)


def problem_of(error: GatewayError) -> Problem:
    """The one way an error of ours looks."""
    status = 429 if isinstance(error, TooManyRequests) else treatment(error).http
    if isinstance(error, ValidationFailed):
        faults = error.faults
    else:
        faults = (Fault(code=error.code, path="$", message=error.detail, fix=error.fix),)
    return Problem(
        type=f"/docs#{error.code}",
        title=TITLES.get(status, "Erro"),
        status=status,
        detail=error.detail,
        code=error.code,
        faults=faults,
        fix=error.fix,
    )


def _headers_of(error: GatewayError) -> dict[str, str]:
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequests | Throttled):
        return {"Retry-After": str(max(1, round(error.after)))}
    return {}


def from_http(error: web.HTTPException, request: web.Request) -> tuple[Problem, dict[str, str]]:
    """aiohttp's own refusals (no route, other method, body too large) as problems."""
    if isinstance(error, web.HTTPNotFound):
        return problem_of(NotFound("Este endereço não existe.", code="GW-NO-ROUTE", fix="Veja os endereços em /docs.")), {}
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        refused = InputError(f"{request.method} não é aceito aqui.", code="GW-METHOD", fix=f"Use: {allowed}.")
        problem = problem_of(refused)
        return msgspec.structs.replace(problem, status=405, title=TITLES[405]), {"Allow": allowed}
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return problem_of(too_large(request.app[SERVICES].settings.max_body)), {}
    generic = problem_of(InputError(error.reason or "Pedido recusado.", code=f"GW-HTTP-{error.status}"))
    return msgspec.structs.replace(generic, status=error.status, title=TITLES.get(error.status, "Erro")), {}


def from_defect(error: Exception, request: web.Request) -> Problem:
    """Anything unforeseen: logged with its traceback under an incident id, of which nothing else is told."""
    incident = new_id("inc")
    log.error("http.defect", incident=incident, method=request.method, path=request.path, exc_info=error)
    return Problem(
        type="/docs#GW-DEFECT",
        title=TITLES[500],
        status=500,
        detail="Houve um erro inesperado. Nada foi perdido do que já estava aceito.",
        code="GW-DEFECT",
        faults=(),
        fix=f"Informe o incidente {incident} ao suporte.",
        incident=incident,
    )


def as_problem(error: Exception, request: web.Request) -> tuple[Problem, dict[str, str]]:
    """Whatever was raised, as a problem and its headers; writes the log line that the table asks for."""
    if isinstance(error, web.HTTPException):
        return from_http(error, request)
    if isinstance(error, GatewayError):
        getattr(log, treatment(error).log)("http.refused", code=error.code, detail=error.detail, path=request.path)
        return problem_of(error), _headers_of(error)
    return from_defect(error, request), {}


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The API's outermost middleware; the console draws pages of the same problems instead."""
    try:
        _refuse_nul(request)
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        problem, headers = as_problem(error, request)
    except Exception as error:
        problem, headers = as_problem(error, request)
    return problem_response(problem, headers)


def _refuse_nul(request: web.Request) -> None:
    """No name of ours has a NUL, and PostgreSQL takes none in a text: the question is malformed, not our defect."""
    if "\0" in request.path or any("\0" in text for pair in request.query.items() for text in pair):
        raise InputError("O endereço tem um caractere nulo.", code="GW-URL", fix="Retire %00 do endereço.")
