"""Comparing secrets without telling how far they agree."""

from __future__ import annotations

import hmac


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in constant time; an empty expectation never matches."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
