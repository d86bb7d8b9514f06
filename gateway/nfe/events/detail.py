"""detEvento as canonical text, from values given by its official tags. What the schema fixes is filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.core.text import clean_text
from gateway.nfe.events.schema import Tag, check, details
from gateway.nfe.xml_writer import escape_attribute, escape_text

Value = str | Decimal | int | Mapping[str, "Value"] | Sequence["Value"]
"""A text, a number, a group by its tags, or several of either."""

_MAX_TEXT = 2000
_NFE = "http://www.portalfiscal.inf.br/nfe"


def detail_text(tpEvento: str, values: Mapping[str, Value], filled: Mapping[str, str]) -> str:
    """`<detEvento versao="1.00">...</detEvento>` in canonical form, valid against the schema.

    values: what the caller tells, by tag (see `schemas/sefaz/eventos_v1.00.xsd`). filled: what the gateway knows (tpAutor,
    cOrgaoAutor, verAplic), used where the caller says nothing. Texts are cleaned to the layout's alphabet.
    Raises ValidationFailed with every fault, at `$.detEvento...`; LookupError for a tpEvento without a detail.
    """
    tags = details().get(tpEvento)
    if tags is None:
        raise LookupError(tpEvento)
    faults: list[Fault] = []
    told = {**_known(filled, tags), **values}
    text = "".join(_group("detEvento", tags, {**_terms(tags, told), **told}, "$.detEvento", faults))
    if not faults:
        faults = list(check(text.replace("<detEvento", f'<detEvento xmlns="{_NFE}"', 1).encode(), tpEvento))
    if faults:
        raise ValidationFailed(faults)
    return text


def _known(filled: Mapping[str, str], tags: Sequence[Tag]) -> dict[str, str]:
    return {tag.name: filled[tag.name] for tag in tags if tag.fixed is None and tag.name in filled}


def _terms(tags: Sequence[Tag], told: Mapping[str, Value]) -> dict[str, str]:
    """The fixed xCondUso of a permission that is given, and of no other (829, 830; NT 2020.007)."""
    given = str(told.get("tpAutorizacao", "")) == "1"
    return {tag.name: tag.fixed for tag in tags if given and tag.name == "xCondUso" and not tag.required and tag.fixed}


def _group(name: str, tags: Sequence[Tag], values: object, path: str, faults: list[Fault]) -> Iterator[str]:
    if not isinstance(values, Mapping):
        faults.append(_fault(path, f"{name} é um grupo: informe as tags dele."))
        return
    for unknown in values.keys() - {tag.name for tag in tags}:
        names = ", ".join(tag.name for tag in tags if tag.fixed is None)
        faults.append(_fault(f"{path}.{unknown}", f"{name} não tem a tag {unknown}.", f"As tags são: {names or 'nenhuma'}."))
    yield f"<{name}"
    for tag in tags:
        if tag.attribute:
            value = values.get(tag.name, tag.fixed)
            if value is None:
                faults.append(_fault(f"{path}.{tag.name}", f"Falta {tag.name} em {name}."))
            yield f' {tag.name}="{escape_attribute(str(value))}"'
    yield ">"
    for tag in tags:
        if not tag.attribute:
            yield from _element(tag, values.get(tag.name, tag.fixed if tag.required else None), f"{path}.{tag.name}", faults)
    yield f"</{name}>"


def _element(tag: Tag, value: object, path: str, faults: list[Fault]) -> Iterator[str]:
    if value is None:
        if tag.required:
            faults.append(_fault(path, f"Falta {tag.name}."))
        return
    if tag.repeated:
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        one = Tag(tag.name, tag.required, repeated=False, fixed=tag.fixed, tags=tag.tags)
        for i, each in enumerate(several):
            yield from _element(one, each, f"{path}[{i}]", faults)
        return
    if tag.tags:
        yield from _group(tag.name, tag.tags, value, path, faults)
        return
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        fix = "Informe-o como texto, entre aspas." if isinstance(value, float) else "Confira o leiaute do evento."
        faults.append(_fault(path, f"{tag.name} é um texto ou número inteiro.", fix))
        return
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    cleaned = text if text == tag.fixed else clean_text(text, _MAX_TEXT)
    yield f"<{tag.name}>{escape_text(cleaned)}</{tag.name}>"


def _fault(path: str, message: str, fix: str = "Confira o leiaute do evento.") -> Fault:
    return Fault(code="EVENT-DETAIL", path=path, message=message, fix=fix, source="schemas/sefaz/eventos_v1.00.xsd")
