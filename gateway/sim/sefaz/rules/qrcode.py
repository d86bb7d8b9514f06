"""Group ZX: the QR code against the note it belongs to. Source: Manual do DANFE NFC-e e QR Code v6.0; NT 2025.001."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

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
        yield Refusal("394")
        return
    values = note.qrCode.partition("?p=")[2].split("|")
    if values[0] != note.key.text:
        yield Refusal("397", "[Param: chAcesso]")
    if len(values) < 3 or values[1] not in ("2", "3"):
        yield Refusal("396", "[Param: nVersao]")
        return
    if values[2] != note.tpAmb:
        yield Refusal("397", "[Param: tpAmb]")
    offline = note.tpEmis == _OFFLINE
    if len(values) != _COUNTS[values[1], offline]:
        yield Refusal(("474" if offline else "445") if values[1] == "3" else "396")
        return
    if offline:
        yield from _offline(note, values)
    if values[1] == "2":
        yield from _hash(values, conditions)
    elif offline:
        yield from _signature(note, values)


def _offline(note: Note, values: list[str]) -> Iterator[Refusal]:
    if values[3] != f"{note.dhEmi:%d}":
        yield Refusal("397", "[Param: diaDataEmi]")
    if values[4] != text(note.inf, "total/ICMSTot/vNF"):
        yield Refusal("397", "[Param: vNF]")
    if values[1] == "2":
        if values[5] != note.digVal.encode().hex():
            yield Refusal("397", "[Param: digVal]")
        return
    kind = tax_id = ""
    if note.dest is not None:
        cnpj, cpf = text(note.dest, "CNPJ"), text(note.dest, "CPF")
        kind, tax_id = ("1", cnpj) if cnpj else ("2", cpf) if cpf else ("3", "")
    if values[5] != kind or values[6] != tax_id:
        yield Refusal("397", "[Param: idDest]")


def _hash(values: list[str], conditions: Conditions) -> Iterator[Refusal]:
    """Checked when the simulator was told the CSC that the state gave; without any, every hash is taken."""
    if not conditions.csc:
        return
    secret = conditions.csc.get(values[-2])
    if secret is None:
        yield Refusal("462")
        return
    expected = hashlib.sha1(("|".join(values[:-1]) + secret).encode(), usedforsecurity=False).hexdigest()
    if values[-1].lower() != expected:
        yield Refusal("464")


def _signature(note: Note, values: list[str]) -> Iterator[Refusal]:
    """RSA-SHA1 over the parameters before it, by the certificate of the note."""
    encoded = note.root.findtext(f".//{{{DSIG}}}X509Certificate") or ""
    key = load_der_x509_certificate(base64.b64decode(encoded)).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        yield Refusal("583")
        return
    try:
        signature = base64.b64decode(values[7], validate=True)
        key.verify(signature, "|".join(values[:7]).encode(), padding.PKCS1v15(), SHA1())  # noqa: S303  the manual's
    except (InvalidSignature, binascii.Error):
        yield Refusal("583")
