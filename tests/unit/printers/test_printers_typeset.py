"""Wrapping, justifying and hygiene: the lines that every medium prints."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.printers import text
from gateway.printers.ir import (
    BOLD,
    PAPER_58,
    PAPER_80,
    PLAIN,
    Box,
    Cut,
    Document,
    Feed,
    Line,
    Node,
    Paper,
    Rule,
    Span,
    Style,
    centered,
    line,
    pair,
)
from gateway.printers.paper_text import clean, encode
from gateway.printers.typeset import SetLine, typeset


def lines(*nodes: Node, paper: Paper = PAPER_58) -> list[str]:
    return text.render(Document(nodes), paper).splitlines()


def test_columns_of_the_rolls() -> None:
    assert (PAPER_80.columns, PAPER_80.columns_b, PAPER_80.margin) == (48, 64, 32)
    assert (PAPER_58.columns, PAPER_58.columns_b, PAPER_58.margin) == (32, 42, 40)


def test_wrap_with_hanging_indent() -> None:
    assert lines(line("001 A-1  Guarda-roupa casal com espelho e seis gavetas", hang=4)) == [
        "001 A-1  Guarda-roupa casal com",
        "    espelho e seis gavetas",
    ]


def test_long_words_are_cut_after_a_slash_or_a_dot() -> None:
    assert lines(centered("www.homologacao.nfce.fazenda.sp.gov.br/consulta")) == [
        "www.homologacao.nfce.fazenda.sp.",
        "        gov.br/consulta",
    ]
    assert lines(line("X" * 40)) == ["X" * 32, "X" * 8]


def test_centred_lines_are_balanced() -> None:
    assert lines(centered("EMITIDA EM AMBIENTE DE HOMOLOGAÇÃO - SEM VALOR FISCAL")) == [
        "     EMITIDA EM AMBIENTE DE",
        " HOMOLOGAÇÃO - SEM VALOR FISCAL",
    ]


def test_pair() -> None:
    assert lines(pair("Troco R$", "30,52")) == ["Troco R$                   30,52"]
    assert lines(pair("Fidelidade e cashback da loja", "1.000,00")) == [
        "Fidelidade e cashback",
        "da loja                 1.000,00",
    ]


def test_wide_characters_count_twice() -> None:
    sheet = typeset(Document((Line((Span("A" * 16, Style(wide=2)),)), Line((Span("A" * 17, Style(wide=2)),)))), PAPER_58)
    assert [node.text for node in sheet.nodes if isinstance(node, SetLine)] == ["A" * 16, "A" * 16, "A"]


def test_mixed_styles_share_a_line() -> None:
    (set_line,) = typeset(Document((Line((Span("Protocolo: "), Span("135", BOLD))),)), PAPER_58).nodes
    assert isinstance(set_line, SetLine)
    assert set_line.spans == (Span("Protocolo: ", PLAIN), Span("135", BOLD))


def test_box_rule_feed_cut() -> None:
    assert lines(Box((Span("A"), Span("BB"))), Rule(), Rule(double=True), Feed(1), Cut()) == [
        "+" + "=" * 30 + "+",
        "|" + " " * 14 + "A" + " " * 15 + "|",
        "|" + " " * 14 + "BB" + " " * 14 + "|",
        "+" + "=" * 30 + "+",
        "-" * 32,
        "=" * 32,
        "",
        ("- " * 16).rstrip(),
    ]


def test_typography_becomes_plain_neighbours() -> None:
    assert clean("“Ação” – R$\u00a05 … € ½ ª º §").text == '"Ação" - R$ 5 ... EUR ½ ª º §'
    assert clean("Łódź ☐ ő").text == "?ódz [ ] o"
    assert clean("Łódź").lost == "Ł"
    assert clean("日本").lost == "日本"


def test_decomposed_accents_are_composed() -> None:
    assert clean("Sa\u0303o Jose\u0301").text == "São José"


def test_control_characters_become_blanks() -> None:
    assert clean("\x1b@a\x1dV\x00b\x7f\x9b").text == " @a V b  "


def test_poorer_code_pages_lose_marks_not_letters() -> None:
    assert encode("Ação ═─║", "ascii") == (b"Acao =-|", "")
    assert encode("¾ São", "cp437") == (b"? Sao", "¾")
    assert encode("¾ São", "cp850") == ("¾ São".encode("cp850"), "")


@given(st.text(max_size=200), st.sampled_from([PAPER_58, PAPER_80]), st.integers(0, 8), st.booleans())
def test_no_line_is_wider_than_the_paper_and_no_letter_is_lost(words: str, paper: Paper, hang: int, balanced: bool) -> None:
    node = Line((Span(words), Span(words, Style(font="b", wide=2))), "center" if balanced else "left", hang, balanced)
    sheet = typeset(Document((node,)), paper)
    set_lines = [line for line in sheet.nodes if isinstance(line, SetLine)]
    assert all(line.dots <= paper.dots for line in set_lines)
    printed = "".join(line.text for line in set_lines).replace(" ", "")
    assert printed == (clean(words).text * 2).replace(" ", "")


@given(st.text(max_size=80), st.text(max_size=40), st.sampled_from([PAPER_58, PAPER_80]))
def test_pairs_keep_both_sides(left: str, right: str, paper: Paper) -> None:
    set_lines = [line for line in typeset(Document((pair(left, right),)), paper).nodes if isinstance(line, SetLine)]
    assert all(line.dots <= paper.dots for line in set_lines)
    printed = "".join(line.text for line in set_lines).replace(" ", "")
    assert printed == (clean(left).text + clean(right).text).replace(" ", "")
