"""The events a taxpayer may register: who may write them, who receives them, how many, and their detail in the MOC's words.

Source: MOC 7.0, 5.8 to 5.13; NT 2014.001 (EPEC), 2018.004, 2019.001, 2020.001, 2020.007, 2021.001, 2023.005, 2024.002, 2025.002.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Author = Literal["issuer", "addressee", "actor", "any"]
Place = Literal["home", "origin", "an", "either"]
"""home: the authoriser of the UF; origin: whoever authorised the note; an: cOrgao 91; either: home or 91."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """One type. `fields` are the tags that detEvento must and (with `?`) may have, in order. cancels: the types it undoes."""

    tpEvento: str
    descEvento: tuple[str, ...]
    author: Author
    place: Place
    most: int
    xEvento: str
    fields: str = ""
    cancels: tuple[str, ...] = ()
    mods: tuple[str, ...] = ("55",)
    needs_note: bool = True


_BOTH = ("55", "65")
_RTC_CANCELLABLE = (
    "112110", "112120", "112130", "112140", "112150", "211110", "211120", "211124", "211128", "211130", "211140", "211150",
    "212110", "212120",
)  # fmt: skip
_BY = "cOrgaoAutor tpAutor verAplic"
_ROWS = (
    EventKind("110111", ("Cancelamento",), "issuer", "origin", 1, "Cancelamento registrado", "nProt xJust", mods=_BOTH),
    EventKind(
        "110112", ("Cancelamento por substituicao",), "issuer", "home", 1, "Cancelamento por substituicao registrado",
        f"{_BY} nProt xJust chNFeRef", mods=("65",),
    ),
    EventKind(
        "110110", ("Carta de Correção", "Carta de Correcao"), "issuer", "home", 20, "Carta de Correcao registrada",
        "xCorrecao xCondUso",
    ),
    EventKind(
        "110130", ("Comprovante de Entrega da NF-e",), "issuer", "either", 99, "Comprovante de Entrega registrado",
        f"{_BY} dhEntrega nDoc xNome latGPS? longGPS? hashComprovante dhHashComprovante?",
    ),
    EventKind(
        "110131", ("Cancelamento Comprovante de Entrega da NF-e",), "issuer", "either", 99,
        "Cancelamento de Comprovante de Entrega registrado", f"{_BY} nProtEvento", ("110130",),
    ),
    EventKind(
        "110140", ("EPEC",), "issuer", "an", 1, "EPEC registrado", f"{_BY} dhEmi tpNF IE dest", needs_note=False,
    ),
    EventKind(
        "110150", ("Ator interessado na NF-e",), "actor", "an", 20, "Ator interessado registrado",
        f"{_BY} autXML tpAutorizacao? xCondUso?",
    ),
    EventKind("110192", ("Insucesso na Entrega da NF-e",), "issuer", "either", 99, "Insucesso na Entrega registrado"),
    EventKind(
        "110193", ("Cancelamento Insucesso na Entrega da NF-e",), "issuer", "either", 99,
        "Cancelamento de Insucesso na Entrega registrado", cancels=("110192",),
    ),
    EventKind("110750", ("ECONF",), "issuer", "home", 99, "Conciliacao Financeira registrada", mods=_BOTH),
    EventKind(
        "110751", ("Cancelamento Conciliação Financeira",), "issuer", "home", 99, "Cancelamento de Conciliacao registrado",
        cancels=("110750",), mods=_BOTH,
    ),
    EventKind("111500", ("Pedido de Prorrogação", "Pedido de Prorrogacao"), "issuer", "home", 20, "Pedido registrado"),
    EventKind("111501", ("Pedido de Prorrogação", "Pedido de Prorrogacao"), "issuer", "home", 20, "Pedido registrado"),
    EventKind(
        "111502", ("Cancelamento de Pedido de Prorrogacao", "Cancelamento de Pedido de Prorrogação"), "issuer", "home", 20,
        "Cancelamento de Pedido registrado",
    ),
    EventKind(
        "111503", ("Cancelamento de Pedido de Prorrogacao", "Cancelamento de Pedido de Prorrogação"), "issuer", "home", 20,
        "Cancelamento de Pedido registrado",
    ),
    EventKind(
        "210200", ("Confirmacao da Operacao",), "addressee", "an", 2, "Confirmacao da Operacao", needs_note=False,
    ),
    EventKind(
        "210210", ("Ciencia da Operacao",), "addressee", "an", 2, "Ciencia da Operacao", needs_note=False,
    ),
    EventKind(
        "210220", ("Desconhecimento da Operacao",), "addressee", "an", 2, "Desconhecimento da Operacao", "xJust?",
        needs_note=False,
    ),
    EventKind(
        "210240", ("Operacao nao Realizada",), "addressee", "an", 2, "Operacao nao Realizada", "xJust", needs_note=False,
    ),
    EventKind(
        "110001", ("Cancelamento de Evento",), "any", "either", 99, "Cancelamento de Evento registrado",
        "cOrgaoAutor verAplic tpEventoAut nProtEvento", _RTC_CANCELLABLE, _BOTH,
    ),
)  # fmt: skip

_RTC = {
    "112110": "Informação de efetivo pagamento integral para liberar crédito presumido do adquirente",
    "112120": "Importação em ALC/ZFM não convertida em isenção",
    "112130": "Perecimento, perda, roubo ou furto durante o transporte contratado pelo fornecedor",
    "112140": "Fornecimento não realizado com pagamento antecipado",
    "112150": "Atualização da Data de Previsão de Entrega",
    "211110": "Solicitação de Apropriação de crédito presumido",
    "211120": "Destinação de item para consumo pessoal",
    "211124": "Perecimento, perda, roubo ou furto durante o transporte contratado pelo adquirente",
    "211128": "Aceite de débito na apuração por emissão de nota de crédito",
    "211130": "Imobilização de Item",
    "211140": "Solicitação de Apropriação de Crédito de Combustível",
    "211150": "Solicitação de Apropriação de Crédito para bens e serviços que dependem de atividade do adquirente",
    "212110": "Manifestação sobre Pedido de Transferência de Crédito de IBS em Operação de Sucessão",
    "212120": "Manifestação sobre Pedido de Transferência de Crédito de CBS em Operação de Sucessão",
}
_AUTHOR_OF_RTC: dict[str, Author] = {"112": "issuer", "211": "addressee", "212": "any"}

KINDS = {row.tpEvento: row for row in _ROWS} | {
    code: EventKind(code, (text,), _AUTHOR_OF_RTC[code[:3]], "either", 99, "Evento registrado", mods=_BOTH)
    for code, text in _RTC.items()
}
"""By tpEvento. What is not here is the fisco's, or does not exist (491)."""

MANIFESTATIONS = frozenset({"210200", "210210", "210220", "210240"})
CONCLUSIVE = MANIFESTATIONS - {"210210"}
