"""Group YA: payments, and YB: the marketplace of an intermediated sale."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group, Money


class Card(Group, frozen=True, kw_only=True):
    """YA04: cards, PIX, boletos and other electronic payments."""

    tpIntegra: str
    CNPJ: str | None = None
    tBand: str | None = None
    cAut: str | None = None
    CNPJReceb: str | None = None
    idTermPag: str | None = None


class DetPag(Group, frozen=True, kw_only=True):
    """YA01a: one payment."""

    indPag: str | None = None
    tPag: str
    xPag: str | None = None
    vPag: Money
    dPag: str | None = None
    CNPJPag: str | None = None
    UFPag: str | None = None
    card: Card | None = None


class Pag(Group, frozen=True, kw_only=True):
    """YA01."""

    detPag: tuple[DetPag, ...]
    vTroco: Money | None = None


class InfIntermed(Group, frozen=True, kw_only=True):
    """YB01."""

    CNPJ: str
    idCadIntTran: str
