"""Answers the API gives when it does not do what it was asked, in the body shapes VTEX documents."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error answer: HTTP status, OMS error code and message. Raised before anything has changed."""

    def __init__(self, status: int, message: str, *, code: str = "1", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """`{"error": {"code", "message", "exception"}}`, the shape of the OMS endpoints (Orders API, 401 and 409)."""
        return {"error": {"code": self.code, "message": self.message, "exception": None}}


def unauthorized() -> ApiError:
    """401: no key, an unknown key or a wrong token."""
    return ApiError(401, "Unauthorized access")


def forbidden(resource: str) -> ApiError:
    """403: the key is right, its role lacks a License Manager resource."""
    return ApiError(403, f"Access denied: the resource '{resource}' is not granted to this application key")


def not_found(what: str) -> ApiError:
    """404 with a sentence."""
    return ApiError(404, f"{what} Not Found", code="OMS004")


def bad_request(message: str, *, code: str = "OMS001") -> ApiError:
    """400: the body or the moment is wrong; sending it again will not help."""
    return ApiError(400, message, code=code)


def wrong_status() -> ApiError:
    """409 of start-handling, word for word as the specification gives it."""
    return ApiError(409, "Order status should be ready-for-handling to perform this action", code="OMS003")
