"""Keys, passwords, sessions and the vault: what is kept of a secret, and what opens it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import Connection, create_engine, select

from gateway.core.errors import ConfigInvalid
from gateway.store import access
from gateway.store.tables import api_keys, metadata, sessions
from gateway.store.vault import Vault, load_or_create_key


@pytest.fixture
def conn() -> Connection:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def make(conn: Connection, **changes: object) -> tuple[access.ApiKey, str]:
    given = {"environment": "test", "name": "loja", "scopes": ["nfe:read"], "at": 1000, **changes}
    return access.new_key(conn, **given)  # type: ignore[arg-type]


def test_a_key_is_shown_once_and_kept_as_a_hash(conn: Connection) -> None:
    key, text = make(conn, branches=["11222333000181"])
    kind, environment, key_id, secret = text.split("_")
    assert (kind, environment, key_id, len(secret)) == ("gw", "test", key.id, 64)
    row = conn.execute(select(api_keys)).one()
    assert secret.encode() not in row.secret_hash
    assert secret not in str(row)
    assert access.authenticate(conn, text) == key
    assert (key.may("nfe:read"), key.may("nfe:write")) == (True, False)
    assert (key.sees("11222333000181"), key.sees("11444777000161")) == (True, False)


def test_a_key_of_no_branch_sees_all(conn: Connection) -> None:
    assert make(conn)[0].sees("11222333000181")


def test_only_the_exact_live_key_opens(conn: Connection) -> None:
    key, text = make(conn)
    last = "0" if text[-1] != "0" else "1"
    for wrong in ("", "gw", text[:-1], text[:-1] + last, text + "0", text.upper(), text.replace(key.id, "0" * 12)):
        assert access.authenticate(conn, wrong) is None
    assert access.revoke_key(conn, key.id, 2000)
    assert access.authenticate(conn, text) is None
    assert not access.revoke_key(conn, key.id, 3000)
    assert access.list_keys(conn)[0].revoked_at == 2000


def test_an_unknown_scope_is_refused(conn: Connection) -> None:
    with pytest.raises(ValueError, match="tudo"):
        make(conn, scopes=["tudo"])
    assert access.list_keys(conn) == []


def test_use_is_noted_once_a_minute(conn: Connection) -> None:
    key, _ = make(conn)
    assert [access.key_used(conn, key.id, at) for at in (5_000, 6_000, 64_999, 65_000)] == [True, False, False, True]
    assert access.list_keys(conn)[0].last_used_at == 65_000


def test_nobody_takes_as_long_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    verify = PasswordHasher.verify

    def seen(self: PasswordHasher, digest: str, password: str) -> bool:
        asked.append(digest)
        return verify(self, digest, password)

    monkeypatch.setattr(PasswordHasher, "verify", seen)
    user = access.User("ana", "admin", access.hash_password("certa"))
    assert access.password_matches(user, "certa")
    assert not access.password_matches(user, "errada")
    assert not access.password_matches(None, "certa")
    assert [digest.split("$")[1:4] for digest in asked] == [["argon2id", "v=19", "m=65536,t=3,p=1"]] * 3
    assert "certa" not in repr(user)
    assert user.password_hash not in repr(user)


def test_a_session_lives_twelve_hours_and_dies_with_the_password(conn: Connection) -> None:
    assert access.put_user(conn, username="ana", password_hash="h", role="viewer", at=0)
    token, session = access.new_session(conn, "ana", 0)
    assert access.get_session(conn, token, access.SESSION_MS - 1) == session
    assert not session.may_act
    assert access.get_session(conn, token, access.SESSION_MS) is None
    assert access.get_session(conn, "other", 0) is None
    assert token not in str(conn.execute(select(sessions)).one())
    assert not access.put_user(conn, username="ana", password_hash="h2", role="operator", at=1)
    assert access.get_session(conn, token, 0) is None


def test_old_sessions_are_swept_when_a_new_one_starts(conn: Connection) -> None:
    access.put_user(conn, username="ana", password_hash="h", role="admin", at=0)
    access.new_session(conn, "ana", 0)
    access.new_session(conn, "ana", access.SESSION_MS + 1)
    assert len(conn.execute(select(sessions)).all()) == 1


def test_the_vault_opens_only_with_its_keys() -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    sealed = Vault(old).seal("segredo")
    assert b"segredo" not in sealed
    both = Vault([new, old])
    assert both.open(sealed) == b"segredo"
    assert Vault(new).open(both.reseal(sealed)) == b"segredo"
    with pytest.raises(ConfigInvalid, match="decifrado"):
        Vault(new).open(sealed)
    with pytest.raises(ConfigInvalid, match="malformada"):
        Vault(b"curta")
    with pytest.raises(ConfigInvalid, match="não tem chave"):
        Vault([])
    assert repr(both) == "Vault(...)"


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vault.key"
    first = load_or_create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key(path) == first
    newer = Fernet.generate_key()
    path.write_bytes(newer + b"\n" + first[0] + b"\n")
    assert load_or_create_key(path) == [newer, first[0]]


@pytest.mark.parametrize("content", [b"", b"lixo\n"])
def test_a_broken_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vault.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigInvalid) as refused:
        load_or_create_key(path)
    assert refused.value.code == "VAULT-KEY"
    assert path.read_bytes() == content


def test_a_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    load_or_create_key(path)
    path.chmod(0o644)
    with pytest.raises(ConfigInvalid) as refused:
        load_or_create_key(path)
    assert (refused.value.code, refused.value.fix) == ("VAULT-KEY-MODE", "Rode: chmod 600 vault.key")
