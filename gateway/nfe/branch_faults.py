"""What a document takes from the set-up of its branch, and the faults of it that only a document meets. Pure."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from gateway.nfe.amounts import percent
from gateway.nfe.branch import Branch
from gateway.nfe.findings import Findings


@lru_cache(maxsize=64)
def _known_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def zone_of(branch: Branch, findings: Findings) -> ZoneInfo:
    """Its time zone; Brasília's, told as a fault, when there is no such zone."""
    zone = _known_zone(branch.time_zone)
    if zone is None:
        findings.add("NFE-BRANCH-03", "$.branch", value=branch.time_zone)
        return ZoneInfo("America/Sao_Paulo")
    return zone


def with_good_rates(branch: Branch, findings: Findings) -> Branch:
    """The branch without rates that are no percentages, told, so that the other faults of the sale are told too."""
    for row in branch.simples_credit:
        if not percent(row.rate):
            findings.add("NFE-BRANCH-07", "$.branch", name="simples_credit", value=row.rate)
            branch = msgspec.structs.replace(branch, simples_credit=())
            break
    wrong = [name for name, value in branch.overrides.items() if not percent(value)]
    if wrong:
        for name in wrong:
            findings.add("NFE-BRANCH-07", "$.branch", name=name, value=branch.overrides[name])
        branch = msgspec.structs.replace(branch, overrides={})
    return branch
