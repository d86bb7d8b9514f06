"""Units of work over who may do what: API keys, users, sessions and the audit of every act.

API keys are 256 random bits, so a plain SHA-256 keeps them; passwords are chosen by people, so argon2id does. Hashing a
password takes tens of milliseconds on purpose: call `hash_password` and `password_matches` off the event loop, and outside
a unit of work.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from gateway.core.ids import new_id
from gateway.store.tables import api_keys, audit, sessions, users

Scope = Literal[
    "nfe:read",
    "nfe:write",
    "nfe:event",
    "numbers:write",
    "received:read",
    "received:write",
    "contingency:write",
    "orders",
    "jobs",
    "setup",
    "exports",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)
Role = Literal["admin", "operator", "viewer"]

SESSION_MS = 12 * 3600 * 1000
_USE_EVERY_MS = 60_000
_TOKEN = re.compile(r"gw_(?:test|live)_([0-9a-f]{12})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. Empty `branches` means every branch; times in milliseconds."""

    id: str
    name: str
    scopes: frozenset[str]
    branches: frozenset[str]
    created_at: int
    last_used_at: int | None
    revoked_at: int | None

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def sees(self, branch: str) -> bool:
        return not self.branches or branch in self.branches


def new_key(
    conn: Connection,
    *,
    environment: Literal["test", "live"],
    name: str,
    scopes: Iterable[str],
    branches: Iterable[str] = (),
    at: int,
) -> tuple[ApiKey, str]:
    """Create a key; the second value is the only time its text is seen. Raises ValueError for an unknown scope."""
    wanted = frozenset(scopes)
    if unknown := wanted - set(SCOPES):
        raise ValueError(f"escopo desconhecido: {', '.join(sorted(unknown))}")
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    key = ApiKey(key_id, name[:80], wanted, frozenset(branches), at, None, None)
    conn.execute(
        insert(api_keys).values(
            id=key.id,
            name=key.name,
            secret_hash=_sha256(secret),
            scopes=" ".join(sorted(key.scopes)),
            branches=" ".join(sorted(key.branches)),
            created_at=at,
        )
    )
    return key, f"gw_{environment}_{key_id}_{secret}"


def authenticate(conn: Connection, token: str) -> ApiKey | None:
    """The live key this token is, or None for one that is malformed, unknown or revoked. Writes nothing: see `key_used`."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    row = conn.execute(select(api_keys).where(api_keys.c.id == match[1])).one_or_none()
    if row is None or not hmac.compare_digest(bytes(row.secret_hash), _sha256(match[2])) or row.revoked_at is not None:
        return None
    return _key(row)


def key_used(conn: Connection, key_id: str, at: int) -> bool:
    """Note the use of a key, at most once a minute; True when it was written."""
    stale = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at <= at - _USE_EVERY_MS)
    return bool(conn.execute(update(api_keys).where(api_keys.c.id == key_id, stale).values(last_used_at=at)).rowcount)


def revoke_key(conn: Connection, key_id: str, at: int) -> bool:
    """End a key for good; False when there is no live key of this id."""
    live = (api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    return bool(conn.execute(update(api_keys).where(*live).values(revoked_at=at)).rowcount)


def list_keys(conn: Connection) -> list[ApiKey]:
    """Every key, newest first, revoked ones included."""
    return [_key(row) for row in conn.execute(select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id))]


def _key(row: Any) -> ApiKey:
    scopes, branches = frozenset(row.scopes.split()), frozenset(row.branches.split())
    return ApiKey(row.id, row.name, scopes, branches, row.created_at, row.last_used_at, row.revoked_at)


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True, repr=False)
class User:
    """A person of the console. `password_hash` is argon2id and never printed."""

    username: str
    role: Role
    password_hash: str

    def __repr__(self) -> str:
        return f"User({self.username!r}, {self.role!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A signed-in person. `csrf` must come back with every form; never printed."""

    username: str
    role: Role
    csrf: str
    expires_at: int

    def __repr__(self) -> str:
        return f"Session({self.username!r})"

    @property
    def may_act(self) -> bool:
        """Whether the role may change anything."""
        return self.role != "viewer"


_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# Verified when the user does not exist, so that the answer takes as long as for one who does.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=1$d2hvZXZlcmtub2Nrcw$mPZ1u4yHKrhqXGm1ar7Jk4cUWhKXJm1WmWJqgN0pPVE"


def hash_password(password: str) -> str:
    """argon2id, 64 MiB. Slow on purpose."""
    return _HASHER.hash(password)


def password_matches(user: User | None, password: str) -> bool:
    """Whether this is the user's password; as slow for nobody as for somebody."""
    try:
        matched = _HASHER.verify(user.password_hash if user else _NOBODY, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return matched and user is not None


def put_user(conn: Connection, *, username: str, password_hash: str, role: Role, at: int) -> bool:
    """Create a user, or change the password and role of one, ending every session of theirs; True when new."""
    values = {"password_hash": password_hash, "role": role}
    if conn.execute(update(users).where(users.c.username == username).values(**values)).rowcount:
        conn.execute(delete(sessions).where(sessions.c.username == username))
        return False
    conn.execute(insert(users).values(username=username, created_at=at, **values))
    return True


def count_users(conn: Connection) -> int:
    """How many people may sign in to the console."""
    return conn.execute(select(func.count()).select_from(users)).scalar_one()


def get_user(conn: Connection, username: str) -> User | None:
    """By name."""
    row = conn.execute(select(users).where(users.c.username == username)).one_or_none()
    return None if row is None else User(row.username, row.role, row.password_hash)


def new_session(conn: Connection, username: str, at: int) -> tuple[str, Session]:
    """Sign a user in for 12 hours; the first value is the cookie, of which only the hash is stored."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    conn.execute(delete(sessions).where(sessions.c.expires_at <= at))
    role = conn.execute(select(users.c.role).where(users.c.username == username)).scalar_one()
    session = Session(username, role, csrf, at + SESSION_MS)
    conn.execute(
        insert(sessions).values(
            token_hash=_sha256(token), username=username, csrf=csrf, created_at=at, expires_at=session.expires_at
        )
    )
    return token, session


def get_session(conn: Connection, token: str, at: int) -> Session | None:
    """The live session of this cookie."""
    query = (
        select(sessions.c.username, users.c.role, sessions.c.csrf, sessions.c.expires_at)
        .join(users, users.c.username == sessions.c.username)
        .where(sessions.c.token_hash == _sha256(token), sessions.c.expires_at > at)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else Session(row.username, row.role, row.csrf, row.expires_at)


def end_session(conn: Connection, token: str) -> None:
    """Sign out."""
    conn.execute(delete(sessions).where(sessions.c.token_hash == _sha256(token)))


def record(conn: Connection, *, actor: str, action: str, subject: str, at: int, data: Mapping[str, Any] | None = None) -> None:
    """One row of audit: who (`user:ana`, `key:ab12`), did what (`job.retry`), to what, when, with which reason."""
    conn.execute(
        insert(audit).values(
            id=new_id("aud"),
            at=at,
            actor=actor[:120],
            action=action[:80],
            subject=subject[:160],
            data=msgspec.json.encode(data or {}).decode(),
        )
    )
