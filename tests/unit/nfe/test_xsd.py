from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import structs

from gateway.core.errors import ValidationFailed
from gateway.nfe.build import dry_run
from gateway.nfe.certificate import Certificate
from gateway.nfe.signature import sign, with_placeholder
from gateway.nfe.xsd import validate
from tests.unit.nfe.made import AT, built, composed, sale

SHAPED = with_placeholder(built(sale()).xml)


@pytest.mark.parametrize(
    ("old", "new", "code", "path", "message"),
    [
        (
            b"<NCM>61091000</NCM>",
            b"<NCM>6109</NCM>",
            "NFE-XSD-PATTERN",
            "$.infNFe.det[0].prod.NCM",
            "O valor '6109' do campo NCM não está no formato do leiaute.",
        ),
        (
            b"<indPres>1</indPres>",
            b"<indPres>7</indPres>",
            "NFE-XSD-ENUMERATION",
            "$.infNFe.ide.indPres",
            "O valor '7' do campo indPres não é um dos permitidos.",
        ),
        (
            b"<cProd>CAM-1</cProd>",
            b"<cProd>" + b"C" * 61 + b"</cProd>",
            "NFE-XSD-LENGTH",
            "$.infNFe.det[0].prod.cProd",
            "O campo cProd tem 61 caracteres; precisa ter no máximo 60.",
        ),
        (
            b"<natOp>VENDA DE MERCADORIA</natOp>",
            b"",
            "NFE-XSD-UNEXPECTED",
            "$.infNFe.ide.mod",
            "O campo mod não pode aparecer nesta posição.",
        ),
        (
            b"<transp><modFrete>9</modFrete></transp>",
            b"<transp></transp>",
            "NFE-XSD-MISSING",
            "$.infNFe.transp",
            "Falta um campo no grupo transp.",
        ),
        (
            b' versao="4.00"',
            b"",
            "NFE-XSD-ATTRIBUTE",
            "$.infNFe",
            "O atributo versao é obrigatório em infNFe.",
        ),
        (
            b"<vNF>100.00</vNF>",
            b"<vNF>1e2</vNF>",
            "NFE-XSD-PATTERN",
            "$.infNFe.total.ICMSTot.vNF",
            "O valor '1e2' do campo vNF não está no formato do leiaute.",
        ),
    ],
)
def test_schema_faults_name_the_tag_and_speak_portuguese(old: bytes, new: bytes, code: str, path: str, message: str) -> None:
    assert old in SHAPED
    faults = validate(SHAPED.replace(old, new, 1))
    assert [(fault.code, fault.path, fault.message) for fault in faults] == [(code, path, message)]
    assert faults[0].fix.endswith(".")


def test_what_is_not_xml_or_not_a_note_is_a_fault() -> None:
    assert [fault.code for fault in validate(b"isto nao e xml")] == ["NFE-XSD-MALFORMED"]
    assert [fault.code for fault in validate(b"<nota/>")] == ["NFE-XSD-ROOT"]
    assert [fault.code for fault in validate(b"<" + b"a" * 9_000_000)] == ["NFE-XSD-SIZE"]


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE NFe [<!ENTITY a "' + b"x" * 100 + b'"><!ENTITY b "&a;&a;&a;">]>' + SHAPED.replace(b"CAM-1", b"&b;")
    assert [fault.code for fault in validate(bomb)] == ["NFE-XSD-MALFORMED"]


def test_threads_do_not_mix_their_errors(certificate: Certificate) -> None:
    good = sign(built(sale()).xml, certificate).xml
    bad = good.replace(b"<NCM>61091000", b"<NCM>6109")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(validate, [good, bad] * 40))
    assert all(answer == () for answer in answers[::2])
    assert all([fault.path for fault in answer] == ["$.infNFe.det[0].prod.NCM"] for answer in answers[1::2])


def test_dry_run_tells_what_only_the_schema_knows() -> None:
    draft = composed(sale())
    dry_run(draft, AT)
    broken = structs.replace(draft, header=structs.replace(draft.header, indPres="7"))
    with pytest.raises(ValidationFailed) as caught:
        dry_run(broken, AT)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [("NFE-XSD-ENUMERATION", "$.infNFe.ide.indPres")]


def test_the_bindings_stay_out_of_the_process() -> None:
    script = (
        "import sys; from gateway.nfe.xsd import validate; validate(b'<NFe/>');"
        "sys.exit(any(name.split('.')[0] in ('nfelib', 'xsdata', 'signxml') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603
