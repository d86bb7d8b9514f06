from __future__ import annotations

import pytest
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ, Signer, issue, new_authorizer

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.authorizer import Authorizer


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return TestPki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def pfx(pki: TestPki) -> bytes:
    return issue(pki, CNPJ)


@pytest.fixture(scope="session")
def signer(pfx: bytes) -> Signer:
    return Signer.from_pfx(pfx, "senha")


@pytest.fixture(scope="session")
def alphanumeric_signer(pki: TestPki) -> Signer:
    return Signer.from_pfx(issue(pki, ALPHANUMERIC_CNPJ), "senha")


@pytest.fixture
def authorizer(pki: TestPki) -> Authorizer:
    return new_authorizer(pki)
