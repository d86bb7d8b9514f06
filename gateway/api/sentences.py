"""msgspec's sentences about a value, said again as faults: a stable code, our path, pt-BR and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

from gateway.core.faults import Fault

_AT = re.compile(r"(?P<text>.*?)(?: - at `(?P<path>[^`]+)`)?$", re.DOTALL)

_NAMES = {
    "str": "texto",
    "int": "número inteiro",
    "float": "número",
    "decimal": "número",
    "bool": "verdadeiro ou falso",
    "object": "objeto",
    "array": "lista",
    "null": "nulo",
    "datetime": "data e hora",
    "date": "data",
}
_SIGNS = {">=": "no mínimo", "<=": "no máximo", "==": "exatamente", ">": "maior que", "<": "menor que"}


def bare(hint: Any) -> Any:
    """A type hint without its Annotated."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def unknown_field(name: str, path: str, known: Any) -> Fault:
    """A field that the resource does not have; `known` are those it has."""
    fix = f"Remova-o ou corrija o nome. Campos possíveis: {', '.join(known)}." if known else "Remova-o ou corrija o nome."
    return Fault(code="GW-UNKNOWN-FIELD", path=f"{path}.{name}", message=f"O campo `{name}` não existe aqui.", fix=fix)


def missing_field(name: str, path: str) -> Fault:
    """A required field that did not come."""
    message = f"Falta o campo obrigatório `{name}`."
    return Fault(code="GW-REQUIRED", path=f"{path}.{name}", message=message, fix="Informe o campo.")


def _length(found: re.Match[str], path: str, hint: Any) -> Fault:
    unit = "caracteres" if found[1] == "str" else "elementos"
    message = f"O tamanho precisa ser {_SIGNS.get(found[2], found[2])} {found[3]} {unit}."
    return Fault(code="GW-LENGTH", path=path, message=message, fix="Ajuste o tamanho.")


def _range(found: re.Match[str], path: str, hint: Any) -> Fault:
    message = f"O valor precisa ser {_SIGNS.get(found[1], found[1])} {found[2]}."
    return Fault(code="GW-RANGE", path=path, message=message, fix="Corrija o valor.")


def _enum(found: re.Match[str], path: str, hint: Any) -> Fault:
    choices = [str(one) for one in get_args(bare(hint))] if get_origin(bare(hint)) is Literal else []
    fix = f"Use um destes: {', '.join(choices)}." if choices else "Use um dos valores da documentação."
    return Fault(code="GW-ENUM", path=path, message=f"O valor {_of(path)}não é um dos aceitos.", fix=fix)


def _pattern(found: re.Match[str], path: str, hint: Any) -> Fault:
    message = f"O texto {_of(path)}não tem o formato aceito."
    return Fault(code="GW-PATTERN", path=path, message=message, fix=f"O formato, como expressão regular, é {found[1]}.")


def _of(path: str) -> str:
    """`de x ` for the field at `path`; nothing for the body itself."""
    name = path.rpartition(".")[2]
    return "" if name == "$" else f"de `{name}` "


def _type(found: re.Match[str], path: str, hint: Any) -> Fault:
    wanted, got = _named(found[1]), _named(found[2])
    return Fault(code="GW-TYPE", path=path, message=f"Era esperado {wanted}, veio {got}.", fix="Corrija o tipo do valor.")


def _named(types: str) -> str:
    return " ou ".join(_NAMES.get(one.strip(), one.strip()) for one in types.split("|"))


def _plain(code: str, message: str, fix: str) -> Callable[[re.Match[str], str, Any], Fault]:
    return lambda found, path, hint: Fault(code=code, path=path, message=message, fix=fix)


_RFC3339 = "Use o formato RFC 3339, por exemplo 2026-11-03T10:00:00-03:00."
_DAY = "Use AAAA-MM-DD, por exemplo 2026-11-03."
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str, Any], Fault]], ...] = (
    (re.compile(r"Object contains unknown field `(.{0,60}).*`", re.DOTALL), lambda f, path, _: unknown_field(f[1], path, ())),
    (re.compile(r"Object missing required field `(.*)`"), lambda f, path, _: missing_field(f[1], path)),
    (re.compile(r"Expected `(str|array|object|bytes)` of length (\S+) ?(.*)"), _length),
    (re.compile(r"Expected `(?:int|float|decimal)` ([<>]=?) (.*)"), _range),
    (re.compile(r"Expected `str` matching regex (.*)", re.DOTALL), _pattern),
    (re.compile(r"Invalid enum value.*", re.DOTALL), _enum),
    (re.compile(r"Invalid decimal.*"), _plain("GW-NUMBER", "O valor não é um número.", "Use ponto decimal, por exemplo 19.90.")),
    (re.compile(r"Invalid RFC3339 encoded date\b.*"), _plain("GW-DATE", "O valor não é uma data.", _DAY)),
    (re.compile(r"Invalid (?:RFC3339|ISO8601).*"), _plain("GW-DATE", "A data não está no formato aceito.", _RFC3339)),
    (re.compile(r"Invalid base64.*"), _plain("GW-BASE64", "O texto não é base64.", "Codifique o arquivo em base64.")),
    (re.compile(r"Expected `([^`]+)`, got `([^`]+)`"), _type),
)


def as_fault(message: str, path: str, hint: Any) -> Fault:
    """The fault of one msgspec message about the value at `path`, which has the type `hint`."""
    match = _AT.match(message)
    text = match["text"] if match else message
    if match and match["path"]:
        path += match["path"][1:]
    for pattern, build in _RULES:
        if found := pattern.fullmatch(text):
            return build(found, path, hint)
    return Fault(
        code="GW-FORMAT", path=path, message="O valor não está no formato aceito.", fix="Confira a documentação em /docs."
    )
