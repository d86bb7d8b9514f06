"""From a struct of the layout to canonical text (C14N 1.0), compiled once per struct.

The text has no blank between tags, no empty-element tags, attributes sorted, `& < >` and carriage return escaped: it is its
own canonical form, so signing it needs no parser. Source: https://www.w3.org/TR/2001/REC-xml-c14n-20010315, section 2.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from threading import Lock
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from gateway.core.money import NOTHING
from gateway.nfe.layout.fields import Attribute, Group, Places, Written

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})


_MOST_TEXTS = 8192
_LONGEST = 120
_KEPT = frozenset({"prod", "imposto", "emit"})
"""Groups that come whole from one note to another."""
_MOST_KEPT = 4096
_texts: dict[str, dict[int, tuple[Group, str]]] = {tag: {} for tag in _KEPT}
"""Texts of groups, by tag and identity; the group is kept beside its text, so that its identity is nobody else's."""
_lock = Lock()
_plain: set[str] = set()
"""Texts with blanks or signs met before that need no escape: the same products, streets and names come note after note."""


def escape_text(text: str) -> str:
    """Text of an element, as C14N writes it."""
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        return text.translate(_TEXT)
    if len(text) <= _LONGEST:
        if len(_plain) >= _MOST_TEXTS:
            _plain.clear()
        _plain.add(text)
    return text


def escape_attribute(text: str) -> str:
    """Value of an attribute, as C14N writes it (double quotes)."""
    return text if text.isalnum() else text.translate(_ATTRIBUTE)


def decimal_text(number: Decimal, least: int, most: int) -> str:
    """Plain notation with at least `least` and at most `most` decimals; decimals already there are kept.

    A `Written` number keeps its digits. Raises ValueError for what is not finite, is negative, or would lose a digit: rounding is
    decided before, never here.
    """
    if not number.is_finite() or number < 0:
        raise ValueError(f"valor que o leiaute não comporta: {number}")
    text = f"{number:f}"
    if type(number) is Written:
        return text
    whole, _, decimals = text.partition(".")
    if len(decimals) > most:
        if decimals[most:].strip("0"):
            raise ValueError(f"mais de {most} casas decimais: {number}")
        decimals = decimals[:most]
    decimals = decimals.ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


def _kept(cell: list[tuple[Decimal | None, str]], rate: Decimal) -> str:
    """Text of a rate (two to four decimals), kept in `cell` while the very same object comes: it is one for all of its items."""
    text = str(rate)
    if text[-3:-2] != "." and text[-5:-4] != ".":
        text = decimal_text(rate, 2, 4)
    cell[0] = (rate, text)
    return text


@dataclass(frozen=True, slots=True)
class Kind:
    """What an annotation says, taken apart."""

    type: Any
    places: Places | None = None
    attribute: bool = False
    optional: bool = False
    repeated: bool = False


def kind_of(hint: Any) -> Kind:
    """The field that an annotation of the layout describes."""
    optional = repeated = False
    if get_origin(hint) in (Union, UnionType):
        optional = True
        (hint,) = (arm for arm in get_args(hint) if arm is not NoneType)
    if get_origin(hint) is tuple:
        repeated = True
        hint = get_args(hint)[0]
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    places = next((mark for mark in marks if isinstance(mark, Places)), None)
    return Kind(hint, places, any(isinstance(mark, Attribute) for mark in marks), optional, repeated)


@cache
def kinds(group: type[Group]) -> dict[str, Kind]:
    """Every field of a struct of the layout, by its tag."""
    return {name: kind_of(hint) for name, hint in get_type_hints(group, include_extras=True).items() if not name.startswith("_")}


def _element(name: str, kind: Kind, scope: dict[str, Any]) -> str:
    """The source of an f-string's content that writes the local `name` as an element."""
    if kind.places is not None:
        places = kind.places
        # Most numbers come ready, with the decimals of their kind: only the others take the long way.
        ready = f"_s if (_s := str({name})).isdigit() else "
        if places.least:
            ready = f'_s if (_s := str({name}))[-{places.least + 1}:-{places.least}] == "." else '
        if (places.least, places.most) == (2, 4):
            scope[f"_cell_{name}"] = [(None, "")]
            # One tuple, read once: another thread may put another number in the meantime.
            return f"<{name}>{{_e[1] if (_e := _cell_{name}[0])[0] is {name} else _kept(_cell_{name}, {name})}}</{name}>"
        if (places.least, places.most) == (2, 2):
            ready = f'"0.00" if {name} is _nothing else {ready}'
        return f"<{name}>{{{ready}_decimal({name}, {places.least}, {places.most})}}</{name}>"
    if isinstance(kind.type, type) and issubclass(kind.type, Group):
        scope[f"_{name}"] = _later(kind.type, name, scope)
        if name in _KEPT:
            scope[f"_texts_{name}"] = _texts[name]
            return f"{{_k[1] if (_k := _texts_{name}.get(id({name}))) else _{name}({name})}}"
        return f"{{_{name}({name})}}"
    if kind.type is not str:
        raise TypeError(f"campo {name}: o leiaute não sabe escrever {kind.type}")
    return f"<{name}>{{{name} if {name}.isalnum() or {name} in _plain else _text({name})}}</{name}>"


def _later(group: type[Group], tag: str, scope: dict[str, Any]) -> Callable[[Any], str]:
    """Compiles the writer of a nested group when the first one is written, and takes its own place: few notes use them all."""

    def first(value: Any) -> str:
        write = scope[f"_{tag}"] = writer(group, tag)
        return write(value)

    return first


@cache
def writer(group: type[Group], tag: str) -> Callable[[Any], str]:
    """The function that writes a `group` as the element `tag`; compiled the first time it is asked for.

    The function raises ValueError for a number the field does not hold.
    """
    scope: dict[str, Any] = {
        "_text": escape_text,
        "_plain": _plain,
        "_nothing": NOTHING,
        "_kept": _kept,
        "_attribute": escape_attribute,
        "_decimal": decimal_text,
        "_Written": Written,
    }
    hints = get_type_hints(group, include_extras=True)
    body: list[str] = []
    # Fields that always appear are written by one f-string as far as they go; one that is absent costs a test and nothing more.
    always, begun = f"<{tag}", False
    attributes_open = True
    for field in msgspec.structs.fields(group):
        name = field.name
        kind = kind_of(hints[name])
        body.append(f"{name} = o.{name}")
        if kind.attribute:
            always += f' {name}="{{_attribute({name})}}"'
            continue
        if attributes_open:
            always, attributes_open = f"{always}>", False
        element = _element(name, kind, scope)
        if not kind.repeated and not kind.optional:
            always += element
            continue
        if always:
            body.append(f"_r {'+=' if begun else '='} f'''{always}'''")
            always, begun = "", True
        if kind.repeated:
            body.append(f"if {name}: _r += ''.join([f'''{element}''' for {name} in {name}])")
        elif kind.places is not None and kind.places.omit_zero:
            body.append(f"if {name} or type({name}) is _Written: _r += f'''{element}'''")
        else:
            body.append(f"if {name} is not None: _r += f'''{element}'''")
    result = f"{'_r + ' if begun else ''}f'''{always}</{tag}>'''"
    source = "\n    ".join(["def write(o):", *body, f"return {result}"])
    # The source is made only of the names of our own struct fields; compiled, it is several times faster than closures.
    exec(compile(source, f"<writer of {group.__name__}>", "exec"), scope)  # noqa: S102
    return cast("Callable[[Any], str]", scope["write"])


def keep(group: Group, tag: str) -> None:
    """From now on this very object (a value: nothing changes it) is not written again wherever it is the element `tag`.

    For `prod`, `imposto` and `emit`; the last ones are remembered.
    """
    text = writer(type(group), tag)(group)
    with _lock:
        texts = _texts[tag]
        while len(texts) >= _MOST_KEPT:
            del texts[next(iter(texts))]
        texts[id(group)] = (group, text)


def canonical(root: Group, tag: str) -> str:
    """`root` as the canonical text of element `tag`, without namespace."""
    return writer(type(root), tag)(root)
