"""Group ZD, who answers for the emitting software: what the branch says of it, and what its state demands (NT 2018.005)."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from functools import lru_cache
from typing import Literal

from gateway.core.taxid import Cnpj, strip_punctuation
from gateway.core.text import clean_text
from gateway.nfe import tables
from gateway.nfe.amounts import digits
from gateway.nfe.branch import Branch, TechnicalContact
from gateway.nfe.findings import Findings
from gateway.nfe.layout.document import InfRespTec
from gateway.nfe.parties import tax_id

_ENVIRONMENT = {1: "prod", 2: "hom"}


def check(branch: Branch, uf: str, day: date, mod: str, findings: Findings) -> None:
    """Whether the group is whole, and there when the state `uf` refuses a note without it on `day`."""
    contact = branch.technical_contact
    if contact is None:
        if demanded("contact", branch.environment, uf, day, mod):
            findings.add("NFE-BRANCH-09", "$.branch", uf=uf)
        return
    if not isinstance(tax_id(contact.cnpj), Cnpj):
        findings.add("NFE-BRANCH-04", "$.branch", field="CNPJ")
    if not 6 <= len(digits(contact.phone)) <= 14:
        findings.add("NFE-BRANCH-04", "$.branch", field="telefone")
    if contact.csrt and not digits(contact.csrt_id):
        findings.add("NFE-BRANCH-04", "$.branch", field="identificador do CSRT")
    elif not contact.csrt and demanded("csrt", branch.environment, uf, day, mod):
        findings.add("NFE-BRANCH-10", "$.branch", uf=uf)


@lru_cache(maxsize=512)
def demanded(kind: Literal["contact", "csrt"], environment: int, uf: str, day: date, mod: str) -> bool:
    """Whether the state `uf` refuses a note of `mod` without the group, or without the CSRT in it. `environment`: 1 or 2."""
    rows = [row for row in tables.table("technical_contact")[kind] if uf in row["uf"] and row["certainty"] != "U"]
    place = _ENVIRONMENT[environment]
    return any(row["since"][place] <= day and mod in row.get("models", ("55", "65")) for row in rows)


def inf_resp_tec(contact: TechnicalContact, chave: str) -> InfRespTec:
    """Group ZD; hashCSRT = base64(SHA-1(CSRT + chave)), NT 2018.005."""
    hashed = None
    if contact.csrt:
        hashed = base64.b64encode(hashlib.sha1((contact.csrt + chave).encode(), usedforsecurity=False).digest()).decode()
    return InfRespTec(
        CNPJ=strip_punctuation(contact.cnpj),
        xContato=clean_text(contact.contact, 60),
        email=clean_text(contact.email, 60),
        fone=digits(contact.phone),
        idCSRT=digits(contact.csrt_id).zfill(2) if contact.csrt else None,
        hashCSRT=hashed,
    )
