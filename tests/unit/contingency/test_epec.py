"""What the EPEC of a note says, and which corrections of the note still say the same."""

from __future__ import annotations

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.core.taxid import Cnpj, Cpf
from gateway.nfe.epec import differences, epec_detail
from gateway.nfe.layout.document import InfNFe
from tests.unit.nfe.made import built, sale
from tests.unit.nfe.made_document import changed


def note() -> InfNFe:
    return built(sale()).note.infNFe


def test_an_epec_says_who_buys_and_for_how_much() -> None:
    inf = note()
    assert inf.dest is not None
    detail = epec_detail(inf)
    assert (detail["dhEmi"], detail["tpNF"], detail["IE"]) == (inf.ide.dhEmi, "1", inf.emit.IE)
    dest = detail["dest"]
    assert isinstance(dest, dict)
    sums = inf.total.ICMSTot
    assert {tag: dest[tag] for tag in ("vNF", "vICMS", "vST")} == {
        "vNF": f"{sums.vNF:.2f}",
        "vICMS": f"{sums.vICMS:.2f}",
        "vST": "0.00",
    }
    # Plain text all through: it is kept as JSON.
    assert msgspec.json.decode(msgspec.json.encode(detail)) == detail


def test_a_buyer_is_told_by_the_document_he_has() -> None:
    inf = note()
    assert inf.dest is not None

    def told(**document: object) -> dict[str, object]:
        given = {"CNPJ": None, "CPF": None, "idEstrangeiro": None, "IE": None} | document
        dest = epec_detail(msgspec.structs.replace(inf, dest=msgspec.structs.replace(inf.dest, **given)))["dest"]
        assert isinstance(dest, dict)
        return {tag: dest[tag] for tag in ("CNPJ", "CPF", "idEstrangeiro", "IE") if tag in dest}

    assert told(CPF=Cpf("52998224725")) == {"CPF": "52998224725"}
    assert told(CNPJ=Cnpj("11222333000181"), IE="110042490114") == {"CNPJ": "11222333000181", "IE": "110042490114"}
    assert told(idEstrangeiro="AB1234") == {"idEstrangeiro": "AB1234"}
    assert told(idEstrangeiro="") == {"idEstrangeiro": ""}


def test_an_issuer_without_ie_has_no_epec() -> None:
    inf = note()
    with pytest.raises(ValidationFailed) as refused:
        epec_detail(msgspec.structs.replace(inf, emit=msgspec.structs.replace(inf.emit, IE=None)))
    assert [fault.code for fault in refused.value.faults] == ["NFE-EPEC-02"]


def test_a_correction_may_change_what_the_epec_does_not_say() -> None:
    inf = note()
    registered = epec_detail(inf)
    other_ie = changed(inf, {"dest.IE": "110042490114", "ide.natOp": "VENDA DE MERCADORIA"})
    assert differences(registered, epec_detail(other_ie)) == ()
    dearer = msgspec.structs.replace(
        inf,
        total=msgspec.structs.replace(
            inf.total, ICMSTot=msgspec.structs.replace(inf.total.ICMSTot, vNF=inf.total.ICMSTot.vNF + 1)
        ),
    )
    assert differences(registered, epec_detail(dearer)) == ("o valor da nota (vNF)",)
    assert inf.dest is not None
    moved = changed(inf, {"dest.CPF": None, "dest.CNPJ": "11222333000181", "ide.tpNF": "0"})
    assert differences(registered, epec_detail(moved)) == (
        "o tipo da operação (tpNF)",
        "o CNPJ do comprador",
        "o CPF do comprador",
    )
