"""Every error the gateway raises on purpose, and the one table that says what each of them means.

::

    GatewayError
      InputError      ValidationFailed(faults) . IdempotencyConflict . NotFound . PayloadTooLarge
                      Unauthorized . Forbidden
      StateError      TransitionRefused
      EdgeError       NotSent . Throttled(after) . Refused . OutcomeUnknown . ProtocolBroken
      OperatorError   CertificateExpired . CertificateInvalid . CscMissing . ConfigInvalid . StorageFull
      InvariantBroken

A rejection of SEFAZ is not here: an answer is a value (`gateway.nfe.answers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.core.faults import Fault


class GatewayError(Exception):
    """Root of the tree.

    `code` is stable and may be matched by programs; `detail` is a pt-BR sentence for a person;
    `fix` says what to do about it.
    """

    code = "GW-ERROR"

    def __init__(self, detail: str, *, code: str | None = None, fix: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix
        if code is not None:
            self.code = code


class InputError(GatewayError):
    """The caller sent something that cannot be done; sending it again changes nothing."""

    code = "GW-INPUT"


class ValidationFailed(InputError):
    """The body breaks one or more rules; all of them are in `faults`."""

    code = "GW-VALIDATION"

    def __init__(self, faults: Sequence[Fault], detail: str | None = None) -> None:
        self.faults = tuple(faults)
        if detail is None:
            n = len(self.faults)
            first = self.faults[0].message if self.faults else "Documento inválido."
            detail = first if n == 1 else f"{n} problemas encontrados; o primeiro: {first}"
        super().__init__(detail)


class IdempotencyConflict(InputError):
    """The same `ref` or `Idempotency-Key` came with another body."""

    code = "GW-IDEMPOTENCY"


class NotFound(InputError):
    """What was asked for does not exist, or this key may not see it."""

    code = "GW-NOT-FOUND"


class PayloadTooLarge(InputError):
    """The body passes the limit."""

    code = "GW-TOO-LARGE"


class Unauthorized(InputError):
    """No credential, or one that is not valid."""

    code = "GW-UNAUTHORIZED"


class Forbidden(InputError):
    """A valid credential without the scope or the branch that the call needs."""

    code = "GW-FORBIDDEN"


class StateError(GatewayError):
    """The thing exists, but its state does not allow the step."""

    code = "GW-STATE"


class TransitionRefused(StateError):
    """A state machine has no row for this event in this state; nothing was changed."""

    code = "GW-TRANSITION"


class EdgeError(GatewayError):
    """A call to another system did not end well."""

    code = "GW-EDGE"


class NotSent(EdgeError):
    """No byte of the request left: safe to try again."""

    code = "GW-NOT-SENT"


class Throttled(EdgeError):
    """The other side asked for a pause; `after` seconds from now, for every worker of the key."""

    code = "GW-THROTTLED"

    def __init__(self, detail: str, *, after: float, code: str | None = None, fix: str = "") -> None:
        super().__init__(detail, code=code, fix=fix)
        self.after = after


class Refused(EdgeError):
    """The other side understood and said no; the same request gets the same answer."""

    code = "GW-REFUSED"


class OutcomeUnknown(EdgeError):
    """Bytes may have arrived and no answer did: ask before anything is sent again."""

    code = "GW-OUTCOME-UNKNOWN"


class ProtocolBroken(EdgeError):
    """The answer is not what the protocol allows: park and alert."""

    code = "GW-PROTOCOL"


class OperatorError(GatewayError):
    """Only the people who run the gateway can mend this."""

    code = "GW-OPERATOR"


class CertificateExpired(OperatorError):
    """The branch's certificate is past its validity."""

    code = "CERT-EXPIRED"


class CertificateInvalid(OperatorError):
    """The PFX cannot be opened, has no key, or is not of this issuer."""

    code = "CERT-INVALID"


class CscMissing(OperatorError):
    """An NFC-e with QR code v2 needs the branch's CSC."""

    code = "CSC-MISSING"


class ConfigInvalid(OperatorError):
    """A setting is absent, malformed or contradicts another."""

    code = "CONFIG-INVALID"


class StorageFull(OperatorError):
    """The database or the disk refuses to write."""

    code = "STORAGE-FULL"


class InvariantBroken(GatewayError):
    """Something that must never happen did; the worker stops rather than go on guessing."""

    code = "GW-INVARIANT"


JobAction = Literal["fail", "retry", "wait", "ask", "park", "stop"]


@dataclass(frozen=True, slots=True)
class Treatment:
    """What an error means at each border.

    `job`: `fail` ends the job for a person to see, `retry` uses the schedule, `wait` obeys `after` and burns no
    attempt, `ask` queries the other side first, `park` waits for a person, `stop` halts the worker.
    """

    http: int
    job: JobAction
    log: Literal["info", "warning", "error", "critical"]


TREATMENTS: dict[type[GatewayError], Treatment] = {
    ValidationFailed: Treatment(422, "park", "info"),
    IdempotencyConflict: Treatment(409, "park", "info"),
    NotFound: Treatment(404, "park", "info"),
    PayloadTooLarge: Treatment(413, "park", "info"),
    Unauthorized: Treatment(401, "park", "warning"),
    Forbidden: Treatment(403, "park", "warning"),
    InputError: Treatment(400, "park", "info"),
    TransitionRefused: Treatment(409, "park", "info"),
    StateError: Treatment(409, "park", "info"),
    NotSent: Treatment(503, "retry", "warning"),
    Throttled: Treatment(503, "wait", "warning"),
    Refused: Treatment(502, "park", "warning"),
    OutcomeUnknown: Treatment(504, "ask", "warning"),
    ProtocolBroken: Treatment(502, "park", "error"),
    EdgeError: Treatment(502, "retry", "warning"),
    CertificateExpired: Treatment(503, "park", "error"),
    CertificateInvalid: Treatment(422, "park", "error"),
    CscMissing: Treatment(503, "park", "error"),
    ConfigInvalid: Treatment(503, "park", "error"),
    StorageFull: Treatment(503, "retry", "critical"),
    OperatorError: Treatment(503, "park", "error"),
    InvariantBroken: Treatment(500, "stop", "critical"),
    GatewayError: Treatment(500, "park", "error"),
}


def treatment(error: BaseException) -> Treatment:
    """The row of the nearest class; anything that is not ours is a defect: 500, retried on schedule, logged as error."""
    for cls in type(error).__mro__:
        row = TREATMENTS.get(cls)
        if row is not None:
            return row
    return Treatment(500, "retry", "error")
