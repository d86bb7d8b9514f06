"""From a product and the circumstances of a note to the rule of its IBS, CBS and IS; what is missing or forbidden is a fault."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from gateway.core.money import ZERO
from gateway.nfe.amounts import digits, percent
from gateway.nfe.findings import Findings, Whole
from gateway.nfe.layout.ibs_cbs import IbsCbs
from gateway.nfe.product import Product
from gateway.nfe.reform import rates as rate_table
from gateway.nfe.reform.areas import area_of, incentive_allowed
from gateway.nfe.reform.classification import (
    Classification,
    Situation,
    classification,
    classifications,
    situation,
    situations,
    table_version,
)
from gateway.nfe.reform.credits import CODES, credit_codes, demanded, reserved
from gateway.nfe.reform.dataset import manifest
from gateway.nfe.reform.determine import Buyer, Determination, determine
from gateway.nfe.reform.mono import NAMES
from gateway.nfe.reform.profile import MonoRates, ReformProfile, SelectiveTax
from gateway.nfe.reform.rates import Rates
from gateway.nfe.reform.rounding import percent4
from gateway.nfe.reform.rule import Credit, Kind, ReformRule, Regular, Share, share
from gateway.nfe.scope import Scope

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("gIBSCBS", "values"),
    ("gIBSCBSMono", "mono"),
    ("gTransfCred", "transfer"),
    ("gAjusteCompet", "adjustment"),
    ("gCredPresIBSZFM", "zfm"),
)
_USED_GOODS = "04"
_UNSTATED = ReformProfile()
_ABROAD = "9999999"
"""cMun of an address outside the country."""
_SIMPLE = frozenset({"gIBSCBS", "gRed"})


@dataclass(frozen=True, slots=True)
class _Case:
    """What every check below asks of."""

    product: Product
    profile: ReformProfile
    code: Classification
    cst: Situation
    scope: Scope
    path: str
    findings: Findings

    def fault(self, rule: str, **facts: object) -> None:
        self.findings.add(rule, self.path, sku=self.product.sku, **facts)


def resolve_reform(product: Product, scope: Scope, path: str, findings: Findings, *, donation: bool = False) -> ReformRule | None:
    """The rule, or None when the issuer does not write the groups on that day. Faults are told at `path`."""
    if not rate_table.emitted(scope.crt, scope.ibs_cbs_since, scope.day):
        return None
    found = _classified(product, scope, path, findings, donation)
    if found is None:
        return None
    code, cst = found
    if product.tax.reform == _UNSTATED and scope.government is None and not code.groups and code.code not in reserved():
        known = scope.reform_rates()
        if cst.groups <= _SIMPLE and not known.missing():
            return _simple(code.code, scope.day, known)
    # What the operation fixes is not the product's sale: the product's own profile does not apply to it.
    own = not scope.operation.cclasstrib and not donation
    case = _Case(product, product.tax.reform if own else ReformProfile(), code, cst, scope, path, findings)
    kind: Kind = next((kind for tag, kind in _KINDS if tag in cst.groups), "none")
    _check_note(case)
    _check_percents(case)
    credit, regular = _credit(case), _regular(case)
    deferral = _deferral(case)
    mono = _mono(case, kind)
    incentive = _incentive(case, kind)
    refund = case.profile.refund
    if refund is not None and (kind != "values" or scope.mod == "65"):
        case.fault("NFE-RTC-15")
        refund = None
    shares = _shares(case, regular is not None, incentive) if kind == "values" else None
    if kind == "values" and shares is None:
        # The fault is told; without rates there is nothing to work out.
        kind = "none"
    untouched = None
    if shares is not None and incentive:
        untouched = _share(case, scope.reform_rates().known()[2], code.red_cbs).part.scaleb(2)
    special = any(one is not None for one in (deferral, refund, regular, credit, scope.government)) or incentive
    return ReformRule(
        kind="plain" if kind == "values" and not special and "gEstornoCred" not in code.groups else kind,
        group=IbsCbs(CST=cst.code, cClassTrib=code.code),
        uf=None if shares is None else shares[0],
        mun=None if shares is None else shares[1],
        cbs=None if shares is None else shares[2],
        deferral=deferral,
        refund=refund,
        regular=regular,
        government=scope.government is not None and kind == "values",
        incentive=case.profile.incentive if incentive else None,
        untouched_cbs=untouched,
        credit=credit,
        mono=mono,
        mono_parts=code.mono,
        reversal="gEstornoCred" in code.groups,
        selective=_selective(case),
        adds=rate_table.adds_to_item(scope.day),
    )


@lru_cache(maxsize=1024)
def _simple(code: str, day: date, known: Rates) -> ReformRule:
    """The rule of a code that asks nothing of the product, which is what nearly every product of a shop has."""
    of = classifications()[code]
    groups = situations()[of.cst].groups
    group, adds = IbsCbs(CST=of.cst, cClassTrib=code), rate_table.adds_to_item(day)
    if "gIBSCBS" not in groups:
        return ReformRule(kind="none", group=group, adds=adds)
    reduced = "gRed" in groups
    uf, mun, cbs = known.known()
    return ReformRule(
        kind="plain",
        group=group,
        uf=share(uf, of.red_ibs if reduced else None, ZERO),
        mun=share(mun, of.red_ibs if reduced else None, ZERO),
        cbs=share(cbs, of.red_cbs if reduced else None, ZERO),
        adds=adds,
    )


def buyer_facts(scope: Scope) -> Buyer:
    """What the note says of the buyer; what it does not say is None."""
    company = {"company": True, "person": False}.get(scope.buyer)
    government = True if scope.government is not None else (False if company is False else None)
    return Buyer(government=government, company=company, abroad=scope.to_city == _ABROAD, area=area_of(scope.to_city))


def _classified(
    product: Product, scope: Scope, path: str, findings: Findings, donation: bool
) -> tuple[Classification, Situation] | None:
    tax = product.tax
    if tax.cclasstrib and tax.ibs_cbs_cst and not tax.cclasstrib.startswith(tax.ibs_cbs_cst):
        findings.add("NFE-RTC-04", path, value=tax.cclasstrib, cst=tax.ibs_cbs_cst, sku=product.sku)
        return None
    if tax.ibs_cbs_cst and situation(tax.ibs_cbs_cst, scope.day) is None:
        findings.add("NFE-RTC-02", path, value=tax.ibs_cbs_cst, sku=product.sku, day=scope.day)
        return None
    decided = determine(product, scope.operation, buyer_facts(scope), scope.day, model=scope.mod, donation=donation)
    chosen = decided.chosen
    if chosen is None:
        if tax.cclasstrib and decided.needs_person:
            findings.add("NFE-RTC-03", path, value=tax.cclasstrib, sku=product.sku, version=table_version(), day=scope.day)
        else:
            facts = {"candidates": Whole(_candidates(decided)), "excluded": Whole(_exclusions(decided))}
            findings.add("NFE-RTC-06", path, sku=product.sku, **facts)
        return None
    code = classification(chosen, scope.day)
    if code is None:
        findings.add("NFE-RTC-03", path, value=chosen, sku=product.sku, version=table_version(), day=scope.day)
        return None
    cst = situation(code.cst, scope.day)
    if cst is None:
        findings.add("NFE-RTC-02", path, value=code.cst, sku=product.sku, day=scope.day)
        return None
    if scope.mod not in code.models:
        findings.add("NFE-RTC-05", path, value=chosen, name=code.name, sku=product.sku, model=scope.mod)
        return None
    return code, cst


def _candidates(decided: Determination) -> str:
    return ", ".join(f"{one.cclasstrib} ({one.name})" for one in decided.candidates) or "nenhum dos da tabela"


def _exclusions(decided: Determination) -> str:
    """How many were excluded by each reason, the commonest first."""
    reasons = Counter(one.reason for one in decided.excluded)
    return "; ".join(f"{count} porque {reason}" for reason, count in reasons.most_common())


def _check_note(case: _Case) -> None:
    operation = case.scope.operation
    # The kinds that demand a code have chosen it already (determine).
    if demanded(operation.tpNFDebito, operation.tpNFCredito) is None and case.code.code in reserved():
        case.fault("NFE-RTC-08", value=case.code.code)


def _check_percents(case: _Case) -> None:
    profile = case.profile
    named: list[tuple[str, Decimal | None]] = [("deferral", profile.deferral), ("refund", profile.refund)]
    if profile.credit is not None:
        named += [("credit.ibs_rate", profile.credit.ibs_rate), ("credit.cbs_rate", profile.credit.cbs_rate)]
    rates: list[tuple[str, Decimal | None]] = []
    if profile.mono is not None:
        mono = profile.mono
        rates = [(f"mono.{name}", getattr(mono, name)) for name in mono.__struct_fields__ if name != "basis"]
    if profile.selective is not None:
        tax = profile.selective
        rates += [(f"selective.{name}", getattr(tax, name)) for name in ("rate", "unit_rate", "quantity")]
    for limit, group in ((100, named), (999, rates)):
        for name, value in group:
            if value is not None and not percent(value, limit):
                case.fault("NFE-RTC-16", name=name, value=value)


def _shares(case: _Case, conditional: bool, incentive: bool) -> tuple[Share, Share, Share] | None:
    """The three rates; zero where the regular taxation is told apart (UB18-10, exception 1) and CBS's in an area."""
    known = case.scope.reform_rates()
    if missing := known.missing():
        case.findings.add("NFE-RTC-01", "$.branch", day=case.scope.day, missing=", ".join(missing))
        return None
    uf, mun, cbs = known.known()
    if conditional:
        uf = mun = cbs = ZERO
    if incentive:
        cbs = ZERO
    return (
        _share(case, uf, case.code.red_ibs),
        _share(case, mun, case.code.red_ibs),
        _share(case, cbs, case.code.red_cbs),
    )


def _share(case: _Case, rate: Decimal, reduction: Decimal) -> Share:
    """gRed when the CST demands it or the government buys, then with zero where the CST has none (UB26-20)."""
    government = case.scope.government
    if "gRed" not in case.cst.groups and government is None:
        return share(rate, None, ZERO)
    reducer = ZERO if government is None or not percent(government.reducer) else government.reducer
    return share(rate, reduction, reducer)


def _regular(case: _Case) -> Regular | None:
    demanded_, stated = "gTribRegular" in case.code.groups, case.profile.regular
    if not demanded_ or stated is None:
        if demanded_:
            case.fault("NFE-RTC-12", value=case.code.code)
        if stated is not None:
            case.fault("NFE-RTC-13", value=case.code.code)
        return None
    day = case.scope.day
    code = classification(stated.cclasstrib, day)
    if code is None or code.cst != stated.cst:
        field, value = ("cclasstrib", stated.cclasstrib) if situation(stated.cst, day) else ("cst", stated.cst)
        case.fault("NFE-RTC-14", field=field, value=value, day=day)
        return None
    known = case.scope.reform_rates()
    if known.missing():
        return None
    uf, mun, cbs = known.known()
    return Regular(
        cst=stated.cst,
        cclasstrib=code.code,
        ibs_uf=_reduced(uf, code.red_ibs),
        ibs_mun=_reduced(mun, code.red_ibs),
        cbs=_reduced(cbs, code.red_cbs),
    )


def _reduced(rate: Decimal, reduction: Decimal) -> Decimal:
    return percent4(rate * (1 - reduction.scaleb(-2)))


def _deferral(case: _Case) -> Decimal | None:
    stated, needed = case.profile.deferral, "gDif" in case.cst.groups
    if needed and stated is None:
        case.fault("NFE-RTC-10", cst=case.cst.code)
    if not needed and stated is not None:
        case.fault("NFE-RTC-11", cst=case.cst.code)
    return stated if needed else None


def _credit(case: _Case) -> Credit | None:
    stated, day = case.profile.credit, case.scope.day
    if stated is None:
        return None
    if case.scope.mod == "65":
        case.fault("NFE-RTC-22")
        return None
    if "gCredPresOper" not in case.code.groups:
        case.fault("NFE-RTC-21", value=case.code.code)
        return None
    code = credit_codes().get(stated.code)
    if code is None:
        case.fault("NFE-RTC-20", value=stated.code, version=manifest()[CODES].version)
        return None
    good = True
    for tax, since, rate in (("IBS", code.ibs, stated.ibs_rate), ("CBS", code.cbs, stated.cbs_rate)):
        due = since is not None and since <= day
        if due == (rate is not None):
            continue
        good = False
        case.fault("NFE-RTC-24" if due else "NFE-RTC-23", code=stated.code, tax=tax, day=day)
    early = (stated.ibs_rate is not None and day.year < 2033) or (stated.cbs_rate is not None and day.year < 2027)
    if stated.suspended and (stated.code != _USED_GOODS or early):
        case.fault("NFE-RTC-25")
        good = False
    return Credit(stated.code, stated.ibs_rate, stated.cbs_rate, code.deducts, stated.suspended) if good else None


def _mono(case: _Case, kind: Kind) -> MonoRates | None:
    stated = case.profile.mono
    if kind != "mono":
        if stated is not None:
            case.fault("NFE-RTC-31", cst=case.cst.code)
        return None
    for part in sorted(case.code.mono):
        basis = "unit" if stated is None else stated.basis
        for name in NAMES.get((basis, part), ()):
            if stated is None or getattr(stated, name) is None:
                case.fault("NFE-RTC-30", cst=case.cst.code, name=name)
    return stated


def _incentive(case: _Case, kind: Kind) -> bool:
    stated, scope = case.profile.incentive, case.scope
    if stated is None or kind != "values":
        return False
    area = area_of(scope.city_code)
    if area is None or area != area_of(scope.to_city):
        case.fault("NFE-RTC-60")
        return False
    ncm = digits(case.product.ncm)
    if not incentive_allowed(ncm):
        case.fault("NFE-RTC-61", ncm=ncm)
        return False
    if (stated.kind == "2") != bool(stated.suframa) or (stated.suframa and len(stated.suframa) < 8):
        case.fault("NFE-RTC-62")
    return True


def _selective(case: _Case) -> SelectiveTax | None:
    stated = case.profile.selective
    if stated is None:
        return None
    if not rate_table.selective_due(case.scope.day):
        case.fault("NFE-RTC-70", day=case.scope.day)
        return None
    if stated.rate is None:
        case.fault("NFE-RTC-71", name="rate")
    if stated.unit_rate is not None and not stated.unit:
        case.fault("NFE-RTC-71", name="unit")
    return stated
