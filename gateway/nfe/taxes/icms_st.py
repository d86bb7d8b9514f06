"""ICMS by substitution that the issuer retains for the next sales (Convênio ICMS 142/2018)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from gateway.core.money import NOTHING, ZERO
from gateway.nfe.findings import Findings
from gateway.nfe.product import Product, TaxProfile
from gateway.nfe.scope import Scope
from gateway.nfe.tax_profile import StTerms
from gateway.nfe.taxes.rates import fcp_rate, internal_rate
from gateway.nfe.taxes.rounding import HUNDRED, share
from gateway.nfe.taxes.sums import Sums

_MOD_BC_ST = {
    "preco_tabelado": "0",
    "lista_negativa": "1",
    "lista_positiva": "2",
    "lista_neutra": "3",
    "mva": "4",
    "pauta": "5",
    "valor_operacao": "6",
}
_PRICED = frozenset({"0", "1", "2", "3", "5"})


@dataclass(frozen=True, slots=True)
class StRule:
    """How the retained ICMS is computed. Rates are percent; price is reais for a unit.

    use: the buyer of another state uses the goods, and only the difference of rates is due (cl. 12 and 14). own_rate: of the
    operation's own ICMS when no group tells it but the law deducts it (Simples: CGSN 140/2018 art. 28). fcp_deducts: the
    operation's own FCP is taken from the FCP retained.
    """

    modBCST: str
    mva: Decimal | None
    price: Decimal
    reduction: Decimal | None
    rate: Decimal
    fcp: Decimal
    reason: str
    use: bool
    own_rate: Decimal
    fcp_deducts: bool


def adjusted_mva(mva: Decimal, interstate: Decimal, internal: Decimal, places: int) -> Decimal:
    """MVA ajustada: [(1 + MVA) x (1 - interstate) / (1 - internal)] - 1, in percent; the original where internal is not above."""
    if internal <= interstate or internal >= HUNDRED:
        return mva
    factor = (HUNDRED + mva) * (HUNDRED - interstate) / (HUNDRED - internal)
    return (factor - HUNDRED).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def resolve_st(
    product: Product, tax: TaxProfile, terms: StTerms, own_rate: Decimal | None, scope: Scope, path: str, findings: Findings
) -> StRule:
    """The rule of the buyer's state. own_rate: of the operation, when the group does not tell its own ICMS."""
    modBCST = _MOD_BC_ST[terms.base]
    rate = internal_rate(tax, scope.to_uf, scope, path, findings) if terms.rate is None else terms.rate
    fcp = fcp_rate(tax, scope.to_uf, scope) if terms.fcp_rate is None else terms.fcp_rate
    use = scope.final_consumer and scope.interstate
    mva = None
    if use:
        modBCST = "6"
    elif modBCST == "4":
        if terms.mva is None:
            findings.add("NFE-TAX-06", path, sku=product.sku, uf=scope.to_uf)
        mva = terms.mva or ZERO
        adjusts = not scope.csosn or scope.policy("simples_adjusts_mva")
        if scope.interstate and terms.adjust_mva and adjusts:
            internal = rate + fcp if scope.policy("mva_with_fcp") else rate
            mva = adjusted_mva(mva, scope.icms_interstate(product.origin), internal, int(scope.policy("mva_places")))
    elif modBCST in _PRICED and not terms.price:
        findings.add("NFE-TAX-07", path, sku=product.sku, uf=scope.to_uf, base=terms.base)
    if terms.exemption_reason and not terms.reduction:
        findings.add("NFE-TAX-08", path, sku=product.sku, uf=scope.to_uf)
    return StRule(
        modBCST=modBCST,
        mva=mva,
        price=terms.price or ZERO,
        reduction=terms.reduction or None,
        rate=rate,
        fcp=fcp,
        reason=terms.exemption_reason,
        use=use,
        own_rate=own_rate or ZERO,
        fcp_deducts=bool(scope.policy("fcp_st_deducts")),
    )


def st_fields(
    rule: StRule, base: Decimal, full: Decimal, quantity: Decimal, own: tuple[Decimal, Decimal], sums: Sums
) -> tuple[dict[str, Any], Decimal]:
    """Fields of the group, and what the buyer pays besides: vICMSST + vFCPST.

    base: of the operation's own ICMS, before reductions; full: the line with its IPI. own: vICMS and vFCP of the operation.
    """
    vICMS, vFCP = own
    if not vICMS and rule.own_rate:
        vICMS = share(base, rule.own_rate.scaleb(-2))
    if rule.use:
        whole = (full - vICMS) * HUNDRED / (HUNDRED - rule.rate - rule.fcp)
    elif rule.modBCST in _PRICED:
        whole = rule.price * quantity
    else:
        whole = full * (1 + (rule.mva or ZERO).scaleb(-2))
    kept = 1 - (rule.reduction or ZERO).scaleb(-2)
    vBCST = share(whole, kept)
    vICMSST = max(share(vBCST, rule.rate.scaleb(-2)) - vICMS, NOTHING)
    vFCPST = max(share(vBCST, rule.fcp.scaleb(-2)) - (vFCP if rule.fcp_deducts else ZERO), NOTHING) if rule.fcp else NOTHING
    sums.vBCST += vBCST
    sums.vST += vICMSST
    sums.vFCPST += vFCPST
    fields: dict[str, Any] = {
        "modBCST": rule.modBCST,
        "pMVAST": rule.mva or None,
        "pRedBCST": rule.reduction,
        "vBCST": vBCST,
        "pICMSST": rule.rate,
        "vICMSST": vICMSST,
    }
    if rule.fcp:
        fields |= {"vBCFCPST": vBCST, "pFCPST": rule.fcp, "vFCPST": vFCPST}
    if rule.reason:
        fields |= {"vICMSSTDeson": share(whole - vBCST, rule.rate.scaleb(-2)), "motDesICMSST": rule.reason}
    return fields, vICMSST + vFCPST
