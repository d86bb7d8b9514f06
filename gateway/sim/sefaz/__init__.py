"""A SEFAZ that judges: TLS with client certificates, official schemas, signatures, the MOC's rules, and scripted trouble.

It shares no code with the client it judges. It serves every service of every UF, of the SVCs and of the
Ambiente Nacional, and keeps its own ledger of notes, events, voided numbers and documents to distribute.
"""

from gateway.sim.sefaz.faults import Fault, Match
from gateway.sim.sefaz.simulator import SefazSimulator

__all__ = ["Fault", "Match", "SefazSimulator"]
