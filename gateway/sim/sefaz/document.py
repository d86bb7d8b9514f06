"""One NF-e as the authoriser reads it: a light tree with short paths and decimals.

The tree is copied once out of lxml, as the rules ask a note some two hundred questions.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from lxml import etree

from gateway.sim.sefaz.chave import UF_OF, Key
from gateway.sim.sefaz.schema import DSIG, NFE

ZERO = Decimal("0.00")
_NAMES: dict[object, str] = {}
_MAX_NAMES = 10_000
_PREFIX = len(f"{{{NFE}}}")


def _named(tag: object) -> str:
    """The tag without its namespace, remembered: the layout has a thousand of them."""
    name = str(tag)[_PREFIX:]
    if len(_NAMES) < _MAX_NAMES:
        _NAMES[tag] = name
    return name


class Node:
    """An element of the NF-e's namespace: its text, its children by tag, and nItem when it is a det."""

    __slots__ = ("children", "nItem", "text")

    def __init__(self, element: etree._Element) -> None:
        self.text = element.text or ""
        self.nItem = ""
        self.children: dict[str, list[Node]] = _LEAF
        if len(element):
            self.nItem = str(element.get("nItem", ""))
            self.children = {}
            for child in element:
                tag = child.tag
                name = _NAMES.get(tag) or _named(tag)
                known = self.children.get(name)
                if known is None:
                    self.children[name] = [Node(child)]
                else:
                    known.append(Node(child))


_LEAF: dict[str, list[Node]] = {}
_NONE: list[Node] = []


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def find_all(node: Node, path: str) -> list[Node]:
    """Every node at `path`: tags of the layout, `*` for any."""
    nodes = [node]
    for step in _steps(path):
        if step == "*":
            nodes = [child for parent in nodes for group in parent.children.values() for child in group]
        elif len(nodes) == 1:
            nodes = nodes[0].children.get(step, _NONE)
        else:
            nodes = [child for parent in nodes for child in parent.children.get(step, ())]
        if not nodes:
            break
    return nodes


def find(node: Node, path: str) -> Node | None:
    """The first node at `path`, or None."""
    if "/" not in path and path != "*":
        group = node.children.get(path)
        return group[0] if group else None
    here = node
    for step in _steps(path):
        group = here.children.get(step)
        if group is None and step != "*":
            return None
        if group is None or len(group) > 1:
            nodes = find_all(node, path)  # several on the way: the first may lack what another has
            return nodes[0] if nodes else None
        here = group[0]
    return here


def text(node: Node, path: str) -> str:
    """The text at `path`, empty when absent."""
    found = find(node, path)
    return "" if found is None else found.text


def amount(node: Node, path: str) -> Decimal:
    """The number at `path`, zero when absent. The schema has already said it is one."""
    found = find(node, path)
    return ZERO if found is None or not found.text else Decimal(found.text)


def total(nodes: list[Node], path: str) -> Decimal:
    """Sum of the number at `path` over every node."""
    return sum((amount(node, path) for node in nodes), ZERO)


class Note:
    """A `<NFe>` that the schema accepted. Fields that every rule asks for are read once."""

    def __init__(self, root: etree._Element) -> None:
        inf = root.find(f"{{{NFE}}}infNFe")
        if inf is None:
            raise ValueError("NFe sem infNFe")
        self.root = root
        self.inf = Node(inf)
        self.Id = inf.get("Id") or ""
        self.key = Key(self.Id[3:])
        self.ide = self.inf.children["ide"][0]
        self.emit = self.inf.children["emit"][0]
        self.dest = find(self.inf, "dest")
        self.items = self.inf.children["det"]
        self.mod = text(self.ide, "mod")
        self.tpAmb = text(self.ide, "tpAmb")
        self.tpEmis = text(self.ide, "tpEmis")
        self.finNFe = text(self.ide, "finNFe")
        self.idDest = text(self.ide, "idDest")
        self.tpNF = text(self.ide, "tpNF")
        self.indFinal = text(self.ide, "indFinal")
        self.indPres = text(self.ide, "indPres")
        self.tpNFCredito = text(self.ide, "tpNFCredito")
        self.tpNFDebito = text(self.ide, "tpNFDebito")
        self.CRT = text(self.emit, "CRT")
        self.cUF = text(self.ide, "cUF")
        self.issuer_uf = UF_OF.get(self.cUF, "")
        self.issuer = text(self.emit, "CNPJ") or text(self.emit, "CPF")
        """CNPJ or CPF of the issuer."""
        self.dest_uf = "" if self.dest is None else text(self.dest, "enderDest/UF")
        self.indIEDest = "" if self.dest is None else text(self.dest, "indIEDest")
        self.vNF = amount(self.inf, "total/ICMSTot/vNF")
        self.vICMS = text(self.inf, "total/ICMSTot/vICMS")
        self.dhEmi = datetime.fromisoformat(text(self.ide, "dhEmi"))
        self.digVal = root.findtext(f".//{{{DSIG}}}DigestValue") or ""
        self.qrCode = root.findtext(f"{{{NFE}}}infNFeSupl/{{{NFE}}}qrCode") or ""

    @property
    def serie(self) -> int:
        return int(text(self.ide, "serie"))

    @property
    def nNF(self) -> int:
        return int(text(self.ide, "nNF"))

    @property
    def homologacao(self) -> bool:
        return self.tpAmb == "2"

    @property
    def supplementary(self) -> bool:
        """Whether it gives back, credits or debits part of another operation: rates are those of the other document."""
        return self.finNFe == "4" or self.tpNFCredito in ("03", "04", "06")

    @property
    def references(self) -> list[str]:
        """Keys of the NFref, in order."""
        return [node.text for node in find_all(self.ide, "NFref/refNFe")]

    @property
    def consumer_in_other_uf(self) -> bool:
        """Interstate sale to a final consumer that pays no ICMS: where DIFAL is due (EC 87/2015)."""
        return self.idDest == "2" and self.indFinal == "1" and self.indIEDest == "9"
