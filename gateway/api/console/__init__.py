"""The operators' pages: server-rendered, pt-BR, live by SSE, whole without JavaScript."""

from __future__ import annotations

from gateway.api.console.problem_pages import pages_of_problems
from gateway.api.console.routes import add_to
from gateway.api.console.session import signed_in

__all__ = ["add_to", "pages_of_problems", "signed_in"]
