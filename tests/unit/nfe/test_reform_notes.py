"""Every golden note of the reform: signed so that xmlsec verifies it, valid by the schema, taken by the SEFAZ simulator."""

from __future__ import annotations

from datetime import datetime

import pytest
from lxml import etree

from gateway.nfe.certificate import Certificate
from gateway.nfe.signature import sign
from gateway.nfe.xsd import validate
from gateway.sim.sefaz.document import Note
from gateway.sim.sefaz.rules import Conditions, first_refusal
from tests.golden.nfe.cases import Case
from tests.golden.nfe.reform_cases import CASES
from tests.unit.nfe.test_signature import verify_with_xmlsec


def judged(xml: bytes) -> str:
    """The simulator's word on the content: `100`, or the cStat it refuses with."""
    note = Note(etree.fromstring(xml))
    at: datetime = note.dhEmi
    refusal = first_refusal(note, Conditions(at, "2", frozenset({"SP", "AM"})))
    return "100" if refusal is None else f"{refusal.cStat} {refusal}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_note_is_signed_valid_and_authorised(case: Case, certificate: Certificate) -> None:
    signed = sign(case.make().xml, certificate)
    verify_with_xmlsec(signed.xml, certificate)
    assert validate(signed.xml) == ()
    assert judged(signed.xml) == "100"
