"""Issuer and buyer of a note, from the branch and the customer."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from gateway.core.taxid import Cnpj, Cpf, parse_tax_id
from gateway.core.text import clean_text
from gateway.nfe import municipios, state_registration
from gateway.nfe.address import Address
from gateway.nfe.amounts import digits, optional_text, text
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings
from gateway.nfe.layout.parties import Dest, Emit, Endereco
from gateway.nfe.sale import Customer, Sale
from gateway.nfe.xml_writer import keep

ABROAD = "EX"
"""UF of what is outside of Brazil."""
BRAZIL = "1058"
HOMOLOGACAO_NAME = "NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"
"""xNome of the buyer when tpAmb is 2 (rule E04-20, 598)."""


@lru_cache(maxsize=512)
def tax_id(value: str) -> Cnpj | Cpf | None:
    """The CNPJ or CPF, or None when its check digits are wrong."""
    try:
        return parse_tax_id(value)
    except ValueError:
        return None


_uf_sigla = lru_cache(maxsize=256)(municipios.uf_sigla)
_uf_code = lru_cache(maxsize=64)(municipios.uf_code)
_city_code = lru_cache(maxsize=8192)(municipios.city_code)


def phone(value: str) -> str | None:
    """DDD and number, 6 to 14 digits; anything else is left out, for the tag is optional."""
    number = digits(value)
    if len(number) > 11 and number.startswith("55"):
        number = number[2:]
    return number if 6 <= len(number) <= 14 else None


def endereco(address: Address, fone: str, whose: str, path: str, findings: Findings, *, abroad: bool = False) -> Endereco:
    """enderEmit or enderDest. Texts longer than the layout are cut; xMun is IBGE's name when the code is known.

    abroad: whether the address may be of another country (UF `EX`).
    """
    if abroad and address.uf.strip().upper() == ABROAD:
        return _foreign(address, fone, whose, path, findings)
    uf = _uf_sigla(address.uf)
    if uf is None:
        findings.add("NFE-ADDRESS-01", f"{path}.uf", uf=address.uf)
        uf = ""
    city = address.city_code or (_city_code(address.city, uf) if uf else None)
    name = municipios.city_name(city) if city else None
    if uf and (city is None or (address.city_code and len(digits(address.city_code)) != 7)):
        findings.add("NFE-ADDRESS-02", f"{path}.city", city=address.city, uf=uf)
    elif uf and city is not None and not city.startswith(_uf_code(uf) or "?"):
        findings.add("NFE-ADDRESS-04", f"{path}.city_code", code=city, uf=uf)
    postal_code = digits(address.postal_code)
    if len(postal_code) != 8:
        findings.add("NFE-ADDRESS-03", f"{path}.postal_code", value=address.postal_code)
    return Endereco(
        xLgr=text(address.street, 60, f"o logradouro {whose}", f"{path}.street", findings, least=2),
        nro=clean_text(address.number, 60) or "SN",
        xCpl=optional_text(address.complement, 60),
        xBairro=text(address.district, 60, f"o bairro {whose}", f"{path}.district", findings, least=2),
        cMun=city or "",
        xMun=clean_text(name, 60) if name else text(address.city, 60, f"o município {whose}", f"{path}.city", findings, least=2),
        UF=uf,
        CEP=postal_code,
        cPais=BRAZIL,
        xPais="BRASIL",
        fone=phone(fone),
    )


def _foreign(address: Address, fone: str, whose: str, path: str, findings: Findings) -> Endereco:
    """An address abroad: EX, EXTERIOR and the country; the city goes before the district, for it has no tag of its own."""
    country = clean_text(address.country, 60)
    if len(country) < 2 or address.country_code.lstrip("0") in ("", BRAZIL):
        findings.add("NFE-ADDRESS-05", f"{path}.country_code")
    district = " - ".join(part for part in (address.city, address.district) if part)
    return Endereco(
        xLgr=text(address.street, 60, f"o logradouro {whose}", f"{path}.street", findings, least=2),
        nro=clean_text(address.number, 60) or "SN",
        xCpl=optional_text(address.complement, 60),
        xBairro=text(district, 60, f"o bairro {whose}", f"{path}.district", findings, least=2),
        cMun="9999999",
        xMun="EXTERIOR",
        UF=ABROAD,
        cPais=address.country_code.lstrip("0"),
        xPais=country,
        fone=phone(fone),
    )


_MOST_ISSUERS = 512
_issuers: dict[str, tuple[Branch, Emit]] = {}
"""Group C of the branches without faults, by their CNPJ as given; good while the branch is still equal."""


def emit(branch: Branch, findings: Findings) -> Emit:
    """Group C. Faults of the branch's set-up are told at `$.branch`."""
    known = _issuers.get(branch.cnpj)
    if known is not None and known[0] == branch:
        return known[1]
    told = len(findings.faults)
    issuer = _issuer(branch, findings)
    if len(findings.faults) == told:
        if len(_issuers) >= _MOST_ISSUERS:
            _issuers.clear()
        _issuers[branch.cnpj] = (branch, issuer)
        keep(issuer, "emit")
    return issuer


def _issuer(branch: Branch, findings: Findings) -> Emit:
    cnpj = tax_id(branch.cnpj)
    if not isinstance(cnpj, Cnpj):
        findings.add("NFE-BRANCH-01", "$.branch", value=branch.cnpj)
        cnpj = None
    registration = branch.state_registration.strip().upper()
    if registration != "ISENTO":
        registration = digits(registration)
        if not 2 <= len(registration) <= 14:
            findings.add("NFE-BRANCH-02", "$.branch", value=branch.state_registration)
        elif (uf := _uf_sigla(branch.address.uf)) is not None and not state_registration.valid(registration, uf):
            findings.add("NFE-BRANCH-08", "$.branch", uf=uf, value=branch.state_registration)
    return Emit(
        CNPJ=cnpj,
        xNome=text(branch.name, 60, "o nome da filial", "$.branch", findings, least=2),
        xFant=optional_text(branch.trade_name, 60),
        enderEmit=endereco(branch.address, branch.address.phone, "da filial", "$.branch", findings),
        IE=registration,
        IM=optional_text(branch.municipal_registration, 15),
        CRT=branch.crt,
    )


class Buyer(msgspec.Struct, frozen=True, gc=False):
    """Group E and what the taxes need of it."""

    dest: Dest
    name: str
    tax_id: str | None
    contributor: bool
    final_consumer: bool


_FOREIGN_ID = re.compile(r"([0-9A-Za-z:.+/()-]{5,20})?")


def _foreigner(customer: Customer, environment: int, findings: Findings, *, whole: bool = True) -> Buyer:
    """Group E of who has no Brazilian document: idEstrangeiro, never a contributor (790), wherever the address is.

    whole: name and address are compulsory (NF-e).
    """
    document = (customer.foreign_id or "").strip()
    if customer.tax_id or customer.state_registration or customer.taxpayer:
        findings.add("NFE-DEST-07", "$.customer.foreign_id")
    if not _FOREIGN_ID.fullmatch(document):
        findings.add("NFE-DEST-08", "$.customer.foreign_id", value=document)
    address = None
    if customer.address is not None:
        fone = customer.address.phone or customer.phone
        address = endereco(customer.address, fone, "do comprador", "$.customer.address", findings, abroad=True)
    elif whole:
        findings.add("NFE-DEST-03", "$.customer.address")
    named = whole or bool(customer.name)
    name = text(customer.name, 60, "o nome do comprador", "$.customer.name", findings, least=2) if named else ""
    dest = Dest(
        idEstrangeiro=document,
        xNome=(HOMOLOGACAO_NAME if environment == 2 else name) if named else None,
        enderDest=address,
        indIEDest="9",
        email=_email(customer.email),
    )
    return Buyer(dest, name, None, False, customer.final_consumer is not False)


def _email(value: str) -> str | None:
    # An address cut at 60 would reach nobody: a longer one is left out.
    cleaned = clean_text(value, 254)
    return cleaned if cleaned and len(cleaned) <= 60 else None


def buyer(customer: Customer, environment: int, findings: Findings) -> Buyer:
    """Group E. A contributor (indIEDest 1) has a registration; everyone else is 9, for most states refuse 2 (805)."""
    if customer.foreign_id is not None:
        return _foreigner(customer, environment, findings)
    document = tax_id(customer.tax_id)
    if document is None:
        findings.add("NFE-DEST-02", "$.customer.tax_id", value=customer.tax_id)
    typed = customer.state_registration.strip().upper()
    registration = digits(typed)
    if typed not in ("", "ISENTO", "ISENTA") and not 2 <= len(registration) <= 14:
        findings.add("NFE-DEST-06", "$.customer.state_registration", value=customer.state_registration)
    contributor = bool(registration) if customer.taxpayer is None else customer.taxpayer
    if contributor and not registration:
        findings.add("NFE-DEST-04", "$.customer.state_registration")
    final_consumer = not contributor if customer.final_consumer is None else customer.final_consumer
    if not contributor and not final_consumer:
        findings.add("NFE-DEST-05", "$.customer.final_consumer")
    address = None
    if customer.address is None:
        findings.add("NFE-DEST-03", "$.customer.address")
    else:
        fone = customer.address.phone or customer.phone
        address = endereco(customer.address, fone, "do comprador", "$.customer.address", findings)
        if contributor and 2 <= len(registration) <= 14 and address.UF and not state_registration.valid(registration, address.UF):
            path = "$.customer.state_registration"
            findings.add("NFE-DEST-09", path, uf=address.UF, value=customer.state_registration)
    name = text(customer.name, 60, "o nome do comprador", "$.customer.name", findings, least=2)
    dest = Dest(
        CNPJ=document if isinstance(document, Cnpj) else None,
        CPF=document if isinstance(document, Cpf) else None,
        xNome=HOMOLOGACAO_NAME if environment == 2 else name,
        enderDest=address,
        indIEDest="1" if contributor else "9",
        IE=registration if contributor else None,
        email=_email(customer.email),
    )
    return Buyer(dest, name, document, contributor, final_consumer)


def consumer(sale: Sale, issuer: Emit, environment: int, cnpj_allowed: bool, findings: Findings) -> Buyer | None:
    """Group E of a NFC-e: nobody, or a document alone ("CPF na nota"), or also name and address, compulsory for a delivery.

    Never a contributor (789), always a final consumer (716).
    """
    delivered = sale.presence == "entrega"
    customer = sale.customer
    if customer is None:
        if delivered:
            findings.add("NFCE-DEST-02", "$.customer")
        return None
    if customer.foreign_id is not None:
        if customer.final_consumer is False:
            findings.add("NFCE-DEST-05", "$.customer.final_consumer")
        if delivered and customer.address is None:
            findings.add("NFCE-DEST-03", "$.customer.address")
        return _foreigner(customer, environment, findings, whole=False)
    document = tax_id(customer.tax_id)
    if document is None:
        findings.add("NFE-DEST-02", "$.customer.tax_id", value=customer.tax_id)
    elif document == issuer.CNPJ:
        findings.add("NFCE-DEST-07", "$.customer.tax_id")
    elif isinstance(document, Cnpj) and not cnpj_allowed:
        findings.add("NFCE-DEST-06", "$.customer.tax_id")
    registration = digits(customer.state_registration)
    contributor = bool(registration) if customer.taxpayer is None else customer.taxpayer
    if contributor:
        findings.add("NFCE-DEST-04", "$.customer.taxpayer" if customer.taxpayer else "$.customer.state_registration")
    if customer.final_consumer is False:
        findings.add("NFCE-DEST-05", "$.customer.final_consumer")
    address = None
    if customer.address is not None:
        fone = customer.address.phone or customer.phone
        address = endereco(customer.address, fone, "do comprador", "$.customer.address", findings)
    elif delivered:
        findings.add("NFCE-DEST-03", "$.customer.address")
    name = text(customer.name, 60, "o nome do comprador", "$.customer.name", findings, least=2) if customer.name else None
    dest = Dest(
        CNPJ=document if isinstance(document, Cnpj) else None,
        CPF=document if isinstance(document, Cpf) else None,
        xNome=HOMOLOGACAO_NAME if name is not None and environment == 2 else name,
        enderDest=address,
        indIEDest="1" if contributor else "9",
        IE=(registration or None) if contributor else None,
        email=_email(customer.email),
    )
    return Buyer(dest, name or "", document, contributor, customer.final_consumer is not False)
