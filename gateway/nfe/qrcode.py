"""The text of the QR code of a NFC-e, in its four forms: versions 2 and 3, on-line and off-line (tpEmis 9). Pure.

What is answered here is exactly `infNFeSupl/qrCode`; it is printed as stored and never made again. Source: Manual de Padrões
Técnicos do DANFE NFC-e e QR Code v6.0; NT 2025.001 v1.03; the patterns of leiauteNFe_v4.00.xsd.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from gateway.core.money import CENT

Version = Literal["2", "3"]
Sign = Callable[[bytes], bytes]
"""RSASSA-PKCS1-v1_5 with SHA-1 by the key of the certificate that signs the note: `Certificate.sign_sha1`."""


@dataclass(frozen=True, slots=True, repr=False)
class Csc:
    """Código de Segurança do Contribuinte: a secret the state gives a taxpayer, and its number (1 to 6 digits). Never printed."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Csc(id={self.id!r})"


@dataclass(frozen=True, slots=True)
class Consumer:
    """The buyer as version 3 off-line names it. kind: `1` CNPJ, `2` CPF, `3` foreigner, empty when nobody is identified.

    `tax_id` is empty for a foreigner and for nobody.
    """

    kind: Literal["1", "2", "3", ""] = ""
    tax_id: str = ""


@dataclass(frozen=True, slots=True)
class Offline:
    """What the off-line forms tell besides: day of the month of dhEmi, vNF in reais, DigestValue (base64) and the buyer."""

    day: int
    vNF: Decimal
    digest: str
    consumer: Consumer = Consumer()

    @property
    def parameters(self) -> str:
        """`DD|vNF`, vNF with two decimals and a point."""
        return f"{self.day:02d}|{self.vNF.quantize(CENT):f}"


def v2(url: str, chave: str, tpAmb: str, csc: Csc, offline: Offline | None = None) -> str:
    """Version 2, authenticated by the CSC: `chave|2|tpAmb[|DD|vNF|digest in hex]|idCSC|SHA-1`.

    The hash is in upper case and covers the parameters followed by the CSC itself.
    """
    parts = [chave, "2", tpAmb]
    if offline is not None:
        parts += [offline.parameters, offline.digest.encode("ascii").hex()]
    parts.append(csc.id.lstrip("0") or "0")
    parameters = "|".join(parts)
    hashed = hashlib.sha1((parameters + csc.secret).encode(), usedforsecurity=False).hexdigest().upper()
    return f"{url}?p={parameters}|{hashed}"


def v3(url: str, chave: str, tpAmb: str, offline: Offline | None = None, sign: Sign | None = None) -> str:
    """Version 3, without CSC: `chave|3|tpAmb`; off-line also `|DD|vNF|kind|tax id|signature`, both empty between their bars for
    nobody. The signature is over all that comes before its own bar. Raises ValueError for off-line without `sign`."""
    parameters = f"{chave}|3|{tpAmb}"
    if offline is None:
        return f"{url}?p={parameters}"
    if sign is None:
        raise ValueError("o QR Code versão 3 off-line precisa de assinatura")
    parameters = f"{parameters}|{offline.parameters}|{offline.consumer.kind}|{offline.consumer.tax_id}"
    return f"{url}?p={parameters}|{base64.b64encode(sign(parameters.encode())).decode()}"
