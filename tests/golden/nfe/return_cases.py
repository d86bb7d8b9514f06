"""Notes that give back, correct or adjust earlier ones, with the values computed by hand.

The earlier note, unless told otherwise, is three shirts of R$ 33,33 in São Paulo: vProd 99.99; ICMS 18% = 17.9982 -> 18.00;
PIS 1.65% and COFINS 7.6% of 99.99 - 18.00 = 81.99: 1.3528 -> 1.35 and 6.2312 -> 6.23; IBS and CBS on 81.99 - 1.35 - 6.23 = 74.41:
0.1% = 0.0744 -> 0.07 and 0.9% = 0.6697 -> 0.67.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.nfe.branch import Branch
from gateway.nfe.build import Built
from gateway.nfe.claims import Claim
from gateway.nfe.raw import RawNote, build_raw, complete
from gateway.nfe.sale import ReturnedLine
from gateway.nfe.signature import with_placeholder
from tests.golden.nfe.cases import Case
from tests.unit.nfe.made import AT, BRANCH, SIMPLES, D, composed, pays, product, sale
from tests.unit.nfe.made_raw import WINE, body, completed
from tests.unit.nfe.made_returns import CARIOCA, SUPPLIER, US, given_back, kept, noted, sold, taking, with_credit

Facts = dict[str, str | None]
IN_2029 = datetime(2029, 3, 10, 13, 30, tzinfo=UTC)
"""The credit of the Zona Franca is of 2029 on (1145)."""

# A third of the base and what follows from it: ICMS 18% of 33.33 = 5.9994 -> 6.00; 81.99 / 3 = 27.33: PIS 0.4509 -> 0.45 and
# COFINS 2.0771 -> 2.08; 74.41 / 3 = 24.8033 -> 24.80: IBS 0.0248 -> 0.02 and CBS 0.2232 -> 0.22.
THIRD: Facts = {
    "det/prod/qCom": "1",
    "det/prod/vProd": "33.33",
    "det/imposto/ICMS/ICMS00/vBC": "33.33",
    "det/imposto/ICMS/ICMS00/vICMS": "6.00",
    "det/imposto/PIS/PISOutr/CST": "50",
    "det/imposto/PIS/PISOutr/vBC": "27.33",
    "total/ICMSTot/vPIS": "0.45",
    "total/ICMSTot/vCOFINS": "2.08",
    "total/IBSCBSTot/vBCIBSCBS": "24.80",
    "total/IBSCBSTot/gIBS/vIBS": "0.02",
    "total/IBSCBSTot/gCBS/vCBS": "0.22",
    "total/ICMSTot/vNF": "33.33",
    "total/vNFTot": "33.33",
}
REFORM_ONLY: Facts = {
    "det/imposto/ICMS": None,
    "det/imposto/PIS": None,
    "det/imposto/COFINS": None,
    "total/ICMSTot/vICMS": "0.00",
    "total/ICMSTot/vPIS": "0.00",
}


def _header(tpNF: str, finNFe: str, CFOP: str, tPag: str = "90") -> Facts:
    return {
        "ide/tpNF": tpNF,
        "ide/finNFe": finNFe,
        "det/prod/CFOP": CFOP,
        "pag/detPag/tPag": tPag,
    }


def _referred(of: Callable[[], Built], *, by_item: bool = True) -> Facts:
    chave = of().chave
    if not by_item:
        return {"ide/NFref/refNFe": chave, "det/DFeReferenciado": None}
    return {"ide/NFref": None, "det/DFeReferenciado/chaveAcesso": chave, "det/DFeReferenciado/nItem": "1"}


def returned(
    operation: str,
    *facts: Facts,
    of: Callable[[], Built] = sold,
    by_item: bool = True,
    name: str = "",
    branch: Branch = BRANCH,
    claims: Callable[[], tuple[Claim, ...]] = tuple,
    changes: dict[str, Any] | None = None,
    **line: Any,
) -> Case:
    def make() -> Built:
        original = of()
        asked = msgspec.structs.replace(taking(operation, original, **line), **(changes or {}))
        return noted(given_back(asked, kept(original, *claims()), branch))

    told: Facts = _referred(of, by_item=by_item)
    for more in facts:
        told |= more
    return Case(f"operation_{name or operation}", make, told)


def _of(operation: str) -> Callable[[], Built]:
    """Three shirts sent by an operation."""
    return lambda: sold(operation=operation, payments=())


def _credit(
    operation: str, kind: Facts, CFOP: str, code: str, amounts: Facts, *facts: Facts, at: datetime = AT, **changes: Any
) -> Case:
    def make() -> Built:
        return noted(composed(with_credit(operation, **changes), at=at), at=at)

    base = {"det/imposto/IBSCBS/cClassTrib": code, "det/imposto/IBSCBS/gIBSCBS": None, "total/ICMSTot/vNF": "100.00"}
    told = {
        **_header("1" if CFOP[0] == "5" else "0", "6" if CFOP[0] == "5" else "5", CFOP),
        **REFORM_ONLY,
        **base,
        **kind,
        **amounts,
    }
    for more in facts:
        told |= more
    return Case(f"operation_{operation}", make, told)


def _itself(tax_id: str | None = BRANCH.cnpj) -> Facts:
    return {"dest/CNPJ": tax_id, "ide/idDest": "1"}


def _second() -> tuple[Claim, ...]:
    first = noted(given_back(taking("devolucao_venda", sold(), quantity="1"), kept(sold())), 54)
    return (Claim(1, "quantity", D(1), 1, with_placeholder(first.xml)),)


def _bought() -> Built:
    """Three shirts that a supplier of the same state sold us."""
    return sold(branch=SUPPLIER, customer=US)


def _wine() -> Built:
    """Two bottles with substitution and IPI: 100.00 + ST 7.20 + IPI 10.00 = 117.20. See made_raw."""
    return build_raw(completed(WINE), number=1234, cNF="87654321", dhEmi=AT)


def _wine_bought() -> Built:

    dest = {"CNPJ": BRANCH.cnpj, "indIEDest": "1", "IE": "110042490114", "xNome": "Loja", "CPF": None}
    asked = body(WINE, emit__CNPJ=SUPPLIER.cnpj, ide__indFinal="0")
    whole = asked["infNFe"]["dest"]
    whole |= dest
    del whole["CPF"]
    return build_raw(
        complete(msgspec.json.decode(msgspec.json.encode(asked), type=RawNote), SUPPLIER, at=AT),
        number=9,
        cNF="87654321",
        dhEmi=AT,
    )


def _interstate() -> Built:
    return sold(customer=CARIOCA)


def _slip() -> Built:
    """A NFC-e to nobody identified."""
    return sold(mod="65", customer=None)


def _entered() -> Built:
    return sold(operation="entrada_conserto", payments=())


def _st() -> Built:
    return sold(product=product(situation="st", cest="2804400"))


def _both() -> Built:
    """Three shirts sent on consignment: one comes back, two were sold."""
    original = _of("remessa_consignacao")()
    asked = taking("retorno_consignacao", original, quantity="1")
    symbolic = ReturnedLine(chave_acesso=original.chave, item=1, quantity=D(2), operation="retorno_simbolico_consignacao")
    asked = msgspec.structs.replace(asked, returns=(*asked.returns, symbolic))
    return noted(given_back(asked, kept(original)))


def _advance() -> Built:
    return noted(composed(sale(operation="pagamento_antecipado", payments=())))


def _settled() -> Built:
    return noted(composed(sale(advances=(_advance().chave,))))


def _loss() -> Built:
    return noted(composed(sale(operation="baixa_estoque", customer=None, payments=()), SIMPLES))


CASES = (
    returned("devolucao_venda", _header("0", "4", "1202"), THIRD, quantity="1"),
    # Two thirds reached: 66.66, ICMS 12.00, less the 6.00 of before; bases 54.66 and 49.61 (49.6067), PIS 0.90 (0.9019),
    # COFINS 4.15 (4.1542), IBS 0.05 (0.0496), CBS 0.45 (0.4465), less 0.45, 2.08, 0.02 and 0.22.
    returned(
        "devolucao_venda",
        _header("0", "4", "1202"),
        {
            "det/imposto/ICMS/ICMS00/vICMS": "6.00",
            "total/ICMSTot/vPIS": "0.45",
            "total/ICMSTot/vCOFINS": "2.07",
            "total/IBSCBSTot/vBCIBSCBS": "24.81",
            "total/IBSCBSTot/gIBS/vIBS": "0.03",
            "total/IBSCBSTot/gCBS/vCBS": "0.23",
        },
        name="devolucao_venda_second_part",
        claims=_second,
        quantity="1",
    ),
    returned("entrada_troca", _header("0", "4", "1202"), THIRD, {"ide/natOp": "DEVOLUCAO DE VENDA - TROCA"}, quantity="1"),
    # To nobody identified: the branch is its own recipient. All of it comes back.
    returned(
        "devolucao_venda",
        _header("0", "4", "1202"),
        _itself(),
        {"dest/IE": "110042490114", "total/ICMSTot/vICMS": "18.00", "total/ICMSTot/vNF": "99.99"},
        of=_slip,
        name="devolucao_venda_of_nfce",
    ),
    # Rio: ICMS 12% of 33.33 = 3.9996 -> 4.00; DIFAL 33.33 x (20 - 12)% = 2.6664 -> 2.67 and FCP 2% = 0.6666 -> 0.67.
    returned(
        "devolucao_venda",
        _header("0", "4", "2202"),
        {
            "ide/idDest": "2",
            "det/imposto/ICMS/ICMS00/vICMS": "4.00",
            "total/ICMSTot/vICMSUFDest": "2.67",
            "total/ICMSTot/vFCPUFDest": "0.67",
        },
        of=_interstate,
        name="devolucao_venda_interstate",
        quantity="1",
    ),
    returned(
        "devolucao_venda",
        _header("0", "4", "1411"),
        {"det/imposto/ICMS/ICMS60/CST": "60", "det/prod/CEST": "2804400", "total/ICMSTot/vICMS": "0.00"},
        of=_st,
        name="devolucao_venda_st",
        quantity="1",
    ),
    # Half of the wine: ICMS 9.00, ST 3.60 in its group, IPI 5.00 given back at 50%; 50.00 + 3.60 + 5.00 = 58.60.
    returned(
        "devolucao_venda",
        _header("0", "4", "1410"),
        {
            "det/imposto/ICMS/ICMS10/vICMSST": "3.60",
            "det/imposto/IPI": None,
            "det/impostoDevol/pDevol": "50.00",
            "det/impostoDevol/IPI/vIPIDevol": "5.00",
            "total/ICMSTot/vIPI": "0.00",
            "total/ICMSTot/vIPIDevol": "5.00",
            "total/ICMSTot/vST": "3.60",
            "total/ICMSTot/vNF": "58.60",
        },
        of=_wine,
        name="devolucao_venda_ipi_and_st_of_our_own",
        quantity="1",
    ),
    # The supplier's ST 3.60 goes to vOutro: 50.00 + 3.60 + 5.00 = 58.60; own ICMS 9.00 in CST 90.
    returned(
        "devolucao_compra",
        _header("1", "4", "5411"),
        {
            "det/prod/vOutro": "3.60",
            "det/imposto/ICMS/ICMS90/vICMS": "9.00",
            "det/imposto/PIS/PISAliq/vPIS": "0.83",
            "det/impostoDevol/IPI/vIPIDevol": "5.00",
            "total/ICMSTot/vST": "0.00",
            "total/ICMSTot/vNF": "58.60",
            "dest/CNPJ": SUPPLIER.cnpj,
        },
        of=_wine_bought,
        name="devolucao_compra_ipi_and_st",
        quantity="1",
    ),
    returned(
        "devolucao_compra",
        _header("1", "4", "5202"),
        {"dest/CNPJ": SUPPLIER.cnpj, "det/imposto/ICMS/ICMS00/vICMS": "6.00", "det/imposto/PIS/PISAliq/vPIS": "0.45"},
        of=_bought,
        quantity="1",
    ),
    # In the Simples the supplier's ICMS is told by CSOSN 900.
    returned(
        "devolucao_compra",
        _header("1", "4", "5202"),
        {"det/imposto/ICMS/ICMSSN900/CSOSN": "900", "det/imposto/ICMS/ICMSSN900/vICMS": "6.00"},
        of=_bought,
        name="devolucao_compra_crt1",
        branch=SIMPLES,
        quantity="1",
    ),
    # Consignment: ICMS 18.00 and no PIS or COFINS; a third is 6.00.
    returned(
        "retorno_consignacao",
        _header("0", "4", "1918"),
        {"det/imposto/ICMS/ICMS00/vICMS": "6.00", "det/imposto/PIS/PISOutr/CST": "98", "total/ICMSTot/vPIS": "0.00"},
        of=_of("remessa_consignacao"),
        quantity="1",
    ),
    returned(
        "retorno_simbolico_consignacao",
        _header("0", "4", "1919"),
        {"det/imposto/ICMS/ICMS40/CST": "41", "total/ICMSTot/vICMS": "0.00", "total/ICMSTot/vNF": "66.66"},
        of=_of("remessa_consignacao"),
        quantity="2",
    ),
    Case(
        "operation_retorno_consignacao_and_symbolic",
        _both,
        # 33.33 with ICMS 6.00 and 66.66 without.
        {"det/prod/CFOP": "1918", "det[2]/prod/CFOP": "1919", "total/ICMSTot/vICMS": "6.00", "total/ICMSTot/vNF": "99.99"},
    ),
    returned(
        "retorno_venda_fora_estabelecimento",
        _header("0", "1", "1904"),
        {"det/imposto/ICMS/ICMS00/vICMS": "12.00", "total/ICMSTot/vNF": "66.66"},
        of=_of("venda_fora_estabelecimento"),
        quantity="2",
    ),
    returned(
        "retorno_comodato",
        _header("0", "1", "1909"),
        {"det/imposto/ICMS/ICMS40/CST": "41", "det/imposto/IPI/IPINT/CST": "03", "total/ICMSTot/vNF": "33.33"},
        of=_of("remessa_comodato"),
        name="retorno_comodato_of_its_note",
        quantity="1",
    ),
    returned(
        "retorno_conserto_cliente",
        _header("1", "1", "5916"),
        {"det/imposto/ICMS/ICMS40/CST": "41", "dest/CPF": "52998224725", "total/ICMSTot/vNF": "99.99"},
        of=_entered,
        name="retorno_conserto_cliente_of_its_note",
    ),
    # 10.00 of 99.99: base of IBS and CBS 74.41 x 10 / 99.99 = 7.4417 -> 7.44: 0.0074 -> 0.01 and 0.0670 -> 0.07.
    returned(
        "reducao_valor",
        _header("0", "5", "1949"),
        REFORM_ONLY,
        {
            "ide/tpNFCredito": "04",
            "det/prod/vProd": "10.00",
            "det/imposto/IBSCBS/cClassTrib": "000001",
            "total/IBSCBSTot/vBCIBSCBS": "7.44",
            "total/IBSCBSTot/gIBS/vIBS": "0.01",
            "total/IBSCBSTot/gCBS/vCBS": "0.07",
            "total/ICMSTot/vNF": "10.00",
        },
        amount="10.00",
        by_item=False,
    ),
    returned(
        "reducao_valor",
        _header("0", "5", "1949"),
        REFORM_ONLY,
        {"det/prod/vProd": "33.33", "total/IBSCBSTot/vBCIBSCBS": "24.80", "total/ICMSTot/vNF": "33.33"},
        name="reducao_valor_of_quantity",
        quantity="1",
        by_item=False,
    ),
    returned(
        "retorno_recusa",
        _header("0", "5", "1202"),
        {
            "ide/tpNFCredito": "03",
            "total/ICMSTot/vICMS": "18.00",
            "total/ICMSTot/vNF": "99.99",
            "total/IBSCBSTot/gCBS/vCBS": "0.67",
        },
        by_item=False,
    ),
    returned("retorno_recusa_parcial", _header("0", "5", "1202"), THIRD, {"ide/tpNFCredito": "06"}, by_item=False, quantity="1"),
    _credit(
        "perda_estoque",
        {"ide/tpNFDebito": "07"},
        "5927",
        "410030",
        {"det/imposto/IBSCBS/gEstornoCred/vIBSEstCred": "0.10", "total/IBSCBSTot/gEstornoCred/vCBSEstCred": "0.90"},
        _itself(),
        customer=None,
    ),
    Case(
        "operation_baixa_estoque",
        _loss,
        {**_header("1", "1", "5927"), **_itself(), "det/imposto/ICMS/ICMSSN102/CSOSN": "400", "total/ICMSTot/vNF": "100.00"},
    ),
    returned(
        "estorno",
        _header("0", "3", "1949"),
        {"total/ICMSTot/vICMS": "18.00", "total/ICMSTot/vNF": "99.99", "ide/indPres": "0"},
        by_item=False,
    ),
    returned(
        "estorno_entrada",
        _header("1", "3", "5949"),
        {"total/ICMSTot/vICMS": "0.00", "total/ICMSTot/vNF": "99.99"},
        of=_entered,
        by_item=False,
    ),
    # 10.00 more: bases 99.99 x 10 / 99.99 = 10.00, 8.1998 -> 8.20 and 7.44; ICMS 1.80, PIS 0.1353 -> 0.14, COFINS 0.6232 -> 0.62.
    returned(
        "complemento_valor",
        _header("1", "2", "5102", "17"),
        {
            "det/prod/vProd": "10.00",
            "det/imposto/ICMS/ICMS00/vICMS": "1.80",
            "det/imposto/PIS/PISAliq/vPIS": "0.14",
            "total/ICMSTot/vCOFINS": "0.62",
            "total/IBSCBSTot/vBCIBSCBS": "7.44",
            "total/ICMSTot/vNF": "10.00",
        },
        by_item=False,
        changes={"payments": (pays("pix", "10.00"),)},
        amount="10.00",
    ),
    # Four shirts left instead of three: the whole of one more.
    returned(
        "complemento_valor",
        _header("1", "2", "5102", "17"),
        {"det/prod/qCom": "1", "det/imposto/ICMS/ICMS00/vICMS": "6.00", "total/ICMSTot/vNF": "33.33"},
        by_item=False,
        name="complemento_valor_of_quantity",
        changes={"payments": (pays("pix", "33.33"),)},
        quantity="1",
    ),
    # 2% more on 99.99 = 1.9998 -> 2.00.
    returned(
        "complemento_icms",
        _header("1", "2", "5102"),
        {
            "det/imposto/ICMS/ICMS00/vBC": "99.99",
            "det/imposto/ICMS/ICMS00/pICMS": "2.00",
            "total/ICMSTot/vICMS": "2.00",
            "total/ICMSTot/vNF": "0.00",
        },
        by_item=False,
        icms_rate="2.00",
    ),
    # A fine of 10.00 is base as it is: IBS 0.01, CBS 0.09.
    returned(
        "multa_juros",
        _header("1", "6", "5949"),
        REFORM_ONLY,
        {
            "ide/tpNFDebito": "04",
            "total/IBSCBSTot/vBCIBSCBS": "10.00",
            "total/IBSCBSTot/gIBS/vIBS": "0.01",
            "total/IBSCBSTot/gCBS/vCBS": "0.09",
        },
        amount="10.00",
    ),
    returned(
        "credito_multa_juros",
        _header("0", "5", "1949"),
        REFORM_ONLY,
        {"ide/tpNFCredito": "01", "dest/CNPJ": SUPPLIER.cnpj, "total/IBSCBSTot/gCBS/vCBS": "0.09"},
        of=_bought,
        amount="10.00",
        by_item=False,
    ),
    _credit(
        "credito_presumido_zfm",
        {"ide/tpNFCredito": "02"},
        "1949",
        "810001",
        {"det/imposto/IBSCBS/gCredPresIBSZFM/vCredPresIBSZFM": "0.10"},
        _itself(),
        customer=None,
        at=IN_2029,
        month="2029-02",
    ),
    _credit(
        "transferencia_credito_cooperativa",
        {"ide/tpNFDebito": "01"},
        "5949",
        "800002",
        {"det/imposto/IBSCBS/gTransfCred/vIBS": "0.10"},
    ),
    _credit(
        "anulacao_credito",
        {"ide/tpNFDebito": "02"},
        "5949",
        "811001",
        {"det/imposto/IBSCBS/gAjusteCompet/competApur": "2026-10", "det/imposto/IBSCBS/gAjusteCompet/vCBS": "0.90"},
        _itself(),
        customer=None,
    ),
    _credit(
        "debito_nao_apurado",
        {"ide/tpNFDebito": "03"},
        "5949",
        "811002",
        {"det/imposto/IBSCBS/gAjusteCompet/vIBS": "0.10"},
        _itself(),
        customer=None,
    ),
    _credit(
        "transferencia_credito_sucessao",
        {"ide/tpNFDebito": "05"},
        "5949",
        "800001",
        {"det/imposto/IBSCBS/gTransfCred/vCBS": "0.90"},
    ),
    # The transfer is apart from what the operation itself owes: no base, no total, and vNF is the goods' 100.00.
    _credit(
        "credito_sucessao",
        {"ide/tpNFCredito": "05"},
        "1949",
        "800001",
        {"det/imposto/IBSCBS/gTransfCred/vIBS": "0.10", "det/imposto/IBSCBS/gTransfCred/vCBS": "0.90"},
    ),
    _credit(
        "desenquadramento_simples",
        {"ide/tpNFDebito": "08"},
        "5949",
        "811003",
        {"det/imposto/IBSCBS/gAjusteCompet/vIBS": "0.10"},
        _itself(),
        customer=None,
    ),
    # 100.00 paid in advance: IBS 0.10, CBS 0.90, and nothing else.
    Case(
        "operation_pagamento_antecipado",
        _advance,
        {
            **_header("1", "6", "5949"),
            **REFORM_ONLY,
            "ide/tpNFDebito": "06",
            "total/IBSCBSTot/vBCIBSCBS": "100.00",
            "total/IBSCBSTot/gIBS/vIBS": "0.10",
            "total/IBSCBSTot/gCBS/vCBS": "0.90",
            "total/vNFTot": "100.00",
        },
    ),
    Case("sale_that_settles_an_advance", _settled, {"ide/finNFe": "1", "ide/gPagAntecipado/refNFe": _advance().chave}),
)
