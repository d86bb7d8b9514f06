"""A note by its tags: what is filled in, what is summed, what is refused and beside it what passes."""

from __future__ import annotations

import copy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.core.errors import InvariantBroken, ValidationFailed
from gateway.nfe import request as requests
from gateway.nfe.branch import TechnicalContact
from gateway.nfe.findings import rules
from gateway.nfe.layout.raw import RawEmit, RawInfNFe
from gateway.nfe.layout.total import IcmsTot
from gateway.nfe.parties import HOMOLOGACAO_NAME
from gateway.nfe.raw import RawDraft, RawNote, build_raw, complete, dry_run_raw, number_taken
from gateway.nfe.reader import read_unchecked
from gateway.nfe.sale import Sale
from tests.unit.nfe.made import AT, BRANCH, CNPJ, SHIRT, sale
from tests.unit.nfe.made_raw import BOOK, FUEL, SERVICE, WINE, body, completed, raw
from tests.unit.nfe.test_reader import Maker

FILLED = ("cUF", "cNF", "mod", "serie", "nNF", "dhEmi", "cMunFG", "tpImp", "tpEmis", "cDV", "tpAmb", "procEmi", "verProc")
D = Decimal
replace = msgspec.structs.replace
NS = {"n": "http://www.portalfiscal.inf.br/nfe"}
CNF = "87654321"
KEY = "35261112ABC34501DE35550010000000071876543212"


def xml(draft: RawDraft, number: int = 7) -> str:
    return build_raw(draft, number=number, cNF=CNF, dhEmi=AT).xml.decode()


def codes(*items: dict[str, Any], branch: Any = BRANCH, **changes: Any) -> list[tuple[str, str]]:
    """Faults of completing and of the schema."""
    try:
        dry_run_raw(complete(raw(*items, **changes), branch, at=AT), AT)
    except ValidationFailed as error:
        assert all(fault.message and fault.fix for fault in error.faults)
        return [(fault.code, fault.path) for fault in error.faults]
    return []


def test_what_is_absent_is_filled_in() -> None:
    note = read_unchecked(build_raw(completed(), number=7, cNF=CNF, dhEmi=AT).xml).infNFe
    assert note.Id == f"NFe{KEY}"
    assert (note.ide.cUF, note.ide.cNF, note.ide.nNF, note.ide.cDV) == ("35", CNF, "7", KEY[-1])
    assert (note.ide.mod, note.ide.serie, note.ide.tpAmb, note.ide.tpEmis, note.ide.procEmi) == ("55", "1", "2", "1", "0")
    assert (note.ide.dhEmi, note.ide.cMunFG) == ("2026-11-20T10:30:00-03:00", "3550308")
    assert (note.emit.CNPJ, note.emit.xNome, note.emit.IE, note.emit.CRT) == (CNPJ, "Loja Exemplo Ltda", "110042490114", "3")
    assert note.dest is not None
    assert note.dest.xNome == HOMOLOGACAO_NAME
    assert [det.nItem for det in note.det] == ["1"]
    assert note.transp.modFrete == "9"


def test_what_the_caller_says_stays() -> None:
    when = (AT - timedelta(days=2)).isoformat()
    draft = completed(
        ide__serie="7",
        ide__dhEmi=when,
        ide__cMunFG="3509502",
        ide__tpImp="2",
        ide__verProc="loja 1.0",
        emit__xFant="Fantasia",
        emit__IEST="110042490114",
        transp={"modFrete": "0"},
    )
    note = read_unchecked(build_raw(draft, number=7, cNF=CNF, dhEmi=AT).xml).infNFe
    assert (note.ide.serie, note.ide.dhEmi, note.ide.cMunFG) == ("7", when, "3509502")
    assert (note.ide.tpImp, note.ide.verProc, note.emit.xFant, note.transp.modFrete) == ("2", "loja 1.0", "Fantasia", "0")
    assert (draft.series, draft.customer_name) == (7, "Maria Exemplo")
    assert note.Id[3 + 22 : 3 + 25] == "007"


def test_in_production_the_buyer_is_named_and_the_technician_signs() -> None:
    contact = TechnicalContact(cnpj="11222333000181", contact="Suporte", email="a@example.com", phone="1133334444")
    text = xml(completed(branch=replace(BRANCH, environment=1, technical_contact=contact)))
    assert "<xNome>Maria Exemplo</xNome>" in text
    assert "<infRespTec><CNPJ>11222333000181</CNPJ>" in text


def test_a_foreigners_document_that_no_search_key_holds_stays_in_the_note() -> None:
    for document, kept in (("AB123456789012", "AB123456789012"), ("AB1234567890123", None), ("A" * 20, None)):
        buyer = {"idEstrangeiro": document, "xNome": "Jane Example", "indIEDest": "9"}
        draft = complete(raw(WINE, dest=buyer), BRANCH, at=AT)
        assert (draft.customer_tax_id, draft.body.dest and draft.body.dest.idEstrangeiro) == (kept, document)


def test_totals_are_the_sums_of_the_items() -> None:
    draft = completed(WINE, BOOK, FUEL, paid=216.2)
    dry_run_raw(draft, AT)
    total = draft.body.total
    zero = D("0.00")
    assert total.ICMSTot == IcmsTot(
        vBC=D("100.00"),
        vICMS=D("18.00"),
        vICMSDeson=D("9.00"),
        vFCP=zero,
        vBCST=D("140.00"),
        vST=D("7.20"),
        vFCPST=zero,
        vFCPSTRet=zero,
        qBCMonoRet=D("10.00"),
        vICMSMonoRet=D("10.64"),
        vProd=D("210.00"),
        vFrete=D("3.00"),
        vSeg=zero,
        vDesc=D("5.00"),
        vII=zero,
        vIPI=D("10.00"),
        vIPIDevol=zero,
        vPIS=D("1.65"),
        vCOFINS=D("7.60"),
        vOutro=zero,
        vNF=D("216.20"),
    )
    assert [det.vItem for det in draft.body.det] == [D("117.20"), D("39.00"), D("60.00")]
    assert total.vNFTot == D("216.20")
    reform = total.IBSCBSTot
    assert reform is not None
    assert reform.gIBS is not None
    assert reform.gCBS is not None
    assert reform.gMono is not None
    assert (reform.vBCIBSCBS, reform.gIBS.vIBS, reform.gCBS.vCBS) == (D("72.75"), D("0.07"), D("0.65"))
    assert (reform.gMono.vIBSMono, reform.gMono.vCBSMono, reform.gMono.vIBSMonoRet) == (D("1.00"), D("0.50"), zero)
    assert total.ISSQNtot is None


def test_a_service_is_summed_apart() -> None:
    draft = completed(SERVICE, paid=80)
    dry_run_raw(draft, AT)
    issqn = draft.body.total.ISSQNtot
    assert issqn is not None
    assert (issqn.vServ, issqn.vBC, issqn.vISS, issqn.vPIS, issqn.vCOFINS) == (
        D("80.00"),
        D("80.00"),
        D("4.00"),
        D("1.32"),
        D("6.08"),
    )
    assert issqn.dCompet == "2026-11-20"
    icms = draft.body.total.ICMSTot
    assert (icms.vProd, icms.vPIS, icms.vNF) == (D("0.00"), D("0.00"), D("80.00"))
    reform = draft.body.total.IBSCBSTot
    assert reform is not None and (reform.vBCIBSCBS, draft.body.total.vNFTot) == (D("68.60"), D("80.00"))


def test_every_part_of_vnf() -> None:
    item = copy.deepcopy(WINE)
    item["prod"] |= {"vFrete": 1, "vSeg": 2, "vDesc": 4, "vOutro": 8}
    item["imposto"] |= {
        "II": {"vBC": 100, "vDespAdu": 0, "vII": 16, "vIOF": 0},
        "PISST": {"vBC": 100, "pPIS": 1, "vPIS": 32, "indSomaPISST": "1"},
        "COFINSST": {"vBC": 100, "pCOFINS": 1, "vCOFINS": 64, "indSomaCOFINSST": "1"},
    }
    item["impostoDevol"] = {"pDevol": 100, "IPI": {"vIPIDevol": 128}}
    item["imposto"]["ICMS"]["ICMS10"] |= {"vBCFCPST": 140, "pFCPST": 2, "vFCPST": 256}
    # 117.20 + 1 + 2 - 4 + 8 + 16 + 32 + 64 + 128 + 256
    assert completed(item).total == D("620.20")
    item["imposto"]["PISST"]["indSomaPISST"] = "0"
    del item["imposto"]["COFINSST"]["indSomaCOFINSST"]
    assert completed(item).total == D("524.20")
    item["prod"]["indTot"] = "0"
    assert completed(item).total == D("424.20")


def test_given_totals_are_not_touched() -> None:
    total = msgspec.to_builtins(completed().body.total)
    total["ICMSTot"]["vNF"] = "999.99"
    assert completed(total=total).total == D("999.99")


def test_numbers_keep_the_decimals_they_came_with() -> None:
    item = copy.deepcopy(WINE)
    item["prod"] |= {"qCom": "2.0000", "vUnCom": "50.0000000000"}
    text = xml(completed(item))
    assert "<qCom>2.0000</qCom><vUnCom>50.0000000000</vUnCom>" in text
    assert "<qTrib>2</qTrib><vUnTrib>50.00</vUnTrib>" in text


def test_the_whole_identification_given_by_the_caller_is_checked_and_kept() -> None:
    when = "2026-11-20T10:30:00-03:00"
    given = {"ide__nNF": "7", "ide__cNF": CNF, "ide__dhEmi": when, "ide__cDV": KEY[-1], "Id": f"NFe{KEY}", "versao": "4.00"}
    draft = completed(**given)
    dry_run_raw(draft, AT)
    assert requests.chosen_number(draft.note) == 7
    assert requests.cnf_of(draft.note, lambda _: "00000000")(7) == CNF
    assert f'Id="NFe{KEY}"' in xml(draft)


def plain(value: Any) -> Any:
    """Objects and lists, numbers as texts: what a caller's JSON has."""
    if isinstance(value, msgspec.Struct):
        return {name: plain(each) for name in value.__struct_fields__ if (each := getattr(value, name)) is not None}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return f"{value:f}" if isinstance(value, Decimal) else value


def vary(item: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(item)
    *groups, tag = path.split(".")
    group = changed
    for name in groups:
        group = group[name]
    group[tag] = value
    return changed


DATE = AT.isoformat()
PAIRS: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("NFE-RAW-01", "$.infNFe.det[0].prod.vProd", {"item": ("prod.vProd", "100.001")}, {"item": ("prod.vProd", "100.00")}),
    ("NFE-RAW-01", "$.infNFe.det[0].prod.vProd", {"item": ("prod.vProd", -1)}, {"item": ("prod.vProd", "99.99")}),
    ("NFE-RAW-01", "$.infNFe.ide.natOp", {"ide__natOp": "VENDA\x00"}, {"ide__natOp": "VENDA & CIA <1>"}),
    ("NFE-RAW-01", "$.infNFe.ide.cUF", {"ide__cUF": "SP"}, {"ide__cUF": "35"}),
    ("NFE-RAW-01", "$.infNFe.ide.cUF", {"ide__cUF": "3"}, {}),
    ("NFE-RAW-02", "$.infNFe.ide.dhEmi", {"ide__dhEmi": "2026-11-20"}, {"ide__dhEmi": DATE}),
    ("NFE-RAW-02", "$.infNFe.ide.dhEmi", {"ide__dhEmi": "hoje"}, {"ide__dhEmi": "2026-11-19T23:00:00-03:00"}),
    ("NFE-SALE-06", "$.infNFe.ide.dhEmi", {"ide__dhEmi": (AT + timedelta(minutes=6)).isoformat()}, {}),
    ("NFE-SALE-07", "$.infNFe.ide.dhEmi", {"ide__dhEmi": (AT - timedelta(days=31)).isoformat()}, {}),
    ("NFE-RAW-03", "$.infNFe.ide.serie", {"ide__serie": "890"}, {"ide__serie": "889"}),
    ("NFE-RAW-03", "$.infNFe.ide.serie", {"ide__serie": "A"}, {"ide__serie": "0"}),
    ("NFE-RAW-04", "$.infNFe.ide.nNF", {"ide__nNF": "0"}, {"ide__nNF": "1"}),
    ("NFE-RAW-04", "$.infNFe.ide.nNF", {"ide__nNF": "1000000000"}, {"ide__nNF": "999999999"}),
    ("NFE-RAW-05", "$.infNFe.ide.cNF", {"ide__cNF": "11111111"}, {"ide__cNF": "11111112"}),
    ("NFE-RAW-05", "$.infNFe.ide.cNF", {"ide__cNF": "00000007", "ide__nNF": "7"}, {"ide__cNF": "00000007", "ide__nNF": "8"}),
    ("NFE-RAW-06", "$.infNFe.Id", {"Id": f"NFe{KEY}"}, {}),
    ("NFE-RAW-06", "$.infNFe.ide.cDV", {"ide__cDV": "2"}, {}),
    ("NFE-RAW-07", "$.infNFe.Id", {"Id": f"NFe{KEY[:-1]}9", "ide__nNF": "7", "ide__cNF": CNF, "ide__dhEmi": DATE}, {}),
    ("NFE-RAW-07", "$.infNFe.ide.cDV", {"ide__cDV": "9", "ide__nNF": "7", "ide__cNF": CNF, "ide__dhEmi": DATE}, {}),
    ("NFE-RAW-08", "$.infNFe.ide.mod", {"ide__mod": "57"}, {"ide__mod": "55"}),
    ("NFE-RAW-08", "$.infNFe.ide.tpAmb", {"ide__tpAmb": "1"}, {"ide__tpAmb": "2"}),
    ("NFE-RAW-08", "$.infNFe.ide.tpEmis", {"ide__tpEmis": "6"}, {"ide__tpEmis": "1"}),
    ("NFE-RAW-08", "$.infNFe.ide.procEmi", {"ide__procEmi": "1"}, {"ide__procEmi": "0"}),
    ("NFE-RAW-08", "$.infNFe.versao", {"versao": "3.10"}, {"versao": "4.00"}),
    ("NFE-RAW-08", "$.infNFe.det[0].nItem", {"item": ("nItem", "2")}, {"item": ("nItem", "1")}),
    ("NFE-BRANCH-05", "$.infNFe.emit.CNPJ", {"emit__CNPJ": "11222333000181"}, {}),
    ("NFE-XSD-PATTERN", "$.infNFe.det[0].prod.NCM", {"item": ("prod.NCM", "220421")}, {"item": ("prod.NCM", "22042100")}),
)


def tried(changes: dict[str, Any]) -> list[tuple[str, str]]:
    changes = dict(changes)
    item = vary(WINE, *changes.pop("item")) if "item" in changes else WINE
    return codes(item, **changes)


@pytest.mark.parametrize(("code", "path", "bad", "good"), PAIRS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_refusal_and_its_neighbour(code: str, path: str, bad: dict[str, Any], good: dict[str, Any]) -> None:
    assert tried(bad) == [(code, path)]
    assert tried(good) == []


def test_every_rule_of_raw_notes_is_proven_here() -> None:
    assert number_taken(7, 1).faults[0].code == "NFE-RAW-09"
    assert {code for code, *_ in PAIRS} | {"NFE-RAW-09"} >= {code for code in rules() if code.startswith("NFE-RAW-")}


def test_choices_are_the_schemas_to_judge() -> None:
    both = vary(WINE, "imposto.ICMS.ICMS40", {"orig": "0", "CST": "41"})
    assert [path for _, path in codes(both)] == ["$.infNFe.det[0].imposto.ICMS.ICMS40"]
    nobody = body()
    del nobody["infNFe"]["dest"]["CPF"]
    assert [path for _, path in codes(dest=nobody["infNFe"]["dest"])] == ["$.infNFe.dest.xNome"]


def test_what_is_wrong_with_the_branch_is_told_at_the_branch() -> None:
    assert codes(branch=replace(BRANCH, time_zone="Lua/Norte")) == [("NFE-BRANCH-03", "$.branch")]
    assert codes(branch=replace(BRANCH, state_registration="1")) == [("NFE-BRANCH-02", "$.branch")]


def test_all_faults_are_told_together() -> None:
    faults = codes(ide__serie="900", ide__mod="57", ide__cNF="00000000", ide__dhEmi="ontem")
    assert {code for code, _ in faults} == {"NFE-RAW-02", "NFE-RAW-03", "NFE-RAW-05", "NFE-RAW-08"}


def test_numbers_the_layout_does_not_take_are_the_callers_mistake() -> None:
    for number, cNF in ((0, CNF), (1_000_000_000, CNF), (7, "00000007"), (7, "1")):
        with pytest.raises(InvariantBroken):
            build_raw(completed(), number=number, cNF=cNF, dhEmi=AT)
    with pytest.raises(InvariantBroken):
        build_raw(completed(), number=7, cNF=CNF, dhEmi=AT.replace(tzinfo=None))


def test_a_stored_request_comes_back_as_what_it_was() -> None:
    note, of_trade = raw(WINE, BOOK), sale()
    for asked in (note, of_trade):
        text = msgspec.json.encode(asked).decode()
        again = requests.decode_request(text)
        assert again == asked
        assert requests.is_raw(text) is (asked is note)
    assert (requests.items_of(note), requests.skus(note), requests.branch_path(note)) == (2, [], "$.infNFe.emit.CNPJ")
    assert (requests.items_of(of_trade), requests.skus(of_trade), requests.branch_path(of_trade)) == (1, ["CAM-1"], "$.branch")
    assert isinstance(requests.decode_request(msgspec.json.encode(of_trade).decode()), Sale)


def test_both_kinds_stay_in_the_series_they_were_accepted_with() -> None:
    for asked in (raw(), sale()):
        draft = requests.draft(asked, BRANCH, {SHIRT.sku: SHIRT}, at=AT)
        requests.dry_run(draft, AT)
        assert requests.series(draft) == 1
        assert requests.chosen_series(draft) is None
        assert requests.in_series(draft, 1) is draft
        moved = requests.build(requests.in_series(draft, 5), number=7, cNF=CNF, dhEmi=AT)
        assert moved.chave.serie == 5
        body = etree.fromstring(moved.xml)
        assert body.findtext(".//n:serie", namespaces=NS) == "5"
        assert requests.asked(draft) == asked
        assert requests.issued_at(draft) is None


def test_an_address_the_key_cannot_be_made_of_is_refused_not_broken() -> None:
    address = {"xLgr": "Rua A", "nro": "1", "xBairro": "Centro", "cMun": "SP", "xMun": "Sao Paulo", "UF": "SP"}
    assert codes(emit__enderEmit=address) == [("NFE-RAW-01", "$.infNFe.emit.enderEmit.cMun")]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_a_caller_sends_breaks_the_gateway(seed: int) -> None:
    """Any value of the model is completed or refused with faults, and survives being stored."""
    maker = Maker(seed)
    note = RawNote(ref="r", infNFe=replace(maker.make(RawInfNFe), emit=RawEmit(CNPJ=CNPJ)))
    stored = requests.decode_request(msgspec.json.encode(plain(note)).decode())
    assert isinstance(stored, RawNote)
    clean = replace(stored.infNFe, Id=None, versao=None, ide=replace(stored.infNFe.ide, **dict.fromkeys(FILLED)))
    for asked in (stored, replace(stored, infNFe=clean)):
        try:
            dry_run_raw(complete(asked, BRANCH, at=AT), AT)
        except ValidationFailed as error:
            assert all(fault.path.startswith("$") and fault.message for fault in error.faults)
