from __future__ import annotations

import inspect

import pytest

from gateway.core import errors
from gateway.core.errors import GatewayError, ValidationFailed, treatment
from gateway.core.faults import Fault
from gateway.core.machine import Machine, Row

LEAVES = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, GatewayError)]


@pytest.mark.parametrize("error", LEAVES, ids=lambda one: one.__name__)
def test_every_error_has_a_code_and_a_treatment(error: type[GatewayError]) -> None:
    assert "code" in vars(error)
    assert error in errors.TREATMENTS


def test_a_defect_is_retried_and_never_blamed_on_the_caller() -> None:
    row = treatment(KeyError("x"))
    assert (row.http, row.job, row.log) == (500, "retry", "error")


def test_validation_says_how_many_and_the_first() -> None:
    one = Fault(code="A", path="$", message="Falta o nome.")
    assert ValidationFailed([one]).detail == "Falta o nome."
    assert ValidationFailed([one, one]).detail == "2 problemas encontrados; o primeiro: Falta o nome."


def test_a_missing_row_is_refused_with_what_is_possible() -> None:
    machine = Machine("m", 1, "a", (Row("a", "go", "b", effects=("x",)), Row("b", "stop", "c", guard=lambda _: "Não agora.")))
    step = machine.step("a", "go")
    assert (step.next, step.effects) == ("b", ("x",))
    with pytest.raises(errors.TransitionRefused) as missing:
        machine.step("a", "stop")
    assert missing.value.fix == "Passos possíveis agora: go."
    with pytest.raises(errors.TransitionRefused, match="Não agora"):
        machine.step("b", "stop")
    assert machine.states() == ("a", "b", "c")
