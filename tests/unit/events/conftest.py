from __future__ import annotations

import pytest

from gateway.nfe.certificate import Certificate, load
from gateway.nfe.certificate_maker import make_test_pfx
from tests.unit.nfe.made import AT, CNPJ


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return load(make_test_pfx(CNPJ, "LOJA EXEMPLO", "segredo", at=AT))
