"""An error inside the console is a page that says what happened and what to do, with the same code the API would give."""

from __future__ import annotations

from aiohttp import web

from gateway.api.console.render import render
from gateway.api.problems import Handler, as_problem


@web.middleware
async def pages_of_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Around the console's handlers only; everything else passes through to the API's problems."""
    if not (request.path == "/console" or request.path.startswith("/console/")):
        return await handler(request)
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        problem, headers = as_problem(error, request)
    except Exception as error:
        problem, headers = as_problem(error, request)
    response = render(request, "problem.html", "", status=problem.status, problem=problem)
    response.headers.update(headers)
    return response
