"""Group A and the closing groups Z: the whole of `infNFe`."""

from __future__ import annotations

from gateway.nfe.layout.delivery import Transp
from gateway.nfe.layout.fields import Attr, Group
from gateway.nfe.layout.ide import Ide
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.parties import Dest, Emit
from gateway.nfe.layout.payment import InfIntermed, Pag
from gateway.nfe.layout.total import Total


class InfAdic(Group, frozen=True, kw_only=True):
    """Z01: additional information."""

    infAdFisco: str | None = None
    infCpl: str | None = None


class Compra(Group, frozen=True, kw_only=True):
    """ZB01: the buyer's order."""

    xNEmp: str | None = None
    xPed: str | None = None
    xCont: str | None = None


class InfRespTec(Group, frozen=True, kw_only=True):
    """ZD01: who answers for the emitting software (NT 2018.005)."""

    CNPJ: str
    xContato: str
    email: str
    fone: str
    idCSRT: str | None = None
    hashCSRT: str | None = None


class InfNFeSupl(Group, frozen=True, kw_only=True):
    """ZX01: the QR code and where a consumer looks the NFC-e up."""

    qrCode: str
    urlChave: str


class InfNFe(Group, frozen=True, kw_only=True):
    """A01. Attributes in the order of C14N: by name."""

    Id: Attr
    versao: Attr
    ide: Ide
    emit: Emit
    dest: Dest | None = None
    det: tuple[Det, ...]
    total: Total
    transp: Transp
    pag: Pag
    infIntermed: InfIntermed | None = None
    infAdic: InfAdic | None = None
    compra: Compra | None = None
    infRespTec: InfRespTec | None = None
