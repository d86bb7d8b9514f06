"""The table of addresses: whole, https, and never one environment in place of the other."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.core.chave import ChaveAcesso, check_digit
from gateway.core.errors import ConfigInvalid
from gateway.nfe.sefaz.endpoints import Endpoints, Table, official_table

CUF = {
    "RO": "11",
    "AC": "12",
    "AM": "13",
    "RR": "14",
    "PA": "15",
    "AP": "16",
    "TO": "17",
    "MA": "21",
    "PI": "22",
    "CE": "23",
    "RN": "24",
    "PB": "25",
    "PE": "26",
    "AL": "27",
    "SE": "28",
    "BA": "29",
    "MG": "31",
    "ES": "32",
    "RJ": "33",
    "SP": "35",
    "PR": "41",
    "SC": "42",
    "RS": "43",
    "MS": "50",
    "MT": "51",
    "GO": "52",
    "DF": "53",
}
SERVICES = ("NFeAutorizacao4", "NFeRetAutorizacao4", "NFeConsultaProtocolo4", "NFeStatusServico4", "NFeRecepcaoEvento4")

SAMPLE = [
    ("AM", "55", 1, "NFeConsultaProtocolo4", "https://nfe.sefaz.am.gov.br/services2/services/NfeConsulta4"),
    ("AM", "65", 2, "NFeRecepcaoEvento4", "https://homnfce.sefaz.am.gov.br/nfce-services/services/RecepcaoEvento4"),
    ("BA", "55", 1, "NFeAutorizacao4", "https://nfe.sefaz.ba.gov.br/webservices/NFeAutorizacao4/NFeAutorizacao4.asmx"),
    ("BA", "65", 1, "NFeAutorizacao4", "https://nfce.svrs.rs.gov.br/ws/NfeAutorizacao/NFeAutorizacao4.asmx"),
    ("CE", "55", 1, "NFeAutorizacao4", "https://nfe.svrs.rs.gov.br/ws/NfeAutorizacao/NFeAutorizacao4.asmx"),
    ("DF", "55", 2, "NFeStatusServico4", "https://nfe-homologacao.svrs.rs.gov.br/ws/NfeStatusServico/NfeStatusServico4.asmx"),
    ("ES", "55", 1, "CadConsultaCadastro4", "https://cad.svrs.rs.gov.br/ws/cadconsultacadastro/cadconsultacadastro4.asmx"),
    ("GO", "55", 2, "NFeAutorizacao4", "https://homolog.sefaz.go.gov.br/nfe/services/NFeAutorizacao4"),
    ("GO", "65", 1, "NFeInutilizacao4", "https://nfe.sefaz.go.gov.br/nfe/services/NFeInutilizacao4"),
    ("MA", "55", 1, "NFeAutorizacao4", "https://www.sefazvirtual.fazenda.gov.br/NFeAutorizacao4/NFeAutorizacao4.asmx"),
    ("MA", "55", 2, "NFeInutilizacao4", "https://hom.sefazvirtual.fazenda.gov.br/NFeInutilizacao4/NFeInutilizacao4.asmx"),
    ("MA", "65", 2, "NFeAutorizacao4", "https://nfce-homologacao.svrs.rs.gov.br/ws/NfeAutorizacao/NFeAutorizacao4.asmx"),
    ("MG", "55", 1, "NFeStatusServico4", "https://nfe.fazenda.mg.gov.br/nfe2/services/NFeStatusServico4"),
    ("MG", "65", 2, "NFeAutorizacao4", "https://hnfce.fazenda.mg.gov.br/nfce/services/NFeAutorizacao4"),
    ("MS", "55", 2, "NFeAutorizacao4", "https://hom.nfe.sefaz.ms.gov.br/ws/NFeAutorizacao4"),
    ("MT", "55", 1, "NFeAutorizacao4", "https://nfe.sefaz.mt.gov.br/nfews/v2/services/NfeAutorizacao4"),
    ("MT", "65", 2, "NFeAutorizacao4", "https://homologacao.sefaz.mt.gov.br/nfcews/services/NfeAutorizacao4"),
    ("PE", "55", 1, "NFeAutorizacao4", "https://nfe.sefaz.pe.gov.br/nfe-service/services/NFeAutorizacao4"),
    ("PE", "55", 2, "NFeStatusServico4", "https://nfehomolog.sefaz.pe.gov.br/nfe-service/services/NFeStatusServico4"),
    ("PR", "55", 1, "NFeAutorizacao4", "https://nfe.sefa.pr.gov.br/nfe/NFeAutorizacao4"),
    ("PR", "65", 1, "NFeAutorizacao4", "https://nfce.sefa.pr.gov.br/nfce/NFeAutorizacao4"),
    ("RJ", "65", 1, "NFeConsultaProtocolo4", "https://nfce.svrs.rs.gov.br/ws/NfeConsulta/NfeConsulta4.asmx"),
    ("RS", "55", 1, "NFeAutorizacao4", "https://nfe.sefazrs.rs.gov.br/ws/NfeAutorizacao/NFeAutorizacao4.asmx"),
    ("RS", "65", 2, "NFeInutilizacao4", "https://nfce-homologacao.sefazrs.rs.gov.br/ws/nfeinutilizacao/nfeinutilizacao4.asmx"),
    ("SP", "55", 1, "NFeAutorizacao4", "https://nfe.fazenda.sp.gov.br/ws/nfeautorizacao4.asmx"),
    ("SP", "55", 2, "NFeRecepcaoEvento4", "https://homologacao.nfe.fazenda.sp.gov.br/ws/nferecepcaoevento4.asmx"),
    ("SP", "65", 1, "NFeAutorizacao4", "https://nfce.fazenda.sp.gov.br/ws/NFeAutorizacao4.asmx"),
    ("AN", "55", 1, "NFeDistribuicaoDFe", "https://www1.nfe.fazenda.gov.br/NFeDistribuicaoDFe/NFeDistribuicaoDFe.asmx"),
    ("AN", "55", 1, "NFeRecepcaoEvento4", "https://www.nfe.fazenda.gov.br/NFeRecepcaoEvento4/NFeRecepcaoEvento4.asmx"),
    ("AN", "55", 2, "NFeRecepcaoEvento4", "https://hom1.nfe.fazenda.gov.br/NFeRecepcaoEvento4/NFeRecepcaoEvento4.asmx"),
]


@pytest.mark.parametrize(("uf", "mod", "tpAmb", "service", "url"), SAMPLE)
def test_sample_written_by_hand(uf, mod, tpAmb, service, url):
    assert Endpoints().url_for(uf, mod, tpAmb, service).url == url


def _rows(name: str) -> list[list[str]]:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def test_every_address_is_the_published_one():
    table = official_table()
    mine = {
        (name, mod, str(tpAmb), service, url)
        for (name, mod, tpAmb), rows in table.urls.items()
        for row in rows
        for service, url in row.value.items()
    }
    assert mine == {tuple(row) for row in _rows("addresses.tsv")}


def test_every_uf_is_authorised_by_who_the_lists_say():
    table = official_table()
    found = {uf: rows[-1].value for uf, rows in table.ufs.items()}
    mine = {(uf, one.cUF, one.authorizer["55"], one.authorizer["65"], one.svc[1], one.cad or "-") for uf, one in found.items()}
    assert mine == {tuple(row) for row in _rows("ufs.tsv")}
    # Every authoriser named is one with addresses of that model, in both environments.
    for uf, _, mod55, mod65, svc, cad in mine:
        for tpAmb in (1, 2):
            assert {(mod55, "55", tpAmb), (mod65, "65", tpAmb), (svc, "55", tpAmb)} <= table.urls.keys(), uf
            assert cad == "-" or (cad, "55", tpAmb) in table.urls, uf


def test_counts():
    table = official_table()
    assert len(table.ufs) == 27
    assert len(table.operations) == 8
    assert sum(1 for _, mod, _ in table.urls if mod == "55") == 15 * 2
    assert sum(1 for _, mod, _ in table.urls if mod == "65") == 9 * 2
    assert sum(len(row.value) for rows in table.urls.values() for row in rows) == 298


@pytest.mark.parametrize("mod", ["55", "65"])
@pytest.mark.parametrize("tpAmb", [1, 2])
def test_every_uf_has_every_service_in_the_right_environment(mod, tpAmb):
    endpoints = Endpoints()
    for uf in CUF:
        for service in (*SERVICES, "NFeInutilizacao4"):
            endpoint = endpoints.url_for(uf, mod, tpAmb, service)
            assert endpoint.url.startswith("https://")
            assert endpoint.host == urlsplit(endpoint.url).netloc
            assert endpoint.host in endpoints.hosts(tpAmb)
            assert endpoint.host not in endpoints.hosts(3 - tpAmb)
            assert endpoint.action == f"http://www.portalfiscal.inf.br/nfe/wsdl/{service}/{endpoint.operation}"


def test_codes_of_the_ufs_go_both_ways():
    endpoints = Endpoints()
    assert {uf: endpoints.cuf_of(uf) for uf in CUF} == CUF
    assert {endpoints.uf_of(code): code for code in CUF.values()} == CUF


def test_own_authorisers():
    endpoints = Endpoints()
    own = {mod: {uf for uf in CUF if endpoints.url_for(uf, mod, 1, "NFeAutorizacao4").authorizer == uf} for mod in ("55", "65")}
    assert own == {
        "55": {"AM", "BA", "GO", "MG", "MS", "MT", "PE", "PR", "RS", "SP"},
        "65": {"AM", "GO", "MG", "MS", "MT", "PR", "RS", "SP"},
    }


def test_contingency_follows_the_uf():
    endpoints = Endpoints()
    svc_rs = {"AM", "BA", "GO", "MA", "MS", "MT", "PE", "PR"}
    for uf in CUF:
        right, wrong, name = ("7", "6", "SVC-RS") if uf in svc_rs else ("6", "7", "SVC-AN")
        assert endpoints.url_for(uf, "55", 1, "NFeAutorizacao4", tpEmis=right).authorizer == name
        with pytest.raises(ConfigInvalid):
            endpoints.url_for(uf, "55", 1, "NFeAutorizacao4", tpEmis=wrong)
        with pytest.raises(ConfigInvalid):
            endpoints.url_for(uf, "65", 1, "NFeAutorizacao4", tpEmis=right)
        with pytest.raises(ConfigInvalid):
            endpoints.url_for(uf, "55", 1, "NFeInutilizacao4", tpEmis=right)
    assert endpoints.url_for("PI", "55", 2, "NFeAutorizacao4", tpEmis="7").authorizer == "SVC-RS"


def chave(cUF: str, mod: str, tpEmis: str) -> ChaveAcesso:
    first = f"{cUF}261112345678000195{mod}001000001234{tpEmis}87654320"
    return ChaveAcesso(first + check_digit(first))


def test_key_implies_the_authoriser():
    endpoints = Endpoints()
    assert endpoints.for_chave(chave("35", "55", "1"), 1, "NFeConsultaProtocolo4").host == "nfe.fazenda.sp.gov.br"
    assert endpoints.for_chave(chave("35", "55", "6"), 1, "NFeConsultaProtocolo4").host == "www.sefazvirtual.fazenda.gov.br"
    assert endpoints.for_chave(chave("29", "55", "7"), 2, "NFeConsultaProtocolo4").host == "nfe-homologacao.svrs.rs.gov.br"
    assert endpoints.for_chave(chave("29", "65", "9"), 2, "NFeConsultaProtocolo4").host == "nfce-homologacao.svrs.rs.gov.br"


@pytest.mark.parametrize(
    ("uf", "mod", "tpAmb", "service", "code"),
    [
        ("XX", "55", 2, "NFeAutorizacao4", "SEFAZ-UF"),
        ("SP", "57", 2, "NFeAutorizacao4", "SEFAZ-UF"),
        ("SP", "55", 3, "NFeAutorizacao4", "SEFAZ-AMBIENTE"),
        ("SP", "55", 2, "NFeOutra4", "SEFAZ-SERVICO"),
        ("RJ", "55", 1, "CadConsultaCadastro4", "SEFAZ-SERVICO"),
        ("AN", "55", 1, "NFeAutorizacao4", "SEFAZ-SERVICO"),
    ],
)
def test_what_nobody_offers_is_a_setting_to_correct(uf, mod, tpAmb, service, code):
    with pytest.raises(ConfigInvalid) as invalid:
        Endpoints().url_for(uf, mod, tpAmb, service)
    assert invalid.value.code == code


def test_alternative_address_serves_homologacao_and_refuses_production():
    endpoints = Endpoints(override_url="https://127.0.0.1:9443/")
    endpoint = endpoints.url_for("SP", "55", 2, "NFeConsultaProtocolo4")
    assert (endpoint.url, endpoint.host) == ("https://127.0.0.1:9443/NFeConsultaProtocolo4", "127.0.0.1:9443")
    assert endpoints.hosts(2) == {"127.0.0.1:9443"}
    assert endpoints.hosts(1) == frozenset()
    with pytest.raises(ConfigInvalid) as refused:
        endpoints.url_for("SP", "55", 1, "NFeConsultaProtocolo4")
    assert refused.value.code == "SEFAZ-URL-PRODUCAO"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9443",
        "127.0.0.1:9443",
        "https://",
        "https://user:x@127.0.0.1",
        "https://127.0.0.1/?a=1",
        "https://127.0.0.1:99999",
        "https://nfe.fazenda.sp.gov.br",
        "https://NFE.fazenda.sp.gov.br:443/ws",
    ],
)
def test_alternative_address_must_be_a_plain_https_one_and_not_production(url):
    with pytest.raises(ConfigInvalid):
        Endpoints(override_url=url)


TABLE = """
[soap]
namespace = "http://ns"
[services.NFeAutorizacao4]
operation = "op"
request = "enviNFe"
response = "retEnviNFe"
versao = "4.00"
[[uf]]
uf = "SP"
cUF = "35"
since = 2018-08-02
mod55 = "SP"
mod65 = "SP"
svc = "SVC-AN"
[svc]
6 = "SVC-AN"
[[authorizer]]
name = "SP"
mod = "55"
tpAmb = 2
since = 2027-01-01
[authorizer.urls]
NFeAutorizacao4 = "https://new.example/a"
[[authorizer]]
name = "SP"
mod = "55"
tpAmb = 2
since = 2018-08-02
[authorizer.urls]
NFeAutorizacao4 = "https://old.example/a"
"""


def test_row_in_force_is_the_newest_of_the_day():
    endpoints = Endpoints(table=Table.parse(TABLE))

    def host(at: date | None) -> str:
        return endpoints.url_for("SP", "55", 2, "NFeAutorizacao4", at=at).host

    assert [host(date(2026, 12, 31)), host(date(2027, 1, 1)), host(None)] == ["old.example", "new.example", "new.example"]
    with pytest.raises(ConfigInvalid):
        host(date(2018, 8, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [("https://new.example", "http://new.example"), ("tpAmb = 2\nsince = 2027-01-01", "tpAmb = 1\nsince = 2027-01-01")],
)
def test_table_with_plain_http_or_a_host_in_both_environments_is_refused(old, new):
    text = TABLE.replace(old, new).replace("https://new.example/a", "https://old.example/b")
    with pytest.raises(ConfigInvalid):
        Table.parse(text)
