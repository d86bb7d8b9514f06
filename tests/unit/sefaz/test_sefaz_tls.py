"""The TLS context of a certificate: what it accepts, and that nothing of the key is left behind."""

from __future__ import annotations

import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

from gateway.core.errors import CertificateExpired, CertificateInvalid, ConfigInvalid
from gateway.nfe.ports import Pfx
from gateway.nfe.sefaz import tls
from gateway.nfe.sefaz.tls import Trust, client_tls

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
PASSWORD = "pão de açúcar"


@pytest.fixture(scope="module")
def pair() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Loja de teste")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return key, builder.not_valid_before(BEGIN).not_valid_after(END).sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def pfx(pair: tuple[rsa.RSAPrivateKey, x509.Certificate]) -> Pfx:
    encryption = BestAvailableEncryption(PASSWORD.encode())
    return Pfx(pkcs12.serialize_key_and_certificates(b"a1", *pair, [pair[1]], encryption), PASSWORD)


@pytest.fixture
def root(pair: tuple[rsa.RSAPrivateKey, x509.Certificate], tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(pair[1].public_bytes(Encoding.PEM))
    return path


def test_context_checks_everything_and_speaks_tls_12_only(pfx: Pfx, root: Path):
    context = client_tls(pfx, Trust(only=root)).context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    assert not context.options & ssl.OP_NO_RENEGOTIATION
    ciphers = {cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"}
    assert {"ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384"} <= ciphers
    assert not [name for name in ciphers if not name.startswith(("ECDHE", "DHE"))]


def test_only_replaces_the_roots_and_extra_adds_to_them(pfx: Pfx, root: Path, tmp_path: Path):
    assert len(client_tls(pfx, Trust(only=root)).context.get_ca_certs()) == 1
    system = len(client_tls(pfx, Trust()).context.get_ca_certs())
    assert len(client_tls(pfx, Trust(extra=root)).context.get_ca_certs()) == system + 1
    folder = tmp_path / "roots"
    folder.mkdir()
    (folder / "icp.crt").write_bytes(x509.load_pem_x509_certificate(root.read_bytes()).public_bytes(Encoding.DER))
    (folder / "LEIAME.txt").write_text("raízes")
    assert len(client_tls(pfx, Trust(extra=folder)).context.get_ca_certs()) == system + 1


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_roots_that_cannot_be_read_are_a_setting_to_correct(pfx: Pfx, tmp_path: Path, content: bytes | None):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigInvalid) as invalid:
        client_tls(pfx, Trust(only=path))
    assert invalid.value.code == "SEFAZ-CA"


def test_empty_folder_of_roots_is_a_setting_to_correct(pfx: Pfx, tmp_path: Path):
    with pytest.raises(ConfigInvalid):
        client_tls(pfx, Trust(only=tmp_path))


def test_validity(pfx: Pfx):
    one = client_tls(pfx, Trust())
    one.check(BEGIN)
    one.check(END - timedelta(seconds=1))
    with pytest.raises(CertificateExpired):
        one.check(END)
    with pytest.raises(CertificateInvalid):
        one.check(BEGIN - timedelta(seconds=1))


def test_pfx_that_does_not_open(pfx: Pfx, pair: tuple[rsa.RSAPrivateKey, x509.Certificate]):
    no_key = pkcs12.serialize_key_and_certificates(b"a1", None, pair[1], None, NoEncryption())
    for bad in (Pfx(pfx.data, "outra"), Pfx(pfx.data[:100], PASSWORD), Pfx(b"", ""), Pfx(no_key, "")):
        with pytest.raises(CertificateInvalid) as invalid:
            client_tls(bad, Trust())
        assert PASSWORD not in invalid.value.detail + invalid.value.fix
    assert PASSWORD not in repr(pfx)


def test_without_memory_files_the_private_file_is_gone_at_once(pfx: Pfx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(tls.tempfile, "tempdir", str(tmp_path))
    seen: list[tuple[int, bool]] = []
    load = ssl.SSLContext.load_cert_chain

    def spy(context: ssl.SSLContext, path: str, **options: str) -> None:
        seen.append((Path(path).stat().st_mode & 0o777, b"ENCRYPTED" in Path(path).read_bytes()))
        load(context, path, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", spy)
    client_tls(pfx, Trust())
    assert seen == [(0o600, True)]
    assert list(tmp_path.iterdir()) == []
