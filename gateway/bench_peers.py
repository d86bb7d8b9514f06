"""The same note by other Python libraries. Runs as a file, in an environment of its own (`.venv-bench`), never imported.

One JSON object comes in by stdin: `items`, `xml` (our unsigned note), `pfx` (base64), `password`, `schema` (path of
nfe_v4.00.xsd) and `seconds`. One JSON line goes out for each peer, with `peer`, or with `peer` and `error`. Taxes come
computed: what a peer does is build, sign and validate. Each way is checked once, before it is measured.
"""

from __future__ import annotations

import base64
import json
import runpy
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

Way = Callable[[], str]
NS = "{http://www.portalfiscal.inf.br/nfe}"
NUMERIC_CNPJ = "11222333000181"
"""PyNFe drops the letters of an alphanumeric CNPJ."""


def _maker(value: Any) -> Callable[[], Any]:
    """How a caller of the bindings writes `value`: the constructors, by name, from the inside out."""
    if isinstance(value, list):
        makers = [_maker(one) for one in value]
        return lambda: [make() for make in makers]
    if not is_dataclass(value):
        return lambda: value
    kind: Any = type(value)
    parts = {}
    for field in fields(value):
        content = getattr(value, field.name)
        if field.init and content is not None and content != []:
            parts[field.name] = _maker(content)
    return lambda: kind(**{name: make() for name, make in parts.items()})


def nfelib_documented(task: Mapping[str, Any], pfx: bytes) -> Way:
    """README of nfelib: constructors, `to_xml` with the certificate (signed by its own function), `schema_validation`."""
    kind = import_module("nfelib.nfe.bindings.v4_0.nfe_v4_00").Nfe
    parsed = kind.from_xml(task["xml"])
    make, doc_id = _maker(parsed), parsed.infNFe.Id

    def issue() -> str:
        note = make()
        signed: str = note.to_xml(pkcs12_data=pfx, pkcs12_password=task["password"], doc_id=doc_id)
        _refuse(kind.schema_validation(signed))
        return signed

    return issue


def nfelib_cached(task: Mapping[str, Any], pfx: bytes) -> Way:
    """nfelib's bindings and signxml with all that can be kept kept: serializer's context, key object, compiled schema."""
    etree = import_module("lxml.etree")
    signxml = import_module("signxml")
    serializers = import_module("xsdata.formats.dataclass.serializers")
    config = import_module("xsdata.formats.dataclass.serializers.config").SerializerConfig(indent="")
    context = import_module("xsdata.formats.dataclass.context").XmlContext()
    pkcs12 = import_module("cryptography.hazmat.primitives.serialization.pkcs12")
    quiet = import_module("erpbrasil.assinatura.assinatura").XMLSignerWithSHA1
    kind = import_module("nfelib.nfe.bindings.v4_0.nfe_v4_00").Nfe
    serializer = serializers.XmlSerializer(context=context, config=config)
    schema = etree.XMLSchema(etree.parse(kind._get_schema_path()))
    key, leaf, _ = pkcs12.load_key_and_certificates(pfx, task["password"].encode())
    serialization = import_module("cryptography.hazmat.primitives.serialization")
    pem = leaf.public_bytes(serialization.Encoding.PEM).decode()
    parsed = kind.from_xml(task["xml"])
    make, reference = _maker(parsed), f"#{parsed.infNFe.Id}"
    names = {None: task["xml"].split('xmlns="', 1)[1].split('"', 1)[0]}
    signer = quiet(
        method=signxml.methods.enveloped,
        signature_algorithm="rsa-sha1",
        digest_algorithm="sha1",
        c14n_algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    )
    signer.excise_empty_xmlns_declarations = True
    signer.namespaces = {None: signxml.namespaces.ds}

    def issue() -> str:
        root = etree.fromstring(serializer.render(make(), ns_map=names).encode())
        signed: str = etree.tostring(signer.sign(root, key=key, cert=pem, reference_uri=reference), encoding=str)
        document = etree.fromstring(signed.encode())
        if not schema.validate(document):
            _refuse([entry.message for entry in schema.error_log])
        return signed

    return issue


def pynfe_documented(task: Mapping[str, Any], pfx: bytes) -> Way:
    """PyNFe's guide: entities, SerializacaoXML, AssinaturaA1 from the file. It installs no schema: ours, compiled once."""
    etree = import_module("lxml.etree")
    entities = import_module("pynfe.entidades")
    sources = import_module("pynfe.entidades.fonte_dados")
    writing = import_module("pynfe.processamento.serializacao")
    signing = import_module("pynfe.processamento.assinatura")
    schema = etree.XMLSchema(etree.parse(task["schema"]))
    note = etree.fromstring(task["xml"].encode())
    rows = [_product(det) for det in note.iter(f"{NS}det")]
    total = Decimal(note.find(f".//{NS}vNF").text)
    folder = tempfile.TemporaryDirectory(prefix="bench-")
    path = Path(folder.name) / "teste.pfx"
    path.write_bytes(pfx)
    place = {
        "endereco_logradouro": "Rua das Flores",
        "endereco_numero": "100",
        "endereco_bairro": "Centro",
        "endereco_municipio": "São Paulo",
        "endereco_uf": "SP",
        "endereco_cep": "01001000",
        "endereco_pais": "1058",
    }

    def issue(folder: object = folder) -> str:
        issuer = entities.Emitente(
            razao_social="Loja de Teste Ltda",
            nome_fantasia="Loja de Teste",
            cnpj=NUMERIC_CNPJ,
            codigo_de_regime_tributario="3",
            inscricao_estadual="110042490114",
            **place,
        )
        buyer = entities.Cliente(
            razao_social="NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL",
            tipo_documento="CPF",
            numero_documento="52998224725",
            indicador_ie=9,
            **place,
        )
        made = entities.NotaFiscal(
            emitente=issuer,
            cliente=buyer,
            uf="SP",
            natureza_operacao="VENDA DE MERCADORIA",
            modelo=55,
            serie="1",
            numero_nf="1234",
            data_emissao=datetime.fromisoformat("2026-11-20T10:00:00-03:00"),
            tipo_documento=1,
            municipio="3550308",
            tipo_impressao_danfe=1,
            forma_emissao="1",
            cliente_final=1,
            indicador_destino=1,
            indicador_presencial=1,
            finalidade_emissao="1",
            processo_emissao="0",
            transporte_modalidade_frete=9,
        )
        for row in rows:
            made.adicionar_produto_servico(**row)
        made.adicionar_pagamento(ind_pag=0, t_pag="17", v_pag=total, tp_integra="2", t_band="")
        root = writing.SerializacaoXML(sources._fonte_dados, homologacao=True).exportar()
        signed = signing.AssinaturaA1(str(path), task["password"]).assinar(root)
        text: str = etree.tostring(signed, encoding="unicode")
        document = etree.fromstring(text.encode())
        if not schema.validate(document):
            _refuse([entry.message for entry in schema.error_log])
        return text

    return issue


def _product(det: Any) -> dict[str, Any]:
    def text(tag: str) -> str:
        return str(det.find(f".//{NS}{tag}").text)

    def number(tag: str, group: str = "prod") -> Decimal:
        return Decimal(det.find(f".//{NS}{group}//{NS}{tag}").text)

    return {
        "codigo": text("cProd"),
        "descricao": text("xProd"),
        "ncm": text("NCM"),
        "cfop": text("CFOP"),
        "ean": "SEM GTIN",
        "ean_tributavel": "SEM GTIN",
        "unidade_comercial": "UN",
        "unidade_tributavel": "UN",
        "quantidade_comercial": number("qCom"),
        "quantidade_tributavel": number("qTrib"),
        "valor_unitario_comercial": number("vUnCom"),
        "valor_unitario_tributavel": number("vUnTrib"),
        "valor_total_bruto": number("vProd"),
        "ind_total": 1,
        "valor_tributos_aprox": "",
        "icms_origem": 0,
        "icms_modalidade": "00",
        "icms_modalidade_determinacao_bc": 3,
        "icms_valor_base_calculo": number("vBC", "ICMS"),
        "icms_aliquota": number("pICMS", "ICMS"),
        "icms_valor": number("vICMS", "ICMS"),
        "pis_modalidade": "01",
        "pis_valor_base_calculo": number("vBC", "PIS"),
        "pis_aliquota_percentual": number("pPIS", "PIS"),
        "pis_valor": number("vPIS", "PIS"),
        "cofins_modalidade": "01",
        "cofins_valor_base_calculo": number("vBC", "COFINS"),
        "cofins_aliquota_percentual": number("pCOFINS", "COFINS"),
        "cofins_valor": number("vCOFINS", "COFINS"),
    }


def _refuse(messages: list[str]) -> None:
    if messages:
        raise ValueError(f"a nota não é válida: {messages[0][:300]}")


WAYS: tuple[tuple[str, str, Callable[[Mapping[str, Any], bytes], Way]], ...] = (
    ("nfelib", "nfelib", nfelib_documented),
    ("nfelib + signxml, com cache", "nfelib", nfelib_cached),
    ("PyNFe", "pynfe", pynfe_documented),
)


def main() -> None:
    """One line for each peer; a peer that cannot make the note says why and does not stop the others."""
    warnings.simplefilter("ignore")
    clock = runpy.run_path(str(Path(__file__).with_name("bench_clock.py")))
    task = json.load(sys.stdin)
    pfx = base64.b64decode(task["pfx"])
    for name, package, prepare in WAYS:
        line: dict[str, Any]
        try:
            issue = prepare(task, pfx)
            signed = issue()
            if signed.count("<SignatureValue>") != 1 or signed.count("<det ") != task["items"]:
                _refuse(["faltam itens ou a assinatura"])
            n, best = clock["measure"](issue, task["seconds"])
            line = clock["figure"]("issue", task["items"], n, best, len(signed.encode()))
            line |= {"peer": name, "version": version(package)}
        except Exception as error:  # what another library raises is its own affair: told, and the next one is measured
            line = {"bench": "issue", "items": task["items"], "peer": name, "error": f"{type(error).__name__}: {error}"[:400]}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
