"""Group X: who carries, and the volumes."""

from __future__ import annotations

from decimal import Decimal

from gateway.core.taxid import Cnpj, Cpf
from gateway.core.text import clean_text
from gateway.nfe.amounts import has_places
from gateway.nfe.findings import Findings
from gateway.nfe.layout.delivery import Transp, Transporta, Vol
from gateway.nfe.parties import tax_id
from gateway.nfe.sale import Freight

_MODE = {
    "emitente": "0",
    "destinatario": "1",
    "terceiros": "2",
    "proprio_remetente": "3",
    "proprio_destinatario": "4",
    "sem_frete": "9",
}
_MAX_WEIGHT = Decimal(10) ** 12


def transp(freight: Freight, findings: Findings) -> Transp:
    """modFrete, the carrier when one is named, and one volume line when there is anything to say of it."""
    weights = {
        name: _weight(value, f"$.freight.{name}", findings)
        for name, value in (("net_weight", freight.net_weight), ("gross_weight", freight.gross_weight))
    }
    vol: tuple[Vol, ...] = ()
    if freight.volumes or any(weights.values()):
        volumes = str(freight.volumes) if freight.volumes else None
        vol = (Vol(qVol=volumes, pesoL=weights["net_weight"], pesoB=weights["gross_weight"]),)
    return Transp(modFrete=_MODE[freight.mode], transporta=_carrier(freight, findings), vol=vol)


def _carrier(freight: Freight, findings: Findings) -> Transporta | None:
    document = tax_id(freight.carrier_tax_id) if freight.carrier_tax_id else None
    if freight.carrier_tax_id and document is None:
        findings.add("NFE-FREIGHT-02", "$.freight.carrier_tax_id", value=freight.carrier_tax_id)
    name = clean_text(freight.carrier_name, 60)
    if document is None and len(name) < 2:
        return None
    return Transporta(
        CNPJ=document if isinstance(document, Cnpj) else None,
        CPF=document if isinstance(document, Cpf) else None,
        xNome=name if len(name) >= 2 else None,
    )


def _weight(value: Decimal | None, path: str, findings: Findings) -> Decimal | None:
    if value is None:
        return None
    if value.is_finite() and 0 <= value < _MAX_WEIGHT and has_places(value, 3):
        return value.quantize(Decimal("0.001"))
    findings.add("NFE-FREIGHT-03", path, value=value)
    return None
