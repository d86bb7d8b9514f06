"""The registries that SEFAZ asks and a document cannot show: scripted, and silent while empty."""

from __future__ import annotations

from typing import Literal

import msgspec

Standing = Literal["regular", "irregular"]


class Taxpayer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A CNPJ or CPF as UF and RFB know it.

    ie: registrations it holds, by UF; one that is not here is not its own (231, 234), and an issuer without any in its UF is
    not registered (230). enabled: may issue (203). standing: at the RFB (179, 182, 184, 186). CRT: the regime the RFB has (180),
    empty when it is not to be compared.
    """

    ie: dict[str, str] = {}
    enabled: bool = True
    standing: Standing = "regular"
    CRT: str = ""


class Taxpayers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Registries by name. An empty one is not consulted; in one with rows, who is absent is unknown.

    state: taxpayers of ICMS by CNPJ or CPF (203, 230 to 234). rfb: CNPJs of the federal registry (178 to 186).
    csrt: secret of the provider's CSRT by number (976, 978); csrt_revoked and csc_revoked: numbers no longer valid (977, 463).
    ncm: NCM in force (778). cred_pres: taxes of each cCredPres, from `IBS` and `CBS` (1050, 1053, 1054, 1058).
    qr_hosts: hosts of the QR code by UF (395). refuses_offline: UFs without off-line contingency (712).
    """

    state: dict[str, Taxpayer] = {}
    rfb: dict[str, Taxpayer] = {}
    csrt: dict[str, str] = {}
    csrt_revoked: list[str] = []
    csc_revoked: list[str] = []
    ncm: list[str] = []
    cred_pres: dict[str, list[Literal["IBS", "CBS"]]] = {}
    qr_hosts: dict[str, list[str]] = {}
    refuses_offline: list[str] = []
