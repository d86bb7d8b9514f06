"""Group UB by form: which groups the CST and the cClassTrib of IBS/CBS ask for, forbid, or belong to which note."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from gateway.nfe.layout.fields import Group
from gateway.nfe.layout.ibs_cbs import GroupIbsCbs
from gateway.nfe.rules.codes import classification, situation
from gateway.nfe.rules.reading import Found, Reading, Shape
from gateway.nfe.rules.registry import check
from gateway.nfe.tables import table

_RATE_REDUCED = "gRed"


@check("R-UB12-10")
def group_missing(r: Reading) -> Found:
    """Every item has IBSCBS."""
    if len(r.reform) < len(r.items):
        for item in r.items:
            if item.reform is None:
                yield f"{item.path}/imposto", {}


@check("R-UB12-11")
def group_missing_without_registration(r: Reading) -> Found:
    """As UB12-10, for who issues without IE: an exclusive taxpayer of IBS/CBS."""
    if r.emit.IE is None and len(r.reform) < len(r.items):
        for item in r.items:
            if item.reform is None:
                yield f"{item.path}/imposto", {}


@check("R-UB13-10", when="reform")
def cst_unknown(r: Reading) -> Found:
    """The CST is of the table."""
    for shape in r.shapes:
        if situation(shape.group.CST) is None:
            yield from shape.at("/CST")


def _asks(shape: Shape, group: str) -> bool | None:
    """Whether the CST asks for the group; None for a CST the table does not have, which decides nothing."""
    kind = situation(shape.group.CST)
    return None if kind is None else group in kind.groups


@check("R-UB13-20", when="reform")
def values_forbidden(r: Reading) -> Found:
    """gIBSCBS only where the CST has it."""
    for shape in r.shapes:
        if shape.values is not None and _asks(shape, "gIBSCBS") is False:
            yield from shape.at("/gIBSCBS")


@check("R-UB13-30", when="reform")
def values_required(r: Reading) -> Found:
    """gIBSCBS where the CST has it, but for the debit note of stock lost (tpNFDebito 07)."""
    if r.ide.tpNFDebito == "07":
        return
    for shape in r.shapes:
        if shape.values is None and _asks(shape, "gIBSCBS"):
            yield from shape.at("")


@check("R-UB13-44", when="reform")
def transfer_forbidden(r: Reading) -> Found:
    """gTransfCred only with a CST of transfer."""
    for shape in r.shapes:
        if shape.group.gTransfCred is not None and _asks(shape, "gTransfCred") is False:
            yield from shape.at("/gTransfCred")


@check("R-UB13-45", when="reform")
def transfer_required(r: Reading) -> Found:
    """gTransfCred with a CST of transfer."""
    for shape in r.shapes:
        if shape.group.gTransfCred is None and _asks(shape, "gTransfCred"):
            yield from shape.at("")


@check("R-UB14-10", when="reform")
def classification_unknown(r: Reading) -> Found:
    """The cClassTrib is of the table."""
    for shape in r.shapes:
        if classification(shape.group.cClassTrib) is None:
            yield from shape.at("/cClassTrib")


@check("R-UB14-20", when="reform")
def classification_of_another_cst(r: Reading) -> Found:
    """cClassTrib begins by its CST."""
    for shape in r.shapes:
        if not shape.group.cClassTrib.startswith(shape.group.CST):
            yield from shape.at("/cClassTrib")


@check("R-UB14-25", when="reform")
def classification_of_another_model(r: Reading) -> Found:
    """The cClassTrib serves this model of document."""
    for shape in r.shapes:
        kind = classification(shape.group.cClassTrib)
        if kind is not None and r.ide.mod not in kind.models:
            yield from shape.at("/cClassTrib", model=r.ide.mod)


@lru_cache(maxsize=2)
def _notes(kind: str) -> dict[str, str]:
    """cClassTrib that a tpNFDebito (`debit`) or tpNFCredito (`credit`) demands."""
    return {row["kind"]: row["cclasstrib"] for row in table("reform/notes")[kind]}


@check("R-UB14-60", when="reform")
def classification_of_another_note(r: Reading) -> Found:
    """A cClassTrib that only some debit or credit notes have is in one of them."""
    kinds = ((_notes("debit"), r.ide.tpNFDebito), (_notes("credit"), r.ide.tpNFCredito))
    for shape in r.shapes:
        code = shape.group.cClassTrib
        if any(code in notes.values() for notes, _ in kinds) and all(notes.get(kind or "") != code for notes, kind in kinds):
            yield from shape.at("/cClassTrib")


@check("R-UB14-70", when="reform")
def debit_note_classification(r: Reading) -> Found:
    """The cClassTrib that tpNFDebito demands."""
    wanted = _notes("debit").get(r.ide.tpNFDebito or "")
    if wanted is not None:
        for shape in r.shapes:
            if shape.group.cClassTrib != wanted:
                yield from shape.at("/cClassTrib", wanted=wanted, kind=r.ide.tpNFDebito)


@check("R-UB14-80", when="reform")
def credit_note_classification(r: Reading) -> Found:
    """The cClassTrib that tpNFCredito demands."""
    wanted = _notes("credit").get(r.ide.tpNFCredito or "")
    if wanted is not None:
        for shape in r.shapes:
            if shape.group.cClassTrib != wanted:
                yield from shape.at("/cClassTrib", wanted=wanted, kind=r.ide.tpNFCredito)


Share = Callable[[GroupIbsCbs], Group]
_SHARES: dict[str, Share] = {
    "gIBSUF": lambda values: values.gIBSUF,
    "gIBSMun": lambda values: values.gIBSMun,
    "gCBS": lambda values: values.gCBS,
}


def _forbidden(r: Reading, share: str, group: str) -> Found:
    """A group inside a share of the tax (gDif, gRed), where the CST has none. A public purchase has its reduction."""
    if group == _RATE_REDUCED and r.ide.gCompraGov is not None:
        return
    for shape in r.shapes:
        if shape.values is not None and getattr(_SHARES[share](shape.values), group) is not None and _asks(shape, group) is False:
            yield from shape.at(f"/gIBSCBS/{share}/{group}")


def _required(r: Reading, share: str, group: str) -> Found:
    """The contrary. A public purchase with a reducer has gRed whatever the CST."""
    public = r.ide.gCompraGov
    always = group == _RATE_REDUCED and public is not None and public.pRedutor > 0
    for shape in r.shapes:
        if shape.values is not None and getattr(_SHARES[share](shape.values), group) is None and (always or _asks(shape, group)):
            yield from shape.at(f"/gIBSCBS/{share}")


@check("R-UB22-10", when="deferral")
def ibs_uf_deferral_forbidden(r: Reading) -> Found:
    return _forbidden(r, "gIBSUF", "gDif")


@check("R-UB22-20", when="valued")
def ibs_uf_deferral_required(r: Reading) -> Found:
    return _required(r, "gIBSUF", "gDif")


@check("R-UB26-10", when="reduction")
def ibs_uf_reduction_forbidden(r: Reading) -> Found:
    return _forbidden(r, "gIBSUF", _RATE_REDUCED)


@check("R-UB26-20", when="valued")
def ibs_uf_reduction_required(r: Reading) -> Found:
    return _required(r, "gIBSUF", _RATE_REDUCED)


@check("R-UB40-20", when="deferral")
def ibs_mun_deferral_forbidden(r: Reading) -> Found:
    return _forbidden(r, "gIBSMun", "gDif")


@check("R-UB40-10", when="valued")
def ibs_mun_deferral_required(r: Reading) -> Found:
    return _required(r, "gIBSMun", "gDif")


@check("R-UB45-10", when="reduction")
def ibs_mun_reduction_forbidden(r: Reading) -> Found:
    return _forbidden(r, "gIBSMun", _RATE_REDUCED)


@check("R-UB45-20", when="valued")
def ibs_mun_reduction_required(r: Reading) -> Found:
    return _required(r, "gIBSMun", _RATE_REDUCED)


@check("R-UB59-20", when="deferral")
def cbs_deferral_forbidden(r: Reading) -> Found:
    return _forbidden(r, "gCBS", "gDif")


@check("R-UB59-10", when="valued")
def cbs_deferral_required(r: Reading) -> Found:
    return _required(r, "gCBS", "gDif")


@check("R-UB64-10", when="reduction")
def cbs_reduction_forbidden(r: Reading) -> Found:
    return _forbidden(r, "gCBS", _RATE_REDUCED)


@check("R-UB64-20", when="valued")
def cbs_reduction_required(r: Reading) -> Found:
    return _required(r, "gCBS", _RATE_REDUCED)


@check("R-UB24-10", when="returned")
def ibs_uf_returned(r: Reading) -> Found:
    """IBS of the state is not given back in the note."""
    for shape in r.shapes:
        if shape.values is not None and shape.values.gIBSUF.gDevTrib is not None:
            yield from shape.at("/gIBSCBS/gIBSUF/gDevTrib")


@check("R-UB43-10", when="returned")
def ibs_mun_returned(r: Reading) -> Found:
    """Nor that of the municipality."""
    for shape in r.shapes:
        if shape.values is not None and shape.values.gIBSMun.gDevTrib is not None:
            yield from shape.at("/gIBSCBS/gIBSMun/gDevTrib")


@check("R-UB62-10", when="returned")
def cbs_returned_in_nfce(r: Reading) -> Found:
    """A NFC-e gives no CBS back."""
    for shape in r.shapes:
        if shape.values is not None and shape.values.gCBS.gDevTrib is not None:
            yield from shape.at("/gIBSCBS/gCBS/gDevTrib")


@check("R-UB62a-10", when="returned")
def cbs_returned_without_rate(r: Reading) -> Found:
    """What is given back says the percentage."""
    for each in r.valued:
        returned = each.values.gCBS.gDevTrib
        if returned is not None and returned.pDevTrib is None:
            yield f"{each.path}/gCBS/gDevTrib", {}


@check("R-UB68-10", when="valued")
def regular_required(r: Reading) -> Found:
    """gTribRegular where the cClassTrib has it."""
    for shape in r.shapes:
        kind = classification(shape.group.cClassTrib)
        if kind is not None and shape.values is not None and shape.values.gTribRegular is None and "gTribRegular" in kind.groups:
            yield from shape.at("/gIBSCBS")


@check("R-UB68-11", when="regular")
def regular_forbidden(r: Reading) -> Found:
    """gTribRegular only where the cClassTrib has it."""
    for shape in r.shapes:
        kind = classification(shape.group.cClassTrib)
        if (
            kind is not None
            and shape.values is not None
            and shape.values.gTribRegular is not None
            and "gTribRegular" not in kind.groups
        ):
            yield from shape.at("/gIBSCBS/gTribRegular")


@check("R-UB69-10", when="regular")
def regular_cst_unknown(r: Reading) -> Found:
    for each in r.valued:
        regular = each.values.gTribRegular
        if regular is not None and situation(regular.CSTReg) is None:
            yield f"{each.path}/gTribRegular/CSTReg", {"cst": regular.CSTReg}


@check("R-UB70-10", when="regular")
def regular_classification_unknown(r: Reading) -> Found:
    for each in r.valued:
        regular = each.values.gTribRegular
        if regular is not None and classification(regular.cClassTribReg) is None:
            yield f"{each.path}/gTribRegular/cClassTribReg", {"code": regular.cClassTribReg}


@check("R-UB82a-10", when="valued")
def public_purchase_composition_required(r: Reading) -> Found:
    """A public purchase tells what the tax would be without its reducer."""
    if r.ide.gCompraGov is not None:
        for shape in r.shapes:
            if shape.values is not None and shape.values.gTribCompraGov is None:
                yield from shape.at("/gIBSCBS")


@check("R-UB82a-30", when="valued")
def public_purchase_composition_alone(r: Reading) -> Found:
    """gTribCompraGov is of public purchases."""
    if r.ide.gCompraGov is None:
        for shape in r.shapes:
            if shape.values is not None and shape.values.gTribCompraGov is not None:
                yield from shape.at("/gIBSCBS/gTribCompraGov")
