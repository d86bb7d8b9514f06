"""Who is on the other side of an earlier document, and which way its goods went, as the branch that answers it sees. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from gateway.nfe.branch import Branch
from gateway.nfe.layout.parties import Dest, Emit
from gateway.nfe.originals import Original
from gateway.nfe.parties import HOMOLOGACAO_NAME, Buyer, tax_id


@dataclass(frozen=True, slots=True)
class Side:
    """An original seen from the branch.

    sold: issued by the branch's company; elsewhere: by another establishment of it. direction: tpNF as if the branch had
    issued it. buyer: the other side, the branch itself when nobody was identified.
    """

    sold: bool
    elsewhere: bool
    direction: str
    interstate: bool
    final_consumer: bool
    buyer: Buyer


def side(original: Original, issuer: Emit, branch: Branch) -> Side | None:
    """None when the document is of other companies."""
    note = original.note
    author = note.emit.CNPJ or note.emit.CPF or ""
    mine = issuer.CNPJ or ""
    if author[:8] == mine[:8]:
        elsewhere = author != mine
        buyer = _identified(original, branch) or itself(issuer, branch)
        to_uf = buyer.dest.enderDest.UF if buyer.dest.enderDest is not None else ""
        crosses = to_uf not in ("", issuer.enderEmit.UF) if elsewhere else note.ide.idDest == "2"
        return Side(True, elsewhere, note.ide.tpNF, crosses, note.ide.indFinal == "1", buyer)
    if note.dest is None or (note.dest.CNPJ or "")[:8] != mine[:8]:
        return None
    crosses = note.emit.enderEmit.UF != issuer.enderEmit.UF
    return Side(False, False, "0" if note.ide.tpNF == "1" else "1", crosses, False, _supplier(note.emit, branch))


def itself(issuer: Emit, branch: Branch) -> Buyer:
    """The branch as the recipient of its own note: entries from nobody identified, losses, adjustments."""
    registered = bool(issuer.IE) and issuer.IE != "ISENTO"
    dest = Dest(
        CNPJ=issuer.CNPJ,
        xNome=_named(issuer.xNome, branch),
        enderDest=issuer.enderEmit,
        indIEDest="1" if registered else "9",
        IE=issuer.IE if registered else None,
    )
    document = tax_id(issuer.CNPJ or "")
    return Buyer(dest, issuer.xNome, document, registered, not registered)


def _named(name: str, branch: Branch) -> str:
    return HOMOLOGACAO_NAME if branch.environment == 2 else name


def _identified(original: Original, branch: Branch) -> Buyer | None:
    """The original's dest, when it has what an NF-e demands of one: document, name and address (724, 726)."""
    dest = original.note.dest
    if dest is None or dest.enderDest is None or not dest.xNome:
        return None
    name = original.customer_name or dest.xNome
    contributor = dest.indIEDest == "1"
    final = original.note.ide.indFinal == "1"
    document = dest.CNPJ or dest.CPF
    return Buyer(msgspec.structs.replace(dest, xNome=_named(name, branch)), name, document, contributor, final)


def _supplier(emit: Emit, branch: Branch) -> Buyer:
    registered = bool(emit.IE) and emit.IE != "ISENTO"
    dest = Dest(
        CNPJ=emit.CNPJ,
        CPF=emit.CPF,
        xNome=_named(emit.xNome, branch),
        enderDest=emit.enderEmit,
        indIEDest="1" if registered else "9",
        IE=emit.IE if registered else None,
    )
    return Buyer(dest, emit.xNome, emit.CNPJ or emit.CPF, registered, not registered)
