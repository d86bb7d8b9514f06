"""NFeInutilizacao4: numbers that will never be notes. Not offered by the SVC. Source: MOC 7.0, 5.3 (rules I01 to I09)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from gateway.sim.sefaz import wire
from gateway.sim.sefaz.answers import VER_APLIC, Head, status
from gateway.sim.sefaz.chave import UF_OF, Key, valid_cnpj
from gateway.sim.sefaz.messages import Refusal, motivo
from gateway.sim.sefaz.office import Asked, Office, Processed, field
from gateway.sim.sefaz.records import Voided
from gateway.sim.sefaz.schema import NFE, event_schema
from gateway.sim.sefaz.services import contingency

MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Range:
    Id: str
    tpAmb: str
    cUF: str
    ano: str
    CNPJ: str
    mod: str
    serie: int
    first: int
    last: int

    @property
    def book(self) -> tuple[str, str, str, int]:
        return self.cUF, self.CNPJ, self.mod, self.serie

    @property
    def composed(self) -> str:
        return f"ID{self.cUF}{self.ano}{self.CNPJ}{self.mod}{self.serie:03d}{self.first:09d}{self.last:09d}"


class Voiding:
    """Takes requests and keeps the ranges."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def void(self, asked: Asked) -> Processed:
        office = self._office
        closed = contingency.closed(office, "", "")
        if closed or not asked.transmitter:
            return self._refused(office.head(), closed or Refusal("282"))
        root = wire.read(asked.message, "inutNFe", event_schema("inutNFe"), "215")
        if isinstance(root, Refusal):
            return self._refused(office.head(), root)
        asked_for = _range(root[0])
        head = office.head(asked_for.cUF)
        verdict = office.judge.refusal_of(root, asked_for.Id, asked_for.CNPJ, head.at, office.state.verifier)
        refusal = verdict or next(self._rules(asked_for, head), None)
        if refusal is not None:
            same = self._same(asked_for) if refusal.cStat == "563" else None
            return self._refused(head, refusal, asked_for, "" if same is None else same.nProt)
        voided = Voided(
            cUF=asked_for.cUF,
            CNPJ=asked_for.CNPJ,
            mod=asked_for.mod,
            serie=asked_for.serie,
            ano=asked_for.ano,
            first=asked_for.first,
            last=asked_for.last,
            nProt=office.register.next_protocol(asked_for.cUF, head.at.year),
            dhRecbto=head.dhRecbto,
        )
        office.register.store(voided)
        return Processed(_answer(head, "102", motivo("102"), asked_for, voided.nProt), "102", motivo("102"))

    def _rules(self, asked: _Range, head: Head) -> Iterator[Refusal]:
        office = self._office
        if asked.tpAmb != office.tpAmb:
            yield Refusal("252")
        if UF_OF.get(asked.cUF) not in office.ufs:
            yield Refusal("250")
        if not valid_cnpj(asked.CNPJ):
            yield Refusal("207")
        if asked.serie >= 890:
            yield Refusal("266")
        if 2000 + int(asked.ano) > head.at.year:
            yield Refusal("453")
        if int(asked.ano) < 6:
            yield Refusal("454")
        if asked.first > asked.last:
            yield Refusal("224")
        if asked.last - asked.first >= MOST:
            yield Refusal("201")
        if asked.Id != asked.composed:
            yield Refusal("502")
        if office.guard.blocks(office.state, asked.CNPJ, head.at):
            yield Refusal("656")
        yield from self._taken(asked)

    def _taken(self, asked: _Range) -> Iterator[Refusal]:
        """563 (the same range), 256 (voided before), 241 (a note, a denial or an EPEC has the number)."""
        register = self._office.register
        same = self._same(asked)
        if same is not None:
            yield Refusal("563", f"[nProt:{same.nProt}]")
        if any(each.first <= asked.last and asked.first <= each.last for each in register.voided_in(asked.book)):
            yield Refusal("256")
        for number in range(asked.first, asked.last + 1):
            key = Key(f"{asked.cUF}{asked.ano}01{asked.CNPJ}{asked.mod}{asked.serie:03d}{number:09d}1000000000")
            if register.by_number(key) is not None or register.epec(key) is not None:
                yield Refusal("241", f"[nNF:{number}]")

    def _same(self, asked: _Range) -> Voided | None:
        ranges = self._office.register.voided_in(asked.book)
        return next((each for each in ranges if (each.first, each.last) == (asked.first, asked.last)), None)

    def _refused(self, head: Head, refusal: Refusal, asked: _Range | None = None, nProt: str = "") -> Processed:
        return Processed(_answer(head, refusal.cStat, refusal.xMotivo, asked, nProt), refusal.cStat, refusal.xMotivo)

    def forced(self, _: Asked, cStat: str) -> Processed:
        return self._refused(self._office.head(), Refusal(cStat))


def _range(inf: etree._Element) -> _Range:
    told = {tag: field(inf, tag) for tag in ("tpAmb", "cUF", "ano", "CNPJ", "mod", "serie", "nNFIni", "nNFFin")}
    numbers = {"serie": int(told["serie"]), "first": int(told["nNFIni"]), "last": int(told["nNFFin"])}
    return _Range(inf.get("Id") or "", told["tpAmb"], told["cUF"], told["ano"], told["CNPJ"], told["mod"], **numbers)


def _answer(head: Head, cStat: str, xMotivo: str, asked: _Range | None, nProt: str) -> str:
    """retInutNFe 4.00. The range is repeated when it was read; 563 brings the first request's protocol (NT 2015.002)."""
    fields = ""
    if asked is not None:
        fields = (
            f"<ano>{asked.ano}</ano><CNPJ>{asked.CNPJ}</CNPJ><mod>{asked.mod}</mod><serie>{asked.serie}</serie>"
            f"<nNFIni>{asked.first}</nNFIni><nNFFin>{asked.last}</nNFFin>"
        )
    protocol = f"<nProt>{nProt}</nProt>" if nProt else ""
    Id = f' Id="ID{nProt}"' if cStat == "102" else ""
    return (
        f'<retInutNFe xmlns="{NFE}" versao="4.00"><infInut{Id}><tpAmb>{head.tpAmb}</tpAmb><verAplic>{VER_APLIC}</verAplic>'
        f"{status(cStat, xMotivo)}<cUF>{head.cUF}</cUF>{fields}<dhRecbto>{head.dhRecbto}</dhRecbto>{protocol}"
        f"</infInut></retInutNFe>"
    )
