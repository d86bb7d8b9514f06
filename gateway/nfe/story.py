"""The story of a document in plain pt-BR: what happened, and what changed from one attempt to the next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from gateway.core.errors import GatewayError
from gateway.nfe.field_changes import Change, between_notes
from gateway.nfe.rejections import rejection

MAX_TOLD: Final = 8
_LABELS: Final[Mapping[str, str]] = {
    "NCM": "o NCM",
    "CEST": "o CEST",
    "CFOP": "o CFOP",
    "cEAN": "o GTIN",
    "cEANTrib": "o GTIN da unidade tributável",
    "xProd": "a descrição",
    "vProd": "o valor do produto",
    "qCom": "a quantidade",
    "vUnCom": "o preço",
    "vDesc": "o desconto",
    "vFrete": "o frete",
    "IE": "a inscrição estadual",
    "indIEDest": "a condição de contribuinte",
    "indFinal": "o consumidor final",
    "xNome": "o nome",
    "CNPJ": "o CNPJ",
    "CPF": "o CPF",
    "vPag": "o valor do pagamento",
    "tPag": "o meio de pagamento",
    "vTroco": "o troco",
    "vNF": "o total da nota",
    "CST": "o CST",
    "cClassTrib": "a classificação tributária",
    "idDest": "o destino da operação",
    "indPres": "a presença do comprador",
    "infCpl": "as informações complementares",
    "infAdFisco": "as informações ao fisco",
    "dhEmi": "a data de emissão",
    "tpEmis": "a forma de emissão",
    "natOp": "a natureza da operação",
    "vBC": "a base de cálculo",
    "pICMS": "a alíquota do ICMS",
    "CSOSN": "o CSOSN",
    "xLgr": "o logradouro",
    "nro": "o número do endereço",
    "xBairro": "o bairro",
    "cMun": "o município",
    "UF": "a UF",
    "CEP": "o CEP",
    "email": "o e-mail",
    "indIntermed": "o intermediador",
    "modFrete": "a modalidade do frete",
    "refNFe": "a nota referenciada",
}
_GROUPS: Final[Mapping[str, str]] = {
    "emit": " do emitente",
    "dest": " do destinatário",
    "entrega": " do local de entrega",
    "retirada": " do local de retirada",
    "total": " dos totais",
    "transp": " do transporte",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One version of the signed bytes and what SEFAZ said of it. at: ms. cStat None: no answer, or not sent."""

    version: int
    at: int
    xml: bytes
    cStat: str | None
    xMotivo: str | None
    sent: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened. at: ms; text: a pt-BR sentence."""

    at: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A line of the story. changes: of a `changed` line, what differs in the signed note."""

    at: int
    kind: Literal["happened", "changed"] | str
    text: str
    changes: tuple[Change, ...] = ()


def tell(happenings: Sequence[Happening], attempts: Sequence[Attempt]) -> tuple[StoryLine, ...]:
    """Every line, oldest first; between two attempts, what changed. A line of a change comes right before its attempt's own."""
    lines = [StoryLine(one.at, one.kind, one.text) for one in happenings]
    for number, (before, after) in enumerate(pairwise(attempts), start=1):
        changes = _compared(before.xml, after.xml)
        lines.append(StoryLine(after.at, "changed", _told(number, before, after, changes), changes))
    return tuple(sorted(lines, key=lambda line: (line.at, line.kind != "changed")))


def _compared(before: bytes, after: bytes) -> tuple[Change, ...]:
    try:
        return between_notes(before, after)
    except GatewayError:
        return ()  # bytes that are no note of the layout tell no fields


def _told(number: int, before: Attempt, after: Attempt, changes: Sequence[Change]) -> str:
    what = "nada mudou nos dados da nota" if not changes else f"você mudou {_listed(changes)}"
    return f"Da {number}ª para a {number + 1}ª tentativa, {what}{_answers(before, after)}."


def _listed(changes: Sequence[Change]) -> str:
    told = [f"{named(one.path)} ({_value(one.before)} → {_value(one.after)})" for one in changes[:MAX_TOLD]]
    more = len(changes) - len(told)
    return ", ".join(told) + (f" e mais {more} campos" if more > 1 else " e mais um campo" if more else "")


def _answers(before: Attempt, after: Attempt) -> str:
    old = before.cStat if _refused(before.cStat) else None
    new = after.cStat if _refused(after.cStat) else None
    if old and new:
        return f"; a {old} continua" if old == new else f"; a {old} saiu, a {new} apareceu"
    if old and after.cStat:
        return f"; a {old} saiu"
    return f"; a {new} apareceu" if new else ""


def _refused(cStat: str | None) -> bool:
    known = None if cStat is None else rejection(cStat)
    return cStat is not None and (known is None or known.decision not in ("ok", "ok_alert", "info", "poll"))


def _value(text: str | None) -> str:
    return "nada" if text is None else text if len(text) <= 60 else f"{text[:57]}..."


def named(path: str) -> str:
    """`$.det[1].prod.NCM` as people say it: `o NCM do item 2`."""
    steps = path.removeprefix("$.").split(".")
    tag = steps[-1].partition("[")[0]
    group, _, index = steps[0].partition("[")
    where = f" do item {int(index.rstrip(']')) + 1}" if group == "det" and index else _GROUPS.get(group, "")
    return f"{_LABELS.get(tag, f'o campo {tag}')}{where}"
