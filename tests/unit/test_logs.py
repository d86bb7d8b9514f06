"""No secret reaches a log line, whatever carries it."""

from __future__ import annotations

import pytest

from gateway.logs import clean, redact


@pytest.mark.parametrize("name", ["password", "senha", "app_token", "Authorization", "pfx", "csc", "hook_secret", "cookie"])
def test_fields_with_a_secrets_name_are_left_out(name: str) -> None:
    assert redact(None, "info", {"event": "x", name: "abc"})[name] == "[omitido]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chave gw_test_0a1b2c3d4e5f_" + "f" * 64 + " usada", "chave [omitido] usada"),
        ("postgresql://joana:segredo@host/base", "postgresql://[omitido]@host/base"),
        ("CPF 52998224725", "CPF ***982247**"),
        ("CPF 529.982.247-25", "CPF ***.982.247**"),
        ("chave 35261111222333000181550010000000011547354490", "chave 35261111222333000181550010000000011547354490"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "[omitido]"),
    ],
)
def test_secrets_inside_texts_are_hidden(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_bytes_are_only_counted() -> None:
    assert redact(None, "info", {"event": "x", "body": b"1234"})["body"] == "[4 bytes]"
