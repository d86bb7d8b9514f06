"""Two readers of the same rules: what the gateway predicts of a note, and why the simulated SEFAZ would refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from gateway.nfe.reader import read_unchecked
from gateway.nfe.rules import Finding, judge, rows
from gateway.sim.sefaz.chave import CUF
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.rules import Conditions, refusals
from gateway.sim.sefaz.schema import NFE

SPOKEN = frozenset(
    (model, cStat)
    for row in rows()
    if row.mode in ("refuse", "warn") and row.cStat
    for model in row.models
    for cStat in row.cStat.split(",")
)
"""(model, cStat) that the gateway predicts aloud."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """cStats of one note: those for which the gateway refuses or warns, and all those for which the simulator refuses."""

    model: str
    refused: frozenset[str]
    warned: frozenset[str]
    simulated: frozenset[str]

    @property
    def only_gateway(self) -> frozenset[str]:
        """Predicted aloud, and not one of the simulator's reasons. A row may name alternatives, of which one will do."""
        return frozenset(cStat for cStat in self.refused | self.warned if not set(cStat.split(",")) & self.simulated)

    @property
    def only_simulator(self) -> frozenset[str]:
        """A reason of the simulator that the gateway knows for this model and did not see."""
        known = {cStat for cStat in self.simulated if (self.model, cStat) in SPOKEN}
        return frozenset(known.difference(*(cStat.split(",") for cStat in self.refused | self.warned)))


def received_at(root: etree._Element) -> datetime:
    """A minute after the emission."""
    dhEmi = root.findtext(f"{{{NFE}}}infNFe/{{{NFE}}}ide/{{{NFE}}}dhEmi") or ""
    return datetime.fromisoformat(dhEmi) + timedelta(minutes=1)


def _cStats(findings: tuple[Finding, ...]) -> frozenset[str]:
    return frozenset(finding.cStat for finding in findings if finding.cStat)


def verdicts(root: etree._Element, at: datetime) -> Verdicts:
    """Both readings of one unsigned note that follows the schema, as received at an instant."""
    note = Note(root)
    read = read_unchecked(etree.tostring(root))
    judgement = judge(read.infNFe, environment=int(note.tpAmb), at=at, supplement=read.infNFeSupl)
    conditions = Conditions(at, note.tpAmb, frozenset(CUF))
    return Verdicts(
        model=note.mod,
        refused=_cStats(judgement.refused),
        warned=_cStats(judgement.warned),
        simulated=frozenset(refusal.cStat for refusal in refusals(note, conditions)),
    )
