"""Notes of a supplier that does not exist, so that somebody has something to receive: whole, signed, and valid in the schema."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from xml.sax.saxutils import escape

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree
from msgspec import Meta

from gateway.sim.pki import TestPki
from gateway.sim.sefaz.answers import local_time
from gateway.sim.sefaz.chave import key_digit
from gateway.sim.sefaz.schema import DSIG, NFE

CNPJ = "55444333000100"
NAME = "FORNECEDOR DE TESTE LTDA"
_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_HOMOLOGACAO = "NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"


class Supply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send. cnpj: whoever buys. vNF: reais with two decimals. nNF: 0 takes the next. carrier and reader: CNPJs of
    the carrier and of autXML, who may read the note whole."""

    cnpj: Annotated[str, Meta(pattern="^[0-9A-Z]{12}[0-9]{2}$")]
    vNF: Annotated[str, Meta(pattern="^[1-9][0-9]{0,9}\\.[0-9]{2}$")] = "100.00"
    nNF: Annotated[int, Meta(ge=0, le=999_999_999)] = 0
    xProd: Annotated[str, Meta(min_length=1, max_length=120)] = "Camiseta"
    carrier: Annotated[str, Meta(pattern="^([0-9A-Z]{12}[0-9]{2})?$")] = ""
    reader: Annotated[str, Meta(pattern="^([0-9A-Z]{12}[0-9]{2})?$")] = ""


class Deposit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any document for a company, as DistDFe would hand it over; `schema` without extension, e.g. `procEventoNFe_v1.00`."""

    cnpj: Annotated[str, Meta(pattern="^[0-9A-Z]{12}[0-9]{2}$")]
    schema: Annotated[str, Meta(pattern="^[A-Za-z]{3,30}_v[0-9]\\.[0-9]{2}$")]
    xml: Annotated[str, Meta(max_length=500_000)]


class Supplier:
    """One supplier in São Paulo with its own certificate of the test PKI, made when first needed."""

    def __init__(self, pki: TestPki) -> None:
        self._pki = pki
        self._key: rsa.RSAPrivateKey | None = None
        self._cert = ""

    def note(self, supply: Supply, nNF: int, at: datetime, tpAmb: str) -> bytes:
        """The signed NFe, emitted at `at`."""
        value = Decimal(supply.vNF)
        dhEmi = local_time(at, "35")
        first = f"35{dhEmi[2:4]}{dhEmi[5:7]}{CNPJ}55001{nNF:09d}1{(nNF * 7919 + 13_579_246) % 100_000_000:08d}"
        chave = first + key_digit(first)
        inf = _inf(chave, supply, value, dhEmi, tpAmb)
        return f'<NFe xmlns="{NFE}">{inf}{self._signature(inf, chave)}</NFe>'.encode()

    def _signature(self, inf: str, chave: str) -> str:
        """Computed over the canonical form, with the namespace that `inf` inherits from NFe."""
        alone = _canonical(inf.replace("<infNFe ", f'<infNFe xmlns="{NFE}" ', 1))
        digest = base64.b64encode(hashlib.sha1(alone).digest())  # noqa: S324  the schema fixes SHA-1
        info = (
            f'<SignedInfo xmlns="{DSIG}"><CanonicalizationMethod Algorithm="{_C14N}"/>'
            f'<SignatureMethod Algorithm="{DSIG}rsa-sha1"/><Reference URI="#NFe{chave}"><Transforms>'
            f'<Transform Algorithm="{DSIG}enveloped-signature"/><Transform Algorithm="{_C14N}"/></Transforms>'
            f'<DigestMethod Algorithm="{DSIG}sha1"/><DigestValue>{digest.decode()}</DigestValue></Reference></SignedInfo>'
        )
        signed = self._private_key().sign(_canonical(info), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        value = base64.b64encode(signed).decode()
        inherited = info.replace(f' xmlns="{DSIG}"', "", 1)
        return (
            f'<Signature xmlns="{DSIG}">{inherited}'
            f"<SignatureValue>{value}</SignatureValue><KeyInfo><X509Data><X509Certificate>{self._cert}</X509Certificate>"
            f"</X509Data></KeyInfo></Signature>"
        )

    def _private_key(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            key, cert, _ = pkcs12.load_key_and_certificates(self._pki.issue_a1(CNPJ, NAME, "fornecedor"), b"fornecedor")
            if not isinstance(key, rsa.RSAPrivateKey) or cert is None:
                raise ValueError("a ICP de testes não entregou chave e certificado")
            self._key = key
            self._cert = base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode()
        return self._key


def _canonical(xml: str) -> bytes:
    return etree.tostring(etree.fromstring(xml.encode()), method="c14n")


def _inf(chave: str, supply: Supply, value: Decimal, dhEmi: str, tpAmb: str) -> str:
    icms = (value * Decimal("0.18")).quantize(Decimal("0.01"))
    name = _HOMOLOGACAO if tpAmb == "2" else "COMPRADOR DE TESTE"
    reader = f"<autXML><CNPJ>{supply.reader}</CNPJ></autXML>" if supply.reader else ""
    carrier = f"<transporta><CNPJ>{supply.carrier}</CNPJ></transporta>" if supply.carrier else ""
    totals = {"vBC": value, "vICMS": icms}
    totals |= {tag: value if tag in ("vProd", "vNF") else Decimal("0.00") for tag in _TOTALS}
    summed = "".join(f"<{tag}>{amount}</{tag}>" for tag, amount in totals.items())
    return (
        f'<infNFe versao="4.00" Id="NFe{chave}"><ide><cUF>35</cUF><cNF>{chave[35:43]}</cNF><natOp>VENDA</natOp><mod>55</mod>'
        f"<serie>1</serie><nNF>{int(chave[25:34])}</nNF><dhEmi>{dhEmi}</dhEmi><tpNF>1</tpNF><idDest>1</idDest>"
        f"<cMunFG>3550308</cMunFG><tpImp>1</tpImp><tpEmis>1</tpEmis><cDV>{chave[43]}</cDV><tpAmb>{tpAmb}</tpAmb><finNFe>1</finNFe>"
        f"<indFinal>0</indFinal><indPres>9</indPres><indIntermed>0</indIntermed><procEmi>0</procEmi><verProc>1</verProc></ide>"
        f"<emit><CNPJ>{CNPJ}</CNPJ><xNome>{NAME}</xNome>{_address('enderEmit')}<IE>110042490114</IE><CRT>3</CRT></emit>"
        f"<dest><CNPJ>{supply.cnpj}</CNPJ><xNome>{name}</xNome>{_address('enderDest')}<indIEDest>9</indIEDest></dest>{reader}"
        f'<det nItem="1"><prod><cProd>1</cProd><cEAN>SEM GTIN</cEAN><xProd>{escape(supply.xProd)}</xProd><NCM>61091000</NCM>'
        f"<CFOP>5102</CFOP><uCom>UN</uCom><qCom>1.0000</qCom><vUnCom>{value}</vUnCom><vProd>{value}</vProd>"
        f"<cEANTrib>SEM GTIN</cEANTrib><uTrib>UN</uTrib><qTrib>1.0000</qTrib><vUnTrib>{value}</vUnTrib><indTot>1</indTot></prod>"
        f"<imposto><ICMS><ICMS00><orig>0</orig><CST>00</CST><modBC>3</modBC><vBC>{value}</vBC><pICMS>18.00</pICMS>"
        f"<vICMS>{icms}</vICMS></ICMS00></ICMS><PIS><PISNT><CST>08</CST></PISNT></PIS><COFINS><COFINSNT><CST>08</CST></COFINSNT>"
        f"</COFINS></imposto></det><total><ICMSTot>{summed}</ICMSTot></total><transp><modFrete>9</modFrete>{carrier}</transp><pag><detPag><tPag>15</tPag><vPag>{value}</vPag></detPag></pag>"
        f"</infNFe>"
    )


_TOTALS = (
    *("vICMSDeson", "vFCP", "vBCST", "vST", "vFCPST", "vFCPSTRet"),
    *("vProd", "vFrete", "vSeg", "vDesc", "vII", "vIPI", "vIPIDevol", "vPIS", "vCOFINS", "vOutro", "vNF"),
)


def _address(tag: str) -> str:
    return (
        f"<{tag}><xLgr>Rua Um</xLgr><nro>1</nro><xBairro>Centro</xBairro><cMun>3550308</cMun><xMun>Sao Paulo</xMun><UF>SP</UF>"
        f"<CEP>01001000</CEP></{tag}>"
    )
