"""`gateway doctor` proves a branch's hosts by a status request."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.config import Settings
from gateway.core.clock import SystemClock
from gateway.core.errors import ConfigInvalid, Refused
from gateway.doctor import _authorities, _branch
from gateway.nfe.answers import ServiceStatus
from gateway.nfe.certificate import load
from gateway.nfe.certificate_maker import make_test_pfx
from gateway.nfe.sefaz.client import SefazClient
from gateway.nfe.sefaz.endpoints import Endpoints
from tests.unit.api.house import CNPJ, branch


class FakeCertificates:
    def __init__(self, days: int) -> None:
        self.pfx = make_test_pfx(CNPJ, "Loja", "x", at=SystemClock().now(), days=days)

    async def of(self, cnpj: str):
        return self.pfx, load(self.pfx)


class FakeSefaz:
    """The real table of addresses, with answers by host."""

    def __init__(self, answers) -> None:
        self._client = SefazClient(Endpoints(), clock=SystemClock())
        self._answers = answers
        self.asked: list[str] = []

    def status_host(self, target) -> str:
        return self._client.status_host(target)

    async def status(self, target):
        host = self.status_host(target)
        self.asked.append(host)
        answer = self._answers.get(host, ServiceStatus("107", "Servico em Operacao", 1, None))
        if isinstance(answer, Exception):
            raise answer
        return answer


async def examined(days: int = 300, answers=None, authorities=None, **changes):
    sefaz = FakeSefaz(answers or {})
    certificates = FakeCertificates(days)
    made = branch(environment=2, **changes)
    found = [one async for one in _branch(made, certificates, SimpleNamespace(sefaz=sefaz), authorities, offline=False)]
    return found, sefaz.asked


async def test_each_host_of_the_branch_is_asked_once():
    found, asked = await examined()
    # Amazonas authorises both models in hosts of its own name, and its contingency is the SVC-RS.
    assert len(asked) == len(set(asked)) == len(found) - 1
    assert [one.level for one in found] == ["ok"] * len(found)
    assert any("SVC" in one.subject for one in found)


async def test_a_refusal_is_told_with_its_host_and_a_silent_contingency_is_no_trouble():
    _, asked = await examined()
    refused = Refused("host recusou o certificado (alerta TLS 48).", code="SEFAZ-TLS-CLIENT", fix="Confira a cadeia.")
    off = ServiceStatus("114", "SVC desabilitada", 1, None)
    found, _ = await examined(answers={asked[0]: refused, asked[-1]: off})
    assert (found[1].level, found[1].fix) == ("error", "Confira a cadeia.")
    assert asked[0] in found[1].subject
    assert "alerta TLS 48" in found[1].message
    assert found[-1].level == "ok"
    assert "114" in found[-1].message


async def test_a_certificate_about_to_end_is_a_warning_and_the_hosts_are_still_asked():
    found, asked = await examined(days=6)
    assert found[0].level == "warning"
    assert len(asked) == len(found) - 1 > 0


async def test_a_certificate_is_followed_to_the_configured_roots(tmp_path: Path):
    other = load(make_test_pfx(CNPJ, "Raiz", "x", at=SystemClock().now()))
    (tmp_path / "raiz.cer").write_bytes(other.der)
    authorities, said = _authorities(Settings(ca_bundle=str(tmp_path)), SystemClock().now())
    told = "sem as autoridades intermediárias, as assinaturas das notas recebidas não são seguidas"
    assert (said.level, said.message) == ("ok", f"1 raízes e 0 autoridades em {tmp_path}; {told}.")
    found, _ = await examined(authorities=authorities)
    assert (found[1].level, found[1].subject) == ("warning", f"filial {CNPJ}, cadeia")
    assert "não leva a nenhuma raiz configurada" in found[1].message
    _, said = _authorities(Settings(ca_bundle=str(tmp_path)), SystemClock().now() + timedelta(days=400))
    assert (said.level, "todas as raízes venceram" in said.message) == ("warning", True)
    (tmp_path / "raiz.cer").unlink()
    authorities, said = _authorities(Settings(ca_bundle=str(tmp_path)), SystemClock().now())
    assert (authorities, said.level, "ICP-NO-ROOT" in said.message) == (None, "error", True)
    assert _authorities(Settings(), SystemClock().now()) == (None, None)


def test_a_target_without_a_host_is_refused():
    client = SefazClient(Endpoints(), clock=SystemClock())
    target = SimpleNamespace(uf="AM", mod="65", tpAmb=2, tpEmis="6")
    with pytest.raises(ConfigInvalid):
        client.status_host(target)  # type: ignore[arg-type]
