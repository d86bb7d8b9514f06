"""The four forms of the QR code, against the manual's examples and the table of addresses."""

from __future__ import annotations

import base64
from datetime import date
from decimal import Decimal

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509 import load_der_x509_certificate

from gateway.nfe import nfce_urls
from gateway.nfe.certificate import Certificate
from gateway.nfe.nfce_urls import consult_address
from gateway.nfe.qrcode import Consumer, Csc, Offline, v2, v3

CHAVE = "28170800156225000131650110000151341562040824"
"""Of the manual, whose check digit is made up."""
MANUAL = Csc("000001", "SEU-CODIGO-CSC-CONTRIBUINTE-36-CARACTERES")
URL = "https://consulta.example.com/nfce"
DIGEST = "yzGYhUx1/XYYzksWB+fPR3Qc50c="
OFFLINE = Offline(9, Decimal("60.9"), DIGEST)


def test_version_2_online_is_the_manuals_example() -> None:
    assert v2(URL, CHAVE, "1", MANUAL) == f"{URL}?p={CHAVE}|2|1|1|DC6AE2C2B9A992BE59679AC365E29922DE6B7511"


def test_version_2_offline_tells_day_total_and_the_digest_in_hex() -> None:
    parameters, _, hashed = v2(URL, CHAVE, "1", MANUAL, OFFLINE).rpartition("|")
    hexed = "797a475968557831" + "2f5859597a6b7357422b6650523351633530633d"
    assert parameters == f"{URL}?p={CHAVE}|2|1|09|60.90|{hexed}|1"
    assert len(hexed) == 56
    assert (len(hashed), hashed.upper()) == (40, hashed)


def test_version_3_online_has_three_parameters_and_no_secret() -> None:
    assert v3(URL, CHAVE, "1") == f"{URL}?p={CHAVE}|3|1"


@pytest.mark.parametrize(
    ("consumer", "told"),
    [
        (Consumer(), "|"),
        (Consumer("1", "12ABC34501DE35"), "1|12ABC34501DE35"),
        (Consumer("2", "52998224725"), "2|52998224725"),
        (Consumer("3"), "3|"),
    ],
)
def test_version_3_offline_is_signed_by_the_certificate(certificate: Certificate, consumer: Consumer, told: str) -> None:
    text = v3(URL, CHAVE, "2", Offline(31, Decimal(1000), DIGEST, consumer), certificate.sign_sha1)
    signed, _, signature = text.partition("?p=")[2].rpartition("|")
    assert signed == f"{CHAVE}|3|2|31|1000.00|{told}"
    public = load_der_x509_certificate(certificate.der).public_key()
    raw = base64.b64decode(signature, validate=True)
    public.verify(raw, signed.encode(), padding.PKCS1v15(), SHA1())  # type: ignore[union-attr, call-arg, arg-type]  # noqa: S303
    with pytest.raises(InvalidSignature):
        public.verify(raw, f"{signed}|".encode(), padding.PKCS1v15(), SHA1())  # type: ignore[union-attr, call-arg, arg-type]  # noqa: S303


def test_version_3_offline_without_a_key_is_an_error() -> None:
    with pytest.raises(ValueError, match="assinatura"):
        v3(URL, CHAVE, "2", OFFLINE)


def test_the_secret_is_never_shown() -> None:
    assert MANUAL.secret not in f"{MANUAL!r} {MANUAL}"


def test_every_state_has_one_address_in_each_environment() -> None:
    day = date(2026, 11, 20)
    ufs = {row["uf"] for row in nfce_urls.rows()}
    assert len(ufs) == 27
    for uf in ufs:
        for tpAmb in ("1", "2"):
            address = consult_address(uf, tpAmb, day)
            assert address.qr.startswith(("http://", "https://"))
            assert "?" not in address.qr
            assert 21 <= len(address.consult) <= 85
    assert consult_address("RS", "1", day).qr == "https://www.sefaz.rs.gov.br/NFCE/NFCE-COM.aspx"
    assert len({(row["uf"], row["tpAmb"], row["since"]) for row in nfce_urls.rows()}) == len(nfce_urls.rows())


def test_an_address_moves_on_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = {"uf": "ZZ", "tpAmb": "1", "qr": "https://new.example.com", "consult": "n" * 21, "since": date(2026, 12, 1)}
    before = moved | {"qr": "https://old.example.com", "since": date(2018, 8, 2)}
    monkeypatch.setattr(nfce_urls, "rows", lambda: (moved, before))
    assert consult_address("ZZ", "1", date(2026, 11, 30)).qr == "https://old.example.com"
    assert consult_address("ZZ", "1", date(2026, 12, 1)).qr == "https://new.example.com"
    with pytest.raises(LookupError, match="ZZ"):
        consult_address("ZZ", "2", date(2026, 12, 1))
    consult_address.cache_clear()
