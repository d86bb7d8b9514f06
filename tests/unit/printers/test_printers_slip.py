"""The divisions of the slip: what each situation of a note adds or takes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.errors import ConfigInvalid
from gateway.nfe.branch import Printer
from gateway.printers import escpos, rendering, text
from gateway.printers.ir import PAPER_58, PAPER_80, Cut, Qr
from gateway.printers.slip import danfe_slip
from gateway.printers.view import read_note

GOLDEN = Path(__file__).parents[2] / "golden" / "printers"


def sample(name: str) -> bytes:
    return (GOLDEN / f"{name}.xml").read_bytes()


def printed(xml: bytes, **options: object) -> list[str]:
    """Lines without their margins."""
    slip = danfe_slip(read_note(xml), PAPER_80, **options)  # type: ignore[arg-type]
    return [line.strip() for line in text.render(slip, PAPER_80).splitlines()]


def without_protocol(xml: bytes) -> bytes:
    start, end = xml.index(b"<protNFe"), xml.index(b"</protNFe>") + len(b"</protNFe>")
    return xml[:start] + xml[end:]


def test_divisions_come_in_their_order() -> None:
    lines = printed(sample("three_items"), copy_mark="2ª VIA")
    order = [
        "Móveis Exemplo",
        "CNPJ 11.222.333/0001-81  IE 110042490114",
        "DANFE",
        "Documento Auxiliar da Nota Fiscal Eletrônica",
        "1-SAÍDA  VENDA DE MERCADORIA",
        "003 TEC-0655  Tecido suède por metro",
        "Qtde. total de itens                           3",
        "VALOR A PAGAR R$                        3.315,04",
        "Dinheiro                                2.000,00",
        "Troco R$                                  184,96",
        "(+) CBS R$                                 29,84",
        "(+) IBS R$                                  3,32",
        "Consulte pela chave de acesso em",
        "www.nfe.fazenda.gov.br/portal",
        "3526 1111 2223 3300 0181 5500",
        "1000 0001 2414 8201 9374",
        "[CODE-128 35261111222333000181550010000001241482019374]",
        "DESTINATÁRIO CPF: 529.982.247-25",
        "ENTREGA",
        "NF-e nº 000000124  Série 001",
        "Emissão 21/11/2026 10:30:15",
        "Protocolo de autorização: 135260000012345",
        "21/11/2026 10:30:19",
        "HOMOLOGAÇÃO - SEM VALOR FISCAL",
        "Base reduzida conforme Anexo II, art. 12, do RICMS.",
        "2ª VIA",
    ]
    assert [line for line in lines if line in order] == order


def test_production_has_no_homologation_text() -> None:
    assert not any("HOMOLOGA" in line for line in printed(sample("nfce").replace(b"<tpAmb>2", b"<tpAmb>1")))
    assert any("HOMOLOGA" in line for line in printed(sample("nfce")))


def test_a_note_without_protocol_has_no_value() -> None:
    lines = printed(without_protocol(sample("one_item")))
    assert sum("Nota sem protocolo de autorização" in line for line in lines) == 2
    assert not any(line.startswith("Protocolo") for line in lines)


def test_off_line_contingency_is_said_twice_and_has_a_second_copy() -> None:
    lines = printed(sample("type2_offline"))
    assert sum("EMITIDA EM CONTINGÊNCIA" in line for line in lines) == 2
    assert sum("Pendente de autorização" in line for line in lines) == 2
    assert not any("SEM VALOR FISCAL" in line and "|" in line for line in lines)
    assert "Emissão 21/11/2026 10:30:15" in lines
    second = printed(sample("type2_offline"), establishment_copy=True)
    assert "Emissão 21/11/2026 10:30:15" in " ".join(second)
    assert any("Via do Estabelecimento" in line for line in second)
    assert not any("Via do Estabelecimento" in line for line in lines)


def test_a_reprint_of_a_contingency_note_that_was_authorised_shows_its_protocol() -> None:
    proc = sample("one_item").replace(b"<tpEmis>1", b"<tpEmis>9")
    lines = printed(proc)
    assert not any("CONTINGÊNCIA" in line for line in lines)
    assert "Protocolo de autorização: 135260000012345" in lines


@pytest.mark.parametrize(
    ("tpEmis", "words"), [("4", "EMITIDA EM CONTINGÊNCIA (EPEC)"), ("6", "SEM VALOR FISCAL"), ("7", "SEM VALOR FISCAL")]
)
def test_marks_of_other_emissions(tpEmis: str, words: str) -> None:
    lines = printed(without_protocol(sample("one_item")).replace(b"<tpEmis>1", b"<tpEmis>" + tpEmis.encode()))
    assert sum(words in line and line.startswith("|") for line in lines) == 2


def test_denied_and_cancelled() -> None:
    denied = sample("one_item").replace(
        b"<cStat>100</cStat><xMotivo>Autorizado o uso da NF-e", b"<cStat>302</cStat><xMotivo>Denegado"
    )
    lines = printed(denied)
    assert sum("USO DENEGADO" in line for line in lines) == 2
    assert "Protocolo de denegação: 135260000012345" in lines
    assert "Denegado" in lines
    assert sum("NOTA CANCELADA" in line for line in printed(denied, cancelled=True)) == 2
    assert not any("DENEGADO" in line for line in printed(denied, cancelled=True))


def test_protocol_is_printed_in_the_offset_of_the_note() -> None:
    xml = sample("one_item").replace(b"2026-11-21T10:30:15-03:00", b"2026-11-21T09:30:15-04:00")
    lines = printed(xml)
    assert "Emissão 21/11/2026 09:30:15" in lines
    assert "21/11/2026 09:30:19" in lines


def test_relieved_icms_is_printed_only_when_it_leaves_the_total() -> None:
    xml = sample("one_item").replace(b"<vICMSDeson>0.00", b"<vICMSDeson>10.00")
    assert not any("desonerado" in line for line in printed(xml))
    lines = printed(xml.replace(b"<vNF>189.90", b"<vNF>179.90"))
    assert "ICMS desonerado R$                        -10,00" in lines
    assert "VALOR A PAGAR R$                          179,90" in lines


def test_foreign_and_unknown_customers() -> None:
    assert "CONSUMIDOR NÃO IDENTIFICADO" in printed(sample("nfce"))
    foreign = sample("one_item").replace(b"<CPF>52998224725</CPF>", b"<idEstrangeiro>AB1234</idEstrangeiro>")
    assert "DESTINATÁRIO Id. Estrangeiro: AB1234" in printed(foreign)


def test_the_qr_code_is_the_one_of_the_xml() -> None:
    view = read_note(sample("type2_offline"))
    assert [node.data for node in danfe_slip(view, PAPER_58).nodes if isinstance(node, Qr)] == [view.qrCode]
    assert view.urlChave in printed(sample("type2_offline"))


def test_data_cannot_command_the_printer() -> None:
    """The XML cannot hold ESC, but the slip must not depend on that."""
    view = read_note(sample("one_item"))
    plain = escpos.render(danfe_slip(view, PAPER_80), PAPER_80)
    bad = "\x1b@\x1dV\x00\x10\x14\x01\x00\x08\x9b"
    object.__setattr__(view, "infCpl", view.infCpl + bad)
    object.__setattr__(view.issuer, "name", view.issuer.name + bad)
    object.__setattr__(view.items[0], "description", view.items[0].description + bad)
    attacked = escpos.render(danfe_slip(view, PAPER_80, copy_mark=bad), PAPER_80)
    for command in (b"\x1b@", b"\x1dV", b"\x10\x14", b"\x1dr"):
        assert attacked.count(command) == plain.count(command), command


def test_a_slip_ends_in_one_cut() -> None:
    nodes = danfe_slip(read_note(sample("one_item")), PAPER_80).nodes
    assert [isinstance(node, Cut) for node in nodes].count(True) == 1
    assert isinstance(nodes[-1], Cut)


def test_slip_for_a_registered_printer() -> None:
    xml = sample("one_item")
    assert rendering.slip_for(xml, Printer()) == rendering.escpos_slip(xml) == (GOLDEN / "one_item.80mm.escpos").read_bytes()
    assert rendering.slip_for(xml, Printer(columns=32)) == (GOLDEN / "one_item.58mm.escpos").read_bytes()
    assert rendering.slip_for(xml, Printer(dialect="elgin")) == rendering.escpos_slip(xml)
    with pytest.raises(ConfigInvalid) as caught:
        rendering.slip_for(xml, Printer(dialect="daruma"))
    assert "epson" in caught.value.fix
    assert rendering.png_slip(xml).startswith(b"\x89PNG\r\n")
