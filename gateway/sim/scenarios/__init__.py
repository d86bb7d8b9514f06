"""Scenarios shipped with the SEFAZ simulator: one TOML file each, a list of faults and switches under a name."""
