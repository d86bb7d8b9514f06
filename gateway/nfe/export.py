"""What a sale to another country has of its own: group ZA and the buyer abroad."""

from __future__ import annotations

from gateway.nfe import municipios
from gateway.nfe.amounts import optional_text, text
from gateway.nfe.findings import Findings
from gateway.nfe.layout.foreign_trade import Exporta
from gateway.nfe.operations import EXPORT, Operation
from gateway.nfe.parties import ABROAD, Buyer
from gateway.nfe.sale import Sale


def exporta(sale: Sale, operation: Operation, customer: Buyer | None, findings: Findings) -> Exporta | None:
    """Group ZA. An operation with a CFOP of export is to a foreigner abroad and says where it leaves; no other has it."""
    exporting = EXPORT in operation.cfop
    foreign = customer is not None and customer.dest.idEstrangeiro is not None
    if not exporting:
        if sale.export is not None:
            findings.add("NFE-EXPORT-02", "$.export")
        if foreign and customer is not None and not customer.final_consumer:
            findings.add("NFE-DEST-10", "$.customer.final_consumer")
        return None
    address = None if customer is None else customer.dest.enderDest
    if customer is not None and (not foreign or (address is not None and address.UF != ABROAD)):
        findings.add("NFE-EXPORT-03", "$.customer")
    if sale.export is None:
        findings.add("NFE-EXPORT-01", "$.export")
        return None
    uf = municipios.uf_sigla(sale.export.uf)
    if uf is None:
        findings.add("NFE-EXPORT-04", "$.export.uf", value=sale.export.uf)
    return Exporta(
        UFSaidaPais=uf or "",
        xLocExporta=text(sale.export.place, 60, "o local de saída do país", "$.export.place", findings),
        xLocDespacho=optional_text(sale.export.dispatch, 60),
    )
