"""The command line from outside: each command as a person types it, in a directory of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.nfe.certificate_maker import make_test_pfx


async def gateway(*args: str, cwd: Path, given: str = "", **environ: str) -> tuple[int, str, str]:
    """Run `gateway` and answer its exit code, output and messages."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    root = str(Path(__file__).parents[2])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *args, cwd=cwd, env=clean | {"PYTHONPATH": root} | environ,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(given.encode()), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which `gateway init --test-branch` was run."""
    cwd = tmp_path_factory.mktemp("loja")
    code, out, err = asyncio.run(gateway("init", "--test-branch", "--json", cwd=cwd))
    assert code == 0, err
    made = json.loads(out.splitlines()[-1])
    assert made["api_key"].startswith("gw_test_")
    assert made["password"]
    return cwd


async def test_init_twice_keeps_what_exists(installed: Path) -> None:
    code, out, _ = await gateway("init", "--test-branch", "--json", cwd=installed)
    assert code == 0
    assert "password" not in json.loads(out.splitlines()[-1])


async def test_doctor_is_content_with_a_fresh_installation(installed: Path) -> None:
    code, out, err = await gateway("doctor", "--offline", cwd=installed)
    assert code == 0, out + err
    assert "filial 11222333000181: certificado válido" in out


async def test_doctor_says_what_to_do_before_init(tmp_path: Path) -> None:
    code, out, _ = await gateway("doctor", "--offline", cwd=tmp_path)
    assert code == 1
    assert "Rode: gateway init" in out


async def test_codes_are_explained_without_a_document(tmp_path: Path) -> None:
    code, out, err = await gateway("explain", "778", "531", cwd=tmp_path)
    assert code == 0, err
    assert out.startswith("778  NCM inexistente\n")
    assert "  balcão:   O cadastro de um produto desta venda está errado. Avise quem cuida do cadastro de produtos.\n" in out
    assert "  evitam:   R-W03-10\n" in out
    code, out, _ = await gateway("explain", "806", "--json", cwd=tmp_path)
    assert (code, json.loads(out)["decision"]) == (0, "fix_data")
    code, out, err = await gateway("explain", "9999", cwd=tmp_path)
    assert (code, out) == (1, "")
    assert "O catálogo não descreve o código '9999'." in err


async def test_the_story_of_no_document(installed: Path) -> None:
    for command, names in ((("why", "nenhuma"), "ref, chave ou número"), (("explain", "--ref", "nenhuma"), "ref ou chave")):
        code, out, err = await gateway(*command, cwd=installed)
        assert (code, out) == (1, "")
        assert f"Nenhum documento com {names} 'nenhuma'." in err


async def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    code, _, err = await gateway("doctor", cwd=tmp_path, GATEWAY_PROT="1")
    assert code == 1
    assert "GATEWAY_PROT" in err


async def test_certificates_are_refused_with_the_reason(installed: Path) -> None:
    good = make_test_pfx("11222333000181", "Rede Exemplo Ltda", "certa", at=SystemClock().now())
    other = make_test_pfx("12ABC34501DE35", "Outra Ltda", "certa", at=SystemClock().now())
    for name, data in (("quebrado.pfx", b"\x30\x82"), ("bom.pfx", good.data), ("outro.pfx", other.data)):
        (installed / name).write_bytes(data)
    for name, password, code in (
        ("quebrado.pfx", "x", "CERT-BROKEN"),
        ("bom.pfx", "errada", "CERT-PASSWORD"),
        ("outro.pfx", "certa", "CERT-OTHER-OWNER"),
    ):
        exit_code, _, err = await gateway(
            "cert", "add", "--branch", "11222333000181", "--file", name, "--password-stdin", cwd=installed, given=password + "\n"
        )
        assert exit_code == 1
        assert code in err
        assert "->" in err
    exit_code, out, err = await gateway(
        "cert", "add", "--branch", "11.222.333/0001-81", "--file", "bom.pfx", "--password-stdin", cwd=installed, given="certa\n"
    )
    assert exit_code == 0, err
    assert "Certificado ativo" in out


async def test_keys_are_made_listed_and_revoked(installed: Path) -> None:
    code, out, _ = await gateway("key", "add", "--name", "pdv", "--scopes", "nfe:write,nfe:read", cwd=installed)
    assert code == 0
    key_id = out.split("_")[2]
    _, listed, _ = await gateway("key", "list", cwd=installed)
    assert f"{key_id}  pdv  nfe:read nfe:write  ativa" in listed
    assert (await gateway("key", "revoke", "--id", key_id, cwd=installed))[0] == 0
    _, listed, _ = await gateway("key", "list", cwd=installed)
    assert f"{key_id}  pdv  nfe:read nfe:write  revogada" in listed
    code, _, err = await gateway("key", "add", "--name", "x", "--scopes", "tudo", cwd=installed)
    assert code == 1
    assert "tudo" in err


async def test_the_database_is_up_to_date(installed: Path) -> None:
    code, out, _ = await gateway("db", "status", cwd=installed)
    assert (code, out.strip().endswith("migrações pendentes: 0")) == (0, True)


async def test_bench_prints_an_object_a_line(tmp_path: Path) -> None:
    code, out, err = await gateway("bench", "sign", "--items", "1", "--json", cwd=tmp_path)
    assert code == 0, err
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (row["bench"], row["items"]) == ("sign", 1)
    assert row["value"] > 0
