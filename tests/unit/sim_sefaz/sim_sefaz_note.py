"""Notes for judging the judge: written by hand, signed by xmlsec, with not a line of the product in them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import xmlsec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.authorizer import Authorizer
from gateway.sim.sefaz.chave import CUF
from gateway.sim.sefaz.register import Register
from gateway.sim.sefaz.signature import SignatureJudge

NFE = "http://www.portalfiscal.inf.br/nfe"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
NOW = datetime(2026, 11, 21, 15, 0, 0, tzinfo=UTC)
CNPJ = "11222333000181"
ALPHANUMERIC_CNPJ = "12ABC34501DE35"
CPF = "52998224725"
HOMOLOGACAO_NAME = "NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"

Edits = Mapping[str, str | None]
"""Path under infNFe -> new text, or None to remove. `path>` and `path<` insert XML after and before the element;
`@qrCode` adds infNFeSupl, with `{chave}` in its place. `@at` is the authoriser's instant, `@state` its switches in JSON, and
`@rules` says that the content is judged without signature and schema, which would refuse first: all three are for the test."""

_IDE = (
    "<ide><cUF>35</cUF><cNF>71830582</cNF><natOp>VENDA DE MERCADORIA</natOp><mod>55</mod><serie>1</serie><nNF>1234</nNF>"
    "<dhEmi>2026-11-21T11:00:00-03:00</dhEmi><tpNF>1</tpNF><idDest>1</idDest><cMunFG>3550308</cMunFG><tpImp>1</tpImp>"
    "<tpEmis>1</tpEmis><cDV>0</cDV><tpAmb>2</tpAmb><finNFe>1</finNFe><indFinal>1</indFinal><indPres>1</indPres>"
    "<procEmi>0</procEmi><verProc>teste 1</verProc></ide>"
)
_EMIT = (
    f"<emit><CNPJ>{CNPJ}</CNPJ><xNome>Loja de Teste</xNome><enderEmit><xLgr>Rua Um</xLgr><nro>1</nro><xBairro>Centro</xBairro>"
    "<cMun>3550308</cMun><xMun>Sao Paulo</xMun><UF>SP</UF><CEP>01001000</CEP></enderEmit><IE>110042490114</IE><CRT>3</CRT></emit>"
)
_DEST = (
    f"<dest><CPF>{CPF}</CPF><xNome>{HOMOLOGACAO_NAME}</xNome><enderDest><xLgr>Rua Dois</xLgr><nro>2</nro>"
    "<xBairro>Centro</xBairro><cMun>3550308</cMun><xMun>Sao Paulo</xMun><UF>SP</UF></enderDest><indIEDest>9</indIEDest></dest>"
)
_ITEM = (
    '<det nItem="{n}"><prod><cProd>SKU-{n}</cProd><cEAN>SEM GTIN</cEAN><xProd>Camiseta</xProd><NCM>61091000</NCM>'
    "<CFOP>5102</CFOP><uCom>UN</uCom><qCom>2.0000</qCom><vUnCom>50.00</vUnCom><vProd>100.00</vProd><cEANTrib>SEM GTIN</cEANTrib>"
    "<uTrib>UN</uTrib><qTrib>2.0000</qTrib><vUnTrib>50.00</vUnTrib><vFrete>5.00</vFrete><vDesc>10.00</vDesc><indTot>1</indTot></prod>"
    "<imposto><ICMS><ICMS00><orig>0</orig><CST>00</CST><modBC>3</modBC><vBC>95.00</vBC><pICMS>18.00</pICMS>"
    "<vICMS>17.10</vICMS></ICMS00></ICMS>"
    "<PIS><PISAliq><CST>01</CST><vBC>77.90</vBC><pPIS>1.6500</pPIS><vPIS>1.29</vPIS></PISAliq></PIS>"
    "<COFINS><COFINSAliq><CST>01</CST><vBC>77.90</vBC><pCOFINS>7.6000</pCOFINS><vCOFINS>5.92</vCOFINS></COFINSAliq></COFINS>"
    "<IBSCBS><CST>000</CST><cClassTrib>000001</cClassTrib><gIBSCBS><vBC>70.69</vBC><gIBSUF><pIBSUF>0.1000</pIBSUF>"
    "<vIBSUF>0.07</vIBSUF></gIBSUF><gIBSMun><pIBSMun>0.0000</pIBSMun><vIBSMun>0.00</vIBSMun></gIBSMun><vIBS>0.07</vIBS>"
    "<gCBS><pCBS>0.9000</pCBS><vCBS>0.64</vCBS></gCBS></gIBSCBS></IBSCBS></imposto><vItem>95.00</vItem></det>"
)
_TOTAL = (
    "<total><ICMSTot><vBC>190.00</vBC><vICMS>34.20</vICMS><vICMSDeson>0.00</vICMSDeson><vFCP>0.00</vFCP><vBCST>0.00</vBCST>"
    "<vST>0.00</vST><vFCPST>0.00</vFCPST><vFCPSTRet>0.00</vFCPSTRet><vProd>200.00</vProd><vFrete>10.00</vFrete><vSeg>0.00</vSeg>"
    "<vDesc>20.00</vDesc><vII>0.00</vII><vIPI>0.00</vIPI><vIPIDevol>0.00</vIPIDevol><vPIS>2.58</vPIS><vCOFINS>11.84</vCOFINS>"
    "<vOutro>0.00</vOutro><vNF>190.00</vNF></ICMSTot>"
    "<IBSCBSTot><vBCIBSCBS>141.38</vBCIBSCBS><gIBS><gIBSUF><vDif>0.00</vDif><vDevTrib>0.00</vDevTrib><vIBSUF>0.14</vIBSUF></gIBSUF>"
    "<gIBSMun><vDif>0.00</vDif><vDevTrib>0.00</vDevTrib><vIBSMun>0.00</vIBSMun></gIBSMun><vIBS>0.14</vIBS><vCredPres>0.00</vCredPres>"
    "<vCredPresCondSus>0.00</vCredPresCondSus></gIBS><gCBS><vDif>0.00</vDif><vDevTrib>0.00</vDevTrib><vCBS>1.28</vCBS>"
    "<vCredPres>0.00</vCredPres><vCredPresCondSus>0.00</vCredPresCondSus></gCBS></IBSCBSTot><vNFTot>190.00</vNFTot></total>"
)
_END = (
    "<transp><modFrete>9</modFrete></transp><pag><detPag><indPag>0</indPag><tPag>01</tPag><vPag>190.00</vPag></detPag></pag>"
    "<infAdic><infCpl>ref-abc-1</infCpl></infAdic>"
)


@dataclass(frozen=True, repr=False)
class Signer:
    """Key and certificate in PEM, out of a PKCS#12."""

    key: bytes
    cert: bytes

    @classmethod
    def from_pfx(cls, pfx: bytes, password: str) -> Signer:
        key, cert, _ = pkcs12.load_key_and_certificates(pfx, password.encode())
        assert key is not None
        assert cert is not None
        pem = serialization.Encoding.PEM
        pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return cls(key.private_bytes(pem, pkcs8, plain), cert.public_bytes(pem))

    @property
    def cert_base64(self) -> str:
        return "".join(line for line in self.cert.decode().splitlines() if "-----" not in line)


def build(edits: Edits | None = None, *, chave: str | None = None) -> etree._Element:
    """An unsigned NFe of two equal items, with `edits` applied; its key is composed from the fields unless given."""
    items = "".join(_ITEM.format(n=n) for n in (1, 2))
    root = etree.fromstring(
        f'<NFe xmlns="{NFE}"><infNFe versao="4.00" Id="">{_IDE}{_EMIT}{_DEST}{items}{_TOTAL}{_END}</infNFe></NFe>'
    )
    inf = root[0]
    edits = dict(edits or {})
    qrCode = edits.pop("@qrCode", None)
    edits = {path: value for path, value in edits.items() if not path.startswith("@")}
    for path, value in edits.items():
        _apply(inf, path, value)
    key = chave or compose_key(inf)
    inf.set("Id", f"NFe{key}")
    if "ide/cDV" not in edits:
        _set(inf, "ide/cDV", key[43])
    if qrCode is not None:
        supl = etree.SubElement(root, f"{{{NFE}}}infNFeSupl")
        etree.SubElement(supl, f"{{{NFE}}}qrCode").text = qrCode.format(chave=key)
        etree.SubElement(supl, f"{{{NFE}}}urlChave").text = "https://www.example.com/consulta"
    return root


def compose_key(inf: etree._Element) -> str:
    def field(path: str) -> str:
        return inf.findtext(_path(path)) or ""

    tax_id = (field("emit/CNPJ") or field("emit/CPF")).rjust(14, "0")
    date = field("ide/dhEmi")
    first = (
        field("ide/cUF") + date[2:4] + date[5:7] + tax_id + field("ide/mod") + field("ide/serie").rjust(3, "0")
        + field("ide/nNF").rjust(9, "0") + field("ide/tpEmis") + field("ide/cNF")
    )  # fmt: skip
    weights = [2 + i % 8 for i in range(43)]
    rest = sum((ord(c) - 48) * w for c, w in zip(reversed(first), weights, strict=True)) % 11
    return first + ("0" if rest < 2 else str(11 - rest))


def key_of(cUF: str, AAMM: str, tax_id: str, mod: str, serie: int, nNF: int) -> str:
    """The key of another note, emitted in normal mode."""
    first = f"{cUF}{AAMM}{tax_id}{mod}{serie:03d}{nNF:09d}1{71830582:08d}"
    weights = [2 + i % 8 for i in range(43)]
    rest = sum((ord(c) - 48) * w for c, w in zip(reversed(first), weights, strict=True)) % 11
    return first + ("0" if rest < 2 else str(11 - rest))


def sign(root: etree._Element, signer: Signer, *, uri: str | None = None) -> bytes:
    """The NFe signed as MOC wants, on one line. `uri` replaces the Reference's."""
    root = copy.deepcopy(root)
    inf = root[0]
    template = xmlsec.template.create(root, xmlsec.constants.TransformInclC14N, xmlsec.constants.TransformRsaSha1)
    reference = xmlsec.template.add_reference(template, xmlsec.constants.TransformSha1, uri=uri or f"#{inf.get('Id')}")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformInclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
    root.append(template)
    _squeeze(template)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signer.key, xmlsec.constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(signer.cert, xmlsec.constants.KeyDataFormatPem)
    context.register_id(inf, "Id")
    context.sign(template)
    x509_data = template.find(f".//{{{DSIG}}}X509Data")
    assert x509_data is not None
    for child in list(x509_data):
        x509_data.remove(child)
    etree.SubElement(x509_data, f"{{{DSIG}}}X509Certificate").text = signer.cert_base64
    value = template.find(f"{{{DSIG}}}SignatureValue")
    assert value is not None
    value.text = "".join((value.text or "").split())
    _squeeze(template)
    return etree.tostring(root)


def _squeeze(element: etree._Element) -> None:
    """No blank between tags: before signing for SignedInfo, after it for the rest."""
    for node in element.iter():
        if node.tail is not None and not node.tail.strip():
            node.tail = None
        if len(node) and node.text is not None and not node.text.strip():
            node.text = None


def _path(path: str) -> str:
    return "/".join(f"{{{NFE}}}{step}" for step in path.split("/"))


def _set(inf: etree._Element, path: str, value: str) -> None:
    found = inf.findall(_path(path))
    assert found, path
    for element in found[:1]:
        element.text = value


def _apply(inf: etree._Element, path: str, value: str | None) -> None:
    clean = path.rstrip("<>")
    element = inf.find(_path(clean))
    assert element is not None, clean
    parent = element.getparent()
    assert parent is not None
    if value is None:
        parent.remove(element)
    elif path.endswith((">", "<")):
        fragments = etree.fromstring(f'<x xmlns="{NFE}">{value}</x>')
        at = parent.index(element) + (1 if path.endswith(">") else 0)
        for offset, fragment in enumerate(fragments):
            parent.insert(at + offset, fragment)
    else:
        element.text = value


def signed(signer: Signer, edits: Edits | None = None, *, chave: str | None = None) -> bytes:
    return sign(build(edits, chave=chave), signer)


def lot(*notes: bytes, indSinc: int = 1) -> bytes:
    body = b"".join(notes)
    return f'<enviNFe xmlns="{NFE}" versao="4.00"><idLote>1</idLote><indSinc>{indSinc}</indSinc>'.encode() + body + b"</enviNFe>"


def query(chave: str, tpAmb: int = 2) -> bytes:
    fields = f"<tpAmb>{tpAmb}</tpAmb><xServ>CONSULTAR</xServ><chNFe>{chave}</chNFe>"
    return f'<consSitNFe xmlns="{NFE}" versao="4.00">{fields}</consSitNFe>'.encode()


def status_query(cUF: str = "35", tpAmb: int = 2) -> bytes:
    return (
        f'<consStatServ xmlns="{NFE}" versao="4.00"><tpAmb>{tpAmb}</tpAmb><cUF>{cUF}</cUF><xServ>STATUS</xServ></consStatServ>'
    ).encode()


def receipt_query(nRec: str) -> bytes:
    return f'<consReciNFe xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><nRec>{nRec}</nRec></consReciNFe>'.encode()


def envelope(service: str, message: bytes) -> bytes:
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><nfeDadosMsg xmlns="{NFE}/wsdl/{service}">'.encode()
        + message
        + b"</nfeDadosMsg></soap:Body></soap:Envelope>"
    )


def chave_of(note: bytes) -> str:
    return note.partition(b'Id="NFe')[2][:44].decode()


def issue(pki: TestPki, cnpj: str, *, start: int = 2026, end: int = 2031) -> bytes:
    """A PKCS#12 with the password `senha`, valid from the first day of one year to that of another."""
    return pki.issue_a1(
        cnpj, "LOJA DE TESTE", "senha", not_before=datetime(start, 1, 1, tzinfo=UTC), not_after=datetime(end, 1, 1, tzinfo=UTC)
    )


def new_authorizer(pki: TestPki, *, uf: str | None = None, tpAmb: str = "2") -> Authorizer:
    """The authoriser with a clock that stands at NOW."""
    ufs = frozenset(CUF) if uf is None else frozenset({uf})
    return Authorizer(register=Register(), judge=SignatureJudge([pki.ca_path]), clock=lambda: NOW, tpAmb=tpAmb, ufs=ufs)


AUTORIZACAO, CONSULTA, STATUS = "NFeAutorizacao4", "NFeConsultaProtocolo4", "NFeStatusServico4"
_OPERATIONS = {
    AUTORIZACAO: "nfeAutorizacaoLote",
    CONSULTA: "nfeConsultaNF",
    STATUS: "nfeStatusServicoNF",
    "NFeRecepcaoEvento4": "nfeRecepcaoEvento",
    "NFeInutilizacao4": "nfeInutilizacaoNF",
    "CadConsultaCadastro4": "consultaCadastro",
    "NFeDistribuicaoDFe": "nfeDistDFeInteresse",
}


def content_type(service: str) -> str:
    """The Content-Type of SOAP 1.2, with the service's action."""
    return f'application/soap+xml; charset=utf-8; action="{NFE}/wsdl/{service}/{_OPERATIONS[service]}"'


def cStat(body: bytes) -> list[str]:
    """Every cStat of an answer, in order."""
    return [element.text or "" for element in etree.fromstring(body).iter(f"{{{NFE}}}cStat")]
