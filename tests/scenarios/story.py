"""A scenario as it is written down: what the store, SEFAZ and time do, and how it must end. Files: `stories/*.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.sim.sefaz import Fault

FOLDER = Path(__file__).with_name("stories")
Model = Literal["55", "65"]


class Elsewhere(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note that another program of the same company has at SEFAZ. of: a sale of ours whose key it has but for `differs`; with
    `digest` the key is the very same, and what was signed is not."""

    number: Annotated[int, Meta(ge=1)]
    differs: Literal["cNF", "month", "tpEmis", "digest"] = "cNF"
    of: str = ""


class Voiding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    first: int
    last: int


class Decision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person does with a note that waits for one."""

    ref: str
    how: Literal["renumber", "adopt"]


class Substitution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """110112: the note of `ref` is cancelled because that of `by` took its place."""

    ref: str
    by: str


class Sale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a sale must end. timeline: kinds that its timeline must hold in this order, others may lie between."""

    status: str
    number: int | None = None
    tpEmis: str = ""
    cStat: str = ""
    timeline: tuple[str, ...] = ()


class End(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """sales: by ref; of one issued again, the first attempt is `ref (primeira)`. numbers: state of each number of the series,
    `"model/number"` for another model than the story's.

    requests: services that SEFAZ saw, in order, when nobody was killed. voided: ranges that SEFAZ holds as void, "first-last".
    attention: codes of the jobs left for a person. events: tpEvento and how many SEFAZ registered.
    """

    sales: dict[str, Sale]
    numbers: dict[str, str] = {}
    requests: tuple[str, ...] = ()
    voided: tuple[str, ...] = ()
    attention: tuple[str, ...] = ()
    events: dict[str, int] = {}


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that happens. `text` says it in Portuguese; exactly one of the verbs does it; `until` and `stops` wait.

    fault, clear, state: SEFAZ. sell (by `model`, with `body` over it), retry, correct, cancel, substitute, void, decide, enter,
    leave: the store. elsewhere, cancelled_elsewhere: another program of the company. passes: hours. restart, backup, restore: the
    machine. until: status of each ref. stops: code under which the job of each ref waits for a person; after ` ou ` stands what
    it may be for who died and asked. entered: a contingency lasts; left: none does. ends: how the event or voiding of this step
    ends, not waited for when empty. refused: code of the problem that the store must get.
    """

    text: str
    fault: Fault | None = None
    clear: bool = False
    state: dict[str, Any] | None = None
    sell: str = ""
    model: Model | None = None
    body: dict[str, Any] = {}
    retry: str = ""
    cancel: str = ""
    substitute: Substitution | None = None
    correct: str = ""
    void: Voiding | None = None
    decide: Decision | None = None
    enter: str = ""
    leave: bool = False
    elsewhere: Elsewhere | None = None
    cancelled_elsewhere: str = ""
    passes: float = 0
    restart: bool = False
    backup: bool = False
    restore: bool = False
    until: dict[str, str] = {}
    stops: dict[str, str] = {}
    entered: bool = False
    left: bool = False
    ends: str = "registered"
    refused: str = ""


class Story(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """description: the case, in one sentence. source: the rule. contingency: the branch's policy.

    killed_from: the first step at which a death leaves the course of the story as it is.
    """

    description: str
    source: str
    model: Model = "55"
    contingency: dict[str, Any] = {}
    killed_from: Annotated[int, Meta(ge=1)] = 1
    step: tuple[Step, ...]
    end: End


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read(name: str) -> Story:
    """Raises msgspec.ValidationError with the place of the mistake."""
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Story)
