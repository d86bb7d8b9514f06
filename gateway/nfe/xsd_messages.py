"""libxml2's schema errors said in pt-BR, with what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """A schema error for people. `code` is stable: NFE-XSD-*."""

    code: str
    message: str
    fix: str


_NAMESPACE = re.compile(r"\{[^}]*\}")
_SUBJECT = re.compile(r"^Element '([^']+)'(?:, attribute '([^']+)')?: ")
_VALUE = re.compile(r"The value '(.*?)' ", re.DOTALL)
_BARE_VALUE = re.compile(r"'(.*?)' is not a valid value of the (?:atomic |union |list )?type", re.DOTALL)
_SET = re.compile(r"element of the set \{(.*)\}", re.DOTALL)
_LENGTH = re.compile(r"has a length of '(\d+)'; this (exceeds|underruns|differs from) the allowed [a-z ]*length of '(\d+)'")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_ATTRIBUTE = re.compile(r"The attribute '([^']+)'")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _value(text: str) -> str:
    found = _VALUE.search(text) or _BARE_VALUE.search(text)
    return _short(found.group(1)) if found else ""


def _expected(text: str) -> str:
    found = _EXPECTED.search(text)
    return _short(found.group(1)) if found else "outro campo"


def _length(tag: str, text: str) -> Told:
    found = _LENGTH.search(text)
    size, bound = (found.group(1), found.group(3)) if found else ("?", "?")
    limit = {"exceeds": "no máximo", "underruns": "no mínimo"}.get(found.group(2) if found else "", "exatamente")
    message = f"O campo {tag} tem {size} caracteres; precisa ter {limit} {bound}."
    return Told("NFE-XSD-LENGTH", message, "Ajuste o tamanho do texto.")


def _pattern(tag: str, text: str) -> Told:
    message = f"O valor '{_value(text)}' do campo {tag} não está no formato do leiaute."
    return Told("NFE-XSD-PATTERN", message, f"Confira o formato de {tag} no Manual de Orientação do Contribuinte.")


def _enumeration(tag: str, text: str) -> Told:
    found = _SET.search(text)
    allowed = _short(found.group(1).replace("'", "")) if found else "da tabela do leiaute"
    message = f"O valor '{_value(text)}' do campo {tag} não é um dos permitidos."
    return Told("NFE-XSD-ENUMERATION", message, f"Use um destes: {allowed}.")


def _content(tag: str, text: str) -> Told:
    if "Missing child" in text:
        return Told("NFE-XSD-MISSING", f"Falta um campo no grupo {tag}.", f"Informe: {_expected(text)}.")
    message = f"O campo {tag} não pode aparecer nesta posição."
    return Told("NFE-XSD-UNEXPECTED", message, f"Nesta posição o leiaute espera: {_expected(text)}.")


def _attribute(tag: str, text: str) -> Told:
    found = _ATTRIBUTE.search(text)
    name = found.group(1) if found else "?"
    verb = "é obrigatório" if "required" in text else "não existe"
    return Told("NFE-XSD-ATTRIBUTE", f"O atributo {name} {verb} em {tag}.", "Confira os atributos no leiaute.")


def _type(tag: str, text: str) -> Told:
    message = f"O valor '{_value(text)}' do campo {tag} não é aceito pelo leiaute."
    return Told("NFE-XSD-VALUE", message, f"Confira o preenchimento de {tag} no Manual de Orientação do Contribuinte.")


def _root(tag: str, _: str) -> Told:
    return Told("NFE-XSD-ROOT", f"O documento começa por {tag}, que não é o esperado.", "Envie o documento do tipo certo.")


_BY_TYPE: dict[str, Callable[[str, str], Told]] = {
    "SCHEMAV_CVC_PATTERN_VALID": _pattern,
    "SCHEMAV_CVC_ENUMERATION_VALID": _enumeration,
    "SCHEMAV_CVC_LENGTH_VALID": _length,
    "SCHEMAV_CVC_MINLENGTH_VALID": _length,
    "SCHEMAV_CVC_MAXLENGTH_VALID": _length,
    "SCHEMAV_ELEMENT_CONTENT": _content,
    "SCHEMAV_CVC_ELT_1": _root,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": _attribute,
    "SCHEMAV_CVC_COMPLEX_TYPE_4": _attribute,
}


def explain(type_name: str, message: str) -> Told:
    """The pt-BR sentence of one entry of libxml2's error log; an unknown kind keeps what is known: the tag and the value."""
    text = _NAMESPACE.sub("", message)
    subject = _SUBJECT.match(text)
    tag = subject.group(1) if subject else "?"
    return _BY_TYPE.get(type_name, _type)(tag, text)
