"""A retry is a value: delays, limits, and what each kind of answer or exception does to the job."""

from __future__ import annotations

import random

import pytest

from gateway.core.errors import (
    CertificateExpired,
    GatewayError,
    InvariantBroken,
    NotSent,
    OutcomeUnknown,
    ProtocolBroken,
    Refused,
    StorageFull,
    Throttled,
    TransitionRefused,
    ValidationFailed,
)
from gateway.core.faults import Fault
from gateway.jobs.results import Discard, Done, NeedsAttention, RetryAfter, WaitFor
from gateway.jobs.schedule import ASK_AGAIN, ASK_SOON, Schedule, halts, next_delay, result_of, settlement
from gateway.store.jobs import Settlement

PLAIN = Schedule((1.0, 10.0, 60.0), limit=5, jitter=0.0)


def write(conn: object) -> None:
    del conn


@pytest.fixture
def rng() -> random.Random:
    return random.Random(7)  # noqa: S311 a seed, not a secret


def test_delays_follow_the_table_and_the_last_repeats_until_the_limit(rng: random.Random) -> None:
    assert [next_delay(PLAIN, failures, rng) for failures in range(1, 7)] == [1.0, 10.0, 60.0, 60.0, None, None]


def test_jitter_stays_within_its_fraction_and_spreads(rng: random.Random) -> None:
    schedule = Schedule((100.0,), limit=10**6, jitter=0.2)

    delays = [next_delay(schedule, 1, rng) or 0 for _ in range(500)]

    assert all(80 <= delay <= 120 for delay in delays)
    assert max(delays) - min(delays) > 30
    assert len(set(delays)) > 490


@pytest.mark.parametrize(
    ("delays", "limit", "jitter"), [((), 3, 0.1), ((1.0,), 0, 0.1), ((-1.0,), 3, 0.1), ((1.0,), 3, 1.0), ((1.0,), 3, -0.1)]
)
def test_a_schedule_that_makes_no_sense_is_refused(delays: tuple[float, ...], limit: int, jitter: float) -> None:
    with pytest.raises(ValueError, match="agenda"):
        Schedule(delays, limit, jitter)


@pytest.mark.parametrize(
    ("result", "failures", "expected"),
    [
        (Done(write), 3, Settlement("done", "done", write=write)),
        (
            RetryAfter("X", "r", write=write),
            0,
            Settlement("ready", "retry", delay=1.0, code="X", reason="r", failed=True, write=write),
        ),
        (RetryAfter("X", "r", 7.0), 1, Settlement("ready", "retry", delay=7.0, code="X", reason="r", failed=True)),
        (
            WaitFor(30.0, "r", "C", write),
            9,
            Settlement("waiting", "waiting", delay=30.0, code="C", reason="r", burned=False, write=write),
        ),
        (WaitFor(-1.0, "r"), 0, Settlement("waiting", "waiting", delay=0.0, code="WAITING", reason="r", burned=False)),
        (
            NeedsAttention("X", "r", "f", write),
            0,
            Settlement("needs_attention", "parked", code="X", reason="r", fix="f", failed=True, write=write),
        ),
        (Discard("r", write), 0, Settlement("discarded", "discarded", code="JOB-DISCARDED", reason="r", write=write)),
    ],
)
def test_each_result_becomes_one_settlement(
    result: Done | RetryAfter | WaitFor | NeedsAttention | Discard, failures: int, expected: Settlement, rng: random.Random
) -> None:
    assert settlement(result, PLAIN, failures, rng) == expected


@pytest.mark.parametrize("seconds", [None, 3.0])
def test_the_last_failure_waits_for_a_person_and_still_writes(seconds: float | None, rng: random.Random) -> None:
    ending = settlement(RetryAfter("X", "r", seconds, write), PLAIN, 4, rng)

    assert (ending.state, ending.outcome, ending.code, ending.reason, ending.failed) == (
        "needs_attention",
        "parked",
        "X",
        "r",
        True,
    )
    assert ending.write is write
    assert "tentar de novo" in (ending.fix or "")


FAULT = Fault(code="NFE-1", path="$", message="Falta o CNPJ.")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotSent("x"), RetryAfter("GW-NOT-SENT", "x")),
        (StorageFull("x"), RetryAfter("STORAGE-FULL", "x")),
        (Throttled("x", after=3600.0, code="SEFAZ-656"), WaitFor(3600.0, "x", "SEFAZ-656")),
        (Throttled("x", after=-5.0), WaitFor(0.0, "x", "GW-THROTTLED")),
        (OutcomeUnknown("x"), RetryAfter("GW-OUTCOME-UNKNOWN", "x", ASK_AGAIN)),
        (Refused("x", fix="f"), NeedsAttention("GW-REFUSED", "x", "f")),
        (ProtocolBroken("x"), NeedsAttention("GW-PROTOCOL", "x")),
        (ValidationFailed([FAULT]), NeedsAttention("GW-VALIDATION", "Falta o CNPJ.")),
        (TransitionRefused("x"), NeedsAttention("GW-TRANSITION", "x")),
        (CertificateExpired("x", fix="f"), NeedsAttention("CERT-EXPIRED", "x", "f")),
        (InvariantBroken("x"), NeedsAttention("GW-INVARIANT", "x")),
        (GatewayError("x"), NeedsAttention("GW-ERROR", "x")),
        (ZeroDivisionError("y"), RetryAfter("JOB-ERROR", "Erro inesperado no programa: ZeroDivisionError: y")),
    ],
)
def test_each_exception_means_what_the_table_says(error: Exception, expected: object) -> None:
    assert result_of(error, 0) == expected


def test_an_unknown_outcome_is_asked_about_soon_only_at_first() -> None:
    seconds = [getattr(result_of(OutcomeUnknown("x"), failures), "seconds", 0) for failures in range(ASK_SOON + 2)]

    assert seconds == [ASK_AGAIN] * ASK_SOON + [None, None]


def test_only_a_broken_invariant_halts() -> None:
    assert halts(InvariantBroken("x"))
    assert not any(halts(error) for error in (NotSent("x"), GatewayError("x"), ProtocolBroken("x"), ValueError("x")))
