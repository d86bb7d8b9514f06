"""A SEFAZ that judges: TLS with client certificates, official schemas, signatures, the MOC's rules, and scripted trouble.

It shares no code with the client it judges. It serves autorização, recibo, consulta protocolo and status of every UF.
"""

from gateway.sim.sefaz.faults import Fault, Match
from gateway.sim.sefaz.simulator import SefazSimulator

__all__ = ["Fault", "Match", "SefazSimulator"]
