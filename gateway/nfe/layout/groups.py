"""Where each group of the schema lives and what it is called here: the table that `gateway.nfe.layout.generate` reads.

A row is (where it is in the schema, name of the struct, what it is). Where: the path of tags below `infNFe`, or the name of a
complex type; several of them separated by blanks share one struct.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Row(NamedTuple):
    """One struct. `optional` are tags that may be absent although the schema wants them (only in an `open` file)."""

    where: str
    name: str
    text: str
    optional: tuple[str, ...] = ()


class Module(NamedTuple):
    """One generated file. `also` are structs of other files that can be imported from this one too.

    An `open` file has second structs of groups that are told elsewhere: a note before the gateway fills in its part.
    """

    name: str
    text: str
    rows: tuple[Row, ...]
    also: tuple[str, ...] = ()
    open: bool = False


_ICMS = "det/imposto/ICMS/"
_IBS_CBS = "det/imposto/IBSCBS/"
_MONO = "TMonofasia/"

MODULES: Final = (
    Module(
        "ide",
        "Group B: what the document is, and the documents it refers to (BA).",
        (
            Row("ide/NFref/refNF", "RefNf", "BA03: a note on paper, model 1, 1A or 2."),
            Row("ide/NFref/refNFP", "RefNfp", "BA10: a farmer's note; CNPJ or CPF."),
            Row("ide/NFref/refECF", "RefEcf", "BA20: a slip of a fiscal printer."),
            Row("ide/NFref", "NfRef", "BA01: one referenced document; exactly one of its fields."),
            Row("TCompraGov", "CompraGov", "gCompraGov: sale to the government, with its reduced rates."),
            Row("ide/gPagAntecipado", "PagAntecipado", "gPagAntecipado: notes of payments in advance that this one settles."),
            Row("ide", "Ide", "B01: identification. Dates are TDateTimeUTC: `AAAA-MM-DDThh:mm:ss-03:00`."),
        ),
    ),
    Module(
        "parties",
        "Groups C to G: issuer, buyer, places of withdrawal and delivery, and who may fetch the XML.",
        (
            Row("TEnderEmi TEndereco", "Endereco", "C05 and E05 (TEnderEmi, TEndereco)."),
            Row("emit", "Emit", "C01: issuer; CNPJ or CPF."),
            Row("avulsa", "Avulsa", "D01: the fisco's office that issues for the taxpayer."),
            Row("dest", "Dest", "E01: buyer; CNPJ, CPF or idEstrangeiro."),
            Row("TLocal", "Local", "F01 and G01: where the goods are withdrawn or delivered; CNPJ or CPF."),
            Row("autXML", "AutXml", "GA01: who may fetch the XML; CNPJ or CPF."),
        ),
    ),
    Module(
        "foreign_trade",
        "Groups I of imports and exports (DI, detExport), P (II) and ZA (exporta).",
        (
            Row("det/prod/DI/adi", "Adi", "I25: addition of the import declaration."),
            Row("det/prod/DI", "Di", "I18: import declaration."),
            Row("det/prod/detExport/exportInd", "ExportInd", "I52: indirect export."),
            Row("det/prod/detExport", "DetExport", "I50: export of the item."),
            Row("det/imposto/II", "Ii", "P01: import tax."),
            Row("exporta", "Exporta", "ZA01: where the goods leave the country."),
        ),
    ),
    Module(
        "special_goods",
        "Groups J, K, L and LA: goods that tell more of themselves.",
        (
            Row("det/prod/veicProd", "VeicProd", "J01: a new vehicle."),
            Row("det/prod/med", "Med", "K01: a medicine."),
            Row("det/prod/arma", "Arma", "L01: a firearm."),
            Row("det/prod/comb/CIDE", "Cide", "LA07: CIDE of a fuel."),
            Row("det/prod/comb/encerrante", "Encerrante", "LA11: totals of the pump's nozzle before and after."),
            Row("det/prod/comb/origComb", "OrigComb", "LA18: where the fuel comes from."),
            Row("det/prod/comb", "Comb", "LA01: a fuel."),
        ),
    ),
    Module(
        "item",
        "Groups H, I, M and V: an item, its product and its taxes.",
        (
            Row("det/prod/gCred", "GroupCred", "I05g: a presumed credit of ICMS."),
            Row("det/prod/rastro", "Rastro", "I80: a batch, with its dates."),
            Row("det/prod/infProdNFF", "InfProdNff", "I90: the product as Nota Fiscal Facil knows it."),
            Row("det/prod/infProdEmb", "InfProdEmb", "I93: the packing of the product in Nota Fiscal Facil."),
            Row("det/prod", "Prod", "I01: product, quantities and amounts before tax."),
            Row("det/imposto", "Imposto", "M01: taxes of the item."),
            Row("det/impostoDevol/IPI", "IpiDevol", "UA03: the IPI given back."),
            Row("det/impostoDevol", "ImpostoDevol", "UA01: IPI of goods given back."),
            Row("det/obsItem/obsCont det/obsItem/obsFisco", "ObsItemText", "VA02 and VA05: a text under a caller's name."),
            Row("det/obsItem", "ObsItem", "VA01: remarks of the item."),
            Row("det/DFeReferenciado", "DfeReferenciado", "VC01: the item of another document that this one refers to."),
            Row("det", "Det", "H01: one item; nItem from 1 to 990."),
        ),
    ),
    Module(
        "icms_cst",
        "Group N by CST: regime normal.",
        (
            Row(_ICMS + "ICMS00", "Icms00", "N02: taxed in full."),
            Row(_ICMS + "ICMS02", "Icms02", "N02a: fuel taxed once for the whole chain."),
            Row(_ICMS + "ICMS10", "Icms10", "N03: taxed, and collected for the next sales by substitution."),
            Row(_ICMS + "ICMS15", "Icms15", "N03a: fuel taxed once, with retention."),
            Row(_ICMS + "ICMS20", "Icms20", "N04: taxed on a reduced base."),
            Row(_ICMS + "ICMS30", "Icms30", "N05: exempt or not taxed, and collected for the next sales by substitution."),
            Row(_ICMS + "ICMS40", "Icms40", "N06: exempt (40), not taxed (41), suspended (50)."),
            Row(_ICMS + "ICMS51", "Icms51", "N07: deferred, wholly or in part."),
            Row(_ICMS + "ICMS53", "Icms53", "N07a: fuel taxed once, deferred."),
            Row(_ICMS + "ICMS60", "Icms60", "N08: collected before by substitution."),
            Row(_ICMS + "ICMS61", "Icms61", "N08a: fuel taxed once, collected before."),
            Row(_ICMS + "ICMS70", "Icms70", "N09: reduced base, and collected for the next sales by substitution."),
            Row(_ICMS + "ICMS90", "Icms90", "N10: others."),
        ),
    ),
    Module(
        "icms_simples",
        "Group N by CSOSN: Simples Nacional.",
        (
            Row(_ICMS + "ICMSSN101", "IcmsSn101", "N10c: with credit for the buyer."),
            Row(_ICMS + "ICMSSN102", "IcmsSn102", "N10d: Simples Nacional, CSOSN 102, 103, 300, 400."),
            Row(_ICMS + "ICMSSN201", "IcmsSn201", "N10e: with credit, and collected for the next sales by substitution."),
            Row(_ICMS + "ICMSSN202", "IcmsSn202", "N10f: CSOSN 202 and 203, collected for the next sales by substitution."),
            Row(_ICMS + "ICMSSN500", "IcmsSn500", "N10g: Simples Nacional, collected before by substitution."),
            Row(_ICMS + "ICMSSN900", "IcmsSn900", "N10h: others."),
        ),
    ),
    Module(
        "icms",
        "Group N: ICMS by CST or CSOSN, and NA: the share of the destination's UF (DIFAL).",
        (
            Row(_ICMS + "ICMSPart", "IcmsPart", "N10a: tax shared by the states of origin and destination."),
            Row(_ICMS + "ICMSST", "IcmsSt", "N10b: collected before by substitution, passed on to another state."),
            Row("det/imposto/ICMS", "Icms", "N01: exactly one of its groups."),
            Row(
                "det/imposto/ICMSUFDest",
                "IcmsUfDest",
                "NA01: interstate sale to a final consumer who is no contributor. pICMSInter is a text of the schema: 4.00, 7.00,"
                " 12.00.",
            ),
        ),
        also=("Icms00", "Icms20", "Icms40", "Icms60", "IcmsSn102", "IcmsSn500"),
    ),
    Module(
        "ipi",
        "Group O: IPI.",
        (
            Row("TIpi/IPITrib", "IpiTrib", "O07: taxed, by rate (vBC, pIPI) or by unit (qUnid, vUnid)."),
            Row("TIpi/IPINT", "IpiNt", "O08: not taxed."),
            Row("TIpi", "Ipi", "O01: IPITrib or IPINT."),
        ),
    ),
    Module(
        "issqn",
        "Group U: ISSQN of a service in a note that has goods too, and W17: its totals.",
        (
            Row("det/imposto/ISSQN", "Issqn", "U01."),
            Row("total/ISSQNtot", "IssqnTot", "W17."),
        ),
    ),
    Module(
        "pis_cofins",
        "Groups Q to T: PIS and COFINS, and theirs by substitution.",
        (
            Row("det/imposto/PIS/PISAliq", "PisAliq", "Q02: CST 01 and 02."),
            Row("det/imposto/PIS/PISQtde", "PisQtde", "Q03: CST 03, by quantity."),
            Row("det/imposto/PIS/PISNT", "PisNt", "Q04: CST 04 to 09, nothing to pay."),
            Row("det/imposto/PIS/PISOutr", "PisOutr", "Q05: CST 49 to 99, by rate or by quantity."),
            Row("det/imposto/PIS", "Pis", "Q01: exactly one of its groups."),
            Row("det/imposto/PISST", "PisSt", "R01: by substitution, by rate or by quantity."),
            Row("det/imposto/COFINS/COFINSAliq", "CofinsAliq", "S02: CST 01 and 02."),
            Row("det/imposto/COFINS/COFINSQtde", "CofinsQtde", "S03: CST 03, by quantity."),
            Row("det/imposto/COFINS/COFINSNT", "CofinsNt", "S04: CST 04 to 09, nothing to pay."),
            Row("det/imposto/COFINS/COFINSOutr", "CofinsOutr", "S05: CST 49 to 99, by rate or by quantity."),
            Row("det/imposto/COFINS", "Cofins", "S01: exactly one of its groups."),
            Row("det/imposto/COFINSST", "CofinsSt", "T01: by substitution, by rate or by quantity."),
        ),
    ),
    Module(
        "selective",
        "Group UB of the selective tax (IS), and its total.",
        (
            Row("TIS", "Is", "UB01: by rate or by unit."),
            Row("TISTot", "IsTot", "W31."),
        ),
    ),
    Module(
        "ibs_cbs",
        "Group UB: IBS and CBS of an item, and W34: their totals. Source: NT 2025.002-RTC v1.52.",
        (
            Row("TDif", "Dif", "gDif: the part deferred."),
            Row("TDevTrib", "DevTrib", "gDevTrib: the part given back."),
            Row("TRed", "Red", "gRed: the rate reduced by law."),
            Row("TCIBS_NFe/gIBSUF", "GroupIbsUf", "UB17: share of the state."),
            Row("TCIBS_NFe/gIBSMun", "GroupIbsMun", "UB36: share of the municipality."),
            Row("TALCZFMCBS_NFe", "AlcZfmCbs", "gALCZFMCBS: CBS of sales to free trade areas and the Zona Franca de Manaus."),
            Row("TCIBS_NFe/gCBS", "GroupCbs", "UB55: CBS."),
            Row("TTribRegular", "TribRegular", "gTribRegular: the tax that would be due without the condition of the exemption."),
            Row("TTribCompraGov", "TribCompraGov", "gTribCompraGov: rates and values of a sale to the government."),
            Row("TCIBS_NFe", "GroupIbsCbs", "UB15: base and values."),
            Row("TTransfCred", "TransfCred", "gTransfCred: credits passed on."),
            Row("TAjusteCompet", "AjusteCompet", "gAjusteCompet: values of another month."),
            Row("TEstornoCred TIBSCBSMonoTot/gEstornoCred", "EstornoCred", "gEstornoCred: credits reversed."),
            Row("TCredPres", "CredPres", "A presumed credit: vCredPres or vCredPresCondSus."),
            Row("TCredPresOper", "CredPresOper", "gCredPresOper: presumed credits of the operation."),
            Row("TCredPresIBSZFM", "CredPresIbsZfm", "gCredPresIBSZFM: presumed credit of IBS of the Zona Franca de Manaus."),
            Row("TTribNFe", "IbsCbs", "UB12: gIBSCBS is present or absent as the CST demands."),
            Row("TIBSCBSMonoTot/gIBS/gIBSUF", "TotalIbsUf", "W37."),
            Row("TIBSCBSMonoTot/gIBS/gIBSMun", "TotalIbsMun", "W42."),
            Row("TIBSCBSMonoTot/gIBS", "TotalIbs", "W36."),
            Row("TIBSCBSMonoTot/gCBS", "TotalCbs", "W50."),
            Row("TIBSCBSMonoTot/gMono", "TotalMono", "W57: monophase."),
            Row("TIBSCBSMonoTot", "IbsCbsTot", "W34."),
        ),
    ),
    Module(
        "ibs_cbs_mono",
        "Group UB84: IBS and CBS of fuels, due once for the whole chain, by unit (AdRem) or by value (AdValorem).",
        (
            Row(_MONO + "gIBSMonoAdRem/gMonoPadrao", "IbsUnitPadrao", "gMonoPadrao."),
            Row(_MONO + "gIBSMonoAdRem/gMonoReten", "IbsUnitReten", "gMonoReten: subject to retention."),
            Row(f"{_MONO}gIBSMonoAdRem/gMonoRet {_MONO}gIBSMonoAdValorem/gMonoRet", "IbsMonoRet", "gMonoRet: retained before."),
            Row(
                f"{_MONO}gIBSMonoAdRem/gpBioDiferenca {_MONO}gIBSMonoAdValorem/gpBioDiferenca",
                "IbsBioDiferenca",
                "gpBioDiferenca: difference of the biofuel's share.",
            ),
            Row(_MONO + "gIBSMonoAdRem", "IbsMonoAdRem", "gIBSMonoAdRem."),
            Row(_MONO + "gIBSMonoAdValorem/gMonoPadrao", "IbsValuePadrao", "gMonoPadrao."),
            Row(_MONO + "gIBSMonoAdValorem/gMonoReten", "IbsValueReten", "gMonoReten: subject to retention."),
            Row(_MONO + "gIBSMonoAdValorem", "IbsMonoAdValorem", "gIBSMonoAdValorem."),
            Row(_MONO + "gCBSMonoAdRem/gMonoPadrao", "CbsUnitPadrao", "gMonoPadrao."),
            Row(_MONO + "gCBSMonoAdRem/gMonoReten", "CbsUnitReten", "gMonoReten: subject to retention."),
            Row(f"{_MONO}gCBSMonoAdRem/gMonoRet {_MONO}gCBSMonoAdValorem/gMonoRet", "CbsMonoRet", "gMonoRet: retained before."),
            Row(
                f"{_MONO}gCBSMonoAdRem/gpBioDiferenca {_MONO}gCBSMonoAdValorem/gpBioDiferenca",
                "CbsBioDiferenca",
                "gpBioDiferenca: difference of the biofuel's share.",
            ),
            Row(_MONO + "gCBSMonoAdRem", "CbsMonoAdRem", "gCBSMonoAdRem."),
            Row(_MONO + "gCBSMonoAdValorem/gMonoPadrao", "CbsValuePadrao", "gMonoPadrao."),
            Row(_MONO + "gCBSMonoAdValorem/gMonoReten", "CbsValueReten", "gMonoReten: subject to retention."),
            Row(_MONO + "gCBSMonoAdValorem", "CbsMonoAdValorem", "gCBSMonoAdValorem."),
            Row("TMonofasia", "Monofasia", "gIBSCBSMono."),
        ),
    ),
    Module(
        "total",
        "Group W: totals.",
        (
            Row("total/ICMSTot", "IcmsTot", "W02: sums of the items, and vNF (W16)."),
            Row("total/retTrib", "RetTrib", "W23: federal taxes withheld."),
            Row("total", "Total", "W01."),
        ),
    ),
    Module(
        "delivery",
        "Group X: carriage.",
        (
            Row("transp/transporta", "Transporta", "X03: carrier."),
            Row("transp/retTransp", "RetTransp", "X11: ICMS of the carriage, withheld."),
            Row("TVeiculo", "Veiculo", "X18 and X22: vehicle and trailers."),
            Row("transp/vol/lacres", "Lacres", "X33: seal."),
            Row("transp/vol", "Vol", "X26: volumes."),
            Row("transp", "Transp", "X01: vehicle and trailers, or wagon, or barge."),
        ),
    ),
    Module(
        "payment",
        "Groups Y and YA: bill and payments, and YB: the marketplace of an intermediated sale.",
        (
            Row("cobr/fat", "Fat", "Y02: the bill."),
            Row("cobr/dup", "Dup", "Y07: an instalment."),
            Row("cobr", "Cobr", "Y01."),
            Row("pag/detPag/card", "Card", "YA04: cards, PIX, boletos and other electronic payments."),
            Row("pag/detPag", "DetPag", "YA01a: one payment."),
            Row("pag", "Pag", "YA01."),
            Row("infIntermed", "InfIntermed", "YB01."),
        ),
    ),
    Module(
        "sectors",
        "Groups ZC (sugar cane), ZF (agriculture), and those of Nota Fiscal Facil and of the provider who signs for the issuer.",
        (
            Row("cana/forDia", "ForDia", "ZC04: supply of one day."),
            Row("cana/deduc", "Deduc", "ZC10: a deduction."),
            Row("cana", "Cana", "ZC01: sugar cane."),
            Row("infSolicNFF", "InfSolicNff", "ZE01: the request of Nota Fiscal Facil."),
            Row("agropecuario/defensivo", "Defensivo", "ZF02: prescription of a pesticide."),
            Row("agropecuario/guiaTransito", "GuiaTransito", "ZF04: transit permit."),
            Row("agropecuario", "Agropecuario", "ZF01: pesticides, or a transit permit."),
            Row("TRSAKeyValueType", "RsaKeyValue", "The provider's key."),
            Row("infPAA/PAASignature", "PaaSignature", "The provider's signature."),
            Row("infPAA", "InfPaa", "infPAA: the provider who signs for the issuer (NT 2026.001)."),
        ),
    ),
    Module(
        "document",
        "Group A and the closing groups Z: the whole of `NFe`.",
        (
            Row("infAdic/obsCont infAdic/obsFisco", "Obs", "Z04 and Z07: a text under a name."),
            Row("infAdic/procRef", "ProcRef", "Z10: a lawsuit or an administrative act."),
            Row("infAdic", "InfAdic", "Z01: additional information."),
            Row("compra", "Compra", "ZB01: the buyer's order."),
            Row("TInfRespTec", "InfRespTec", "ZD01: who answers for the emitting software (NT 2018.005)."),
            Row("infNFe", "InfNFe", "A01. Attributes in the order of C14N: by name."),
            Row("infNFeSupl", "InfNFeSupl", "ZX01: QR code of an NFC-e; outside of what is signed."),
            Row("TNFe", "NFe", "The document, less its signature."),
        ),
    ),
    Module(
        "raw",
        "A note as a caller gives it by its official tags: what the gateway fills in may be absent.",
        (
            Row(
                "ide",
                "RawIde",
                "B01.",
                ("cUF", "cNF", "mod", "serie", "nNF", "dhEmi", "cMunFG", "tpImp", "tpEmis", "cDV", "tpAmb", "procEmi", "verProc"),
            ),
            Row("emit", "RawEmit", "C01: what is absent is the branch's.", ("xNome", "enderEmit", "CRT")),
            Row("det", "RawDet", "H01: items without nItem are numbered in their order.", ("nItem",)),
            Row("total", "RawTotal", "W01: without ICMSTot, every group that is absent is summed.", ("ICMSTot",)),
            Row("infNFe", "RawInfNFe", "A01: totals that are absent are summed.", ("Id", "versao", "total", "transp")),
        ),
        open=True,
    ),
)
"""Every group of `TNFe`, by file."""
