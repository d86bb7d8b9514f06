"""Groups F and G, where goods are fetched and delivered, and GA, who may fetch the XML."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from gateway.core.taxid import Cnpj, Cpf
from gateway.core.text import clean_text
from gateway.nfe import state_registration, tables
from gateway.nfe.amounts import digits, optional_text
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.layout.parties import AutXml, Dest, Emit, Local
from gateway.nfe.parties import Buyer, endereco, tax_id
from gateway.nfe.sale import Sale
from gateway.nfe.trade import Place

_MOST_READERS = 10


def pickup(sale: Sale, issuer: Emit, findings: Findings) -> Local | None:
    """Group F, when the goods are not fetched at the issuer's address; without a document, the place is the issuer's."""
    if sale.pickup is None:
        return None
    return _local(sale.pickup, issuer.CNPJ, issuer.CPF, "da retirada", "$.pickup", findings)


def delivery(sale: Sale, dest: Dest | None, findings: Findings) -> Local | None:
    """Group G, when the goods are not delivered at the buyer's address; without a document, the place is the buyer's."""
    if sale.delivery is None:
        return None
    cnpj, cpf = (None, None) if dest is None else (dest.CNPJ, dest.CPF)
    if not sale.delivery.tax_id and cnpj is None and cpf is None:
        findings.add("NFE-PLACE-03", "$.delivery.tax_id")
    return _local(sale.delivery, cnpj, cpf, "da entrega", "$.delivery", findings)


def _local(place: Place, cnpj: str | None, cpf: str | None, whose: str, path: str, findings: Findings) -> Local:
    if place.tax_id:
        document = tax_id(place.tax_id)
        if document is None:
            findings.add("NFE-PLACE-01", f"{path}.tax_id", value=place.tax_id)
        cnpj = document if isinstance(document, Cnpj) else None
        cpf = document if isinstance(document, Cpf) else None
    where = endereco(place.address, place.address.phone, whose, f"{path}.address", findings)
    registration = digits(place.state_registration)
    if registration and where.UF and not state_registration.valid(registration, where.UF):
        findings.add("NFE-PLACE-02", f"{path}.state_registration", uf=where.UF, value=place.state_registration)
    email = clean_text(place.email, 254)
    return Local(
        CNPJ=cnpj,
        CPF=cpf,
        xNome=optional_text(place.name, 60),
        xLgr=where.xLgr,
        nro=where.nro,
        xCpl=where.xCpl,
        xBairro=where.xBairro,
        cMun=where.cMun,
        xMun=where.xMun,
        UF=where.UF,
        CEP=where.CEP,
        cPais=where.cPais,
        xPais=where.xPais,
        fone=where.fone,
        email=email if email and len(email) <= 60 else None,
        IE=registration or None,
    )


@lru_cache(maxsize=512)
def _demanded(uf: str, day: date, mod: str) -> tuple[str, ...]:
    """What to do in a state that refuses, on `day`, a note nobody else may read; empty where none is needed."""
    return tuple(row["advice"] for row in tables.rows_on("readers", "required", day) if row["uf"] == uf and mod in row["models"])


def readers(
    sale: Sale, branch: Branch, customer: Buyer | None, uf: str, day: date, mod: str, findings: Findings
) -> tuple[AutXml, ...]:
    """Group GA: the branch's authorised readers and then the sale's, each once; some states demand that there be any (486).

    The buyer, who may read the note already, is left out (324, 326).
    """
    found: dict[str, AutXml] = {}
    told = len(findings.faults)
    for path, values in (("$.branch", branch.readers), ("$.readers", sale.readers)):
        for i, value in enumerate(values):
            document = tax_id(value)
            if document is None:
                findings.add("NFE-READER-01", path if path == "$.branch" else f"{path}[{i}]", value=value)
            elif isinstance(document, Cnpj):
                found[document] = AutXml(CNPJ=document)
            else:
                found[document] = AutXml(CPF=document)
    if len(found) > _MOST_READERS:
        findings.add("NFE-READER-02", "$.readers", count=len(found))
    if not found and len(findings.faults) == told:
        for advice in _demanded(uf, day, mod):
            findings.add("NFE-READER-03", "$.branch", uf=uf, advice=advice)
    if customer is not None and customer.tax_id is not None:
        found.pop(customer.tax_id, None)
    return tuple(found.values())
