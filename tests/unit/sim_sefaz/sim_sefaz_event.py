"""Events and requests to void numbers, written by hand and signed by xmlsec, to judge the judge."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from importlib.resources import files

import xmlsec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from sim_sefaz_nfce_cases import NFCE, OFFLINE
from sim_sefaz_note import CNPJ, CPF, DSIG, NFE, NOW, Edits, Signer, build, chave_of, compose_key, lot, sign, signed

from gateway.sim.sefaz.authorizer import Authorizer, Face, Processed

EVENTO, INUT = "NFeRecepcaoEvento4", "NFeInutilizacao4"
CADASTRO, DIST = "CadConsultaCadastro4", "NFeDistribuicaoDFe"
REASON = "Pedido desfeito pelo cliente"
TERMS = (
    "A Carta de Correcao e disciplinada pelo paragrafo 1o-A do art. 7o do Convenio S/N, de 15 de dezembro de 1970 e pode ser "
    "utilizada para regularizacao de erro ocorrido na emissao de documento fiscal, desde que o erro nao esteja relacionado com: "
    "I - as variaveis que determinam o valor do imposto tais como: base de calculo, aliquota, diferenca de preco, quantidade, "
    "valor da operacao ou da prestacao; II - a correcao de dados cadastrais que implique mudanca do remetente ou do "
    "destinatario; III - a data de emissao ou de saida."
)
_BY = "<cOrgaoAutor>35</cOrgaoAutor><tpAutor>1</tpAutor><verAplic>teste 1</verAplic>"


def event(
    signer: Signer,
    chave: str,
    tpEvento: str,
    detail: str,
    *,
    author: str = CNPJ,
    cOrgao: str = "35",
    nSeq: int = 1,
    at: datetime = NOW,
    **other: str,
) -> bytes:
    """A signed `evento`; `detail` is what goes inside detEvento. `Id`, `verEvento` and `tpAmb` may be given wrong."""
    Id = other.get("Id", f"ID{tpEvento}{chave}{nSeq:02d}")
    document = "CNPJ" if len(author) == 14 else "CPF"
    root = etree.fromstring(
        f'<evento xmlns="{NFE}" versao="1.00"><infEvento Id="{Id}"><cOrgao>{cOrgao}</cOrgao>'
        f"<tpAmb>{other.get('tpAmb', '2')}</tpAmb><{document}>{author}</{document}><chNFe>{chave}</chNFe>"
        f"<dhEvento>{(at - timedelta(hours=3)).strftime('%Y-%m-%dT%H:%M:%S')}-03:00</dhEvento><tpEvento>{tpEvento}</tpEvento>"
        f"<nSeqEvento>{nSeq}</nSeqEvento><verEvento>{other.get('verEvento', '1.00')}</verEvento>"
        f'<detEvento versao="1.00">{detail}</detEvento></infEvento></evento>'
    )
    return sign(root, signer)


def cancel(signer: Signer, chave: str, nProt: str, *, xJust: str = REASON, **other: object) -> bytes:
    detail = f"<descEvento>Cancelamento</descEvento><nProt>{nProt}</nProt><xJust>{xJust}</xJust>"
    return event(signer, chave, "110111", detail, **other)  # type: ignore[arg-type]


def substitute(signer: Signer, chave: str, nProt: str, chNFeRef: str, **other: object) -> bytes:
    detail = (
        f"<descEvento>Cancelamento por substituicao</descEvento>{_BY}<nProt>{nProt}</nProt><xJust>{REASON}</xJust>"
        f"<chNFeRef>{chNFeRef}</chNFeRef>"
    )
    return event(signer, chave, "110112", detail, **other)  # type: ignore[arg-type]


def correct(signer: Signer, chave: str, *, text: str = "Onde se le azul leia-se verde", **other: object) -> bytes:
    detail = f"<descEvento>Carta de Correcao</descEvento><xCorrecao>{text}</xCorrecao><xCondUso>{TERMS}</xCondUso>"
    return event(signer, chave, "110110", detail, **other)  # type: ignore[arg-type]


def epec(signer: Signer, chave: str, *, vNF: str = "190.00", cOrgaoAutor: str = "35", **other: object) -> bytes:
    detail = (
        f"<descEvento>EPEC</descEvento>{_BY.replace('35', cOrgaoAutor)}"
        "<dhEmi>2026-11-21T11:00:00-03:00</dhEmi><tpNF>1</tpNF><IE>111111111111</IE>"
        f"<dest><UF>SP</UF><CPF>{CPF}</CPF><vNF>{vNF}</vNF><vICMS>34.20</vICMS><vST>0.00</vST></dest>"
    )
    return event(signer, chave, "110140", detail, **{"cOrgao": "91", **other})  # type: ignore[arg-type]


_MANIFESTATIONS = {
    "210200": "Confirmacao da Operacao",
    "210210": "Ciencia da Operacao",
    "210220": "Desconhecimento da Operacao",
    "210240": "Operacao nao Realizada",
}


def manifest(signer: Signer, chave: str, tpEvento: str, *, author: str, **other: object) -> bytes:
    reason = f"<xJust>{REASON}</xJust>" if tpEvento == "210240" else ""
    detail = f"<descEvento>{_MANIFESTATIONS[tpEvento]}</descEvento>{reason}"
    return event(signer, chave, tpEvento, detail, author=author, **{"cOrgao": "91", **other})  # type: ignore[arg-type]


def events_lot(*events: bytes) -> bytes:
    return f'<envEvento xmlns="{NFE}" versao="1.00"><idLote>7</idLote>'.encode() + b"".join(events) + b"</envEvento>"


def send(authorizer: Authorizer, *events: bytes, face: Face = "", transmitter: str = CNPJ) -> Processed:
    """The answer to a lot, checked against the public schema of answers."""
    done = authorizer.process(EVENTO, events_lot(*events), transmitter, face=face)
    valid(done.answer, "nfelib.nfe_evento_generico.schemas.v1_0", "retEnvEvento_v1.00")
    return done


def void(signer: Signer, first: int, last: int, *, author: str = CNPJ, serie: int = 1, ano: str = "26", **other: str) -> bytes:
    """A signed inutNFe; `Id`, `cUF`, `mod` and `tpAmb` may be given."""
    cUF, mod = other.get("cUF", "35"), other.get("mod", "55")
    Id = other.get("Id", f"ID{cUF}{ano}{author}{mod}{serie:03d}{first:09d}{last:09d}")
    root = etree.fromstring(
        f'<inutNFe xmlns="{NFE}" versao="4.00"><infInut Id="{Id}"><tpAmb>{other.get("tpAmb", "2")}</tpAmb>'
        f"<xServ>INUTILIZAR</xServ><cUF>{cUF}</cUF><ano>{ano}</ano><CNPJ>{author}</CNPJ><mod>{mod}</mod><serie>{serie}</serie><nNFIni>{first}</nNFIni>"
        f"<nNFFin>{last}</nNFFin><xJust>Numeros pulados por falha no sistema</xJust></infInut></inutNFe>"
    )
    return sign(root, signer)


def authorised(authorizer: Authorizer, signer: Signer, edits: Edits | None = None, face: Face = "") -> tuple[str, str]:
    """Chave and protocol of a note that was just authorised."""
    note = signed(signer, edits)
    done = authorizer.process("NFeAutorizacao4", lot(note), CNPJ, face=face)
    assert done.cStat in ("100", "150"), done.xMotivo
    return chave_of(note), done.answer.partition("<nProt>")[2].partition("<")[0]


def valid(answer: str | bytes, package: str, name: str) -> etree._Element:
    """The answer as a tree, after the public schema took it."""
    root = etree.fromstring(answer)
    etree.XMLSchema(file=str(files(package).joinpath(f"{name}.xsd"))).assertValid(root)
    return root


def verify(xml: bytes | str) -> None:
    """Raises xmlsec.Error unless the enveloped signature of the first child verifies with the certificate inside it."""
    root = etree.fromstring(xml)
    signature = root.find(f"{{{DSIG}}}Signature")
    assert signature is not None
    pem = f"-----BEGIN CERTIFICATE-----\n{signature.findtext(f'.//{{{DSIG}}}X509Certificate')}\n-----END CERTIFICATE-----\n"
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem.encode(), xmlsec.constants.KeyDataFormatCertPem)
    context.register_id(root[0], "Id")
    context.verify(signature)


def offline(signer: Signer, edits: Edits | None = None) -> dict[str, str | None]:
    """Edits of an off-line NFC-e with its signed QR code of version 3 (NT 2025.001); emitted at 11:00 in Brasilia, day 21."""
    plain: dict[str, str | None] = {**NFCE, **OFFLINE, **(edits or {})}
    chave = compose_key(build(plain)[0])
    told = f"{chave}|3|2|21|190.00||"
    key = serialization.load_pem_private_key(signer.key, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    value = base64.b64encode(key.sign(told.encode(), padding.PKCS1v15(), hashes.SHA1())).decode()  # noqa: S303
    return {**plain, "@qrCode": f"https://www.example.com/nfce/qrcode?p={told}|{value}"}
