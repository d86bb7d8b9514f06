"""Earlier documents that a sale gives back, corrects or adjusts: those the store keeps, and those a caller brings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import ValidationFailed
from gateway.core.faults import Fault
from gateway.core.taxid import masked
from gateway.nfe.certificate import holder_of
from gateway.nfe.claims import Basis, Claim, Kept
from gateway.nfe.findings import Findings
from gateway.nfe.layout.document import InfNFe
from gateway.nfe.layout.item import Det
from gateway.nfe.reader import read, read_unchecked
from gateway.nfe.sale import Sale
from gateway.nfe.signature import DSIG, NFE, SignatureBroken, verify

_AUTHORISED = frozenset({"100", "120", "150"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A part of an item taken before; `det` is None while its note has no bytes."""

    basis: Basis
    size: Decimal
    det: Det | None


@dataclass(frozen=True, slots=True)
class Original:
    """An earlier document, read. customer_name: the real one, also in homologação."""

    chave: ChaveAcesso
    note: InfNFe
    authorised: bool
    customer_name: str | None
    taken: Mapping[int, tuple[Taken, ...]]

    def item(self, number: int) -> Det | None:
        """The item of that nItem."""
        return next((det for det in self.note.det if det.nItem == str(number)), None)


def keys(texts: Iterable[str]) -> tuple[str, ...]:
    """The chaves among `texts`, in order, each once; what is no chave is passed over."""
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[ChaveAcesso("".join(text.split()))] = None
        except ValueError:
            continue
    return tuple(found)


def opened(sale: Sale, kept: Mapping[str, Kept]) -> dict[ChaveAcesso, Original]:
    """The documents of `sale.returns` that can be read, by chave: the store's, and those the caller brings signed and authorised.

    Raises ValidationFailed for a brought document that is no authorised NF-e or NFC-e, or that was changed after it was signed.
    """
    brought = _brought(sale.originals)
    found: dict[ChaveAcesso, Original] = {}
    for text in keys(line.chave_acesso for line in sale.returns):
        chave = ChaveAcesso(text)
        mine = kept.get(text)
        claims = () if mine is None else mine.claims
        if mine is not None and mine.xml is not None:
            note, authorised, name = read_unchecked(mine.xml).infNFe, mine.status == "authorized", mine.customer_name
        elif chave in brought:
            note, authorised, name = brought[chave], True, None
        else:
            continue
        found[chave] = Original(chave, note, authorised, name, _taken(claims))
    return found


def _taken(claims: Sequence[Claim]) -> dict[int, tuple[Taken, ...]]:
    found: dict[int, tuple[Taken, ...]] = {}
    notes: dict[bytes, InfNFe] = {}
    for claim in claims:
        det = None
        if claim.note is not None:
            if claim.note not in notes:
                notes[claim.note] = read_unchecked(claim.note).infNFe
            det = next((one for one in notes[claim.note].det if one.nItem == str(claim.line)), None)
        found[claim.item] = (*found.get(claim.item, ()), Taken(claim.basis, claim.size, det))
    return found


def _brought(texts: Sequence[str]) -> dict[ChaveAcesso, InfNFe]:
    findings = Findings()
    found: dict[ChaveAcesso, InfNFe] = {}
    for i, text in enumerate(texts):
        path = f"$.originals[{i}]"
        xml = text.strip().encode()
        try:
            note = read(xml).infNFe
            signer = holder_of(verify(xml))
        except SignatureBroken:
            findings.add("NFE-RET-03", path)
            continue
        except ValidationFailed as error:
            findings.faults.extend(_at(fault, path) for fault in error.faults)
            continue
        chave = ChaveAcesso(note.Id.removeprefix("NFe"))
        # A provider signs for the issuer under infPAA (NT 2026.001).
        if note.infPAA is None and signer is not None and signer[:8] != (note.emit.CNPJ or note.emit.CPF or "")[:8]:
            findings.add("NFE-RET-21", path, signer=masked(signer))
        if not _authorised(xml, chave):
            findings.add("NFE-RET-04", path, chave=chave)
        found[chave] = note
    findings.raise_any()
    return found


def _at(fault: Fault, path: str) -> Fault:
    return Fault(code=fault.code, path=path, message=fault.message, fix=fault.fix, source=fault.source)


def _authorised(xml: bytes, chave: ChaveAcesso) -> bool:
    """Whether an nfeProc, already read by its schema, joins the note with the protocol that authorises these very bytes."""
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    told = root.find(f"{{{NFE}}}protNFe/{{{NFE}}}infProt")
    if told is None or told.findtext(f"{{{NFE}}}cStat") not in _AUTHORISED or told.findtext(f"{{{NFE}}}chNFe") != chave:
        return False
    digest = root.findtext(f".//{{{DSIG}}}DigestValue")
    return told.findtext(f"{{{NFE}}}digVal") == digest
