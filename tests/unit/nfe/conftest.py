from __future__ import annotations

import pytest
from hypothesis import settings

from gateway.nfe.certificate import Certificate, load
from gateway.nfe.certificate_maker import make_test_pfx
from gateway.nfe.ports import Pfx
from tests.unit.nfe.made import AT, CNPJ

# A loaded machine is no defect: examples are judged by what they answer, not by how long they take.
settings.register_profile("gateway", deadline=None)
settings.load_profile("gateway")


@pytest.fixture(scope="session")
def pfx() -> Pfx:
    return make_test_pfx(CNPJ, "LOJA EXEMPLO", "segredo", at=AT)


@pytest.fixture(scope="session")
def certificate(pfx: Pfx) -> Certificate:
    return load(pfx)
