"""Group X: who carries, and the volumes."""

from __future__ import annotations

import re
from decimal import Decimal
from operator import attrgetter

from gateway.core.taxid import Cnpj, Cpf
from gateway.core.text import clean_text
from gateway.nfe import municipios, state_registration
from gateway.nfe.amounts import digits, has_places, optional_text
from gateway.nfe.findings import Findings
from gateway.nfe.layout.delivery import Lacres, Transp, Transporta, Veiculo, Vol
from gateway.nfe.parties import tax_id
from gateway.nfe.sale import Freight
from gateway.nfe.trade import Vehicle, Volume

_MODE = {
    "emitente": "0",
    "destinatario": "1",
    "terceiros": "2",
    "proprio_remetente": "3",
    "proprio_destinatario": "4",
    "sem_frete": "9",
}
_MAX_WEIGHT = Decimal(10) ** 12


_PLATE = re.compile(r"[A-Z]{2,3}[0-9]{4}|[A-Z]{3,4}[0-9]{3}|[A-Z0-9]{7}")


_BARE = {mode: Transp(modFrete=code) for mode, code in _MODE.items()}
_BY = attrgetter("carrier_tax_id", "carrier_name", "carrier_uf", "carrier_state_registration", "vehicle", "trailers")
_OF = attrgetter("volumes", "net_weight", "gross_weight", "volume_lines", "wagon", "barge")


def transp(freight: Freight, findings: Findings) -> Transp:
    """modFrete, the carrier when one is named, the vehicle, and the volumes when there is anything to say of them."""
    if not any(_BY(freight)) and not any(_OF(freight)):
        return _BARE[freight.mode]
    by = (freight.vehicle is not None or bool(freight.trailers), bool(freight.wagon), bool(freight.barge))
    if sum(by) > 1:
        findings.add("NFE-FREIGHT-07", "$.freight")
    return Transp(
        modFrete=_MODE[freight.mode],
        transporta=_carrier(freight, findings),
        veicTransp=None if freight.vehicle is None else _vehicle(freight.vehicle, "$.freight.vehicle", findings),
        reboque=tuple(_vehicle(one, f"$.freight.trailers[{i}]", findings) for i, one in enumerate(freight.trailers)),
        vagao=optional_text(freight.wagon, 20),
        balsa=optional_text(freight.barge, 20),
        vol=_volumes(freight, findings),
    )


def _volumes(freight: Freight, findings: Findings) -> tuple[Vol, ...]:
    lines, paths = freight.volume_lines, [f"$.freight.volume_lines[{i}]" for i in range(len(freight.volume_lines))]
    if freight.volumes or freight.net_weight or freight.gross_weight:
        if lines:
            findings.add("NFE-FREIGHT-08", "$.freight.volume_lines")
        one = Volume(quantity=freight.volumes, net_weight=freight.net_weight, gross_weight=freight.gross_weight)
        lines, paths = (one,), ["$.freight"]
    return tuple(
        Vol(
            qVol=str(one.quantity) if one.quantity else None,
            esp=optional_text(one.kind, 60),
            marca=optional_text(one.brand, 60),
            nVol=optional_text(one.numbering, 60),
            pesoL=_weight(one.net_weight, f"{path}.net_weight", findings),
            pesoB=_weight(one.gross_weight, f"{path}.gross_weight", findings),
            lacres=tuple(Lacres(nLacre=seal) for text in one.seals if (seal := optional_text(text, 60))),
        )
        for one, path in zip(lines, paths, strict=True)
    )


def _vehicle(given: Vehicle, path: str, findings: Findings) -> Veiculo:
    plate = given.plate.upper().replace("-", "").replace(" ", "")
    if not _PLATE.fullmatch(plate):
        findings.add("NFE-FREIGHT-06", f"{path}.plate", value=given.plate)
    uf = municipios.uf_sigla(given.uf) if given.uf else None
    if given.uf and uf is None:
        findings.add("NFE-ADDRESS-01", f"{path}.uf", uf=given.uf)
    return Veiculo(placa=plate, UF=uf, RNTC=optional_text(given.rntc, 20))


def _carrier(freight: Freight, findings: Findings) -> Transporta | None:
    document = tax_id(freight.carrier_tax_id) if freight.carrier_tax_id else None
    if freight.carrier_tax_id and document is None:
        findings.add("NFE-FREIGHT-02", "$.freight.carrier_tax_id", value=freight.carrier_tax_id)
    uf = municipios.uf_sigla(freight.carrier_uf) if freight.carrier_uf else None
    registration = freight.carrier_state_registration.strip().upper()
    if registration not in ("", "ISENTO"):
        registration = digits(registration)
    if (registration or freight.carrier_uf) and uf is None:
        findings.add("NFE-FREIGHT-04", "$.freight.carrier_uf", value=freight.carrier_uf)
    elif registration not in ("", "ISENTO") and uf is not None and not state_registration.valid(registration, uf):
        path = "$.freight.carrier_state_registration"
        findings.add("NFE-FREIGHT-05", path, uf=uf, value=freight.carrier_state_registration)
    name = clean_text(freight.carrier_name, 60)
    if document is None and len(name) < 2:
        return None
    return Transporta(
        CNPJ=document if isinstance(document, Cnpj) else None,
        CPF=document if isinstance(document, Cpf) else None,
        xNome=name if len(name) >= 2 else None,
        IE=registration or None,
        xEnder=optional_text(freight.carrier_address, 60),
        xMun=optional_text(freight.carrier_city, 60),
        UF=uf,
    )


def _weight(value: Decimal | None, path: str, findings: Findings) -> Decimal | None:
    if value is None:
        return None
    if value.is_finite() and 0 <= value < _MAX_WEIGHT and has_places(value, 3):
        return value.quantize(Decimal("0.001"))
    findings.add("NFE-FREIGHT-03", path, value=value)
    return None
