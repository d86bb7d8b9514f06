"""A note of each operation that a sale composes, one shirt of R$ 100,00 in São Paulo, with the values computed by hand."""

from __future__ import annotations

from collections.abc import Callable

from gateway.nfe.branch import Branch
from gateway.nfe.build import Built
from gateway.nfe.sale import Payment
from gateway.nfe.trade import Export
from tests.golden.nfe.cases import INDUSTRY, Case
from tests.unit.nfe.made import BRANCH, FOREIGNER, SIMPLES, built, pays, sale

SENT = "35261112ABC34501DE35550010000012331876543218"
"""An earlier note of the same branch: number 1233, series 1."""

UNTAXED = {
    "total/ICMSTot/vBC": "0.00",
    "total/ICMSTot/vICMS": "0.00",
    "total/ICMSTot/vPIS": "0.00",
    "total/ICMSTot/vCOFINS": "0.00",
}
# Base 100.00: ICMS 18% = 18.00. Without PIS and COFINS, nothing else.
ICMS_ONLY = {**UNTAXED, "total/ICMSTot/vBC": "100.00", "total/ICMSTot/vICMS": "18.00", "det/imposto/ICMS/ICMS00/vICMS": "18.00"}
# PIS 1.65% and COFINS 7.6% of 100.00 - 18.00 = 82.00: 1.353 and 6.232.
TAXED = {**ICMS_ONLY, "total/ICMSTot/vPIS": "1.35", "total/ICMSTot/vCOFINS": "6.23", "total/IBSCBSTot/vBCIBSCBS": "74.42"}
# PIS 1.65% and COFINS 7.6% of 100.00; base of IBS and CBS: 100.00 - 1.65 - 7.60.
REVENUE = {**UNTAXED, "total/ICMSTot/vPIS": "1.65", "total/ICMSTot/vCOFINS": "7.60", "total/IBSCBSTot/vBCIBSCBS": "90.75"}
FREE = {"det/imposto/IBSCBS/CST": "410", "det/imposto/IBSCBS/gIBSCBS": None, "total/IBSCBSTot/vBCIBSCBS": "0.00"}
GIVEN = {**FREE, "det/imposto/IBSCBS/cClassTrib": "410999", "det/imposto/PIS/PISNT/CST": "08"}
ENTERED = {**FREE, "det/imposto/IBSCBS/cClassTrib": "410999", "det/imposto/PIS/PISOutr/CST": "98"}
CST41 = {**UNTAXED, "det/imposto/ICMS/ICMS40/CST": "41", "det/prod/cBenef": None}
CST50 = {**UNTAXED, "det/imposto/ICMS/ICMS40/CST": "50"}

Facts = dict[str, str | None]


def _made(name: str, branch: Branch, referred: bool, payments: tuple[Payment, ...], customer: object) -> Callable[[], Built]:
    changes = {} if customer is None else {"customer": customer}
    references = (SENT,) if referred else ()
    return lambda: built(sale(operation=name, payments=payments, references=references, **changes), branch)


def case(
    operation: str,
    tpNF: str,
    CFOP: str,
    *facts: Facts,
    referred: bool = False,
    tPag: str = "90",
    payments: tuple[Payment, ...] = (),
    branch: Branch = BRANCH,
    customer: object = None,
    name: str = "",
    infCpl: str | None = None,
) -> Case:
    told: Facts = {
        "ide/tpNF": tpNF,
        "ide/finNFe": "1",
        "ide/NFref/refNFe": SENT if referred else None,
        "det/prod/CFOP": CFOP,
        "pag/detPag/tPag": tPag,
        "pag/detPag/vPag": "0.00" if tPag == "90" else "100.00",
        "total/ICMSTot/vNF": "100.00",
        "infAdic/infCpl": infCpl,
    }
    for more in facts:
        told.update(more)
    return Case(f"operation_{name or operation}", _made(operation, branch, referred, payments, customer), told)


_NOTE = f"NF-e 1233/1 chave {SENT}"
_LOAN = "Bem em comodato ou locacao. Contrato teste-1."
_BACK = f"Retorno ref. {_NOTE}."
_REPAIRED = f"Retorno de conserto. Ref. {_NOTE}."
_OUT_FOR_REPAIR = "Remessa para conserto. ICMS suspenso - Conv. AE 15/74. Retorno ate 19/05/2027. Protocolo teste-1."
_IN_FOR_REPAIR = "Entrada para conserto. Protocolo teste-1."

CASES = (
    case("saida_troca", "1", "5102", TAXED, referred=True, infCpl=f"Saida por troca. Ref. {_NOTE}."),
    case("entrada_conserto", "0", "1915", CST41, ENTERED, infCpl=_IN_FOR_REPAIR),
    case("remessa_conserto", "1", "5915", CST50, GIVEN, infCpl=_OUT_FOR_REPAIR),
    case("retorno_conserto_externo", "0", "1916", CST50, ENTERED, referred=True, infCpl=_REPAIRED),
    case("retorno_conserto_cliente", "1", "5916", CST41, GIVEN, referred=True, infCpl=_REPAIRED),
    case(
        "transferencia",
        "1",
        "5152",
        ICMS_ONLY,
        FREE,
        {"det/imposto/IBSCBS/cClassTrib": "410002", "ide/natOp": "TRANSFERENCIA DE MERCADORIA"},
    ),
    case("remessa_consignacao", "1", "5917", ICMS_ONLY, GIVEN),
    case(
        "venda_consignacao",
        "1",
        "5114",
        REVENUE,
        {"det/imposto/ICMS/ICMS40/CST": "41"},
        referred=True,
        tPag="17",
        payments=(pays("pix", "100.00"),),
        infCpl=f"Venda de mercadoria remetida em consignacao. Ref. {_NOTE}.",
    ),
    case("remessa_comodato", "1", "5908", CST41, GIVEN, {"det/imposto/IPI/IPINT/CST": "53"}, infCpl=_LOAN),
    case("retorno_comodato", "0", "1909", CST41, ENTERED, {"det/imposto/IPI/IPINT/CST": "03"}, referred=True, infCpl=_BACK),
    Case(
        # Not taxed: CF art. 155, par. 2, X, a. The buyer is abroad, and the goods leave by Santos.
        "operation_exportacao",
        lambda: built(
            sale(
                operation="exportacao",
                customer=FOREIGNER,
                payments=(pays("transferencia", "100.00"),),
                export=Export(uf="SP", place="Porto de Santos", dispatch="Alfandega de Santos"),
            ),
            BRANCH,
        ),
        {
            **UNTAXED,
            **CST41,
            **FREE,
            "ide/idDest": "3",
            "ide/indFinal": "1",
            "dest/idEstrangeiro": "AB123456",
            "dest/CPF": None,
            "dest/indIEDest": "9",
            "dest/enderDest/UF": "EX",
            "dest/enderDest/cMun": "9999999",
            "dest/enderDest/xMun": "EXTERIOR",
            "dest/enderDest/xBairro": "Montevideo - Centro",
            "dest/enderDest/CEP": None,
            "dest/enderDest/cPais": "8451",
            "det/prod/CFOP": "7102",
            "det/imposto/PIS/PISNT/CST": "08",
            "det/imposto/IBSCBS/cClassTrib": "410004",
            "exporta/UFSaidaPais": "SP",
            "exporta/xLocExporta": "Porto de Santos",
            "exporta/xLocDespacho": "Alfandega de Santos",
            "total/ICMSTot/vNF": "100.00",
            "infAdic/infCpl": "Nao incidencia do ICMS: CF art. 155, par. 2, X, a.",
        },
    ),
    case("bonificacao", "1", "5910", ICMS_ONLY, FREE, {"det/imposto/IBSCBS/cClassTrib": "410001"}),
    case("remessa_locacao", "1", "5908", CST41, GIVEN, infCpl=_LOAN),
    case("retorno_locacao", "0", "1909", CST41, ENTERED, referred=True, infCpl=_BACK),
    case("ativo_uso_fora", "1", "5554", CST41, GIVEN, infCpl="Bem do ativo imobilizado. Protocolo teste-1."),
    case("retorno_ativo_uso_fora", "0", "1554", CST41, ENTERED, referred=True, infCpl=_BACK),
    case("venda_fora_estabelecimento", "1", "5904", ICMS_ONLY, GIVEN),
    case(
        "peca_garantia", "1", "5949", ICMS_ONLY, GIVEN, referred=True, infCpl=f"Peca em substituicao em garantia. Ref. {_NOTE}."
    ),
    # The Simples tells CSOSN 400 and no IBS or CBS; between states, the CFOP and no difference of rates.
    case(
        "remessa_conserto",
        "1",
        "6915",
        UNTAXED,
        {
            "det/imposto/ICMS/ICMSSN102/CSOSN": "400",
            "det/imposto/PIS/PISNT/CST": "08",
            "det/imposto/IBSCBS": None,
            "ide/idDest": "2",
        },
        branch=SIMPLES,
        customer=INDUSTRY,
        name="crt1_interstate",
        infCpl=_OUT_FOR_REPAIR,
    ),
    case(
        "retorno_ativo_uso_fora",
        "0",
        "1554",
        UNTAXED,
        {"det/imposto/ICMS/ICMSSN102/CSOSN": "400"},
        referred=True,
        branch=SIMPLES,
        name="crt1_entry",
        infCpl=_BACK,
    ),
)
