"""A note given by its official tags, and what the gateway fills in: the body of `POST /v1/nfe/raw`. Pure.

The caller decides what the note says; number, cNF, date, chave, totals and what the branch knows are filled in when absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from gateway.core.chave import FORBIDDEN_CNF, ChaveAcesso, cnf_allowed
from gateway.core.errors import InvariantBroken, ValidationFailed
from gateway.core.faults import Fault
from gateway.nfe.branch import Branch
from gateway.nfe.branch_faults import zone_of
from gateway.nfe.build import VERSION, Built, of_schema, written
from gateway.nfe.findings import Findings
from gateway.nfe.layout.delivery import Transp
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.ide import Ide
from gateway.nfe.layout.item import Det
from gateway.nfe.layout.parties import Dest, Emit
from gateway.nfe.layout.raw import RawDet, RawIde, RawInfNFe, RawTotal
from gateway.nfe.layout.total import Total
from gateway.nfe.nfce import marked
from gateway.nfe.parties import HOMOLOGACAO_NAME, emit
from gateway.nfe.raw_totals import item_value, total
from gateway.nfe.rules import Mode
from gateway.nfe.rules.consequences import NONE, Known
from gateway.nfe.rules.told import NOTHING, Foreseen, foresee, of_tags
from gateway.nfe.sale import Ref
from gateway.nfe.technical_contact import inf_resp_tec
from gateway.nfe.xml_writer import decimal_text, kinds

_MODELS = ("55", "65")
_PLACEHOLDER_CNF = "10203040"
_MOST = 999_999_999
"""The largest nNF."""
_DIGITS_OF_UF = re.compile("[0-9]{2}")
_AHEAD = timedelta(minutes=5)
_LATE = timedelta(days=30)
_NO_MODES: Mapping[str, Mode] = {}


class RawNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note by its official tags. Repeated groups are lists, numbers are numbers or texts, attributes are fields.

    ref: the caller's key, one note per ref. infNFe: the layout 4.00 (PL_010f). The branch of emit.CNPJ must exist. Absent nNF,
    cNF, cDV, Id, dhEmi and total are filled in, and so is what the branch knows of the issuer.
    """

    ref: Ref
    infNFe: RawInfNFe

    @property
    def branch(self) -> str:
        """CNPJ of the issuer as the caller wrote it; empty when there is none."""
        return self.infNFe.emit.CNPJ or ""

    @property
    def model(self) -> str:
        """`65` for a NFC-e; `55` unless ide.mod says so."""
        return "65" if self.infNFe.ide.mod == "65" else "55"

    @property
    def number(self) -> int | None:
        """The number the caller chose (nNF), None when the gateway numbers the note."""
        nNF = self.infNFe.ide.nNF
        return int(nNF) if nNF is not None and nNF.isascii() and nNF.isdigit() else None

    def cnf(self, number: int) -> str | None:
        """The cNF the caller chose, when the fisco takes it with that number (897)."""
        cNF = self.infNFe.ide.cNF
        return cNF if cNF is not None and cnf_allowed(cNF, number) else None


@dataclass(frozen=True, slots=True)
class RawDraft:
    """A raw note completed and checked: everything but number, cNF, date and key. `body` has them empty.

    issued_at: the caller's dhEmi. total: vNF in reais. customer_name: the real one, also in homologação. faults: what the note
    breaks; a draft that has any is tried and never issued.
    """

    note: RawNote
    branch: Branch
    zone: ZoneInfo
    body: InfNFe
    series: int
    issued_at: datetime | None
    customer_name: str | None
    customer_tax_id: str | None
    mod: str
    foreseen: Foreseen = NOTHING
    faults: tuple[Fault, ...] = ()

    @property
    def emit(self) -> Emit:
        """The issuer, as the branch completes it."""
        return self.body.emit

    @property
    def dest(self) -> Dest | None:
        """The buyer."""
        return self.body.dest

    @property
    def total(self) -> Decimal:
        """vNF, in reais."""
        return self.body.total.ICMSTot.vNF


def complete(note: RawNote, branch: Branch, *, at: datetime) -> RawDraft:
    """What `note` asks for, with all that it leaves to the gateway. `at` is aware.

    Raises ValidationFailed with every fault that can be told without the schema: see `dry_run` for the rest.
    """
    draft = attempt(note, branch, at=at)
    if draft.faults:
        raise ValidationFailed(draft.faults)
    return draft


def attempt(note: RawNote, branch: Branch, *, at: datetime) -> RawDraft:
    """As `complete`, but faults are in the draft instead of raised: completed as far as it goes, to be told what else is wrong.

    Raises ValidationFailed only for numbers that are not finite: nothing can be computed with them.
    """
    findings = Findings()
    given = note.infNFe
    hopeless = False
    for path, value in _wrong(given, "$.infNFe"):
        findings.add("NFE-RAW-01", path, value=value)
        hopeless = hopeless or (isinstance(value, Decimal) and not value.is_finite())
    if hopeless:
        findings.raise_any()
    zone = zone_of(branch, findings)
    issuer = _issuer(given, branch, findings)
    issued_at = _issued_at(given.ide, at, findings)
    mod = note.model
    series = _series(given.ide, branch.series if mod == "55" else branch.nfce.series, findings)
    _check_fixed(given, branch, findings)
    _check_key(given, mod, issuer, series, findings)
    items = _items(given.det)
    if mod == "65":
        items = marked(items, branch.environment)
    competence = (issued_at or at).astimezone(zone).date().isoformat()
    dest, name = _buyer(given.dest, branch)
    fields = {name: getattr(given, name) for name in InfNFe.__struct_fields__}
    fields |= {
        "Id": "",
        "versao": "4.00",
        "ide": _ide(given.ide, mod, branch, issuer, series),
        "emit": issuer,
        "dest": dest,
        "det": items,
        "total": _total(given.total, items, competence),
        "transp": given.transp or Transp(modFrete="9"),
    }
    # What is searched by: a foreigner's document may be longer than any CNPJ, and is then only in the note itself.
    document = "" if dest is None else dest.CNPJ or dest.CPF or dest.idEstrangeiro or ""
    searched = document if 0 < len(document) <= 14 else None
    whole, faults = InfNFe(**fields), tuple(findings.faults)
    return RawDraft(note, branch, zone, whole, series, issued_at, name, searched, mod, faults=faults)


def _total(given: RawTotal | None, items: tuple[Det, ...], competence: str) -> Total:
    """The caller's group W; what is absent of one without ICMSTot (retTrib alone, say) is summed of the items."""
    if given is None:
        return total(items, competence)
    told = {name: getattr(given, name) for name in given.__struct_fields__ if getattr(given, name) is not None}
    return Total(**told) if "ICMSTot" in told else msgspec.structs.replace(total(items, competence), **told)


def build_raw(draft: RawDraft, *, number: int, cNF: str, dhEmi: datetime) -> Built:
    """The unsigned `<NFe>` of a raw note, of the same arguments as `raw_document`, and raising the same."""
    return written(raw_document(draft, number=number, cNF=cNF, dhEmi=dhEmi))


def raw_document(draft: RawDraft, *, number: int, cNF: str, dhEmi: datetime) -> InfNFe:
    """A raw note, whole. `dhEmi` is aware and is written in the branch's time zone, unless the caller wrote it.

    Raises InvariantBroken when number or cNF are not what the layout takes: the caller allocated them.
    """
    if not 1 <= number <= _MOST or not cnf_allowed(cNF, number) or dhEmi.tzinfo is None:
        raise InvariantBroken(f"Número {number}, cNF {cNF!r} ou data de emissão fora do que o leiaute aceita.")
    body = draft.body
    moment = draft.issued_at or dhEmi.astimezone(draft.zone).replace(microsecond=0)
    chave = ChaveAcesso.build(
        cUF=body.ide.cUF,
        dhEmi=moment,
        tax_id=body.emit.CNPJ or "",
        mod=body.ide.mod,
        serie=draft.series,
        nNF=number,
        tpEmis=body.ide.tpEmis,
        cNF=cNF,
    )
    ide = msgspec.structs.replace(
        body.ide, cNF=cNF, nNF=str(number), cDV=chave[43], dhEmi=draft.note.infNFe.ide.dhEmi or moment.isoformat()
    )
    contact = draft.branch.technical_contact
    responsible = body.infRespTec
    if responsible is None and contact is not None:
        responsible = inf_resp_tec(contact, chave)
    return msgspec.structs.replace(body, Id=f"NFe{chave}", ide=ide, infRespTec=responsible)


def dry_run_raw(draft: RawDraft, at: datetime, modes: Mapping[str, Mode] = _NO_MODES) -> Foreseen:
    """Whether the document will pass schema and rules, tried with a placeholder for what the gateway decides later.

    `modes`: see `rules.judge`. Raises ValidationFailed with every NFE-XSD-* fault and every rule that refuses, at paths of the
    caller's body; a draft with faults of its own always raises, with them and with what else can be known.
    """
    number = draft.note.number or 1
    cNF = draft.note.cnf(number)
    if draft.faults and not (number <= _MOST and draft.emit.CNPJ and _DIGITS_OF_UF.fullmatch(draft.body.ide.cUF)):
        raise ValidationFailed(draft.faults)
    moment = draft.issued_at or at
    body = raw_document(draft, number=number, cNF=cNF or _PLACEHOLDER_CNF, dhEmi=moment)
    known = Known(draft.faults) if draft.faults else NONE
    schema = of_schema(body, draft, moment, "$.infNFe.det", faulty=bool(draft.faults))
    return foresee(body, schema, known, environment=draft.branch.environment, at=at, modes=modes, tell=of_tags)


def number_taken(number: int, series: int) -> ValidationFailed:
    """The refusal of a chosen number that another document owns."""
    findings = Findings()
    findings.add("NFE-RAW-09", "$.infNFe.ide.nNF", number=number, series=series)
    return ValidationFailed(findings.faults)


def _wrong(group: Group, path: str) -> Iterator[tuple[str, object]]:
    """Numbers that a field of the layout cannot hold, and texts that XML cannot."""
    for name, kind in kinds(type(group)).items():
        value = getattr(group, name)
        many = value if isinstance(value, tuple) else (value,)
        for index, each in enumerate(many):
            here = f"{path}.{name}[{index}]" if isinstance(value, tuple) else f"{path}.{name}"
            if isinstance(each, Group):
                yield from _wrong(each, here)
            elif isinstance(each, str):
                if not each.isprintable() and any(char < " " or "\ud800" <= char <= "\udfff" or char > "\ufffd" for char in each):
                    yield here, ascii(each)
            elif isinstance(each, Decimal) and kind.places is not None:
                try:
                    decimal_text(each, kind.places.least, kind.places.most)
                except ValueError:
                    yield here, each


def _issuer(given: RawInfNFe, branch: Branch, findings: Findings) -> Emit:
    """Group C: what the caller says, and the rest as the branch is registered."""
    known = emit(branch, findings)
    if given.emit.CNPJ != known.CNPJ:
        findings.add("NFE-BRANCH-05", "$.infNFe.emit.CNPJ", sale=given.emit.CNPJ or "", branch=branch.cnpj)
    told = {name: value for name in Emit.__struct_fields__ if (value := getattr(given.emit, name)) is not None}
    return msgspec.structs.replace(known, **told)


def _issued_at(ide: RawIde, at: datetime, findings: Findings) -> datetime | None:
    if ide.dhEmi is None:
        return None
    path = "$.infNFe.ide.dhEmi"
    issued = None
    with suppress(ValueError):
        issued = datetime.fromisoformat(ide.dhEmi)
    if issued is None or issued.tzinfo is None:
        findings.add("NFE-RAW-02", path, value=ide.dhEmi)
        return None
    if issued > at + _AHEAD:
        findings.add("NFE-SALE-06", path, value=ide.dhEmi)
    elif issued < at - _LATE:
        findings.add("NFE-SALE-07", path, value=ide.dhEmi)
    return issued


def _series(ide: RawIde, own: int, findings: Findings) -> int:
    """The series: the caller's, of those an issuer numbers by itself (0 to 889), or the branch's."""
    if ide.serie is None:
        return own
    if ide.serie.isascii() and ide.serie.isdigit() and len(ide.serie) <= 3 and int(ide.serie) <= 889:
        return int(ide.serie)
    findings.add("NFE-RAW-03", "$.infNFe.ide.serie", value=ide.serie)
    return own


def _check_fixed(given: RawInfNFe, branch: Branch, findings: Findings) -> None:
    """Fields that are the gateway's to decide: the caller may repeat them, not change them."""
    ide = given.ide
    if ide.mod not in (None, *_MODELS):
        findings.add("NFE-RAW-08", "$.infNFe.ide.mod", field="mod", value=ide.mod, wanted="55 ou 65")
    fixed = (
        ("ide.tpAmb", ide.tpAmb, str(branch.environment)),
        ("ide.tpEmis", ide.tpEmis, "1"),
        ("ide.procEmi", ide.procEmi, "0"),
        ("versao", given.versao, "4.00"),
    )
    for name, value, wanted in fixed:
        if value is not None and value != wanted:
            findings.add("NFE-RAW-08", f"$.infNFe.{name}", field=name.rpartition(".")[2], value=value, wanted=wanted)
    for i, det in enumerate(given.det):
        if det.nItem is not None and det.nItem != str(i + 1):
            path = f"$.infNFe.det[{i}].nItem"
            findings.add("NFE-RAW-08", path, field="nItem", value=det.nItem, wanted=str(i + 1))


def _check_key(given: RawInfNFe, mod: str, issuer: Emit, series: int, findings: Findings) -> None:
    """nNF, cNF, cDV and Id, when given, agree with each other: two of them are parts of the third."""
    ide = given.ide
    if ide.nNF is not None and not (ide.nNF.isascii() and ide.nNF.isdigit() and len(ide.nNF) <= 9 and ide.nNF[0] != "0"):
        findings.add("NFE-RAW-04", "$.infNFe.ide.nNF", value=ide.nNF)
        return
    state, source = (issuer.enderEmit.cMun[:2], "emit.enderEmit.cMun") if ide.cUF is None else (ide.cUF, "ide.cUF")
    if not (len(state) == 2 and state.isascii() and state.isdigit()):
        findings.add("NFE-RAW-01", f"$.infNFe.{source}", value=state)
        return
    number = 0 if ide.nNF is None else int(ide.nNF)
    if ide.cNF is not None and (not cnf_allowed(ide.cNF, number) or ide.cNF in FORBIDDEN_CNF):
        findings.add("NFE-RAW-05", "$.infNFe.ide.cNF", value=ide.cNF)
        return
    if given.Id is None and ide.cDV is None:
        return
    if ide.nNF is None or ide.cNF is None or ide.dhEmi is None:
        findings.add("NFE-RAW-06", "$.infNFe.Id" if given.Id is not None else "$.infNFe.ide.cDV")
        return
    if findings.faults:
        return  # what the key is made of has a fault: whether they agree cannot be known
    chave = ChaveAcesso.build(
        cUF=state,
        dhEmi=datetime.fromisoformat(ide.dhEmi),
        tax_id=issuer.CNPJ or "",
        mod=mod,
        serie=series,
        nNF=number,
        tpEmis="1",
        cNF=ide.cNF,
    )
    if given.Id is not None and given.Id != f"NFe{chave}":
        findings.add("NFE-RAW-07", "$.infNFe.Id", value=given.Id, wanted=f"NFe{chave}")
    if ide.cDV is not None and ide.cDV != chave[43]:
        findings.add("NFE-RAW-07", "$.infNFe.ide.cDV", value=ide.cDV, wanted=chave[43])


def _items(given: tuple[RawDet, ...]) -> tuple[Det, ...]:
    """Numbered items. vItem goes with the reform's groups and nowhere else, unless the caller says it (1094)."""
    items: list[Det] = []
    for i, raw in enumerate(given):
        fields = {name: getattr(raw, name) for name in Det.__struct_fields__} | {"nItem": str(i + 1)}
        det = Det(**fields)
        if det.vItem is None and det.imposto.IBSCBS is not None:
            det = msgspec.structs.replace(det, vItem=item_value(det))
        items.append(det)
    return tuple(items)


def _buyer(dest: Dest | None, branch: Branch) -> tuple[Dest | None, str | None]:
    """Group E and the buyer's real name; in homologação the note names nobody (598)."""
    if dest is None:
        return None, None
    if branch.environment == 2 and dest.xNome is not None:
        return msgspec.structs.replace(dest, xNome=HOMOLOGACAO_NAME), dest.xNome
    return dest, dest.xNome


def _ide(given: RawIde, mod: str, branch: Branch, issuer: Emit, series: int) -> Ide:
    told = {name: value for name in Ide.__struct_fields__ if (value := getattr(given, name)) is not None}
    defaults = {
        "cUF": issuer.enderEmit.cMun[:2],
        "cMunFG": issuer.enderEmit.cMun,
        "mod": mod,
        "tpImp": "1" if mod == "55" else "4",
        "tpEmis": "1",
        "tpAmb": str(branch.environment),
        "procEmi": "0",
        "verProc": VERSION,
    }
    fixed = {name: defaults[name] for name in ("mod", "tpEmis", "tpAmb", "procEmi")}
    decided = fixed | {"serie": str(series), "cNF": "", "nNF": "", "cDV": "", "dhEmi": ""}
    return Ide(**(defaults | told | decided))
