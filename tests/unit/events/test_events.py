"""Events and voided numbers: composed, signed and joined, judged by xmlsec, by our schema and by the public ones."""

from __future__ import annotations

import importlib.util
from datetime import datetime
from pathlib import Path

import pytest
import xmlsec
from lxml import etree

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ProtocolBroken, ValidationFailed
from gateway.core.taxid import Cnpj
from gateway.nfe.certificate import Certificate
from gateway.nfe.events.compose import compose_event, sign_event
from gateway.nfe.events.inutilizacao import compose_voiding, sign_voiding
from gateway.nfe.events.proc import join_proc_evento, join_proc_inut
from gateway.nfe.events.schema import check, details
from gateway.nfe.events.table import event_kind, event_kinds
from gateway.nfe.ports import SignedEvent, SignedInut
from gateway.nfe.signature import DSIG, NFE
from tests.unit.events.samples import DETAILS

AT = datetime.fromisoformat("2026-11-21T10:05:00-03:00")
SENDABLE = sorted(kind.tpEvento for kind in event_kinds().values() if kind.sendable)


def chave_of(cnpj: str, mod: str) -> ChaveAcesso:
    return ChaveAcesso.build(cUF="35", dhEmi=AT, tax_id=cnpj, mod=mod, serie=1, nNF=7, tpEmis="1", cNF="10203040")


def signed(tpEvento: str, certificate: Certificate, cnpj: str = "11222333000181") -> SignedEvent:
    kind = event_kind(tpEvento)
    event = compose_event(
        kind, chave_of(cnpj, kind.models[0]), tax_id=cnpj, cUF="35", n_seq=1, environment=2, values=DETAILS[tpEvento]
    )
    return sign_event(event, certificate, AT)


def verify_with_xmlsec(xml: bytes, certificate: Certificate) -> None:
    root = etree.fromstring(xml)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate.der, xmlsec.constants.KeyDataFormatCertDer)
    context.verify(root.find(f".//{{{DSIG}}}Signature"))


def test_the_table_and_the_schema_tell_of_the_same_events() -> None:
    assert {kind.tpEvento for kind in event_kinds().values() if kind.sendable} | {"211120"} == set(details())
    assert len(event_kinds()) == 45
    assert set(DETAILS) == set(SENDABLE)


@pytest.mark.parametrize("cnpj", ["11222333000181", "12ABC34501DE35"])
@pytest.mark.parametrize("tpEvento", SENDABLE)
def test_every_event_is_valid_and_its_signature_good(tpEvento: str, cnpj: str, certificate: Certificate) -> None:
    event = signed(tpEvento, certificate, cnpj)
    assert check(event, "evento") == ()
    verify_with_xmlsec(event, certificate)
    detail = etree.fromstring(event).find(f".//{{{NFE}}}detEvento")
    assert detail is not None
    assert check(etree.tostring(detail), tpEvento) == ()


@pytest.mark.parametrize(
    ("tpEvento", "package", "file", "root"),
    [
        ("110110", "nfe_evento_cce", "CCe_v1.00.xsd", "evento"),
        ("110111", "nfe_evento_cancel", "eventoCancNFe_v1.00.xsd", "evento"),
        ("110140", "nfe_epec", "EPEC_v1.00.xsd", "evento"),
        ("110130", "nfe_entrega", "EventoEntregaNFe_v1.00.xsd", "evento"),
        ("110192", "nfe_insucesso", "EventoInsucessoNFe_v1.00.xsd", "evento"),
    ],
)
def test_the_public_schemas_agree_where_a_cnpj_has_digits_only(
    tpEvento: str, package: str, file: str, root: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("nfelib")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / package / "schemas" / "v1_0" / file
    values = dict(DETAILS[tpEvento])
    if tpEvento == "110140":
        values["dest"] = {**values["dest"], "CNPJ": "11222333000181"}
    monkeypatch.setitem(DETAILS, tpEvento, values)
    schema = etree.XMLSchema(etree.parse(str(path)))
    document = etree.fromstring(signed(tpEvento, certificate))
    assert schema.validate(document), schema.error_log
    assert document.tag.endswith(root)


def test_leave_to_let_others_in_carries_its_fixed_terms_and_none_is_the_default(certificate: Certificate) -> None:
    kind = event_kind("110150")

    def told(**values: object) -> str:
        detail = {"autXML": {"CNPJ": "12ABC34501DE35"}, **values}
        chave = chave_of("11222333000181", "55")
        event = compose_event(kind, chave, tax_id="11222333000181", cUF="35", n_seq=1, environment=2, values=detail)  # type: ignore[arg-type]
        assert check(sign_event(event, certificate, AT), "evento") == ()
        return event.body

    terms = "<tpAutorizacao>1</tpAutorizacao><xCondUso>O emitente ou destinatário da NF-e, declara que permite o transportador"
    assert terms in told(tpAutorizacao="1")
    assert told().endswith("<tpAutorizacao>0</tpAutorizacao></detEvento>")  # 830: no terms without the leave
    assert told(tpAutorizacao="0") == told()


def test_the_id_tells_type_key_and_sequence(certificate: Certificate) -> None:
    event = etree.fromstring(signed("110111", certificate, "12ABC34501DE35"))
    inf = event.find(f"{{{NFE}}}infEvento")
    assert inf is not None
    chave = chave_of("12ABC34501DE35", "55")
    assert inf.get("Id") == f"ID110111{chave}01"
    assert inf.findtext(f"{{{NFE}}}cOrgao") == "35"
    assert inf.findtext(f"{{{NFE}}}dhEvento") == "2026-11-21T10:05:00-03:00"


def test_an_event_of_the_ambiente_nacional_says_so(certificate: Certificate) -> None:
    assert etree.fromstring(signed("210210", certificate)).findtext(f".//{{{NFE}}}cOrgao") == "91"


@pytest.mark.parametrize(
    ("tpEvento", "values", "path"),
    [
        ("110111", {"nProt": "1", "xJust": "Cliente desistiu da compra"}, "$.detEvento.nProt"),
        ("110111", {"nProt": "135260000000001", "xJust": "curta"}, "$.detEvento.xJust"),
        ("110111", {"xJust": "Cliente desistiu da compra"}, "$.detEvento.nProt"),
        ("110110", {"xCorrecao": "x" * 1001}, "$.detEvento.xCorrecao"),
        ("110111", {"nProt": "135260000000001", "xJust": "Cliente desistiu da compra", "vNF": "1"}, "$.detEvento.vNF"),
        ("110750", {"detPag": [{"tPag": "17"}]}, "$.detEvento.detPag[0].vPag"),
    ],
)
def test_a_bad_detail_is_told_by_its_tag(tpEvento: str, values: dict[str, str], path: str) -> None:
    kind = event_kind(tpEvento)
    with pytest.raises(ValidationFailed) as refused:
        compose_event(
            kind, chave_of("11222333000181", "55"), tax_id="11222333000181", cUF="35", n_seq=1, environment=2, values=values
        )
    assert path in [fault.path for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("tpEvento", "mod", "n_seq", "code"),
    [("110110", "65", 1, "EVENT-MODEL"), ("110110", "55", 21, "EVENT-SEQUENCE"), ("990900", "55", 1, "EVENT-RECEIVED-ONLY")],
)
def test_an_impossible_event_is_refused_before_anything_is_written(tpEvento: str, mod: str, n_seq: int, code: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        compose_event(
            event_kind(tpEvento),
            chave_of("11222333000181", mod),
            tax_id="11222333000181",
            cUF="35",
            n_seq=n_seq,
            environment=2,
            values=DETAILS.get(tpEvento, {}),
        )
    assert [fault.code for fault in refused.value.faults] == [code]


def test_the_deadline_of_a_cancel_depends_on_the_model() -> None:
    kind = event_kind("cancelamento")
    of_nfe, of_nfce = kind.deadline("55", "SP", AT.date()), kind.deadline("65", "SP", AT.date())
    assert of_nfe is not None
    assert of_nfce is not None
    assert (of_nfe.within.total_seconds(), of_nfe.after) == (86400, "late")
    assert (of_nfce.within.total_seconds(), of_nfce.after) == (1800, "refuse")


def voiding(cnpj: str = "11222333000181", first: int = 10, last: int = 12, **changes: object) -> object:
    given: dict[str, object] = {
        "cUF": "35",
        "year": 2026,
        "this_year": 2026,
        "cnpj": Cnpj(cnpj),
        "mod": "55",
        "series": 1,
        "first": first,
        "last": last,
        "reason": "Quebra de sequência no sistema",
        "environment": 2,
    }
    return compose_voiding(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("cnpj", ["11222333000181", "12ABC34501DE35"])
def test_a_voiding_is_valid_and_its_signature_good(cnpj: str, certificate: Certificate) -> None:
    composed = voiding(cnpj)
    xml = sign_voiding(composed, certificate)  # type: ignore[arg-type]
    assert check(xml, "inutNFe") == ()
    verify_with_xmlsec(xml, certificate)
    assert etree.fromstring(xml)[0].get("Id") == f"ID3526{cnpj}55001000000010000000012"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"first": 13}, "$.first"),
        ({"last": 10_010}, "$.last"),
        ({"year": 2005}, "$.year"),
        ({"year": 2027}, "$.year"),
        ({"series": 890}, "$.series"),
        ({"mod": "57"}, "$.model"),
        ({"reason": "curta"}, "$.reason"),
    ],
)
def test_a_bad_range_is_refused(changes: dict[str, object], path: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        voiding(**changes)  # type: ignore[arg-type]
    assert [fault.path for fault in refused.value.faults] == [path]


def test_the_largest_range_passes() -> None:
    assert voiding(first=1, last=10_000) is not None


def test_procs_keep_the_exact_bytes(certificate: Certificate) -> None:
    event = signed("110111", certificate)
    answer = (
        f'<retEvento xmlns="{NFE}" versao="1.00"><infEvento><chNFe>{chave_of("11222333000181", "55")}</chNFe>'
        "<tpEvento>110111</tpEvento></infEvento></retEvento>"
    ).encode()
    proc = join_proc_evento(event, answer)
    assert event in proc
    assert answer in proc
    assert check(proc, "procEventoNFe") == ()
    request = sign_voiding(voiding(), certificate)  # type: ignore[arg-type]
    done = f'<retInutNFe xmlns="{NFE}" versao="4.00"><infInut></infInut></retInutNFe>'.encode()
    joined = join_proc_inut(request, done)
    assert request in joined
    assert done in joined


@pytest.mark.parametrize("answer", [b"<retEvento></retEvento", b"", b"<retEvento><chNFe>1</chNFe></retEvento>"])
def test_a_proc_is_never_joined_with_another_answer(answer: bytes, certificate: Certificate) -> None:
    with pytest.raises(ProtocolBroken):
        join_proc_evento(signed("110111", certificate), answer)
    with pytest.raises(ProtocolBroken):
        join_proc_inut(SignedInut(b"<inutNFe></inutNFe>"), answer)
