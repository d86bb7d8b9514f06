"""Writes the structs of the layout from the official schema: `python -m gateway.nfe.layout.generate`. `--check` only compares.

A field is required when the schema always wants it; inside a choice or an optional sequence it is optional, and which exactly
is the schema's to decide when the document is validated. Source: leiauteNFe_v4.00.xsd and DFeTiposBasicos_v1.00.xsd, PL_010f.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lxml import etree

from gateway.nfe.layout.groups import MODULES, Module
from gateway.nfe.xsd import folder

_XS = "{http://www.w3.org/2001/XMLSchema}"
_FILES = ("leiauteNFe_v4.00.xsd", "DFeTiposBasicos_v1.00.xsd", "tiposBasico_v4.00.xsd")
_HERE = Path(__file__).parent
_WIDTH = 130
NUMBERS: Final = {
    "TDec_1302": "Money",
    "TDec1302RTC": "Money",
    "TDec_1302Opc": "MoneyOpc",
    "TDec_0302a04": "Rate",
    "TDec_0302a04Max100": "Rate",
    "TDec_0302_04RTC": "Rate",
    "TDec_0302a04Opc": "RateOpc",
    "TDec_0302Max100": "Percent",
    "TDec_03v00a04Max100Opc": "ShareOpc",
    "TDec_1104v": "Quantity",
    "TDec_1204v": "Quantity",
    "TDec_1104": "QuantityFixed",
    "TDec_1204": "QuantityFixed",
    "TDec1104RTC": "QuantityFixed",
    "TDec_1104OpRTC": "QuantityOpc",
    "TDec_1204temperatura": "QuantityOpc",
    "TDec_1110v": "UnitPrice",
    "TDec_0803v": "BatchQuantity",
    "TDec_1203": "Weight",
}
"""Decimal types of the schema, and the annotation of `fields` that writes them. Every other simple type is text."""


@dataclass(slots=True)
class _Field:
    """A tag of a group. `type` is an annotation of `fields`, or where the nested group is in the schema."""

    name: str
    type: str
    required: bool
    repeated: bool
    nested: bool


@dataclass(slots=True)
class _Schema:
    """Every complex type, by the key a row of `groups` uses: a type's name or a path of tags."""

    types: dict[str, etree._Element] = field(default_factory=dict)
    groups: dict[str, list[_Field]] = field(default_factory=dict)

    def read(self) -> None:
        for name in _FILES:
            for found in etree.parse(str(folder() / name)).getroot().findall(f"{_XS}complexType"):
                self.types[str(found.attrib["name"])] = found
        self._group("TNFe", self.types["TNFe"])

    def _group(self, key: str, type_: etree._Element) -> None:
        if key in self.groups:
            return
        fields: list[_Field] = []
        self.groups[key] = fields
        prefix = "" if key in ("TNFe", "infNFe") else f"{key}/"
        attributes = sorted(str(found.attrib["name"]) for found in type_.findall(f"{_XS}attribute"))
        fields += [_Field(name, "Attr", required=True, repeated=False, nested=False) for name in attributes]
        for element, required in _elements(type_, required=True):
            _merge(fields, self._field(element, required, prefix))

    def _field(self, element: etree._Element, required: bool, prefix: str) -> _Field:
        name, type_name = str(element.attrib["name"]), element.get("type", "")
        inline = element.find(f"{_XS}complexType")
        repeated = element.get("maxOccurs", "1") != "1"
        if inline is not None:
            self._group(prefix + name, inline)
            return _Field(name, prefix + name, required, repeated, nested=True)
        if type_name in self.types:
            self._group(type_name, self.types[type_name])
            return _Field(name, type_name, required, repeated, nested=True)
        if type_name.startswith("TDec") and type_name not in NUMBERS:
            raise SystemExit(f"{prefix}{name}: o tipo {type_name} não está em NUMBERS")
        return _Field(name, NUMBERS.get(type_name, "str"), required, repeated, nested=False)


def _elements(node: etree._Element, *, required: bool) -> Iterator[tuple[etree._Element, bool]]:
    """Elements of a type in order, and whether each always appears. A reference to another schema (the signature) is left out."""
    for child in node.iterchildren(f"{_XS}element", f"{_XS}sequence", f"{_XS}choice"):
        always = required and child.get("minOccurs", "1") != "0" and node.tag != f"{_XS}choice"
        if child.tag != f"{_XS}element":
            yield from _elements(child, required=always)
        elif "ref" not in child.attrib:
            yield child, always


def _merge(fields: list[_Field], new: _Field) -> None:
    """Add a tag; one that two arms of a choice share keeps its first place."""
    for known in fields:
        if known.name == new.name:
            if known.type != new.type:
                raise SystemExit(f"{new.name}: a mesma tag com dois tipos, {known.type} e {new.type}")
            known.required = known.required and new.required
            return
    fields.append(new)


@dataclass(frozen=True, slots=True)
class _Struct:
    """One struct to be written."""

    name: str
    text: str
    module: str
    fields: list[_Field]


def _structs(schema: _Schema) -> dict[str, _Struct]:
    """By key; keys that share a struct answer the same one. Raises SystemExit when table and schema do not match."""
    found: dict[str, _Struct] = {}
    for module in (each for each in MODULES if not each.open):
        for row in module.rows:
            keys = row.where.split()
            missing = [key for key in keys if key not in schema.groups]
            if missing:
                raise SystemExit(f"{row.name}: o esquema não tem {', '.join(missing)}")
            fields = schema.groups[keys[0]]
            for key in keys[1:]:
                fields = _common(row.name, fields, schema.groups[key])
            struct = _Struct(row.name, row.text, module.name, fields)
            found |= dict.fromkeys(keys, struct)
    orphans = sorted(set(schema.groups) - set(found))
    if orphans:
        raise SystemExit(f"grupos sem linha em groups.py: {', '.join(orphans)}")
    return found


def _opened(module: Module, structs: dict[str, _Struct]) -> dict[str, _Struct]:
    """The structs as an `open` file sees them: its own in place of those of the same groups."""
    seen = dict(structs)
    for row in module.rows:
        fields = [
            _Field(tag.name, tag.type, tag.required and tag.name not in row.optional, tag.repeated, tag.nested)
            for tag in structs[row.where].fields
        ]
        seen[row.where] = _Struct(row.name, row.text, module.name, fields)
    return seen


def _common(name: str, one: list[_Field], other: list[_Field]) -> list[_Field]:
    if [field.name for field in one] != [field.name for field in other]:
        raise SystemExit(f"{name}: os grupos não têm as mesmas tags")
    both = zip(one, other, strict=True)
    return [_Field(a.name, a.type, a.required and b.required, a.repeated or b.repeated, a.nested) for a, b in both]


def _annotation(tag: _Field, structs: dict[str, _Struct]) -> str:
    name = structs[tag.type].name if tag.nested else tag.type
    if tag.repeated:
        return f"tuple[{name}, ...]" + ("" if tag.required else " = ()")
    return name if tag.required else f"{name} | None = None"


def _import(module: str, names: set[str]) -> str:
    line = f"from gateway.nfe.layout.{module} import {', '.join(sorted(names))}"
    if len(line) <= _WIDTH:
        return line
    return f"from gateway.nfe.layout.{module} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")"


def _docstring(text: str) -> str:
    if len(text) + 10 <= _WIDTH:
        return f'    """{text}"""'
    head, _, rest = text.partition(". ")
    return f'    """{head}.\n\n    {rest}\n    """'


def source(module: Module, structs: dict[str, _Struct]) -> str:
    """The text of one generated file."""
    own = {row.where.split()[0]: row.name for row in module.rows}
    imports: dict[str, set[str]] = {"fields": {"Group"}}
    for key in own:
        for tag in structs[key].fields:
            if tag.nested and structs[tag.type].module != module.name:
                imports.setdefault(structs[tag.type].module, set()).add(structs[tag.type].name)
            elif not tag.nested and tag.type != "str":
                imports["fields"].add(tag.type)
    parts = [f'"""{module.text}\n\nGenerated by `python -m gateway.nfe.layout.generate`; do not edit.\n"""', ""]
    parts += ["from __future__ import annotations", ""]
    parts += [_import(name, imports[name]) for name in sorted(imports)]
    if module.also:
        names = sorted({*module.also, *own.values()})
        parts += ["", "__all__ = [", *[f'    "{name}",' for name in names], "]"]
    for key in own:
        struct = structs[key]
        parts += ["", "", f"class {struct.name}(Group, frozen=True, kw_only=True):", _docstring(struct.text), ""]
        parts += [f"    {tag.name}: {_annotation(tag, structs)}" for tag in struct.fields]
    return "\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Write every file, or with `--check` say which ones differ from what would be written."""
    schema = _Schema()
    schema.read()
    structs = _structs(schema)
    stale: list[str] = []
    for module in MODULES:
        path, text = _HERE / f"{module.name}.py", source(module, _opened(module, structs) if module.open else structs)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"{'difere' if '--check' in arguments else 'escrito'}: {name}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
