"""A range of numbers that will never be notes, as the signed `<inutNFe>`.

Source: MOC 7.0, inutilização; Ajuste SINIEF 07/2005 cl. 14ª.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import Cnpj
from gateway.core.text import clean_text
from gateway.nfe.certificate import Certificate
from gateway.nfe.events.compose import sealed
from gateway.nfe.ports import SignedInut
from gateway.nfe.xml_writer import escape_text

MAX_NUMBERS = 10_000
"""Numbers of one request (201)."""
_FIRST_YEAR = 2006
_LAST = 999_999_999
_SOURCE = "MOC 7.0, inutilização; Ajuste SINIEF 07/2005 cl. 14ª"


@dataclass(frozen=True, slots=True)
class Voiding:
    """Numbers `first` to `last` of a series in a year, checked."""

    cUF: str
    year: int
    cnpj: str
    mod: str
    series: int
    first: int
    last: int
    reason: str
    environment: int

    @property
    def id(self) -> str:
        """infInut/@Id: ID cUF ano CNPJ mod serie nNFIni nNFFin."""
        return f"ID{self.cUF}{self.year % 100:02d}{self.cnpj}{self.mod}{self.series:03d}{self.first:09d}{self.last:09d}"


def compose_voiding(
    *,
    cUF: str,
    year: int,
    this_year: int,
    cnpj: Cnpj,
    mod: str,
    series: int,
    first: int,
    last: int,
    reason: str,
    environment: int,
) -> Voiding:
    """Check a range. `reason` is xJust, 15 to 255 characters. Raises ValidationFailed with every fault."""
    faults: list[Fault] = []

    def add(code: str, path: str, message: str, fix: str) -> None:
        faults.append(Fault(code=code, path=path, message=message, fix=fix, source=_SOURCE))

    if mod not in ("55", "65"):
        add("INUT-MODEL", "$.model", f"O modelo {mod} não tem inutilização.", "Use 55 ou 65.")
    if not _FIRST_YEAR <= year <= this_year:
        add("INUT-YEAR", "$.year", f"O ano {year} não vale (453, 454).", f"Informe um ano de {_FIRST_YEAR} a {this_year}.")
    if not 0 <= series <= 889:
        add("INUT-SERIES", "$.series", f"A série {series} não é do emitente (266).", "As séries vão de 0 a 889.")
    if not 1 <= first <= last <= _LAST:
        add(
            "INUT-RANGE",
            "$.first",
            f"O intervalo de {first} a {last} não vale.",
            "O primeiro número não pode ser maior que o último.",
        )
    elif last - first >= MAX_NUMBERS:
        message = f"O intervalo tem {last - first + 1} números; a SEFAZ aceita {MAX_NUMBERS} por pedido (201)."
        add("INUT-RANGE", "$.last", message, "Divida em mais de um pedido.")
    cleaned = clean_text(reason, 256)
    if not 15 <= len(cleaned) <= 255:
        add(
            "INUT-REASON",
            "$.reason",
            "A justificativa precisa ter de 15 a 255 caracteres.",
            "Diga por que os números não foram usados.",
        )
    if faults:
        raise ValidationFailed(faults)
    return Voiding(cUF, year, str(cnpj), mod, series, first, last, cleaned, environment)


def sign_voiding(voiding: Voiding, certificate: Certificate) -> SignedInut:
    """The signed bytes."""
    content = (
        f"<tpAmb>{voiding.environment}</tpAmb><xServ>INUTILIZAR</xServ><cUF>{voiding.cUF}</cUF>"
        f"<ano>{voiding.year % 100:02d}</ano><CNPJ>{voiding.cnpj}</CNPJ><mod>{voiding.mod}</mod>"
        f"<serie>{voiding.series}</serie><nNFIni>{voiding.first}</nNFIni>"
        f"<nNFFin>{voiding.last}</nNFFin><xJust>{escape_text(voiding.reason)}</xJust>"
    )
    return SignedInut(sealed("inutNFe", 'versao="4.00"', "infInut", voiding.id, content, certificate))
