"""Groups GA and X: who else may fetch the XML, and who carries the goods."""

from __future__ import annotations

from gateway.core.taxid import Cnpj, Cpf
from gateway.nfe.rules.parties import valid
from gateway.nfe.rules.reading import Found, Reading
from gateway.nfe.rules.registry import check


@check("R-GA02-10")
def reader_cnpj(r: Reading) -> Found:
    if r.dest is not None:
        for number, reader in enumerate(r.inf.autXML, 1):
            if reader.CNPJ is not None and not valid(Cnpj, reader.CNPJ):
                yield f"/infNFe/autXML[{number}]/CNPJ", {"value": reader.CNPJ}


@check("R-GA02-20")
def reader_is_the_company_that_buys(r: Reading) -> Found:
    if r.dest is not None and r.dest.CNPJ is not None:
        for number, reader in enumerate(r.inf.autXML, 1):
            if reader.CNPJ == r.dest.CNPJ:
                yield f"/infNFe/autXML[{number}]/CNPJ", {"value": reader.CNPJ}


@check("R-GA03-10")
def reader_cpf(r: Reading) -> Found:
    if r.dest is not None:
        for number, reader in enumerate(r.inf.autXML, 1):
            if reader.CPF is not None and not valid(Cpf, reader.CPF):
                yield f"/infNFe/autXML[{number}]/CPF", {"value": reader.CPF}


@check("R-GA03-20")
def reader_is_the_person_who_buys(r: Reading) -> Found:
    if r.dest is not None and r.dest.CPF is not None:
        for number, reader in enumerate(r.inf.autXML, 1):
            if reader.CPF == r.dest.CPF:
                yield f"/infNFe/autXML[{number}]/CPF", {"value": reader.CPF}


@check("R-X05-10")
def carrier_cpf(r: Reading) -> Found:
    carrier = r.inf.transp.transporta
    if carrier is not None and carrier.CPF is not None and not valid(Cpf, carrier.CPF):
        yield "/infNFe/transp/transporta/CPF", {"value": carrier.CPF}


@check("R-X07-10")
def carrier_registered_nowhere(r: Reading) -> Found:
    carrier = r.inf.transp.transporta
    if carrier is not None and carrier.IE is not None and carrier.UF is None:
        yield "/infNFe/transp/transporta/UF", {}
