"""A public key infrastructure for tests, made at run time: a CA, the simulators' server certificate, A1 certificates.

Nothing here is secret in the real world, yet keys are kept as keys should be: the directory is 0700, key files 0600.
The certificates look like ICP-Brasil's (DOC-ICP-04): the CNPJ in `CN=NAME:CNPJ` and in an otherName 2.16.76.1.3.3.
"""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CNPJ_OID = x509.ObjectIdentifier("2.16.76.1.3.3")
"""otherName of an e-CNPJ that carries the CNPJ's 14 characters (DOC-ICP-04, 7.1.2.3)."""

VALIDITY = timedelta(days=5 * 365)
_BACKDATE = timedelta(days=1)
_RENEW_BEFORE = timedelta(days=30)


class TestPki:
    """Files of one test PKI in `directory`: created when absent or nearly expired, used again otherwise.

    Two processes may open the same directory once it is complete; creating it is not protected against a race.
    """

    __test__ = False  # pytest must not take the name for a test class

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        ca = _load(self.ca_path, self._ca_key_path)
        if ca is None:
            ca = _make_ca()
            _write(self.ca_path, ca[0].public_bytes(serialization.Encoding.PEM))
            _write(self._ca_key_path, _pem(ca[1]))
            self.server_cert_path.unlink(missing_ok=True)
        self._ca, self._ca_key = ca
        if _load(self.server_cert_path, self.server_key_path) is None:
            cert, key = self._make_server()
            _write(self.server_key_path, _pem(key))
            _write(self.server_cert_path, cert.public_bytes(serialization.Encoding.PEM))

    @property
    def ca_path(self) -> Path:
        """PEM of the CA: what a client must trust."""
        return self.directory / "ca.pem"

    @property
    def server_cert_path(self) -> Path:
        return self.directory / "server.pem"

    @property
    def server_key_path(self) -> Path:
        return self.directory / "server.key"

    @property
    def _ca_key_path(self) -> Path:
        return self.directory / "ca.key"

    def server_context(self, *, require_client: bool = True, extra_ca: Path | None = None) -> ssl.SSLContext:
        """TLS 1.2 for `localhost` and `127.0.0.1`, as the real hosts offer; with client certificates of this CA required.

        `extra_ca` is a PEM of more client CAs, e.g. a customer's real chain against the simulator.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.server_cert_path, self.server_key_path)
        if require_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_path)
            if extra_ca is not None:
                context.load_verify_locations(extra_ca)
        return context

    def issue_a1(
        self, cnpj: str, name: str, password: str, *, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> bytes:
        """A PKCS#12 with key, certificate and CA, as an A1 e-CNPJ is delivered; each call makes a new key.

        `cnpj` is 14 characters without punctuation, letters allowed (NT 2026.004); raises ValueError otherwise.
        Times are aware; by default valid since yesterday, for five years.
        """
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        cert = self._make_a1(cnpj, name, key, not_before, not_after)
        return pkcs12.serialize_key_and_certificates(
            name.encode(),
            key,
            cert,
            [self._ca],
            serialization.BestAvailableEncryption(password.encode()),
        )

    def _make_a1(
        self, cnpj: str, name: str, key: rsa.RSAPrivateKey, not_before: datetime | None, not_after: datetime | None
    ) -> x509.Certificate:
        if len(cnpj) != 14 or not cnpj.isascii() or not cnpj.isalnum() or cnpj != cnpj.upper():
            raise ValueError("o CNPJ do certificado precisa de 14 caracteres, sem pontuação e em maiúsculas")
        start = not_before or datetime.now(UTC) - _BACKDATE
        subject = _name(
            (NameOID.COUNTRY_NAME, "BR"),
            (NameOID.ORGANIZATION_NAME, "ICP-Brasil"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "RFB e-CNPJ A1"),
            (NameOID.COMMON_NAME, f"{name[: 63 - len(cnpj)]}:{cnpj}"),
        )
        other_name = x509.OtherName(CNPJ_OID, bytes([0x0C, len(cnpj)]) + cnpj.encode())  # DER UTF8String
        return (
            self._builder(subject, key.public_key(), start, not_after or start + VALIDITY)
            .add_extension(x509.SubjectAlternativeName([other_name]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
            .add_extension(_usage(content_commitment=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
                critical=False,
            )
            .sign(self._ca_key, hashes.SHA256())
        )

    def _make_server(self) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        start = datetime.now(UTC) - _BACKDATE
        names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
        cert = (
            self._builder(_name((NameOID.COMMON_NAME, "localhost")), key.public_key(), start, start + VALIDITY)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
            .add_extension(_usage(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._ca_key, hashes.SHA256())
        )
        return cert, key

    def _builder(
        self, subject: x509.Name, public_key: rsa.RSAPublicKey, start: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._ca.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(_authority_of(self._ca), critical=False)
        )


def _authority_of(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    skid = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(skid)


def _make_ca() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = _name(
        (NameOID.COUNTRY_NAME, "BR"),
        (NameOID.ORGANIZATION_NAME, "Simulador SEFAZ"),
        (NameOID.COMMON_NAME, "AC de Testes - SEM VALOR FISCAL"),
    )
    start = datetime.now(UTC) - _BACKDATE
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + 2 * VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(digital_signature=False, cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return cert, key


def _usage(*, digital_signature: bool = True, content_commitment: bool = False, cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=digital_signature,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=cert_sign,
        crl_sign=cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and never readable by others, not even for an instant."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)


def _load(cert_path: Path, key_path: Path) -> tuple[x509.Certificate, rsa.RSAPrivateKey] | None:
    """The pair on disk, if both files are there, belong together and stay valid for a month more."""
    if not cert_path.exists() or not key_path.exists():
        return None
    cert = x509.load_pem_x509_certificate(cert_path.read_bytes())
    # Ours: written whole, readable by nobody else. Checking its numbers would cost more than all the rest.
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey) or cert.public_key() != key.public_key():
        return None
    if cert.not_valid_after_utc < datetime.now(UTC) + _RENEW_BEFORE:
        return None
    return cert, key
