"""Judges the signature of a note, an event or a request, and the certificate inside it.

The default verifier is signxml: another library than whatever signed the note. The `fast` one does the same arithmetic
with lxml and cryptography alone, for benchmarks. Source: MOC 7.0 (F01-F04), nfe schema (algorithms are fixed there).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.schema import DSIG

CNPJ_OID = "2.16.76.1.3.3"
CPF_OID = "2.16.76.1.3.1"

_EXPECTED = SignatureConfiguration(
    require_x509=True,
    location="./",
    expect_references=1,
    signature_methods=frozenset({SignatureMethod.RSA_SHA1}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA1}),
)
_CACHE_SIZE = 256
Verifier = Literal["signxml", "fast"]


class _NfeVerifier(XMLVerifier):
    """signxml canonicalises SignedInfo inside its parent, where lxml writes `xmlns=""` that is not there."""

    excise_empty_xmlns_declarations = True


@dataclass(frozen=True, slots=True)
class Signer:
    """What the certificate says of its holder."""

    cert: x509.Certificate
    tax_id: str
    chain_ok: bool


class SignatureJudge:
    """Verifies notes against the CAs it was given; remembers certificates it has already judged."""

    def __init__(self, ca_files: list[Path]) -> None:
        self._cas = [cert for path in ca_files for cert in x509.load_pem_x509_certificates(path.read_bytes())]
        self._seen: OrderedDict[str, Signer | None] = OrderedDict()

    def refusal(self, note: Note, now: datetime, verifier: Verifier = "signxml") -> Refusal | None:
        """None when the signature is right and its certificate may sign for the issuer."""
        return self.refusal_of(note.root, note.Id, note.issuer, now, verifier)

    def refusal_of(
        self, root: etree._Element, Id: str, author: str, now: datetime, verifier: Verifier = "signxml"
    ) -> Refusal | None:
        """The same for any signed element: `Id` of the first child of `root`, which `author` (CNPJ or CPF) signs.

        Order and codes are the MOC's: certificate (290-293), standard (298), digest and value (297), issuer (213).
        """
        return next(self._refusals(root, Id, author, now, verifier), None)

    def _refusals(self, root: etree._Element, Id: str, author: str, now: datetime, verifier: Verifier) -> Iterator[Refusal]:
        signature = root.find(f"{{{DSIG}}}Signature")
        encoded = None if signature is None else signature.findtext(f".//{{{DSIG}}}X509Certificate")
        if signature is None or not encoded:
            yield Refusal("298", "[sem Signature ou X509Certificate]")
            return
        signer = self._signer(encoded)
        if signer is None:
            yield Refusal("290")
            return
        if not signer.cert.not_valid_before_utc <= now <= signer.cert.not_valid_after_utc:
            yield Refusal("291")
        if not signer.tax_id:
            yield Refusal("292")
        if not signer.chain_ok:
            yield Refusal("293")
        reference = signature.find(f".//{{{DSIG}}}Reference")
        if reference is None or reference.get("URI") != f"#{Id}":
            yield Refusal("298", "[Reference URI difere do Id]")
        checker = _signxml_accepts if verifier == "signxml" else _fast_accepts
        if not checker(root, signature, signer.cert, now):
            yield Refusal("297")
        if signer.tax_id[:8] != author[:8]:
            yield Refusal("213")

    def _signer(self, encoded: str) -> Signer | None:
        if encoded in self._seen:
            self._seen.move_to_end(encoded)
            return self._seen[encoded]
        try:
            cert = x509.load_der_x509_certificate(base64.b64decode(encoded))
            signer = Signer(cert, holder_tax_id(cert), self._issued_by_a_known_ca(cert))
        except (ValueError, binascii.Error):
            signer = None
        self._seen[encoded] = signer
        if len(self._seen) > _CACHE_SIZE:
            self._seen.popitem(last=False)
        return signer

    def _issued_by_a_known_ca(self, cert: x509.Certificate) -> bool:
        for ca in self._cas:
            try:
                cert.verify_directly_issued_by(ca)
            except (ValueError, TypeError, InvalidSignature):
                continue
            return True
        return False


def holder_tax_id(cert: x509.Certificate) -> str:
    """CNPJ (or CPF, of an e-CPF) in the certificate's otherName; empty when it carries none."""
    try:
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    for other in names.get_values_for_type(x509.OtherName):
        payload = other.value[2:].decode("ascii", "replace")
        if other.type_id.dotted_string == CNPJ_OID:
            return payload[:14]
        if other.type_id.dotted_string == CPF_OID:
            return payload[8:19]
    return ""


def _signxml_accepts(root: etree._Element, _: etree._Element, cert: x509.Certificate, now: datetime) -> bool:
    try:
        _NfeVerifier().verify(
            etree.tostring(root, with_tail=False),
            x509_cert=cert,
            id_attribute="Id",
            validate_schema=False,  # the official schema was stricter
            expect_config=replace(_EXPECTED, verification_time=now),
        )
    except (SignXMLException, InvalidSignature, ValueError):
        return False
    return True


def _fast_accepts(root: etree._Element, signature: etree._Element, cert: x509.Certificate, _: datetime) -> bool:
    key = cert.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    inf = root[0]
    signed_info = signature.find(f"{{{DSIG}}}SignedInfo")
    digest = signature.findtext(f".//{{{DSIG}}}DigestValue")
    value = signature.findtext(f"{{{DSIG}}}SignatureValue")
    if signed_info is None or digest is None or value is None:
        return False
    if base64.b64decode(digest) != hashlib.sha1(_canonical(inf)).digest():  # noqa: S324  the schema fixes SHA-1
        return False
    try:
        key.verify(base64.b64decode(value), _canonical(signed_info), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    except InvalidSignature:
        return False
    return True


def _canonical(element: etree._Element) -> bytes:
    """Inclusive C14N of a sub-tree, re-parsed first: lxml writes spurious `xmlns=""` when the namespace is inherited."""
    return etree.tostring(etree.fromstring(etree.tostring(element, with_tail=False)), method="c14n")
