"""Simulators of SEFAZ, VTEX and a printer: deterministic, scriptable, shipped with the product.

They share no code with the clients they judge.
"""
