"""Group ZX: the QR code, which is outside of what is signed. Silent when the judge was not given it."""

from __future__ import annotations

from typing import Final

from gateway.nfe.rules.reading import Found, Reading
from gateway.nfe.rules.registry import check

_PATH: Final = "/infNFeSupl/qrCode"
_SIGNED = 8
"""Parameters of a version 3 off-line: key, version, tpAmb, day, vNF, kind and number of the buyer, signature."""


def _parameters(r: Reading) -> list[str]:
    """What comes after `?p=`; none without a QR code."""
    text = "" if r.supplement is None else r.supplement.qrCode
    _, found, rest = text.partition("?p=")
    return rest.split("|") if found else []


def _version(r: Reading) -> str:
    parameters = _parameters(r)
    return parameters[1] if len(parameters) > 1 else ""


@check("R-ZX02-220")
def version_of_simplified_danfe(r: Reading) -> Found:
    """A NF-e with the simplified DANFE, type 2, has version 3."""
    if r.ide.tpImp == "6" and _version(r) == "2":
        yield _PATH, {}


@check("R-ZX02-222")
def version_of_cpf_issuer(r: Reading) -> Found:
    """So has who issues by CPF."""
    if r.emit.CPF is not None and _version(r) == "2":
        yield _PATH, {}


@check("R-ZX02-330")
def online_with_more(r: Reading) -> Found:
    """Version 3 on-line is key, version and environment."""
    if _version(r) == "3" and r.ide.tpEmis != "9" and len(_parameters(r)) != 3:
        yield _PATH, {"value": len(_parameters(r))}


@check("R-ZX02-334")
def offline_unsigned(r: Reading) -> Found:
    """Version 3 off-line ends by the issuer's signature."""
    if _version(r) == "3" and r.ide.tpEmis == "9":
        parameters = _parameters(r)
        if len(parameters) < _SIGNED or not parameters[_SIGNED - 1]:
            yield _PATH, {}
