"""From a certificate up to a root of ICP-Brasil that the installation was given: the path, and whether each step held then.

A signature carries its own certificate alone (the layout takes one `X509Certificate`), so the authorities between it and the root
are configured too. Revocation lists are not asked. Source: DOC-ICP-01 (roots and authorities), RFC 5280 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from gateway.core.errors import ConfigInvalid

SUFFIXES = (".pem", ".crt", ".cer")
LONGEST, WIDEST = 8, 16
"""Steps of a path, and authorities of one name that are tried: more than ICP-Brasil ever had."""

ChainStatus = Literal["trusted", "unknown_authority", "out_of_date", "not_an_authority"]
STATUSES: dict[ChainStatus, str] = {
    "trusted": "Certificado de autoridade conhecida",
    "unknown_authority": "Autoridade desconhecida",
    "out_of_date": "Certificado fora da validade",
    "not_an_authority": "Emitido por quem não é autoridade",
}


@dataclass(frozen=True, slots=True)
class Followed:
    """What following a certificate found. path: names from the certificate up, as far as it went; text: pt-BR, for a person."""

    status: ChainStatus
    text: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Authorities:
    """The roots that are believed and the authorities between them and the rest."""

    roots: tuple[x509.Certificate, ...]
    between: tuple[x509.Certificate, ...]

    def follow(self, leaf: bytes, at: datetime, brought: Sequence[bytes] = ()) -> Followed:
        """The path of a certificate (DER) at an instant (aware). brought: authorities that came with it; they are no roots.

        Raises ValueError when the bytes are no certificate.
        """
        first = x509.load_der_x509_certificate(leaf)
        between = (*self.between, *(x509.load_der_x509_certificate(one) for one in brought[:LONGEST]))
        found = min(self._paths(first, at, between, (first,)), key=lambda one: _ORDER.index(one.status), default=None)
        if found is not None:
            return found
        issuer = _named(first.issuer)
        return Followed(
            "unknown_authority",
            f"O certificado foi emitido por {issuer}, que não leva a nenhuma raiz configurada.",
            (_of(first),),
        )

    def _paths(
        self, last: x509.Certificate, at: datetime, between: Sequence[x509.Certificate], path: tuple[x509.Certificate, ...]
    ) -> Iterator[Followed]:
        for root in self.roots:
            if last == root or _issued(last, root):
                yield _judged(path if last == root else (*path, root), at)
        if len(path) < LONGEST:
            above = [one for one in between if one.subject == last.issuer and one not in path]
            for one in above[:WIDEST]:
                if _issued(last, one):
                    yield from self._paths(one, at, between, (*path, one))


_ORDER: tuple[ChainStatus, ...] = ("trusted", "out_of_date", "not_an_authority", "unknown_authority")


def _judged(path: tuple[x509.Certificate, ...], at: datetime) -> Followed:
    names = tuple(map(_of, path))
    for depth, one in enumerate(path[1:]):
        if not _is_authority(one, depth):
            return Followed("not_an_authority", f"{_of(one)} emitiu um certificado sem ser autoridade para isso.", names)
    for one in path:
        if not one.not_valid_before_utc <= at <= one.not_valid_after_utc:
            span = f"de {one.not_valid_before_utc:%d/%m/%Y} a {one.not_valid_after_utc:%d/%m/%Y}"
            return Followed("out_of_date", f"O certificado de {_of(one)} vale {span}: não valia em {at:%d/%m/%Y}.", names)
    return Followed("trusted", f"O certificado leva à raiz {names[-1]} e valia em {at:%d/%m/%Y}.", names)


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    """Whether the names agree and the signature is of that key."""
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_authority(one: x509.Certificate, below: int) -> bool:
    """Whether it may issue certificates, with `below` authorities under it."""
    try:
        basic = one.extensions.get_extension_for_class(x509.BasicConstraints).value
        usages = [extension.value for extension in one.extensions if isinstance(extension.value, x509.KeyUsage)]
    except (x509.ExtensionNotFound, ValueError):  # absent, or extensions that cannot be read
        return False
    return basic.ca and (basic.path_length is None or below <= basic.path_length) and all(use.key_cert_sign for use in usages)


def _of(certificate: x509.Certificate) -> str:
    return _named(certificate.subject)


def _named(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Those of a file (PEM, one or many, or DER) or of a folder's .pem, .crt and .cer: the ITI publishes them in both forms.

    Raises ConfigInvalid.
    """
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        found = [one for file in files for one in _certificates(file.read_bytes())]
    except (OSError, ValueError) as error:
        raise ConfigInvalid(
            f"As raízes confiáveis em {path} não puderam ser lidas: {error}.",
            code="SEFAZ-CA",
            fix="Aponte para um arquivo de certificado, ou para uma pasta com arquivos .pem, .crt ou .cer.",
        ) from error
    return found


def read_authorities(path: Path) -> Authorities:
    """What signed itself is a root; the rest is between. Raises ConfigInvalid, also when no root is there."""
    found = read_certificates(path)
    roots = tuple(one for one in found if one.subject == one.issuer and _issued(one, one))
    if not roots:
        raise ConfigInvalid(
            f"Não há certificado raiz em {path}: nenhuma assinatura pode ser seguida até a ICP-Brasil.",
            code="ICP-NO-ROOT",
            fix="Junte aos outros os certificados das raízes v5, v10, v11 e v12, publicados pelo ITI.",
        )
    return Authorities(roots, tuple(one for one in found if one not in roots))


def _certificates(data: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(data) if b"-----BEGIN" in data else [x509.load_der_x509_certificate(data)]
