"""Certificates made for one test run: a CA, servers and clients. No key outlives the process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from gateway.nfe.ports import Pfx

PASSWORD = "segredo"
NOW = datetime.now(UTC).replace(microsecond=0)


class Authority:
    """A certificate authority."""

    def __init__(self, name: str) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.name = _name(name)
        self.cert = (
            _builder(self.name, self.name, self.key, NOW - timedelta(days=1), NOW + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.cert.public_bytes(Encoding.PEM)

    def issue(
        self,
        name: str,
        *,
        ip: str | None = None,
        dns: str | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
    ) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        """A leaf; valid today unless told otherwise."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        builder = _builder(_name(name), self.name, key, begin or NOW - timedelta(hours=1), end or NOW + timedelta(days=2))
        names: list[x509.GeneralName] = []
        if ip is not None:
            names.append(x509.IPAddress(ip_address(ip)))
        if dns is not None:
            names.append(x509.DNSName(dns))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return key, builder.sign(self.key, hashes.SHA256())

    def pfx(self, name: str, *, begin: datetime | None = None, end: datetime | None = None) -> Pfx:
        """A client certificate as the gateway holds it."""
        key, cert = self.issue(name, begin=begin, end=end)
        data = pkcs12.serialize_key_and_certificates(b"test", key, cert, None, BestAvailableEncryption(PASSWORD.encode("utf-8")))
        return Pfx(data, PASSWORD)

    def server_pem(
        self, folder: Path, name: str, *, ip: str | None = None, dns: str | None = None, end: datetime | None = None
    ) -> Path:
        """Key and certificate of a server in one file, for `load_cert_chain`."""
        begin = None if end is None else end - timedelta(days=1)
        key, cert = self.issue(name, ip=ip, dns=dns, begin=begin, end=end)
        path = folder / f"{name}.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + cert.public_bytes(Encoding.PEM))
        return path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
