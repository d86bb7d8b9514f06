"""Groups C and E: issuer and buyer."""

from __future__ import annotations

from gateway.nfe.layout.fields import Group


class Endereco(Group, frozen=True, kw_only=True):
    """C05 and E05 (TEnderEmi, TEndereco)."""

    xLgr: str
    nro: str
    xCpl: str | None = None
    xBairro: str
    cMun: str
    xMun: str
    UF: str
    CEP: str | None = None
    cPais: str | None = None
    xPais: str | None = None
    fone: str | None = None


class Emit(Group, frozen=True, kw_only=True):
    """C01: issuer; CNPJ or CPF."""

    CNPJ: str | None = None
    CPF: str | None = None
    xNome: str
    xFant: str | None = None
    enderEmit: Endereco
    IE: str | None = None
    IEST: str | None = None
    IM: str | None = None
    CNAE: str | None = None
    CRT: str


class Dest(Group, frozen=True, kw_only=True):
    """E01: buyer; CNPJ, CPF or idEstrangeiro."""

    CNPJ: str | None = None
    CPF: str | None = None
    idEstrangeiro: str | None = None
    xNome: str | None = None
    enderDest: Endereco | None = None
    indIEDest: str
    IE: str | None = None
    ISUF: str | None = None
    IM: str | None = None
    email: str | None = None
