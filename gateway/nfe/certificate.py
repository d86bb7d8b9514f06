"""A1 certificates: opened once from their PKCS#12 file, checked before use, able to sign, never printed.

Source: DOC-ICP-04 (otherName of e-CNPJ and e-CPF); nfe-rules 3.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import NameOID

from gateway.core.errors import CertificateExpired, CertificateInvalid
from gateway.core.taxid import Cnpj, Cpf, strip_punctuation
from gateway.nfe.ports import Pfx

_OID_CNPJ = "2.16.76.1.3.3"
_OID_PERSON = "2.16.76.1.3.1"
_MAX_PFX = 256 * 1024
_PKCS1 = padding.PKCS1v15()
_SHA1 = hashes.SHA1()  # noqa: S303  the layout's XSD fixes RSA-SHA1; nothing else is accepted


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Certificate:
    """A certificate with its private key.

    tax_id: CNPJ or CPF of the holder, None when the file does not say. Times are aware, in UTC. der is the leaf, chain the
    rest of the file in DER. Signing releases the GIL and may be called from several threads.
    """

    tax_id: str | None
    subject: str
    serial: int
    not_before: datetime
    not_after: datetime
    der: bytes
    chain: tuple[bytes, ...]
    key: rsa.RSAPrivateKey
    x509_base64: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "x509_base64", base64.b64encode(self.der).decode())

    def __repr__(self) -> str:
        return f"Certificate(subject={self.subject!r}, serial={self.serial:x}, not_after={self.not_after:%Y-%m-%d})"

    def sign_sha1(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-1, as the XSD demands."""
        return self.key.sign(data, _PKCS1, _SHA1)

    def check(self, at: datetime, branch_cnpj: str) -> None:
        """Whether it may sign for the branch at the instant `at` (aware).

        Raises CertificateExpired; CertificateInvalid with CERT-NOT-YET, or CERT-OTHER-OWNER when the root of the CNPJ
        differs (213). A certificate of a person, or one that names nobody, is let through: SEFAZ decides.
        """
        if at > self.not_after:
            raise CertificateExpired(
                f"O certificado digital de {self.subject} venceu em {self.not_after:%d/%m/%Y}.",
                fix="Compre ou renove o certificado A1 (e-CNPJ) e envie o novo arquivo PFX desta filial.",
            )
        if at < self.not_before:
            raise CertificateInvalid(
                f"O certificado digital de {self.subject} só vale a partir de {self.not_before:%d/%m/%Y}.",
                code="CERT-NOT-YET",
                fix="Confira o relógio do servidor ou envie um certificado que já esteja valendo.",
            )
        owner = self.tax_id
        if owner is not None and len(owner) == 14 and owner[:8] != strip_punctuation(branch_cnpj)[:8]:
            raise CertificateInvalid(
                f"O certificado digital é do CNPJ {Cnpj(owner).formatted()}, de outra empresa que não a filial {branch_cnpj}.",
                code="CERT-OTHER-OWNER",
                fix="Envie o certificado e-CNPJ cuja raiz (8 primeiros caracteres) é a mesma da filial.",
            )


def load(pfx: Pfx) -> Certificate:
    """Open a PKCS#12 file; costs some 40 ms, so callers keep the answer.

    Raises CertificateInvalid: CERT-BROKEN (not a PFX, or cut), CERT-PASSWORD (wrong password, or content altered),
    CERT-NO-KEY (no private key or no certificate in it), CERT-KEY (the key is not RSA).
    """
    if not _looks_like_pfx(pfx.data):
        raise CertificateInvalid(
            "O arquivo do certificado não é um PFX (PKCS#12) inteiro.",
            code="CERT-BROKEN",
            fix="Exporte de novo o certificado A1 com a chave privada, em .pfx ou .p12, e envie o arquivo sem alterar.",
        )
    try:
        key, leaf, others = pkcs12.load_key_and_certificates(pfx.data, pfx.password.encode())
    except (ValueError, TypeError) as error:
        raise CertificateInvalid(
            "O certificado não abre com a senha informada.",
            code="CERT-PASSWORD",
            fix="Confira a senha do arquivo PFX (maiúsculas e minúsculas contam); se estiver certa, exporte o arquivo de novo.",
        ) from error
    if key is None or leaf is None:
        raise CertificateInvalid(
            "O arquivo PFX abriu, mas falta nele a chave privada ou o certificado.",
            code="CERT-NO-KEY",
            fix="Exporte o certificado marcando a opção de incluir a chave privada.",
        )
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CertificateInvalid(
            "A chave do certificado não é RSA, e a NF-e só aceita assinatura RSA.",
            code="CERT-KEY",
            fix="Use um certificado A1 da ICP-Brasil com chave RSA de 2048 bits.",
        )
    return Certificate(
        tax_id=_holder(leaf),
        subject=_common_name(leaf),
        serial=leaf.serial_number,
        not_before=leaf.not_valid_before_utc.astimezone(UTC),
        not_after=leaf.not_valid_after_utc.astimezone(UTC),
        der=leaf.public_bytes(Encoding.DER),
        chain=tuple(other.public_bytes(Encoding.DER) for other in others),
        key=key,
    )


def _looks_like_pfx(data: bytes) -> bool:
    """Whether the outer shell is right: a SEQUENCE as long as the file, starting with version 3.

    It tells a broken or foreign file from a wrong password, which the cipher alone cannot.
    """
    if not 20 < len(data) <= _MAX_PFX or data[0] != 0x30:
        return False
    first = data[1]
    if first == 0x80:
        start, end = 2, len(data)
    elif first < 0x80:
        start, end = 2, 2 + first
    else:
        octets = first & 0x7F
        start = 2 + octets
        end = start + int.from_bytes(data[2:start], "big")
    return start < end <= len(data) and data[start : start + 3] == b"\x02\x01\x03"


def holder_of(der: bytes) -> str | None:
    """CNPJ or CPF of the holder of a certificate in DER, None when it does not say. Raises ValueError for anything else."""
    return _holder(x509.load_der_x509_certificate(der))


def _holder(leaf: x509.Certificate) -> str | None:
    """CNPJ by otherName, or else CPF by otherName, or else what follows the colon of the common name (`NAME:CNPJ`)."""
    texts: dict[str, str] = {}
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        names = None
    for name in names or ():
        if isinstance(name, x509.OtherName):
            # The value is one DER string of whatever type the authority chose; its text starts after tag and length.
            texts[name.type_id.dotted_string] = name.value[2:].decode("latin-1")
    candidates = (
        (Cnpj, texts.get(_OID_CNPJ, "")[:14]),
        (Cpf, texts.get(_OID_PERSON, "")[8:19]),
        (Cnpj, _common_name(leaf).rpartition(":")[2]),
        (Cpf, _common_name(leaf).rpartition(":")[2]),
    )
    for kind, text in candidates:
        try:
            return str(kind(text))
        except ValueError:
            continue
    return None


def _common_name(leaf: x509.Certificate) -> str:
    found = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else leaf.subject.rfc4514_string()
