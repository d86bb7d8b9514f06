from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from gateway.core.errors import CertificateExpired, CertificateInvalid
from gateway.nfe.certificate import Certificate, load
from gateway.nfe.ports import Pfx
from tests.unit.nfe.made import AT, CNPJ


def code_of(pfx: Pfx) -> str:
    with pytest.raises(CertificateInvalid) as caught:
        load(pfx)
    assert caught.value.fix
    return caught.value.code


def test_holder_and_validity_are_read(certificate: Certificate) -> None:
    assert certificate.tax_id == CNPJ
    assert certificate.subject == f"LOJA EXEMPLO:{CNPJ}"
    assert certificate.not_before == AT - timedelta(days=1)
    assert certificate.not_after == AT + timedelta(days=365)
    assert certificate.chain == ()


def test_nothing_secret_is_printed(certificate: Certificate, pfx: Pfx) -> None:
    assert "segredo" not in f"{certificate!r}{pfx!r}"
    assert "PrivateKey" not in repr(certificate)


def test_broken_file_and_wrong_password_are_told_apart(pfx: Pfx) -> None:
    assert code_of(Pfx(pfx.data, "outra")) == "CERT-PASSWORD"
    assert code_of(Pfx(pfx.data, "")) == "CERT-PASSWORD"
    assert code_of(Pfx(pfx.data[:-200], "segredo")) == "CERT-BROKEN"
    assert code_of(Pfx(b"", "segredo")) == "CERT-BROKEN"
    assert code_of(Pfx(b"-----BEGIN CERTIFICATE-----\n" * 10, "segredo")) == "CERT-BROKEN"
    assert code_of(Pfx(b"\x30\x82" + b"\x00" * 100, "segredo")) == "CERT-BROKEN"
    assert code_of(Pfx(pfx.data + b"\x00" * 300_000, "segredo")) == "CERT-BROKEN"


def test_dates_and_owner_are_checked(certificate: Certificate) -> None:
    certificate.check(AT, CNPJ)
    certificate.check(AT, "12.ABC.345/0002-99")
    with pytest.raises(CertificateExpired) as expired:
        certificate.check(AT + timedelta(days=366), CNPJ)
    assert expired.value.code == "CERT-EXPIRED"
    assert "20/11/2027" in expired.value.detail
    with pytest.raises(CertificateInvalid) as early:
        certificate.check(AT - timedelta(days=2), CNPJ)
    assert early.value.code == "CERT-NOT-YET"
    with pytest.raises(CertificateInvalid) as other:
        certificate.check(AT, "11222333000181")
    assert other.value.code == "CERT-OTHER-OWNER"


def self_made(common_name: str, names: list[x509.GeneralName], *, curve: bool = False) -> Pfx:
    key = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=1))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(key, hashes.SHA256())
    return Pfx(serialize_key_and_certificates(b"x", key, made, None, NoEncryption()), "")


def other_name(oid: str, der: bytes) -> x509.OtherName:
    return x509.OtherName(x509.ObjectIdentifier(oid), der)


def test_the_holder_of_an_ecpf_is_a_person() -> None:
    data = b"01011990" + b"52998224725" + b"0" * 11 + b"0" * 15
    opened = load(self_made("PESSOA", [other_name("2.16.76.1.3.1", b"\x13" + bytes([len(data)]) + data)]))
    assert opened.tax_id == "52998224725"
    opened.check(AT, CNPJ)


def test_the_cnpj_wins_over_the_person_who_answers_for_it() -> None:
    person = other_name("2.16.76.1.3.4", b"\x13\x13" + b"01011990" + b"52998224725")
    company = other_name("2.16.76.1.3.3", b"\x0c\x0e11222333000181")
    assert load(self_made("EMPRESA", [person, company])).tax_id == "11222333000181"


def test_the_common_name_answers_when_nothing_else_does() -> None:
    assert load(self_made("EMPRESA LTDA:11222333000181", [])).tax_id == "11222333000181"
    assert load(self_made("EMPRESA LTDA", [])).tax_id is None
    assert load(self_made("EMPRESA LTDA:11222333000182", [])).tax_id is None


def test_a_key_that_is_not_rsa_is_refused() -> None:
    assert code_of(self_made("EMPRESA", [], curve=True)) == "CERT-KEY"
