"""Events of a note and voided numbers: what is told, written, signed and joined with SEFAZ's answer. Pure."""
