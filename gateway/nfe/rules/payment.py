"""Groups Y and YA: bill, instalments and payments."""

from __future__ import annotations

from datetime import UTC, date, timedelta, timezone
from typing import Final

from gateway.core.money import ZERO
from gateway.core.taxid import Cnpj
from gateway.nfe.rules.parties import valid
from gateway.nfe.rules.reading import Found, Reading, total_of
from gateway.nfe.rules.registry import check
from gateway.nfe.rules.rows import fact

_PAG: Final = "/infNFe/pag"
_BRASILIA = timezone(timedelta(hours=-3))
_NONE: Final = "90"
_LATER: Final = "91"
_OTHER: Final = "99"
_TRADE_BILL: Final = "14"
_CARDS: Final = frozenset({"03", "04", "17"})
_LONGEST = 10


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


@check("R-Y09-40", when="billed")
def one_instalment_today(r: Reading) -> Found:
    """A single instalment due on the day of issue is a payment at sight, and so is a bill whose payments all are.

    Silent while clocks disagree about the day.
    """
    dups = () if r.inf.cobr is None else r.inf.cobr.dup
    if dups and r.inf.pag.detPag and all(each.indPag == "0" for each in r.inf.pag.detPag):
        yield "/infNFe/cobr/dup[1]/dVenc", {"value": dups[0].dVenc}
        return
    if len(dups) == 1 and r.moment is not None:
        days = {r.day, r.moment.astimezone(UTC).date(), r.moment.astimezone(_BRASILIA).date()}
        if days == {_day(dups[0].dVenc)}:
            yield "/infNFe/cobr/dup[1]/dVenc", {"value": dups[0].dVenc}


@check("R-797", when="billed")
def instalment_too_far(r: Reading) -> Found:
    """Due at most ten years after the issue."""
    if r.inf.cobr is None or r.day is None:
        return
    for number, dup in enumerate(r.inf.cobr.dup, 1):
        due = _day(dup.dVenc)
        if due is not None and (due.year - r.day.year, due.month, due.day) > (_LONGEST, r.day.month, r.day.day):
            yield f"/infNFe/cobr/dup[{number}]/dVenc", {"value": dup.dVenc}


@check("R-Y08-10", when="billed")
def instalments_numbered(r: Reading) -> Found:
    """001, 002, ..."""
    for number, dup in enumerate(() if r.inf.cobr is None else r.inf.cobr.dup, 1):
        if dup.nDup != f"{number:03d}":
            yield f"/infNFe/cobr/dup[{number}]/nDup", {"value": dup.nDup or "vazio", "wanted": f"{number:03d}"}


@check("R-Y10-10", when="billed")
def instalments_of_another_bill(r: Reading) -> Found:
    """Instalments add up to vLiq."""
    cobr = r.inf.cobr
    if cobr is not None and cobr.dup and cobr.fat is not None and cobr.fat.vLiq is not None:
        wanted = total_of([dup.vDup for dup in cobr.dup])
        if cobr.fat.vLiq != wanted:
            yield "/infNFe/cobr/fat/vLiq", {"value": cobr.fat.vLiq, "wanted": wanted}


@check("R-Y01-20", when="billed")
def bill_incomplete(r: Reading) -> Found:
    """A bill has its number, its original and its net amount."""
    fat = None if r.inf.cobr is None else r.inf.cobr.fat
    missing = [tag for tag in ("nFat", "vOrig", "vLiq") if getattr(fat, tag, None) is None]
    if missing:
        yield "/infNFe/cobr/fat", {"value": ", ".join(missing)}


@check("R-Y05-10", when="billed")
def bill_discounted_away(r: Reading) -> Found:
    fat = None if r.inf.cobr is None else r.inf.cobr.fat
    if fat is not None and (fat.vDesc or ZERO) > (fat.vOrig or ZERO):
        yield "/infNFe/cobr/fat/vDesc", {"value": fat.vDesc, "wanted": fat.vOrig or ZERO}


@check("R-Y06-10", when="billed")
def bill_net(r: Reading) -> Found:
    fat = None if r.inf.cobr is None else r.inf.cobr.fat
    if fat is not None and fat.vLiq is not None and fat.vOrig is not None:
        wanted = fat.vOrig - (fat.vDesc or ZERO)
        if fat.vLiq != wanted:
            yield "/infNFe/cobr/fat/vLiq", {"value": fat.vLiq, "wanted": wanted}


@check("R-Y09-20", when="billed")
def instalment_before_issue(r: Reading) -> Found:
    """Due from the day of issue on."""
    for number, dup in enumerate(() if r.inf.cobr is None else r.inf.cobr.dup, 1):
        due = _day(dup.dVenc)
        if due is None or (r.day is not None and due < r.day):
            yield f"/infNFe/cobr/dup[{number}]/dVenc", {"value": dup.dVenc or "nenhuma data"}


@check("R-Y09-30", when="billed")
def instalments_out_of_order(r: Reading) -> Found:
    before = ""
    for number, dup in enumerate(() if r.inf.cobr is None else r.inf.cobr.dup, 1):
        due = dup.dVenc or ""
        if due < before:
            yield f"/infNFe/cobr/dup[{number}]/dVenc", {"value": dup.dVenc or "nenhuma data"}
        before = due


@check("R-872")
def trade_bill_without_instalments(r: Reading) -> Found:
    """A duplicata mercantil as means of payment is in the bill."""
    if r.inf.cobr is None or not r.inf.cobr.dup:
        yield from _means(r, _TRADE_BILL)


@check("R-YA04-20")
def card_of_other_means(r: Reading) -> Found:
    """The group card is of cards, PIX, boletos and vouchers."""
    for number, each in enumerate(r.inf.pag.detPag, 1):
        if each.card is not None and each.tPag not in fact("R-YA04-20", "means"):
            yield f"{_PAG}/detPag[{number}]/card", {"value": each.tPag}


@check("R-YA05-20")
def acquirer_cnpj(r: Reading) -> Found:
    for number, each in enumerate(r.inf.pag.detPag, 1):
        if each.card is not None and each.card.CNPJ is not None and not valid(Cnpj, each.card.CNPJ):
            yield f"{_PAG}/detPag[{number}]/card/CNPJ", {"value": each.card.CNPJ}


@check("R-YA02-20")
def return_paid(r: Reading) -> Found:
    """Adjustments and returns have no payment."""
    if r.ide.finNFe in ("3", "4"):
        for number, each in enumerate(r.inf.pag.detPag, 1):
            if each.tPag != _NONE:
                yield f"{_PAG}/detPag[{number}]/tPag", {"value": each.tPag}


@check("R-441")
def other_means_unnamed(r: Reading) -> Found:
    for number, each in enumerate(r.inf.pag.detPag, 1):
        if each.tPag == _OTHER and not each.xPag:
            yield f"{_PAG}/detPag[{number}]/xPag", {}


@check("R-YA02-10")
def nfce_billed(r: Reading) -> Found:
    return _means(r, _TRADE_BILL)


@check("R-YA02-40")
def nfce_unpaid(r: Reading) -> Found:
    if not r.inf.pag.detPag:
        yield _PAG, {}
    yield from _means(r, _NONE)


@check("R-YA02-50")
def nfce_other_means(r: Reading) -> Found:
    return _means(r, _OTHER)


def _means(r: Reading, tPag: str) -> Found:
    for number, each in enumerate(r.inf.pag.detPag, 1):
        if each.tPag == tPag:
            yield f"{_PAG}/detPag[{number}]/tPag", {"value": tPag}


@check("R-YA04-10")
def card_missing(r: Reading) -> Found:
    for number, each in enumerate(r.inf.pag.detPag, 1):
        if each.tPag in _CARDS and each.card is None:
            yield f"{_PAG}/detPag[{number}]/card", {"value": each.tPag}


@check("R-YA05-10")
def integrated_card_incomplete(r: Reading) -> Found:
    for number, each in enumerate(r.inf.pag.detPag, 1):
        if each.card is not None and each.card.tpIntegra == "1" and not (each.card.CNPJ and each.card.cAut):
            yield f"{_PAG}/detPag[{number}]/card", {}


@check("R-YA03-30")
def later_payment_with_value(r: Reading) -> Found:
    """What is not paid (90), or will be later (91), has vPag zero."""
    for number, each in enumerate(r.inf.pag.detPag, 1):
        if each.tPag in (_NONE, _LATER) and each.vPag:
            yield f"{_PAG}/detPag[{number}]/vPag", {"value": each.vPag, "means": each.tPag}


def _counted(r: Reading) -> bool:
    """Whether payments have to meet vNF: not in returns and adjustments, nor with nothing paid, nor paid later."""
    return r.ide.finNFe not in ("3", "4") and all(each.tPag not in (_NONE, _LATER) for each in r.inf.pag.detPag)


def _short(r: Reading) -> Found:
    paid = total_of([each.vPag for each in r.inf.pag.detPag])
    if _counted(r) and paid < r.total.vNF:
        yield _PAG, {"value": paid, "wanted": r.total.vNF}


def _without_change(r: Reading) -> Found:
    paid = total_of([each.vPag for each in r.inf.pag.detPag])
    if _counted(r) and paid > r.total.vNF and r.inf.pag.vTroco is None:
        yield _PAG, {"value": paid, "wanted": r.total.vNF}


@check("R-YA03-10")
def nfce_paid_short(r: Reading) -> Found:
    return _short(r)


@check("R-865")
def nfe_paid_short(r: Reading) -> Found:
    return _short(r)


@check("R-YA03-20")
def nfce_change_missing(r: Reading) -> Found:
    return _without_change(r)


@check("R-866")
def nfe_change_missing(r: Reading) -> Found:
    return _without_change(r)


@check("R-YA09-10")
def change(r: Reading) -> Found:
    """vTroco is what was paid beyond vNF, exactly."""
    told = r.inf.pag.vTroco
    wanted = max(total_of([each.vPag for each in r.inf.pag.detPag]) - r.total.vNF, ZERO)
    if _counted(r) and told is not None and told != wanted:
        yield f"{_PAG}/vTroco", {"value": told, "wanted": wanted}
