"""Faults before SEFAZ: declared rules over the document itself, each with the refusal it avoids.

`judge` answers for one document; `rows` are the rules as declared in `schemas/fiscal/document_rules*.toml`.
"""

from gateway.nfe.rules.judgement import Finding, Judgement, judge
from gateway.nfe.rules.rows import DocumentRule, Mode, rows

__all__ = ["DocumentRule", "Finding", "Judgement", "Mode", "judge", "rows"]
