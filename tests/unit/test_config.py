"""Settings: what wins, and what is refused with its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import Settings, load
from gateway.core.errors import ConfigInvalid


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    settings = load(tmp_path / "gateway.toml", {})
    assert settings == Settings()
    assert settings.database == "sqlite:///var/gateway/gateway.db"
    assert settings.address == "http://127.0.0.1:8080"


def test_variables_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('port = 9000\nlog_level = "debug"\n')
    settings = load(path, {"GATEWAY_PORT": "9001", "OTHER": "x"})
    assert (settings.port, settings.log_level) == (9001, "debug")


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("prot = 1", {}, "'port'"),
        ("", {"GATEWAY_PROT": "1"}, "GATEWAY_PROT"),
        ("port = 70000", {}, "port"),
        ('port = "x"', {}, "port"),
        ("port =", {}, "TOML"),
        ('sefaz_url = "http://127.0.0.1:1"', {}, "sefaz_url"),
        ('vtex_url = "ftp://x"', {}, "vtex_url"),
        ('sefaz_ca = "nao-existe.pem"', {}, "sefaz_ca"),
        ('database_url = "mysql://x"', {}, "database_url"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, environ: dict[str, str], said: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as caught:
        load(path, environ)
    assert said in caught.value.detail
    assert caught.value.fix


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="GATEWAY_CONFIG"):
        load(None, {"GATEWAY_CONFIG": str(tmp_path / "outro.toml")})
