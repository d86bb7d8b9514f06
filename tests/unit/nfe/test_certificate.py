from __future__ import annotations

from datetime import timedelta

import pytest

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
