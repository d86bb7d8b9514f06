"""Self-signed certificates shaped like an e-CNPJ A1, for homologação, benchmarks and tests. No authority stands behind them."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.nfe.ports import Pfx

_OID_CNPJ = x509.ObjectIdentifier("2.16.76.1.3.3")


def make_test_pfx(cnpj: str, name: str, password: str, *, at: datetime, days: int = 365) -> Pfx:
    """A new RSA-2048 key and its certificate, valid from a day before `at` (aware) for `days`, CNPJ in the otherName.

    The key exists only in the answer; callers keep it out of the repository.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Certificado de teste, sem valor"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name[: 63 - len(cnpj)]}:{cnpj}"),
        ]
    )
    holder = x509.OtherName(_OID_CNPJ, b"\x04" + bytes([len(cnpj)]) + cnpj.encode("ascii"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([holder]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    data = pkcs12.serialize_key_and_certificates(
        name.encode(), key, certificate, None, BestAvailableEncryption(password.encode())
    )
    return Pfx(data, password)
