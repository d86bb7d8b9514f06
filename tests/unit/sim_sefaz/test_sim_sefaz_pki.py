"""The test PKI: what it writes, that it uses it again, and what an A1 looks like."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ

from gateway.sim.pki import CNPJ_OID, TestPki
from gateway.sim.sefaz.signature import holder_tax_id


def test_files_are_private_and_used_again(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "pki"

    first = TestPki(directory)
    written = {path.name: path.read_bytes() for path in directory.iterdir()}
    TestPki(directory)

    assert sorted(written) == ["ca.key", "ca.pem", "server.key", "server.pem"]
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == written
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert first.ca_path == directory / "ca.pem"


def test_a_lost_server_key_is_made_again_under_the_same_ca(tmp_path: Path) -> None:
    first = TestPki(tmp_path)
    ca, server = first.ca_path.read_bytes(), first.server_cert_path.read_bytes()
    first.server_key_path.unlink()

    second = TestPki(tmp_path)

    assert second.ca_path.read_bytes() == ca
    assert second.server_cert_path.read_bytes() != server
    second.server_context()


def test_a_new_ca_makes_a_new_server_certificate(tmp_path: Path) -> None:
    first = TestPki(tmp_path)
    (tmp_path / "ca.key").unlink()
    server = first.server_cert_path.read_bytes()

    second = TestPki(tmp_path)

    issued = x509.load_pem_x509_certificate(second.server_cert_path.read_bytes())
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(second.ca_path.read_bytes()))
    assert second.server_cert_path.read_bytes() != server


@pytest.mark.parametrize("cnpj", [CNPJ, ALPHANUMERIC_CNPJ])
def test_an_a1_looks_like_an_e_cnpj(pki: TestPki, cnpj: str) -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

    pfx = pki.issue_a1(cnpj, "EMPRESA DE TESTE", "segredo", not_before=start, not_after=end)

    key, cert, chain = pkcs12.load_key_and_certificates(pfx, b"segredo")
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    assert cert is not None
    assert cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == f"EMPRESA DE TESTE:{cnpj}"
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    [other] = names.get_values_for_type(x509.OtherName)
    assert other.type_id == CNPJ_OID
    assert other.value == b"\x0c\x0e" + cnpj.encode()
    assert holder_tax_id(cert) == cnpj
    assert (cert.not_valid_before_utc, cert.not_valid_after_utc) == (start, end)
    assert len(chain) == 1
    cert.verify_directly_issued_by(chain[0])


@pytest.mark.parametrize("cnpj", ["11.222.333/0001-81", "1122233300018", "12abc34501de35"])
def test_a_cnpj_with_punctuation_or_in_lower_case_is_refused(pki: TestPki, cnpj: str) -> None:
    with pytest.raises(ValueError, match="14 caracteres"):
        pki.issue_a1(cnpj, "EMPRESA", "segredo")


def test_a_long_name_still_fits_the_common_name(pki: TestPki) -> None:
    pfx = pki.issue_a1(CNPJ, "EMPRESA " * 20, "segredo")

    cert = pkcs12.load_key_and_certificates(pfx, b"segredo")[1]
    assert cert is not None
    assert len(cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) <= 64
