"""From a draft to the canonical text of the note: number, key and date come in, bytes come out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from gateway import __version__
from gateway.core.chave import ChaveAcesso, cnf_allowed
from gateway.core.errors import InvariantBroken
from gateway.core.text import clean_text
from gateway.nfe.draft import Draft
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.layout.document import NFe as Note
from gateway.nfe.layout.ide import Ide
from gateway.nfe.message_size import check_size
from gateway.nfe.rules import Mode
from gateway.nfe.rules.told import Foreseen, foresee, of_sale
from gateway.nfe.signature import NFE, with_placeholder
from gateway.nfe.supplement import rehearsed
from gateway.nfe.technical_contact import inf_resp_tec
from gateway.nfe.xml_writer import writer
from gateway.nfe.xsd import validate

_TP_IMP = {"55": "1", "65": "4"}
VERSION = f"gateway {__version__}"[:20]
"""Name and version of this software, as the layout holds it."""
_PLACEHOLDER_CNF = "10203040"
_write = writer(InfNFe, "infNFe")
_OPEN = f'<NFe xmlns="{NFE}">'
_NO_MODES: Mapping[str, Mode] = {}


class Built(msgspec.Struct, frozen=True, gc=False):
    """An unsigned note: canonical text, ready to be signed by splice, and the structs that it was written from."""

    chave: ChaveAcesso
    xml: bytes
    note: Note


def new_cnf(number: int, randbits: Callable[[int], int]) -> str:
    """A cNF that SEFAZ takes (B03-10, 897) and nobody guesses. `randbits(k)` is of a CSPRNG: `secrets.randbits`."""
    while True:
        # 27 bits reach past 99.999.999: what falls outside is drawn again, so that every value is as likely.
        drawn = randbits(27)
        cNF = f"{drawn:08d}"
        if drawn < 100_000_000 and cnf_allowed(cNF, number):
            return cNF


def build(
    draft: Draft,
    *,
    number: int,
    cNF: str,
    dhEmi: datetime,
    tpEmis: str = "1",
    dhCont: datetime | None = None,
    xJust: str | None = None,
) -> Built:
    """The unsigned `<NFe>`, still without infNFeSupl, of the same arguments as `document`, and raising the same."""
    return _written(*_document(draft, number, cNF, dhEmi, tpEmis, dhCont, xJust))


def written(body: InfNFe) -> Built:
    """The unsigned `<NFe>` of a whole document."""
    return _written(body, ChaveAcesso(body.Id[3:]))


def _written(body: InfNFe, chave: ChaveAcesso) -> Built:
    return Built(chave, f"{_OPEN}{_write(body)}</NFe>".encode(), Note(infNFe=body))


def document(
    draft: Draft,
    *,
    number: int,
    cNF: str,
    dhEmi: datetime,
    tpEmis: str = "1",
    dhCont: datetime | None = None,
    xJust: str | None = None,
) -> InfNFe:
    """The whole note as structs of the layout. `dhEmi` is aware and is written in the branch's time zone.

    In contingency (`tpEmis` other than 1) `dhCont` says since when (aware) and `xJust` why, 15 to 256 characters. Raises
    InvariantBroken when number, cNF or contingency are not what the layout takes: the caller decided them.
    """
    return _document(draft, number, cNF, dhEmi, tpEmis, dhCont, xJust)[0]


def _document(
    draft: Draft, number: int, cNF: str, dhEmi: datetime, tpEmis: str, dhCont: datetime | None, xJust: str | None
) -> tuple[InfNFe, ChaveAcesso]:
    """As `document`, with the key it was given."""
    since, reason = _contingency(draft, tpEmis, dhCont, xJust)
    if not 1 <= number <= 999_999_999 or not cnf_allowed(cNF, number) or dhEmi.tzinfo is None:
        raise InvariantBroken(f"Número {number}, cNF {cNF!r} ou data de emissão fora do que o leiaute aceita.")
    header = draft.header
    moment = dhEmi.astimezone(draft.zone).replace(microsecond=0)
    chave = ChaveAcesso.build(
        cUF=header.cUF,
        dhEmi=moment,
        tax_id=draft.emit.CNPJ or "",
        mod=draft.mod,
        serie=header.serie,
        nNF=number,
        tpEmis=tpEmis,
        cNF=cNF,
    )
    ide = Ide(
        cUF=header.cUF,
        cNF=cNF,
        natOp=header.natOp,
        mod=draft.mod,
        serie=str(header.serie),
        nNF=str(number),
        dhEmi=moment.isoformat(),
        tpNF=header.tpNF,
        idDest=header.idDest,
        cMunFG=header.cMunFG,
        tpImp=_TP_IMP[draft.mod],
        tpEmis=tpEmis,
        cDV=chave[43],
        tpAmb=header.tpAmb,
        finNFe=header.finNFe,
        tpNFDebito=header.tpNFDebito,
        tpNFCredito=header.tpNFCredito,
        indFinal=header.indFinal,
        indPres=header.indPres,
        indIntermed=header.indIntermed,
        procEmi="0",
        verProc=VERSION,
        dhCont=since,
        xJust=reason,
        NFref=header.references,
        gPagAntecipado=header.advances,
        gCompraGov=header.gCompraGov,
    )
    contact = draft.branch.technical_contact
    body = InfNFe(
        Id=f"NFe{chave}",
        versao="4.00",
        ide=ide,
        emit=draft.emit,
        dest=draft.dest,
        retirada=draft.retirada,
        entrega=draft.entrega,
        autXML=draft.autXML,
        det=draft.det,
        total=draft.totals,
        transp=draft.transp,
        cobr=draft.cobr,
        pag=draft.pag,
        infIntermed=draft.infIntermed,
        infAdic=draft.infAdic,
        exporta=draft.exporta,
        compra=draft.compra,
        infRespTec=None if contact is None else inf_resp_tec(contact, chave),
    )
    return body, chave


def _contingency(draft: Draft, tpEmis: str, dhCont: datetime | None, xJust: str | None) -> tuple[str | None, str | None]:
    """dhCont and xJust as written: both in contingency (557), none in normal emission (556). Raises InvariantBroken."""
    if tpEmis == "1" and dhCont is None and xJust is None:
        return None, None
    reason = clean_text(xJust or "", 256)
    if tpEmis == "1" or dhCont is None or dhCont.tzinfo is None or len(reason) < 15:
        raise InvariantBroken(
            "A contingência precisa de data com fuso e de justificativa de 15 a 256 caracteres; a emissão normal, de nenhuma."
        )
    return dhCont.astimezone(draft.zone).replace(microsecond=0).isoformat(), reason


def dry_run(draft: Draft, at: datetime, modes: Mapping[str, Mode] = _NO_MODES) -> Foreseen:
    """Whether the document will pass schema and rules, tried with a placeholder number: a bad sale never costs one.

    `modes`: see `rules.judge`. Raises ValidationFailed with every NFE-XSD-* fault, whose paths are official tags, and every rule
    that refuses, at paths of the sale.
    """
    moment = draft.sale.issued_at or at
    body = document(draft, number=1, cNF=_PLACEHOLDER_CNF, dhEmi=moment)
    tried = with_placeholder(rehearsed(written(body), draft, moment).xml)
    check_size(tried, "$.items")
    own = [item.product is not None for item in draft.sale.items]
    return foresee(
        body,
        validate(tried),
        environment=draft.branch.environment,
        at=at,
        modes=modes,
        tell=lambda finding: of_sale(finding, own),
    )
