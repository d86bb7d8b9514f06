"""Where the gateway and the simulated SEFAZ may read a note differently, each with its reason."""

from __future__ import annotations

ROUNDED_FIRST = frozenset({"528", "629", "630", "793", "860", "1031", "1041", "1045", "1052", "1062", "1069"})
"""Products. The authority rounds the calculation to the centavo and then tolerates one (MOC, note *4); the gateway measures from
the unrounded product. The sliver between them is at most half a centavo wide."""

SUMS = frozenset(
    {"531", "532", "533", "534", "535", "536", "537", "538", "564", "601", "602", "603", "604", "610", "685", "795", "798", "799"}
    | {"800", "859", "861", "862", "863", "1076", "1077", "1078", "1080", "1081", "1082", "1084", "1085", "1086", "1087", "1088"}
    | {"1089", "1091", "1094", "1150"}
)
"""Totals. The simulator takes no difference; the gateway lets a centavo pass."""

ONLY_GATEWAY: dict[str, str] = {
    "435": "indPres 4 in a NF-e: for the gateway it is not remote, for NT 2020.006 it is",
    "610": "relieved ICMS left in vNF: exception 3 of W16-10 accepts it; and a vNF summed from items, not from totals",
    "805": "buyer exempt of IE inside the UF: E16a-35 is each UF's choice, which the simulator does not make",
    "852": "the sum of the instalments: the simulator says 851, the manual's Y10-10",
    "863": "vFCPSTRet: the simulator says 859, the manual's W06b-10",
    "864": "vIPIDevol: the simulator says 863, the manual's W12a-10",
    "1053": "cCredPres: the simulator asks a registry that is empty here",
    "1054": "cCredPres: the simulator asks a registry that is empty here",
    "1058": "cCredPres: the simulator asks a registry that is empty here",
}
ONLY_SIMULATOR: dict[str, str] = {
    "253": "the digit of the key composed from the fields, after a field of the key changed (502 comes with it)",
    "321": "VC02-14: a return that refers in its header only",
    "328": "a credit note of a kind that gives nothing back, with a CFOP of return",
    "434": "indPres 4 in a NF-e: for the gateway it is not remote, for NT 2020.006 it is",
    "558": "dhCont after dhEmi has no code of its own in the sources",
    "598": "homologação: a name left out is also another name",
    "679": "models other than 55, 59 and 65",
    "726": "address left out of an export",
    "772": "UFCons, entrega or retirada in the issuer's own UF lift nothing",
    "773": "UFCons, entrega or retirada in the issuer's own UF lift nothing",
    "792": "UF EX without idDest 3",
    "806": "CST 90 and CSOSN 900 with ST",
    "852": "number of the instalment: Y08-10",
    "853": "two instalments, all paid at sight",
    "863": "vIPIDevol, which the gateway calls 864",
    "864": "indPres 5 without a note referred to: B25b-40",
    "904": "tPag 91 in a NF-e",
    "926": "UF EX without idDest 3",
    "1094": "an item without vItem counts as zero",
}
