"""Group X: carriage."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group, Weight


class Transporta(Group, frozen=True, kw_only=True):
    """X03: carrier."""

    CNPJ: str | None = None
    CPF: str | None = None
    xNome: str | None = None
    IE: str | None = None
    xEnder: str | None = None
    xMun: str | None = None
    UF: str | None = None


class Vol(Group, frozen=True, kw_only=True):
    """X26: volumes."""

    qVol: str | None = None
    esp: str | None = None
    marca: str | None = None
    nVol: str | None = None
    pesoL: Weight | None = None
    pesoB: Weight | None = None


class Transp(Group, frozen=True, kw_only=True):
    """X01."""

    modFrete: str
    transporta: Transporta | None = None
    vol: tuple[Vol, ...] = ()
