"""What the law allows while an authoriser is down, and which notes say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from gateway.nfe.branch import ContingencySettings
from gateway.nfe.content import barrier, fingerprint
from gateway.nfe.contingency import (
    Seen,
    alert_before,
    automatic_reason,
    follow_until,
    justification,
    may_enter,
    may_leave,
    modes,
    svc_ends,
    svc_refusal,
    transmit_until,
    ways,
)
from tests.unit.nfe.made import BRANCH

DAY = date(2026, 11, 23)
SP = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("model", "uf", "expected"),
    [("55", "SP", ("svc", "epec")), ("55", "PR", ("svc",)), ("55", "PB", ("svc",)), ("65", "RJ", ("offline",))],
)
def test_each_model_has_its_ways_in_each_state(model: str, uf: str, expected: tuple[str, ...]) -> None:
    assert modes(model, uf, DAY) == expected


@pytest.mark.parametrize(
    ("issued", "until"),
    [
        # Monday 23/11/2026 -> Tuesday; Friday 27/11 -> Monday 30/11; Saturday too.
        ("2026-11-23T10:00:00-03:00", "2026-11-24T23:59:59-03:00"),
        ("2026-11-27T10:00:00-03:00", "2026-11-30T23:59:59-03:00"),
        ("2026-11-28T10:00:00-03:00", "2026-11-30T23:59:59-03:00"),
        # Thursday 19/11: the 20th is a holiday since Lei 14.759/2023, then a weekend.
        ("2026-11-19T10:00:00-03:00", "2026-11-23T23:59:59-03:00"),
        # 24/12/2026 is a Thursday: Christmas, a weekend, Monday 28.
        ("2026-12-24T10:00:00-03:00", "2026-12-28T23:59:59-03:00"),
        # 02:30 UTC on the 24th is still the 23rd in São Paulo.
        ("2026-11-24T02:30:00+00:00", "2026-11-24T23:59:59-03:00"),
    ],
)
def test_an_offline_note_is_due_at_the_end_of_the_first_business_day_after_it(issued: str, until: str) -> None:
    assert transmit_until(datetime.fromisoformat(issued), SP) == datetime.fromisoformat(until)


def test_the_twentieth_of_november_was_a_business_day_before_its_law() -> None:
    # Thursday 19/11/2020 -> Friday 20/11/2020.
    assert transmit_until(datetime(2020, 11, 19, 12, tzinfo=UTC), SP).date() == date(2020, 11, 20)


def test_a_person_is_told_twelve_hours_before() -> None:
    assert alert_before(DAY).total_seconds() == 12 * 3600


def test_a_justification_has_fifteen_to_two_hundred_and_fifty_six_characters() -> None:
    assert justification("  Sem   conexão com a SEFAZ ") == "Sem conexão com a SEFAZ"
    with pytest.raises(ValueError, match="15 a 256"):
        justification("sem conexão   ")
    assert len(automatic_reason("x" * 500)) == 256
    assert automatic_reason(None) == "Autorizador da SEFAZ sem resposta"


AUTOMATIC = ContingencySettings(nfe="automatic", nfce="automatic")
BY_EPEC = ContingencySettings(nfe="automatic", epec="automatic")
HOME = Seen(down=True, since=100, asked_at=150, cstat="108")
NOON_PLUS_TWO = datetime.fromisoformat("2026-11-22T14:00:00-03:00")
SVC_ON = Seen(down=False, since=0, asked_at=160, cstat="107")


@pytest.mark.parametrize(
    ("settings", "model", "mode", "home", "svc", "expected"),
    [
        (AUTOMATIC, "65", "offline", HOME, None, True),
        (ContingencySettings(), "65", "offline", HOME, None, False),
        (AUTOMATIC, "65", "offline", None, None, False),
        # Down, but not asked since its circuit opened: nobody knows yet.
        (AUTOMATIC, "65", "offline", replace(HOME, asked_at=90), None, False),
        (AUTOMATIC, "65", "offline", replace(HOME, down=False, cstat="107"), None, False),
        # The NF-e asks the SVC: only its own 107, of now, opens the way.
        (AUTOMATIC, "55", "svc", HOME, SVC_ON, True),
        (AUTOMATIC, "55", "svc", HOME, None, False),
        (AUTOMATIC, "55", "svc", HOME, replace(SVC_ON, cstat="114"), False),
        (AUTOMATIC, "55", "svc", HOME, replace(SVC_ON, cstat="113"), False),
        (AUTOMATIC, "55", "svc", HOME, replace(SVC_ON, asked_at=99), False),
        # EPEC by itself only by a policy of its own, and after the SVC was asked and takes nothing.
        (BY_EPEC, "55", "epec", HOME, SVC_ON, False),
        (BY_EPEC, "55", "epec", HOME, None, False),
        (BY_EPEC, "55", "epec", HOME, replace(SVC_ON, cstat="114", asked_at=99), False),
        (BY_EPEC, "55", "epec", HOME, replace(SVC_ON, cstat="114"), True),
        (BY_EPEC, "55", "epec", HOME, replace(SVC_ON, cstat=None), True),
        (AUTOMATIC, "55", "epec", HOME, replace(SVC_ON, cstat="114"), False),
    ],
)
def test_a_branch_enters_by_itself_only_when_it_was_asked(settings, model, mode, home, svc, expected) -> None:  # type: ignore[no-untyped-def]
    assert may_enter(settings, model, mode, home, svc) is expected


@pytest.mark.parametrize(
    ("mode", "home", "svc", "expected"),
    [
        ("offline", replace(HOME, down=False, cstat="107"), None, True),
        ("offline", HOME, None, False),
        # An answer from before the contingency began says nothing.
        ("offline", replace(HOME, down=False, cstat="107", asked_at=110), None, False),
        ("svc", HOME, replace(SVC_ON, cstat="113"), True),
        ("svc", HOME, replace(SVC_ON, cstat="114", down=True), True),
        ("svc", HOME, SVC_ON, False),
        # 113 announces an hour, in Brasília's time: until then the SVC still takes notes.
        ("svc", HOME, replace(SVC_ON, cstat="113", told="SVC em processo de desativação em 22/11/26 as 14:00"), True),
        ("svc", HOME, replace(SVC_ON, cstat="113", told="SVC em processo de desativação em 22/11/26 as 14:01"), False),
        ("epec", HOME, replace(SVC_ON, cstat="114"), False),
        ("epec", replace(HOME, down=False, cstat="107"), None, True),
        ("offline", HOME, replace(SVC_ON, cstat="114"), False),
    ],
)
def test_normal_emission_is_back_when_home_says_so_or_the_svc_ends(mode, home, svc, expected) -> None:  # type: ignore[no-untyped-def]
    assert may_leave(mode, 120, home, svc, NOON_PLUS_TWO) is expected


def test_the_hour_of_a_113_is_read_where_it_can_be() -> None:
    at = datetime.fromisoformat("2026-11-22T14:00:00-03:00")
    for told in ("desativada em 22/11/26 as 14:00 horas", "[22/11/2026 às 14:00]", "fim: 22/11/2026, 14:00h"):
        assert svc_ends(told) == at, told
    assert svc_ends("SVC em processo de desativação") is None
    assert svc_ends("em 31/02/2026 as 14:00") is None


def test_a_person_is_told_why_the_svc_cannot_be_entered() -> None:
    assert svc_refusal("107", "Serviço em operação") is None
    assert svc_refusal("114", "SVC desabilitada") == "A SVC não foi ativada pela SEFAZ da UF: 114 SVC desabilitada"
    assert svc_refusal("113", "até 14:00") == "A SVC está sendo desativada: 113 até 14:00"
    assert svc_refusal("108", "paralisada") == "A SVC não está em operação: 108 paralisada"
    assert svc_refusal(None, "tempo esgotado") == "A SVC não respondeu: tempo esgotado"


def test_the_note_of_an_epec_follows_within_168_hours_and_a_person_is_told_a_day_before() -> None:
    # 23/11 10:30 + 7 x 24 h = 30/11 10:30.
    assert follow_until(datetime(2026, 11, 23, 13, 30, tzinfo=UTC), SP) == datetime.fromisoformat("2026-11-30T10:30:00-03:00")
    assert alert_before(DAY, "4").total_seconds() == 24 * 3600


def test_a_branch_uses_what_its_state_has_this_gateway_speaks_and_its_policy_does_not_bar() -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert modes("65", "SP", DAY) == ("offline", "epec")
    assert ways(BRANCH, "55", at) == ("svc", "epec")
    assert ways(BRANCH, "65", at) == ("offline",)
    barred = msgspec.structs.replace(BRANCH, contingency=ContingencySettings(epec="off"))
    assert ways(barred, "55", at) == ("svc",)


NOTE = (
    b'<NFe xmlns="http://www.portalfiscal.inf.br/nfe"><infNFe Id="NFe35261111222333000181550010000000011364904041" versao="4.00">'
    b"<ide><cNF>36490404</cNF><natOp>VENDA</natOp><dhEmi>2026-11-22T10:00:00-03:00</dhEmi><cDV>1</cDV></ide></infNFe></NFe>"
)


def test_a_rebuild_with_another_date_and_key_says_the_same_and_another_text_does_not() -> None:
    rebuilt = NOTE.replace(b"10:00:00", b"10:05:00").replace(b"36490404", b"11111111").replace(b"<cDV>1", b"<cDV>7")
    rebuilt = rebuilt.replace(b"</infNFe>", b'</infNFe><Signature xmlns="x"><a>1</a></Signature>')
    assert fingerprint(rebuilt).steady == fingerprint(NOTE).steady
    assert fingerprint(rebuilt).whole != fingerprint(NOTE).whole
    assert fingerprint(NOTE.replace(b"VENDA", b"TROCA")).steady != fingerprint(NOTE).steady
    signed = NOTE.replace(b"</infNFe>", b'</infNFe><Signature xmlns="x"><a>1</a></Signature>')
    assert fingerprint(signed) == fingerprint(NOTE)


def test_codes_of_the_date_compare_whole_bytes_and_codes_of_the_service_never_count() -> None:
    print_ = fingerprint(NOTE)
    assert print_.for_code("703") == print_.whole
    assert print_.for_code("805") == print_.steady
    assert {"108", "109", "114", "999"} <= barrier().never
    assert len(barrier().whole) == 139
