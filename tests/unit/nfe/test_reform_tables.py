"""The reform's tables: the very files of the manifest, dated, sourced, and asked by day."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.core.errors import ConfigInvalid, InvariantBroken
from gateway.nfe.municipios import uf_code
from gateway.nfe.operations import default, names
from gateway.nfe.reform.areas import area_of, incentive_allowed
from gateway.nfe.reform.classification import classification, classifications, situation, situations
from gateway.nfe.reform.credits import credit_codes, demanded, reserved
from gateway.nfe.reform.dataset import dataset, manifest, packaged, read, row_hash
from gateway.nfe.reform.rates import adds_to_item, emitted, rates, selective_due

D = Decimal
DAY = date(2026, 11, 20)


def test_every_file_is_the_one_of_the_manifest() -> None:
    files = {file.name for file in packaged().iterdir() if file.name.endswith((".json", ".toml"))} - {"manifest.toml"}
    assert files == set(manifest())
    for name, entry in manifest().items():
        assert hashlib.sha256(packaged().joinpath(name).read_bytes()).hexdigest() == entry.sha256, name
        assert entry.version and entry.source and entry.certainty in ("C", "M", "U")
        assert dataset(name)


def test_a_changed_or_unnamed_file_is_refused(tmp_path: Path) -> None:
    shutil.copytree(str(packaged()), tmp_path / "reform")
    folder = tmp_path / "reform"
    assert read(folder, "rates.toml") == dataset("rates.toml")
    changed = (folder / "rates.toml").read_text(encoding="utf-8").replace('cbs = "0.9000"', 'cbs = "0.8000"')
    (folder / "rates.toml").write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"rates\.toml não é o arquivo do manifesto"):
        read(folder, "rates.toml")
    (folder / "nova.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigInvalid, match="não está no manifesto"):
        read(folder, "nova.toml")


def test_a_row_is_known_by_its_content_and_not_by_the_order_of_its_keys() -> None:
    assert row_hash({"a": 1, "b": [1, 2]}) == row_hash({"b": [1, 2], "a": 1})
    assert row_hash({"a": 1, "b": [1, 2]}) != row_hash({"a": 1, "b": [2, 1]})
    assert len({one.hash for one in classifications().values()}) == len(classifications()) == 164


def test_every_code_belongs_to_its_cst_and_has_sane_reductions() -> None:
    assert len(situations()) == 18
    for code, one in classifications().items():
        assert code[:3] == one.cst
        assert one.cst in situations()
        assert 0 <= one.red_ibs <= 100 and 0 <= one.red_cbs <= 100
        assert bool(one.models) == (one.name != "De outro documento, não da NF-e")
        if one.red_ibs or one.red_cbs:
            assert "gRed" in situations()[one.cst].groups, code
        if one.mono:
            assert "gIBSCBSMono" in situations()[one.cst].groups, code
    arms = ("gIBSCBS", "gIBSCBSMono", "gTransfCred", "gAjusteCompet")
    assert all(sum(arm in one.groups for arm in arms) <= 1 for one in situations().values())


def test_codes_are_asked_by_day() -> None:
    found = classification("200053", date(2026, 1, 1))
    assert found is not None and found.red_cbs == D("100")
    assert classification("200053", date(2025, 12, 31)) is None
    assert classification("999999", DAY) is None
    assert situation("811", date(2025, 9, 29)) is None
    assert situation("811", date(2025, 9, 30)) is not None


def test_rates_of_a_day_and_what_nobody_published() -> None:
    assert rates(date(2025, 12, 31), {}).missing() == ("ibs_uf", "ibs_mun", "cbs")
    assert rates(DAY, {}).known() == (D("0.1"), D("0"), D("0.9"))
    later = rates(date(2027, 1, 1), {})
    assert (later.ibs_uf, later.ibs_mun, later.cbs) == (D("0.05"), D("0.05"), None)
    with pytest.raises(InvariantBroken):
        later.known()
    assert rates(date(2027, 1, 1), {"cbs": D("8.8")}).known() == (D("0.05"), D("0.05"), D("8.8"))
    assert rates(date(2029, 1, 1), {}).missing() == ("ibs_uf", "ibs_mun", "cbs")
    for row in (row for kind in ("emission", "rates", "item_value", "selective") for row in dataset("rates.toml")[kind]):
        assert isinstance(row["since"], date) and row["source"] and row["certainty"] in ("C", "M", "U")


def test_who_writes_the_groups_and_from_when() -> None:
    assert emitted("3", None, DAY)
    assert not emitted("3", None, date(2025, 12, 31))
    for crt in ("1", "2", "4"):
        assert not emitted(crt, None, DAY)
        assert emitted(crt, DAY, DAY)
        assert not emitted(crt, date(2026, 11, 21), DAY)
    assert not adds_to_item(date(2026, 12, 31)) and adds_to_item(date(2027, 1, 1))
    assert not selective_due(date(2026, 12, 31)) and selective_due(date(2027, 1, 1))


def test_areas_credits_and_kinds_of_notes() -> None:
    for row in dataset("areas.toml")["area"]:
        assert all(uf_code(uf) is not None for uf in ("AM", "AC", "RO", "RR", "AP")) and row["source"]
    manaus = area_of("1302603")
    assert manaus is not None and manaus.kind == "zfm"
    assert area_of("3550308") is None
    # Perfumery is out, but soap's neighbours 3303 to 3307 are in.
    assert [incentive_allowed(ncm) for ncm in ("33011290", "33051000", "22030000", "87032100", "61091000")] == [
        *(False, True, False, False, True)
    ]
    assert sorted(credit_codes()) == [f"{n:02d}" for n in range(1, 14)]
    assert credit_codes()["05"].ibs is None
    assert {code for code, one in credit_codes().items() if one.deducts} == {"04", "07", "11"}
    assert (demanded("01", ""), demanded("", "05"), demanded("04", ""), demanded("", "")) == ("800002", "800001", None, None)
    assert reserved() <= set(classifications())


def test_every_operation_is_classified_by_a_code_of_the_table() -> None:
    for name in names(DAY):
        code = default(name, DAY).cclasstrib
        assert not code or classification(code, DAY) is not None, name


def test_conditions_name_codes_of_the_nfe_and_headings_of_the_ncm() -> None:
    seen: list[str] = []
    for row in dataset("conditions.toml")["condition"]:
        seen += row["codes"]
        assert row["source"] and row["by"] in ("general", "ncm", "operation", "export", "area")
        assert all(ncm.isdigit() and 2 <= len(ncm) <= 8 for ncm in row.get("ncm", ()))
        assert all(classifications()[code].models for code in row["codes"])
    assert len(seen) == len(set(seen))
