"""A certificate followed up to a configured root: what is believed, what is not, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.core.errors import ConfigInvalid
from gateway.nfe.certificate import Certificate
from gateway.nfe.icp_chain import Authorities, read_authorities
from gateway.nfe.received import chain_of
from gateway.nfe.signature import sign, signer_of
from tests.unit.nfe.made import built, sale

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


class Holder:
    """A certificate and its key: an authority unless said otherwise, signed by itself unless `by` another."""

    def __init__(
        self,
        name: str,
        by: Holder | None = None,
        *,
        ca: bool = True,
        below: int | None = None,
        until: datetime = NOW + YEAR,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(by.name if by else self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - YEAR)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca, below if ca else None), critical=True)
            .sign((by or self).key, hashes.SHA256())
        )

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


ROOT = Holder("AC Raiz v5")
MIDDLE = Holder("AC Receita v4", ROOT, below=1)
ISSUER = Holder("AC Loja RFB v5", MIDDLE, below=0)
LEAF = Holder("LOJA EXEMPLO:11222333000181", ISSUER, ca=False)


def known(*between: Holder, roots: tuple[Holder, ...] = (ROOT,)) -> Authorities:
    return Authorities(tuple(one.certificate for one in roots), tuple(one.certificate for one in between))


def test_a_path_to_a_root_is_trusted_and_told() -> None:
    found = known(ISSUER, MIDDLE).follow(LEAF.der, NOW)
    assert found.status == "trusted"
    assert found.path == ("LOJA EXEMPLO:11222333000181", "AC Loja RFB v5", "AC Receita v4", "AC Raiz v5")
    assert found.text == "O certificado leva à raiz AC Raiz v5 e valia em 22/11/2026."


def test_without_the_authority_between_nothing_leads_to_the_root() -> None:
    found = known(MIDDLE).follow(LEAF.der, NOW)
    assert (found.status, found.path) == ("unknown_authority", ("LOJA EXEMPLO:11222333000181",))
    assert "emitido por AC Loja RFB v5, que não leva a nenhuma raiz" in found.text
    assert known(MIDDLE).follow(LEAF.der, NOW, [ISSUER.der]).status == "trusted"  # it came with the certificate


def test_a_root_that_came_with_the_certificate_is_not_believed() -> None:
    stranger = Holder("AC Raiz v5")  # the same name, another key
    leaf = Holder("LOJA", stranger, ca=False)
    assert known(ISSUER, MIDDLE).follow(leaf.der, NOW, [stranger.der]).status == "unknown_authority"
    assert known(ISSUER, MIDDLE).follow(stranger.der, NOW).status == "unknown_authority"


def test_validity_counts_at_the_instant_asked_about() -> None:
    ended = Holder("LOJA", ISSUER, ca=False, until=NOW - timedelta(days=10))
    assert known(ISSUER, MIDDLE).follow(ended.der, NOW - timedelta(days=11)).status == "trusted"
    found = known(ISSUER, MIDDLE).follow(ended.der, NOW)
    # A year before 22/11/2026 is 22/11/2025; ten days before, 12/11/2026.
    assert (found.status, found.text) == (
        "out_of_date",
        "O certificado de LOJA vale de 22/11/2025 a 12/11/2026: não valia em 22/11/2026.",
    )


def test_who_is_no_authority_issues_nothing() -> None:
    forged = Holder("OUTRA LOJA", LEAF, ca=False)
    found = known(ISSUER, MIDDLE).follow(forged.der, NOW, [LEAF.der])
    assert (found.status, found.path[1]) == ("not_an_authority", "LOJA EXEMPLO:11222333000181")
    # ISSUER may have no authority under it: path length 0.
    below = Holder("AC Inventada", ISSUER)
    leaf = Holder("LOJA", below, ca=False)
    found = known(ISSUER, MIDDLE).follow(leaf.der, NOW, [below.der])
    assert (found.status, found.text) == (
        "not_an_authority",
        "AC Loja RFB v5 emitiu um certificado sem ser autoridade para isso.",
    )


def test_an_authority_renewed_under_the_same_name_is_told_apart_by_its_key() -> None:
    renewed = Holder("AC Loja RFB v5", MIDDLE)
    assert known(renewed, ISSUER, MIDDLE).follow(LEAF.der, NOW).status == "trusted"


def test_authorities_that_sign_each_other_end_nowhere() -> None:
    one, other = Holder("AC Um"), Holder("AC Dois")
    crossed = [Holder("AC Um", other, key=one.key), Holder("AC Dois", one, key=other.key)]
    leaf = Holder("LOJA", one, ca=False)
    assert known(*crossed).follow(leaf.der, NOW).status == "unknown_authority"


def test_a_folder_of_pem_and_der_is_read_and_needs_a_root(tmp_path: Path) -> None:
    (tmp_path / "raiz.crt").write_bytes(ROOT.der)
    pem = b"".join(one.certificate.public_bytes(Encoding.PEM) for one in (MIDDLE, ISSUER))
    (tmp_path / "autoridades.PEM").write_bytes(pem)
    (tmp_path / "leia-me.txt").write_text("nada")
    found = read_authorities(tmp_path)
    assert (found.roots, found.between) == ((ROOT.certificate,), (MIDDLE.certificate, ISSUER.certificate))
    (tmp_path / "raiz.crt").unlink()
    with pytest.raises(ConfigInvalid) as refused:
        read_authorities(tmp_path)
    assert refused.value.code == "ICP-NO-ROOT"
    (tmp_path / "ruim.cer").write_bytes(b"nada")
    with pytest.raises(ConfigInvalid) as refused:
        read_authorities(tmp_path)
    assert refused.value.code == "SEFAZ-CA"


def test_the_chain_of_a_note_is_its_signers_and_only_of_a_signature_that_holds(certificate: Certificate) -> None:
    xml = sign(built(sale()).xml, certificate).xml
    assert signer_of(xml) == certificate.der
    assert signer_of(b'<nfeProc xmlns="http://www.portalfiscal.inf.br/nfe">' + xml + b"</nfeProc>") == certificate.der
    assert signer_of(b"<a/>") is None
    assert signer_of(b"<a") is None
    found = chain_of(xml, "ok", NOW, known(ISSUER))
    assert found is not None
    assert found.status == "unknown_authority"
    assert chain_of(xml, "altered", NOW, known(ISSUER)) is None
    assert chain_of(xml, "ok", NOW, known()) is None  # roots alone say nothing of who they did not issue
    assert chain_of(xml, "ok", NOW, None) is None
    unreadable = xml.replace(certificate.x509_base64.encode(), b"AAAA")
    found = chain_of(unreadable, "ok", NOW, known(ISSUER))
    assert (found and found.text) == "O certificado de quem assinou não pôde ser lido."
