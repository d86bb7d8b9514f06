"""EPEC: the few facts of a NF-e that the Ambiente Nacional registers before its authoriser sees it. Pure. Source: NT 2014.001.

The note that follows must say the same (467): `differences` is asked before a corrected one is signed.
"""

from __future__ import annotations

from gateway.nfe.events.detail import Value
from gateway.nfe.findings import Findings
from gateway.nfe.layout.document import InfNFe

EPEC_EVENT = "110140"
"""tpEvento."""
_TOLD = {
    "tpNF": "o tipo da operação (tpNF)",
    "IE": "a inscrição estadual do emitente (IE)",
    "UF": "a UF do comprador",
    "CNPJ": "o CNPJ do comprador",
    "CPF": "o CPF do comprador",
    "idEstrangeiro": "o documento estrangeiro do comprador",
    "vNF": "o valor da nota (vNF)",
    "vICMS": "o valor do ICMS (vICMS)",
    "vST": "o valor do ICMS-ST (vST)",
}


def epec_detail(note: InfNFe) -> dict[str, Value]:
    """detEvento of the note's EPEC by official tags, but for those the gateway fills in. Money as text, in reais.

    Raises ValidationFailed for an issuer without IE: the layout of the event does not take one.
    """
    dest, sums = note.dest, note.total.ICMSTot
    findings = Findings()
    if not note.emit.IE:
        findings.add("NFE-EPEC-02", "$.branch")
    findings.raise_any()
    addressee: dict[str, Value] = {"idEstrangeiro": ""}
    home = note.emit.enderEmit.UF
    if dest is not None:
        home = home if dest.enderDest is None else dest.enderDest.UF
        if dest.CNPJ is not None:
            addressee = {"CNPJ": str(dest.CNPJ)}
        elif dest.CPF is not None:
            addressee = {"CPF": str(dest.CPF)}
        else:
            addressee = {"idEstrangeiro": dest.idEstrangeiro or ""}
        if dest.IE is not None:
            addressee["IE"] = dest.IE
    values: dict[str, Value] = {tag: f"{getattr(sums, tag):.2f}" for tag in ("vNF", "vICMS", "vST")}
    return {
        "dhEmi": note.ide.dhEmi,
        "tpNF": note.ide.tpNF,
        "IE": note.emit.IE or "",
        "dest": {"UF": home, **addressee, **values},
    }


def differences(registered: dict[str, Value], corrected: dict[str, Value]) -> tuple[str, ...]:
    """What a corrected note would say otherwise than its EPEC, named for a person; empty when it may follow it."""
    before, after = _flat(registered), _flat(corrected)
    return tuple(told for tag, told in _TOLD.items() if before.get(tag) != after.get(tag))


def _flat(detail: dict[str, Value]) -> dict[str, str]:
    dest = detail.get("dest")
    inner = dict(dest) if isinstance(dest, dict) else {}
    inner.pop("IE", None)  # the buyer's, which SEFAZ does not compare
    return {tag: str(value) for tag, value in {**detail, **inner}.items() if tag != "dest"}
