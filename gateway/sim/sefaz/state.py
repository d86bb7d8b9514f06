"""Switches of the simulator that last until changed, as `POST /_control/state` sets them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.sim.sefaz.policies import Policies
from gateway.sim.sefaz.taxpayers import Taxpayers


class State(Policies, kw_only=True, forbid_unknown_fields=True):
    """How the whole authoriser behaves; see also `Policies`.

    status: answer of the home's statusServico; 108, 109 and 114 also refuse every authorisation, event and inutilização there.
    omit_digval: protocols come without digVal, also in the consultation.
    guard_rejections: the same refusal of the same note this many times within `guard_window_s` gives 656 (0: never).
    guard_consult_interval_s: consulting one chave again sooner than this gives 656 (0: off).
    guard_block_s: how long a 656 blocks that issuer in every service; a call inside the block starts it again.
    clock_offset_s: added to the clock, also in every date of an answer.
    verifier: `signxml`, or `fast` for benchmarks (same checks, less work).
    csc: CSC of the NFC-e's QR code by number; with any, the hash of version 2 is checked (462, 464).
    taxpayers: registries of taxpayers, CSRT, NCM and others that SEFAZ would ask; see `Taxpayers`.
    """

    status: Literal["107", "108", "109", "113", "114"] = "107"
    omit_digval: bool = False
    guard_rejections: Annotated[int, Meta(ge=0, le=10_000)] = 30
    guard_window_s: Annotated[int, Meta(ge=1, le=86_400)] = 3600
    guard_consult_interval_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    guard_block_s: Annotated[int, Meta(ge=0, le=86_400)] = 3600
    clock_offset_s: Annotated[float, Meta(ge=-315_360_000, le=315_360_000)] = 0.0
    verifier: Literal["signxml", "fast"] = "signxml"
    csc: dict[str, str] = msgspec.field(default_factory=dict)
    taxpayers: Taxpayers = Taxpayers()


def changed(state: State, body: bytes) -> State:
    """A copy with the fields of a JSON object replaced. Raises msgspec.ValidationError or DecodeError."""
    patch = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    merged: dict[str, msgspec.Raw] = {
        name: msgspec.Raw(msgspec.json.encode(getattr(state, name))) for name in State.__struct_fields__
    }
    merged.update(patch)
    return msgspec.json.decode(msgspec.json.encode(merged), type=State)
