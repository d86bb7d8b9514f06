"""Group ZX: the QR code against the note it belongs to. Source: Manual do DANFE NFC-e e QR Code v6.0; NT 2025.001."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509 import load_der_x509_certificate

from gateway.sim.sefaz.document import Note, text
from gateway.sim.sefaz.messages import Refusal
from gateway.sim.sefaz.rules.conditions import Conditions
from gateway.sim.sefaz.schema import DSIG

_OFFLINE = "9"
_COUNTS = {("2", False): 5, ("2", True): 8, ("3", False): 3, ("3", True): 8}
"""How many parameters each version has, on-line and off-line."""


def rules(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    """Which parameters there are, what each says, and the hash or signature over them."""
    if not note.qrCode:
        yield Refusal("394", rule="ZX02-10")
        return
    yield from _address(note, conditions)
    values = note.qrCode.partition("?p=")[2].split("|")
    if values[0] != note.key.text:
        yield Refusal("397", "[Param: chAcesso]", "ZX02-228")
    if len(values) < 3:
        yield Refusal("396", "[Param: nVersao]", "ZX02-232")
        return
    version = values[1]
    if version not in ("2", "3"):
        yield Refusal("398", rule="ZX02-236")
        return
    if values[2] != note.tpAmb:
        yield Refusal("397", "[Param: tpAmb]", "ZX02-244")
    yield from version_of_issuer(note, version)
    offline = note.tpEmis == _OFFLINE
    if len(values) != _COUNTS[version, offline]:
        if version == "3":
            yield Refusal("474", rule="ZX02-334") if offline else Refusal("445", rule="ZX02-330")
        else:
            yield Refusal("396", rule="ZX02-260")
        return
    if offline:
        yield from _offline(note, values)
    if version == "2":
        yield from _hash(values, conditions)
    elif offline:
        yield from _signature(note, values)


def _address(note: Note, conditions: Conditions) -> Iterator[Refusal]:
    if "&amp;" in note.qrCode:
        yield Refusal("813", rule="ZX02-22")
    hosts = conditions.taxpayers.qr_hosts.get(note.issuer_uf)
    if hosts and urlsplit(note.qrCode).hostname not in hosts:
        yield Refusal("395", rule="ZX02-20")


def version_of_issuer(note: Note, version: str) -> Iterator[Refusal]:
    """ZX02-222 and ZX02-220: who must use version 3."""
    if version == "2" and text(note.emit, "CPF"):
        yield Refusal("444", rule="ZX02-222")
    if version == "2" and note.mod == "55":
        yield Refusal("672", rule="ZX02-220")


def simplified(note: Note, _: Conditions) -> Iterator[Refusal]:
    """NF-e with DANFE Simplificado Tipo 2 (tpImp 6): its QR code is of version 3."""
    if note.mod == "55" and note.qrCode and text(note.ide, "tpImp") == "6":
        values = note.qrCode.partition("?p=")[2].split("|")
        if len(values) > 1:
            yield from version_of_issuer(note, values[1])
        if values[0] != note.key.text:
            yield Refusal("397", "[Param: chAcesso]", "ZX02-228")


def _offline(note: Note, values: list[str]) -> Iterator[Refusal]:
    if values[3] != f"{note.dhEmi:%d}":
        yield Refusal("397", "[Param: diaDataEmi]", "ZX02-264")
    if values[4] != text(note.inf, "total/ICMSTot/vNF"):
        yield Refusal("397", "[Param: vNF]", "ZX02-272")
    if values[1] == "2":
        if values[5].lower() != note.digVal.encode().hex():
            yield Refusal("397", "[Param: digVal]", "ZX02-284")
        return
    kind = tax_id = ""
    if note.dest is not None:
        cnpj, cpf = text(note.dest, "CNPJ"), text(note.dest, "CPF")
        kind, tax_id = ("1", cnpj) if cnpj else ("2", cpf) if cpf else ("3", "")
    if values[5] != kind or values[6] != tax_id:
        yield Refusal("397", "[Param: idDest]", "ZX02-336")
    if not values[7]:
        yield Refusal("474", rule="ZX02-334")


def _hash(values: list[str], conditions: Conditions) -> Iterator[Refusal]:
    """Checked when the simulator was told the CSC that the state gave; without any, every hash is taken."""
    if values[-2] in conditions.taxpayers.csc_revoked:
        yield Refusal("463", rule="ZX02-300")
    if not conditions.csc:
        return
    secret = conditions.csc.get(values[-2])
    if secret is None:
        yield Refusal("462", rule="ZX02-296")
        return
    expected = hashlib.sha1(("|".join(values[:-1]) + secret).encode(), usedforsecurity=False).hexdigest()
    if values[-1].lower() != expected:
        yield Refusal("464", rule="ZX02-308")


def _signature(note: Note, values: list[str]) -> Iterator[Refusal]:
    """RSA-SHA1 over the parameters before it, by the certificate of the note."""
    encoded = note.root.findtext(f".//{{{DSIG}}}X509Certificate") or ""
    try:
        key = load_der_x509_certificate(base64.b64decode(encoded)).public_key()
        signature = base64.b64decode(values[7], validate=True)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, "|".join(values[:7]).encode(), padding.PKCS1v15(), SHA1())  # noqa: S303  the manual's
            return
    except (InvalidSignature, ValueError):  # base64's and ASN.1's errors are ValueErrors
        pass
    yield Refusal("583", rule="ZX02-338")
