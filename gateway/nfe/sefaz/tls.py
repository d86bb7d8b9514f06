"""The TLS side of a certificate: a context that shows it, and trusts whom it should.

TLS 1.2 exactly: it is all that the authorisers offer (35 hosts probed in 2026), several of them ask for the certificate by
renegotiation, which 1.3 does not have, and with 1.2 a refused certificate shows before the first byte of a note leaves.
The peer's chain and host name are always checked. The ciphers have forward secrecy; those with CBC stay for PR, BA and the
national portal; no host measured needs a lower security level than OpenSSL's default.
"""

from __future__ import annotations

import os
import secrets
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12

from gateway.core.errors import CertificateExpired, CertificateInvalid, ConfigInvalid
from gateway.nfe.icp_chain import read_certificates
from gateway.nfe.ports import Pfx

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:DHE+AES:!aNULL:!eNULL:!aDSS"
_FIX_ROOTS = (
    "Instale as raízes da ICP-Brasil (v5, v10, v11 e v12, em https://www.gov.br/iti) no sistema ou na pasta de certificados "
    "confiáveis do gateway; para um servidor de teste, aponte GATEWAY_SEFAZ_CA para a CA dele."
)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose server certificates are believed.

    only: a certificate file (PEM or DER), or a folder of them, that replaces every other root, for a test server.
    extra: the same, added to the system's roots: where the ICP-Brasil roots go when the system does not have them.
    """

    only: Path | None = None
    extra: Path | None = None


@dataclass(frozen=True, slots=True)
class ClientTls:
    """A context that presents one certificate, and the certificate's validity (aware, UTC)."""

    context: ssl.SSLContext
    not_before: datetime
    not_after: datetime

    def check(self, now: datetime) -> None:
        """Raises CertificateExpired, or CertificateInvalid before the first day."""
        if now >= self.not_after:
            raise CertificateExpired(
                f"O certificado da filial venceu em {self.not_after:%d/%m/%Y}.",
                fix="Instale o certificado A1 renovado com `gateway cert`.",
            )
        if now < self.not_before:
            raise CertificateInvalid(
                f"O certificado da filial só vale a partir de {self.not_before:%d/%m/%Y}.",
                fix="Confira a data e a hora do servidor.",
            )


def client_tls(pfx: Pfx, trust: Trust) -> ClientTls:
    """Open the PKCS#12 and build its context; 40 ms of CPU, so off the event loop and once per certificate.

    Raises CertificateInvalid (wrong password, no key, broken file) and ConfigInvalid (roots that cannot be read).
    """
    try:
        bundle = pkcs12.load_pkcs12(pfx.data, pfx.password.encode("utf-8"))
    except ValueError as error:
        raise CertificateInvalid(
            "O certificado da filial não pôde ser aberto: arquivo PFX danificado ou senha errada.",
            fix="Envie o PFX de novo com a senha certa.",
        ) from error
    if bundle.key is None or bundle.cert is None:
        raise CertificateInvalid(
            "O PFX da filial não tem a chave privada e o certificado dela.",
            fix="Exporte o certificado A1 com a chave privada.",
        )
    leaf = bundle.cert.certificate
    chain = [leaf, *(extra.certificate for extra in bundle.additional_certs)]
    passphrase = secrets.token_hex(16)
    key = bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode("ascii")))
    context = _context(trust)
    with _readable(key + b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)) as path:
        try:
            context.load_cert_chain(path, password=passphrase)
        except ssl.SSLError as error:
            raise CertificateInvalid(
                f"O certificado da filial não serve para TLS: {error.reason or error}.",
                fix="Exporte de novo o certificado A1 com a chave privada dele.",
            ) from error
    return ClientTls(context, leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def untrusted(host: str, error: ssl.SSLCertVerificationError) -> ConfigInvalid:
    """The error for a server whose chain ends in no known root."""
    return ConfigInvalid(
        f"O certificado de {host} não vem de uma raiz conhecida ({error.verify_message}).", code="SEFAZ-TLS-ROOT", fix=_FIX_ROOTS
    )


def _context(trust: Trust) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    if trust.only is not None:
        _add_roots(context, trust.only)
        return context
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if trust.extra is not None:
        _add_roots(context, trust.extra)
    return context


def _add_roots(context: ssl.SSLContext, path: Path) -> None:
    roots = read_certificates(path)
    try:
        context.load_verify_locations(cadata="".join(root.public_bytes(Encoding.PEM).decode("ascii") for root in roots))
    except (ValueError, ssl.SSLError) as error:
        raise ConfigInvalid(
            f"As raízes confiáveis em {path} não puderam ser lidas: {error}.",
            code="SEFAZ-CA",
            fix="Aponte para um arquivo de certificado, ou para uma pasta com arquivos .pem, .crt ou .cer.",
        ) from error


@contextmanager
def _readable(pem: bytes) -> Iterator[str]:
    """A path that OpenSSL can read `pem` from, as ssl takes no bytes: memory on Linux, else a private file deleted at once.

    The key in it is encrypted under a passphrase that never leaves this process.
    """
    if sys.platform == "linux" and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("gateway-tls", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as memory:
            memory.write(pem)
            memory.flush()
            yield f"/proc/self/fd/{descriptor}"
        return
    with tempfile.TemporaryDirectory(prefix="gateway-tls-") as folder:
        path = Path(folder) / "client.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        yield str(path)
