"""What every service shares: the base, the switches, the clock, and who answers for a key. No sockets here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from lxml import etree

from gateway.sim.sefaz.answers import Head
from gateway.sim.sefaz.chave import CUF, UF_OF, Key
from gateway.sim.sefaz.faults import Fault
from gateway.sim.sefaz.guard import Guard
from gateway.sim.sefaz.records import Authorized
from gateway.sim.sefaz.register import Register
from gateway.sim.sefaz.schema import NFE
from gateway.sim.sefaz.signature import SignatureJudge
from gateway.sim.sefaz.state import State

Clock = Callable[[], datetime]
Face = Literal["", "svc", "an"]
"""Where a message was sent: the root, the SVC, or the Ambiente Nacional."""

SVC_TPEMIS = frozenset({"6", "7"})
_SVC_RS = frozenset({"AM", "BA", "GO", "MA", "MS", "MT", "PE", "PR"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One message. `transmitter`: tax id in the TLS certificate. `wrapped`: it came inside the operation's own element."""

    message: bytes
    transmitter: str
    face: Face = ""
    fault: Fault | None = None
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Processed:
    """The answer's XML and what the ledger says of it."""

    answer: str
    cStat: str
    xMotivo: str


class Office:
    """The base, the guard and the switches of every authoriser in `ufs`, in one environment.

    `state` is read at each request and may be replaced.
    """

    def __init__(self, *, register: Register, judge: SignatureJudge, clock: Clock, tpAmb: str, ufs: frozenset[str]) -> None:
        self.register = register
        self.state = State()
        self.guard = Guard()
        self.judge = judge
        self.tpAmb = tpAmb
        self.ufs = ufs
        self.home = CUF["SP"] if "SP" in ufs else CUF[min(ufs)]
        self._clock = clock

    def now(self) -> datetime:
        """The clock's instant plus the offset of the state."""
        return self._clock() + timedelta(seconds=self.state.clock_offset_s)

    def head(self, cUF: str = "") -> Head:
        """What an answer begins with; the UF is the home's unless it is a real one."""
        return Head(self.tpAmb, cUF if cUF in UF_OF or cUF == "91" else self.home, self.now())

    def acts_as_svc(self, face: Face, key: Key) -> bool:
        """Whether the SVC answers: it was addressed, or the root was, which stands for both unless they are apart."""
        return face == "svc" or (face == "" and key.tpEmis in SVC_TPEMIS and not self.state.faces_apart)

    def known(self, chave: str, face: Face) -> Authorized | None:
        """The note as the addressed authoriser knows it: the SVC has its own, home learns of them after `svc_sync_s`."""
        record = self.register.by_key(chave)
        if record is None or (face == "svc" and not record.svc):
            return None
        if record.svc and not self.acts_as_svc(face, Key(chave)):
            synced = datetime.fromisoformat(record.dhRecbto) + timedelta(seconds=self.state.svc_sync_s)
            return record if self.now() >= synced else None
        return record


def svc_of(uf: str) -> str:
    """tpEmis of the SVC that stands in for a UF: 6 (SVC-AN) or 7 (SVC-RS)."""
    return "7" if uf in _SVC_RS else "6"


def field(root: etree._Element, path: str) -> str:
    """Text at a path of NF-e tags, empty when absent."""
    return root.findtext("/".join(f"{{{NFE}}}{tag}" for tag in path.split("/"))) or ""


def key_in(message: bytes) -> str:
    """The access key a message is about, found without parsing; empty when there is none."""
    for mark in (b'Id="NFe', b"<chNFe>"):
        at = message.find(mark)
        if at >= 0:
            found = message[at + len(mark) : at + len(mark) + 44].decode("ascii", "replace")
            if len(found) == 44 and found.isalnum() and found[20:].isdigit():
                return found
    return ""


def event_in(message: bytes) -> str:
    """tpEvento of the first event of a message, found without parsing."""
    _, _, rest = message.partition(b"<tpEvento>")
    return rest[:6].decode("ascii", "replace") if rest[6:17] == b"</tpEvento>" else ""


def digest_in(message: bytes) -> str:
    """The first DigestValue of a message, found without parsing."""
    _, mark, rest = message.partition(b"<DigestValue>")
    value, end, _ = rest.partition(b"</DigestValue>")
    return value.decode("ascii", "replace") if mark and end and len(value) == 28 else ""
