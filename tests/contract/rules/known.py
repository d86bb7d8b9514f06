"""Where the gateway and the simulated SEFAZ may read a note differently, each with its reason."""

from __future__ import annotations

ONLY_GATEWAY: dict[str, str] = {
    "1053": "cCredPres: the simulator asks a registry that is empty here",
    "1054": "cCredPres: the simulator asks a registry that is empty here",
    "1058": "cCredPres: the simulator asks a registry that is empty here",
}
ONLY_SIMULATOR: dict[str, str] = {
    "321": "VC02-14: a return that refers in its header only",
}
