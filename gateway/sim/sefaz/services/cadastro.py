"""CadConsultaCadastro4: who is registered in a state. Source: MOC 7.0, 5.6; quirks of MG and MT as `Policies` tells."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from lxml import etree

from gateway.sim.sefaz import wire
from gateway.sim.sefaz.answers import VER_APLIC, status
from gateway.sim.sefaz.chave import CUF, valid_cnpj, valid_cpf
from gateway.sim.sefaz.messages import Refusal, motivo
from gateway.sim.sefaz.office import Asked, Office, Processed, field
from gateway.sim.sefaz.policies import Registration
from gateway.sim.sefaz.schema import NFE

_DOCUMENTS = ("IE", "CNPJ", "CPF")
_NOT_FOUND = {"IE": "261", "CNPJ": "259", "CPF": "264"}


class Cadastro:
    """Answers from `state.registrations`."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def consult(self, asked: Asked) -> Processed:
        root = wire.read(asked.message, "ConsCad", None, "215", "2.00")
        if isinstance(root, Refusal):
            return self._answer("", "CNPJ", "", root)
        uf, tag, document = field(root, "infCons/UF"), *_document(root)
        refusal = next(self._rules(root, asked, uf, tag, document), None)
        if refusal is not None:
            return self._answer(uf, tag, document, refusal)
        found = [each for each in self._office.state.registrations if uf == each.UF and getattr(each, tag) == document]
        if not found:
            return self._answer(uf, tag, document, Refusal(_NOT_FOUND[tag]))
        return self._answer(uf, tag, document, Refusal("111" if len(found) == 1 else "112"), found)

    def _rules(self, root: etree._Element, asked: Asked, uf: str, tag: str, document: str) -> Iterator[Refusal]:
        office = self._office
        inf = root.find(f"{{{NFE}}}infCons")
        tags = [] if inf is None else [etree.QName(child).localname for child in inf]
        if tags != ["xServ", "UF", tag] or field(root, "infCons/xServ") != "CONS-CAD" or not document:
            yield Refusal("215")
        if uf == "MT" and office.state.mt_wrapped and not asked.wrapped:
            yield Refusal("215", "[consultaCadastro]")
        if uf not in office.ufs:
            yield Refusal("265")
        if not asked.transmitter:
            yield Refusal("282")
        if asked.transmitter in office.state.cadastro_refused:
            yield Refusal("257")
        if tag == "CNPJ" and not valid_cnpj(document):
            yield Refusal("258")
        if tag == "CPF" and not valid_cpf(document):
            yield Refusal("263")
        if tag == "IE" and not (document.isdigit() and 2 <= len(document) <= 14):
            yield Refusal("260")
        if office.guard.blocks(office.state, asked.transmitter, office.now()):
            yield Refusal("656")

    def forced(self, _: Asked, cStat: str) -> Processed:
        return self._answer("", "CNPJ", "", Refusal(cStat))

    def _answer(self, uf: str, tag: str, document: str, verdict: Refusal, found: list[Registration] | None = None) -> Processed:
        head = self._office.head(CUF.get(uf, ""))
        asked = f"<{tag}>{escape(document)}</{tag}>" if document else f"<{tag}></{tag}>"
        xMotivo = verdict.xMotivo if found is None else motivo(verdict.cStat)
        inf = (
            f"<infCons><verAplic>{VER_APLIC}</verAplic>{status(verdict.cStat, xMotivo)}<UF>{escape(uf)}</UF>{asked}"
            f"<dhCons>{head.dhRecbto}</dhCons><cUF>{head.cUF}</cUF>{''.join(_row(each) for each in found or [])}</infCons>"
        )
        if uf == "MG" and self._office.state.mg_bare:
            # MG's root comes in the WSDL's namespace, and only its children declare the NF-e's.
            inf = inf.replace("<infCons>", f'<infCons xmlns="{NFE}">', 1)
            return Processed(f'<retConsCad versao="2.00">{inf}</retConsCad>', verdict.cStat, xMotivo)
        return Processed(f'<retConsCad xmlns="{NFE}" versao="2.00">{inf}</retConsCad>', verdict.cStat, xMotivo)


def _document(root: etree._Element) -> tuple[str, str]:
    """Which document was asked for, and its text."""
    return next(((tag, told) for tag in _DOCUMENTS if (told := field(root, f"infCons/{tag}"))), ("CNPJ", ""))


def _row(each: Registration) -> str:
    document = f"<CNPJ>{each.CNPJ}</CNPJ>" if each.CNPJ else f"<CPF>{each.CPF}</CPF>"
    trade = f"<xFant>{escape(each.xFant)}</xFant>" if each.xFant else ""
    since = f"<dIniAtiv>{each.dIniAtiv}</dIniAtiv>" if each.dIniAtiv else ""
    return (
        f"<infCad><IE>{each.IE}</IE>{document}<UF>{each.UF}</UF><cSit>{each.cSit}</cSit><indCredNFe>{each.indCredNFe}</indCredNFe>"
        f"<indCredCTe>{each.indCredCTe}</indCredCTe><xNome>{escape(each.xNome)}</xNome>{trade}{since}</infCad>"
    )
