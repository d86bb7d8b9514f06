"""Facts as sentences: what is told once, what is counted, what the timeline already says."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.nfe.happenings import Episode, Request, Voiding, episode, printing, quoted, requests, voiding


def asked(kind: str, outcome: str | None, cStat: str | None, reason: str | None, at: int) -> Request:
    return Request(kind, at, at + 5, outcome, cStat, reason)


def test_the_same_answer_again_is_counted_and_not_repeated() -> None:
    rows = [
        asked("authorize", "service_down", "108", "Servico Paralisado", 10),
        asked("authorize", "service_down", "108", "Servico Paralisado", 20),
        asked("authorize", "service_down", "108", "Servico Paralisado", 30),
        asked("consult", "not_found", "217", "NF-e nao consta na base de dados da SEFAZ", 40),
        asked("authorize", "not_sent", None, "Sem rota até o servidor.", 50),
    ]
    assert [(one.at, one.text) for one in requests(rows)] == [
        (15, "A SEFAZ não recebeu a nota: 108 Servico Paralisado. Foram 3 vezes seguidas."),
        (45, "A SEFAZ foi consultada: 217 NF-e nao consta na base de dados da SEFAZ."),
        (55, "O envio não saiu daqui: Sem rota até o servidor."),
    ]


def test_what_the_timeline_tells_is_not_told_twice() -> None:
    rows = [asked("authorize", outcome, "100", "Autorizado", 1) for outcome in ("authorized", "rejected", "unknown", "receipt")]
    assert list(requests(rows)) == []


def test_a_send_without_an_end_is_told() -> None:
    (one,) = requests([Request("authorize", 7, None, None, None, None)])
    assert (one.at, one.text) == (7, "Enviada à SEFAZ; ainda sem resposta.")


def test_what_an_event_says_goes_after_it_bounded() -> None:
    assert quoted({"xCorrecao": "Rua Um, 10"}) == " Texto: “Rua Um, 10”."
    assert quoted({"nProt": "1", "xJust": "Cliente desistiu"}) == " Justificativa: “Cliente desistiu”."
    assert quoted({"dhEntrega": "x"}) == ""
    assert len(quoted({"xCorrecao": "a" * 1000})) == len(" Texto: “”.") + 400


def test_a_note_transmitted_late_says_so() -> None:
    one = Episode("offline", 100, "Sem internet", "user:ana", 200, "gateway", due_at=300)
    due = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    assert [(line.at, line.kind, line.text) for line in episode(one, 400, due)] == [
        (100, "contingency_entered", "A filial entrou em contingência off-line, por ana: Sem internet."),
        (200, "contingency_left", "Fim da contingência off-line, pelo próprio gateway."),
        (400, "transmitted_late", "A nota foi transmitida fora do prazo, que terminou em 23/11/2026 às 23:59."),
    ]
    assert [line.kind for line in episode(one, 300, due)] == ["contingency_entered", "contingency_left"]


def test_a_voiding_tells_its_range_and_its_answer() -> None:
    refused = Voiding(2, 4, "rejected", "Numeros pulados", None, "241", "Um numero da faixa ja foi utilizado", 10, 20)
    assert [line.text for line in voiding(refused, ends=True)] == [
        "Inutilização dos números 2 a 4 pedida. Justificativa: “Numeros pulados”.",
        "Inutilização dos números 2 a 4 recusada pela SEFAZ: 241 Um numero da faixa ja foi utilizado.",
    ]
    done = Voiding(2, 2, "registered", "Numeros pulados", "135", "102", "Inutilizacao homologada", 10, 20)
    assert [line.text for line in voiding(done, ends=False)] == [
        "Inutilização do número 2 pedida. Justificativa: “Numeros pulados”."
    ]
    assert list(voiding(done, ends=True))[1].text == (
        "Inutilização do número 2 registrada na SEFAZ: protocolo 135 (102 Inutilizacao homologada)."
    )


def test_an_uncertain_print_asks_to_look() -> None:
    assert printing("uncertain", "sem confirmação") == "Impressão sem confirmação: confira se o papel saiu."
    assert printing("queued", "A impressora x não aceitou a conexão.") == (
        "Impressão pedida: espera a impressora. A impressora x não aceitou a conexão."
    )
