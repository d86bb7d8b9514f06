"""VTEX on loopback: orders, feed, hook, start-handling, invoice and tracking, with the documented traps and a control API."""

from gateway.sim.vtex.accounts import ALL_PERMISSIONS
from gateway.sim.vtex.faults import Fault
from gateway.sim.vtex.server import VtexSimulator
from gateway.sim.vtex.switches import Switches

__all__ = ["ALL_PERMISSIONS", "Fault", "Switches", "VtexSimulator"]
