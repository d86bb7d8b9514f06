"""Notes of other people's programs, from the nfelib wheel, given by their official tags: what goes in comes out."""

from __future__ import annotations

from datetime import datetime
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
import pytest

from gateway.core.errors import ValidationFailed
from gateway.nfe.build import written
from gateway.nfe.raw import RawNote, complete, raw_document
from gateway.nfe.reader import read
from tests.unit.nfe.made import BRANCH
from tests.unit.nfe.test_reader import REFUSED, body_c14n, samples

VALID = [sample for sample in samples() if sample.name not in REFUSED]
OF_ANOTHER_KEY = {
    "26180875335849000115550010000016871192213331-nfe.xml": {"$.infNFe.ide.cDV"},
    "41170706117473000150550010000463202612756525-procNFe.xml": {"$.infNFe.Id"},
    "nfe_reforma_tributaria.xml": {"$.infNFe.Id", "$.infNFe.ide.cDV"},
    "procNFe.xml": {"$.infNFe.Id"},
}
"""Samples that follow the schema and whose key is not the one of their fields: made up by who gave them away."""


def by_tags(sample: Traversable) -> dict[str, Any]:
    """infNFe as a caller's JSON has it."""
    told: dict[str, Any] = _pruned(msgspec.to_builtins(read(sample.read_bytes()).infNFe, enc_hook=str))
    return told


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(each) for name, each in value.items() if each is not None and each != ()}
    return [_pruned(each) for each in value] if isinstance(value, list | tuple) else value


def written_again(told: dict[str, Any]) -> bytes:
    """The note of these tags, on its own day, by its own issuer."""
    ide, issuer = told["ide"], told["emit"]["CNPJ"]
    at = datetime.fromisoformat(ide["dhEmi"])
    note = msgspec.convert({"ref": "amostra", "infNFe": told}, type=RawNote)
    branch = msgspec.structs.replace(BRANCH, cnpj=issuer, environment=int(ide["tpAmb"]))
    draft = complete(note, branch, at=at)
    return written(raw_document(draft, number=int(ide["nNF"]), cNF=ide["cNF"], dhEmi=at)).xml


@pytest.mark.parametrize("sample", VALID, ids=lambda sample: sample.name)
def test_a_sample_by_its_tags_is_the_same_note_or_is_told_its_key_is_wrong(sample: Traversable) -> None:
    told = by_tags(sample)
    wrong = OF_ANOTHER_KEY.get(sample.name)
    if wrong is None:
        assert body_c14n(written_again(told)) == body_c14n(sample.read_bytes())
        return
    with pytest.raises(ValidationFailed) as caught:
        written_again(told)
    assert {(fault.code, fault.path) for fault in caught.value.faults} == {("NFE-RAW-07", path) for path in wrong}


def test_the_list_of_made_up_keys_is_complete() -> None:
    names = {sample.name for sample in VALID}
    assert len(names) == 14
    assert set(OF_ANOTHER_KEY) < names
