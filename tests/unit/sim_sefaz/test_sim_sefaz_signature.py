"""Who signed, with what, and whether the bytes are still those."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from sim_sefaz_note import ALPHANUMERIC_CNPJ, CNPJ, DSIG, Signer, build, issue, lot, sign, signed

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.authorizer import Authorizer, Processed
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.state import State

VERIFIERS = ["signxml", "fast"]


@pytest.fixture(params=VERIFIERS)
def judge(request: pytest.FixtureRequest, authorizer: Authorizer) -> Authorizer:
    """Both verifiers must say the same of every note below."""
    authorizer.state = State(verifier=request.param)
    return authorizer


def send(authorizer: Authorizer, note: bytes) -> Processed:
    return authorizer.process("NFeAutorizacao4", lot(note), CNPJ)


def test_a_note_signed_by_xmlsec_is_accepted(judge: Authorizer, signer: Signer) -> None:
    assert send(judge, signed(signer)).cStat == "100"


def test_a_note_inside_a_lot_that_declares_the_namespace_for_it_is_accepted(judge: Authorizer, signer: Signer) -> None:
    note = signed(signer).replace(b'<NFe xmlns="http://www.portalfiscal.inf.br/nfe">', b"<NFe>")

    assert send(judge, note).cStat == "100"


def test_one_changed_character_is_297(judge: Authorizer, signer: Signer) -> None:
    note = signed(signer)
    changed = note.replace(b"<xProd>Camiseta</xProd>", b"<xProd>Camisetb</xProd>", 1)
    assert changed != note

    refused = send(judge, changed)

    assert refused.cStat == "297"
    assert judge.register.authorized == []


def test_a_signature_value_of_another_note_is_297(judge: Authorizer, signer: Signer) -> None:
    one, other = etree.fromstring(signed(signer)), etree.fromstring(signed(signer, {"ide/nNF": "1235"}))
    value, foreign = (n.find(f".//{{{DSIG}}}SignatureValue") for n in (one, other))
    assert value is not None
    assert foreign is not None
    value.text = foreign.text

    assert send(judge, etree.tostring(one)).cStat == "297"


def test_a_digest_recomputed_after_signing_is_297(judge: Authorizer, signer: Signer) -> None:
    """The digest matches the document, but SignedInfo is no longer what the key signed."""
    one, other = etree.fromstring(signed(signer)), etree.fromstring(signed(signer, {"ide/natOp": "OUTRA"}))
    old, new = (n.find(f".//{{{DSIG}}}DigestValue") for n in (other, one))
    assert old is not None
    assert new is not None
    one.replace(one[0], other[0])
    new.text = old.text

    assert send(judge, etree.tostring(one)).cStat == "297"


def test_a_reference_to_something_else_is_298(judge: Authorizer, signer: Signer) -> None:
    root = build()
    Id = root[0].get("Id")
    note = sign(root, signer).replace(f'URI="#{Id}"'.encode(), b'URI="#NFe' + b"0" * 44 + b'"')

    assert send(judge, note).cStat == "298"


def test_a_certificate_of_another_company_is_213(judge: Authorizer, alphanumeric_signer: Signer) -> None:
    assert send(judge, signed(alphanumeric_signer)).cStat == "213"


def test_a_branch_may_sign_with_the_certificate_of_its_head_office(judge: Authorizer, signer: Signer) -> None:
    branch = "11222333000262"

    assert send(judge, signed(signer, {"emit/CNPJ": branch})).cStat == "100"


@pytest.mark.parametrize(("start", "end"), [(2020, 2026), (2027, 2031)])
def test_a_certificate_out_of_its_validity_is_291(judge: Authorizer, pki: TestPki, start: int, end: int) -> None:
    signer = Signer.from_pfx(issue(pki, CNPJ, start=start, end=end), "senha")

    assert send(judge, signed(signer)).cStat == "291"


def test_a_certificate_of_another_ca_is_293(judge: Authorizer, tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> None:
    stranger = TestPki(tmp_path_factory.mktemp("outra"))
    foreign = Signer.from_pfx(issue(stranger, CNPJ), "senha")

    assert send(judge, signed(foreign)).cStat == "293"
    assert send(judge, signed(signer)).cStat == "100"


def test_bytes_that_are_no_certificate_are_290(judge: Authorizer, signer: Signer) -> None:
    root = etree.fromstring(signed(signer))
    cert = root.find(f".//{{{DSIG}}}X509Certificate")
    assert cert is not None
    cert.text = "TUlJ" + "A" * 40

    assert send(judge, etree.tostring(root)).cStat == "290"


def test_a_certificate_without_cnpj_is_292(judge: Authorizer, pki: TestPki, signer: Signer) -> None:
    ca = x509.load_pem_x509_certificate(pki.ca_path.read_bytes())
    ca_key = serialization.load_pem_private_key((pki.directory / "ca.key").read_bytes(), password=None)
    key = serialization.load_pem_private_key(signer.key, password=None)
    assert isinstance(ca_key, rsa.RSAPrivateKey)
    anonymous = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SEM CNPJ")]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2031, 1, 1, tzinfo=UTC))
        .sign(ca_key, hashes.SHA256())
    )
    nobody = Signer(signer.key, anonymous.public_bytes(serialization.Encoding.PEM))

    assert send(judge, signed(nobody)).cStat == "292"


def test_the_alphanumeric_certificate_signs_for_its_own_cnpj(judge: Authorizer, alphanumeric_signer: Signer) -> None:
    note = signed(alphanumeric_signer, {"emit/CNPJ": ALPHANUMERIC_CNPJ})

    assert send(judge, note).cStat == "100"


def test_texts_of_refusals_are_plain_and_short() -> None:
    refusal = Refusal("225", "[" + "ç\n<é" * 200 + "]")

    assert refusal.xMotivo.isascii()
    assert len(refusal.xMotivo) == 255
    assert "\n" not in refusal.xMotivo
