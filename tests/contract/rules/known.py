"""Where the gateway and the simulated SEFAZ may read a note differently, each with its reason."""

from __future__ import annotations

SUMS = frozenset(
    {"531", "532", "533", "534", "535", "536", "537", "538", "564", "601", "602", "603", "604", "610", "685", "795", "798", "799"}
    | {"800", "859", "861", "862", "863", "1076", "1077", "1078", "1080", "1081", "1082", "1084", "1085", "1086", "1087", "1088"}
    | {"1089", "1091", "1094", "1150", "1176", "1177"}
)
"""Totals. The simulator takes no difference; the gateway lets a centavo pass."""

ONLY_GATEWAY: dict[str, str] = {
    "1053": "cCredPres: the simulator asks a registry that is empty here",
    "1054": "cCredPres: the simulator asks a registry that is empty here",
    "1058": "cCredPres: the simulator asks a registry that is empty here",
}
ONLY_SIMULATOR: dict[str, str] = {
    "321": "VC02-14: a return that refers in its header only",
}
