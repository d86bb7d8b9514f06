"""Whole notes other than the base one, as edits: one item, Simples, interstate with DIFAL, other ICMS groups."""

from __future__ import annotations

from sim_sefaz_note import Edits

PASSES: Edits = {}
DIFAL = (
    "<ICMSUFDest><vBCUFDest>95.00</vBCUFDest><pICMSUFDest>20.50</pICMSUFDest><pICMSInter>{inter}</pICMSInter>"
    "<pICMSInterPart>{part}</pICMSInterPart><vICMSUFDest>{value}</vICMSUFDest><vICMSUFRemet>0.00</vICMSUFRemet></ICMSUFDest>"
)
CONTRIBUTOR: Edits = {"dest/indIEDest": "1", "dest/indIEDest>": "<IE>110042490114</IE>"}
"""A buyer registered in São Paulo."""
SN102 = "<ICMSSN102><orig>0</orig><CSOSN>102</CSOSN></ICMSSN102>"


def interstate(*, difal: str | None = DIFAL.format(inter="7.00", part="100.00", value="12.82")) -> dict[str, str | None]:
    """A one-item sale from SP to a consumer in BA: ICMS at 7%, DIFAL of 13.5% on 95.00."""
    edits: dict[str, str | None] = {
        "ide/idDest": "2",
        "dest/enderDest/UF": "BA",
        "dest/enderDest/cMun": "2927408",
    }
    edits |= one_item()
    edits |= {
        "det/prod/CFOP": "6102",
        "det/imposto/ICMS/ICMS00/pICMS": "7.00",
        "det/imposto/ICMS/ICMS00/vICMS": "6.65",
        "total/ICMSTot/vICMS": "6.65",
    }
    if difal is not None:
        edits["det/imposto/COFINS>"] = difal
        value = difal.partition("<vICMSUFDest>")[2].partition("<")[0]
        edits["total/ICMSTot/vICMSDeson>"] = f"<vICMSUFDest>{value}</vICMSUFDest><vICMSUFRemet>0.00</vICMSUFRemet>"
    return edits


def one_item() -> dict[str, str | None]:
    """The base note with its first item only, totals halved."""
    return {
        "det": None,  # the first goes; the second, its equal, stays
        "total/ICMSTot/vBC": "95.00",
        "total/ICMSTot/vICMS": "17.10",
        "total/ICMSTot/vProd": "100.00",
        "total/ICMSTot/vFrete": "5.00",
        "total/ICMSTot/vDesc": "10.00",
        "total/ICMSTot/vPIS": "1.29",
        "total/ICMSTot/vCOFINS": "5.92",
        "total/ICMSTot/vNF": "95.00",
        "total/IBSCBSTot/vBCIBSCBS": "70.69",
        "total/IBSCBSTot/gIBS/gIBSUF/vIBSUF": "0.07",
        "total/IBSCBSTot/gIBS/vIBS": "0.07",
        "total/IBSCBSTot/gCBS/vCBS": "0.64",
        "total/vNFTot": "95.00",
        "pag/detPag/vPag": "95.00",
    }


def simples(group: str = SN102) -> dict[str, str | None]:
    """A one-item sale of a Simples issuer: CSOSN, no IBS/CBS."""
    return one_item() | {
        "emit/CRT": "1",
        "det/imposto/ICMS/ICMS00>": group,
        "det/imposto/ICMS/ICMS00": None,
        "det/imposto/IBSCBS": None,
        "det/vItem": None,
        "total/ICMSTot/vBC": "0.00",
        "total/ICMSTot/vICMS": "0.00",
        "total/IBSCBSTot": None,
        "total/vNFTot": None,
    }


def icms(group: str, *, vBC: str, vICMS: str, vICMSDeson: str = "0.00") -> dict[str, str | None]:
    """A one-item sale with another ICMS group and its totals."""
    return one_item() | {
        "det/imposto/ICMS/ICMS00>": group,
        "det/imposto/ICMS/ICMS00": None,
        "total/ICMSTot/vBC": vBC,
        "total/ICMSTot/vICMS": vICMS,
        "total/ICMSTot/vICMSDeson": vICMSDeson,
    }


ICMS20 = (
    "<ICMS20><orig>0</orig><CST>20</CST><modBC>3</modBC><pRedBC>50.00</pRedBC><vBC>47.50</vBC><pICMS>18.00</pICMS>"
    "<vICMS>8.55</vICMS><vICMSDeson>8.55</vICMSDeson><motDesICMS>9</motDesICMS><indDeduzDeson>{deduct}</indDeduzDeson></ICMS20>"
)
ICMS51 = (
    "<ICMS51><orig>0</orig><CST>51</CST><modBC>3</modBC><vBC>95.00</vBC><pICMS>18.00</pICMS><vICMSOp>{op}</vICMSOp>"
    "<pDif>50.0000</pDif><vICMSDif>8.55</vICMSDif><vICMS>8.55</vICMS></ICMS51>"
)
RELIEVED = {"total/ICMSTot/vNF": "86.45", "pag/detPag/vPag": "86.45"}
CARD = "<card><tpIntegra>{kind}</tpIntegra>{rest}</card>"
