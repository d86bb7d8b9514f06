"""Secrets at rest: PFX files, passwords and marketplace tokens are sealed with Fernet (AES-128-CBC + HMAC-SHA256).

The key file holds one key a line, newest first: the first seals, all of them open, so a key is rotated by putting a new
line on top and sealing again whatever is old.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from gateway.core.errors import ConfigInvalid

_MAX_KEY_FILE = 16 * 1024


class Vault:
    """Seals and opens small secrets. `key` is one Fernet key (32 bytes, url-safe base64) or several, newest first.

    Raises ConfigInvalid for a malformed key. Keys never appear in `repr`.
    """

    __slots__ = ("_fernet",)

    def __init__(self, key: bytes | Sequence[bytes]) -> None:
        keys = [key] if isinstance(key, bytes) else list(key)
        if not keys:
            raise ConfigInvalid("O cofre de segredos não tem chave.", code="VAULT-KEY", fix=_FIX)
        try:
            self._fernet = MultiFernet([Fernet(one) for one in keys])
        except ValueError as error:
            raise ConfigInvalid("A chave do cofre de segredos está malformada.", code="VAULT-KEY", fix=_FIX) from error

    def __repr__(self) -> str:
        return "Vault(...)"

    def seal(self, secret: bytes | str) -> bytes:
        """Encrypt with the newest key; a text is sealed as UTF-8."""
        return self._fernet.encrypt(secret.encode() if isinstance(secret, str) else secret)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt with whichever key fits. Raises ConfigInvalid when none does: the key file is not the one that sealed it."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise ConfigInvalid(
                "Um segredo guardado não pôde ser decifrado com as chaves atuais do cofre.", code="VAULT-KEY", fix=_FIX
            ) from error

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret under the newest key, for a rotation. Raises ConfigInvalid like `open`."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise ConfigInvalid(
                "Um segredo guardado não pôde ser decifrado com as chaves atuais do cofre.", code="VAULT-KEY", fix=_FIX
            ) from error


_FIX = "Restaure o arquivo de chave do cofre que acompanha este banco de dados, ou cadastre de novo os segredos."


def load_or_create_key(path: Path) -> list[bytes]:
    """The keys of the file, newest first; a new file is made with one random key, readable by its owner only.

    Raises ConfigInvalid for a file that others may read, that is empty, or that is not a key file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    key = Fernet.generate_key()
    with os.fdopen(handle, "wb") as file:
        file.write(key + b"\n")
        file.flush()
        # A secret sealed with a key that a power cut forgot is lost for ever.
        os.fsync(file.fileno())
    return [key]


def _read(path: Path) -> list[bytes]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigInvalid(
            f"O arquivo de chave do cofre está aberto a outros usuários (modo {mode:o}).",
            code="VAULT-KEY-MODE",
            fix=f"Rode: chmod 600 {path.name}",
        )
    if path.stat().st_size > _MAX_KEY_FILE:
        raise ConfigInvalid("O arquivo de chave do cofre é grande demais.", code="VAULT-KEY", fix=_FIX)
    keys = [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
    Vault(keys)
    return keys
