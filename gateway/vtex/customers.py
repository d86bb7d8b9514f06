"""Who the buyer is: CPF or CNPJ, decided by what the fields hold, never by VTEX's flags alone.

`documentType` was wrong for whole families of orders and a CNPJ may sit in `document`; only check digits are believed.
`isCorporate` has one use: with both documents filled it may settle which of the two buys (`OrderPolicy.both_documents`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.core.taxid import Cnpj, Cpf, parse_tax_id
from gateway.core.text import clean_text
from gateway.nfe.address import Address
from gateway.nfe.sale import Customer
from gateway.nfe.state_registration import valid
from gateway.vtex.wire import Profile, text
from gateway.workflows.order_policy import OrderPolicy
from gateway.workflows.ports import Hold

_NOT_REGISTRATION = re.compile(r"[^0-9A-Z]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

MASKED = Hold(
    "VTEX-MASKED",
    "Os dados do comprador vieram mascarados (com asteriscos); a nota não pode ser emitida assim.",
    "A VTEX libera os dados em seguida; o pedido será lido de novo. Se continuar, confira a permissão da chave de acesso.",
    by_itself=True,
)


@dataclass(frozen=True, slots=True)
class Buyer:
    """The decision. `customer` is None while a person must choose; `candidates` has the company first. `stand_in`: the document
    is the policy's, not the buyer's."""

    customer: Customer | None
    candidates: tuple[Customer, ...]
    holds: tuple[Hold, ...]
    stand_in: bool = False


def decide_buyer(profile: Profile | None, address: Address | None, policy: OrderPolicy) -> Buyer:
    """Classify each document by itself, then decide. Nothing is decided from a masked or invalid document."""
    if profile is None:
        return Buyer(None, (), (_no_document("O pedido não traz os dados do comprador."),))
    typed = [text(profile.document), text(profile.corporate_document)]
    if any("*" in value for value in typed):
        return Buyer(None, (), (MASKED,))
    found = [_classify(value) for value in typed]
    companies = tuple(dict.fromkeys(tax_id for tax_id in reversed(found) if isinstance(tax_id, Cnpj)))
    people = tuple(dict.fromkeys(tax_id for tax_id in found if isinstance(tax_id, Cpf)))
    stand_in = not companies and not people and any(typed) and bool(policy.stand_in_cpf)
    if stand_in:
        people = (Cpf(policy.stand_in_cpf),)
    elif not companies and (not people or (profile.is_corporate and typed[1] and found[1] is None)):
        return Buyer(None, (), (_no_document(_why(typed, profile)),))
    candidates = tuple(
        [_company(cnpj, profile, address, policy) for cnpj in companies] + [_person(cpf, profile, address) for cpf in people]
    )
    chosen: Customer | None = None
    holds: list[Hold] = []
    if len(candidates) == 1:
        chosen = candidates[0]
    elif len(companies) == len(people) == 1 and profile.is_corporate and policy.both_documents == "ask_unless_corporate":
        chosen = candidates[0]  # the CPF is the company's contact person
    else:
        names = " ou ".join(f"{customer.name} ({_kind(customer)})" for customer in candidates)
        holds.append(
            Hold(
                "VTEX-BOTH-DOCUMENTS",
                f"O pedido traz mais de um documento de comprador: {names}.",
                "Escolha em nome de quem a nota sai; o faturamento espera essa escolha.",
            )
        )
    if any("*" in customer.name for customer in candidates):
        return Buyer(None, (), (MASKED,))
    if any(len(customer.name) < 2 for customer in ([chosen] if chosen is not None else candidates)):
        holds.append(
            Hold("VTEX-NAME", "O pedido não traz o nome do comprador.", "Complete o cadastro do cliente e leia o pedido de novo.")
        )
    return Buyer(chosen, candidates, tuple(holds), stand_in)


def _classify(value: str) -> Cnpj | Cpf | None:
    try:
        return parse_tax_id(value)
    except ValueError:
        return None


def _kind(customer: Customer) -> str:
    return "CPF" if len(customer.tax_id) == 11 else "CNPJ"


def _why(typed: list[str], profile: Profile) -> str:
    if not any(typed):
        return "O pedido não traz CPF nem CNPJ do comprador."
    if profile.is_corporate and typed[1]:
        return "A compra é de empresa, mas o dígito verificador do CNPJ informado não confere."
    return "O documento do comprador não é um CPF nem um CNPJ válido."


def _no_document(message: str) -> Hold:
    return Hold("VTEX-NO-DOCUMENT", message, "Peça o documento ao comprador e corrija o pedido antes de faturar.")


def _full_name(profile: Profile) -> str:
    return clean_text(f"{text(profile.first_name)} {text(profile.last_name)}", 255)


def _person(cpf: Cpf, profile: Profile, address: Address | None) -> Customer:
    return Customer(
        tax_id=str(cpf), name=_full_name(profile), address=address, email=_email(profile), phone=phone(text(profile.phone))
    )


def _company(cnpj: Cnpj, profile: Profile, address: Address | None, policy: OrderPolicy) -> Customer:
    name = clean_text(text(profile.corporate_name), 255) or clean_text(text(profile.trade_name), 255) or _full_name(profile)
    registration = "" if policy.state_registration == "ignore" else _registration(text(profile.state_inscription))
    # Typed by the buyer, and often of the state of another establishment: it says nothing where its digits do not fit.
    if policy.state_registration == "checked" and registration not in ("", "ISENTO"):
        digits = "".join(char for char in registration if char.isdigit())
        registration = registration if address is not None and valid(digits, address.uf) else ""
    return Customer(
        tax_id=str(cnpj),
        name=name,
        address=address,
        state_registration=registration,
        taxpayer=registration not in ("", "ISENTO"),
        email=_email(profile),
        phone=phone(text(profile.corporate_phone)) or phone(text(profile.phone)),
    )


def _registration(typed: str) -> str:
    """Free text at VTEX: what has no digit and says exempt is `ISENTO`; what has digits is kept as typed, without signs."""
    plain = _NOT_REGISTRATION.sub("", typed.upper())[:14]
    if any(char.isdigit() for char in plain):
        return plain if plain.strip("0") else ""
    return "ISENTO" if plain.startswith("ISENT") else ""


def _email(profile: Profile) -> str:
    email = text(profile.email)
    return email if _EMAIL.fullmatch(email) and "*" not in email and len(email) <= 254 else ""


def phone(typed: str) -> str:
    """National digits of a phone that VTEX does not check; empty when it does not look like one."""
    digits = "".join(char for char in typed if char.isdigit() and char.isascii())
    if typed.startswith("+55") or (len(digits) > 11 and digits.startswith("55")):
        digits = digits[2:]
    return digits if 6 <= len(digits) <= 14 and "*" not in typed else ""
