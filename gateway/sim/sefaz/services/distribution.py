"""NFeDistribuicaoDFe of the Ambiente Nacional: by last NSU, by one NSU, by chave. Source: NT 2014.002 v1.30.

One queue a CNPJ base. After 137, or when everything was handed over, the next question by NSU waits an hour (656, and asking
again starts it anew); by NSU or chave at most twenty an hour. Documents leave after ninety days (632).
"""

from __future__ import annotations

import base64
import gzip
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from lxml import etree

from gateway.sim.sefaz import wire
from gateway.sim.sefaz.answers import VER_APLIC, status
from gateway.sim.sefaz.chave import valid_cnpj, valid_cpf
from gateway.sim.sefaz.messages import Refusal, motivo
from gateway.sim.sefaz.office import Asked, Office, Processed, field
from gateway.sim.sefaz.records import Parcel
from gateway.sim.sefaz.schema import NFE
from gateway.sim.sefaz.services import contingency, parcels

BATCH = 50
KEPT = timedelta(days=90)
_HOUR = timedelta(hours=1)
_LAYOUT = {"distNSU": "ultNSU", "consNSU": "NSU", "consChNFe": "chNFe"}


class Distribution:
    """Hands documents over and watches who asks too often."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._wait: dict[str, datetime] = {}
        self._queries: dict[str, deque[datetime]] = {}

    def reset(self) -> None:
        self._wait.clear()
        self._queries.clear()

    def distribute(self, asked: Asked) -> Processed:
        office = self._office
        closed = contingency.closed(office, "an", "")
        root = wire.read(asked.message, "distDFeInt", None, "215", "1.01")
        if closed is not None:
            return self._answer(closed, 0, 0)
        if isinstance(root, Refusal):
            return self._answer(root, 0, 0)
        tax_id = field(root, "CNPJ") or field(root, "CPF")
        base = tax_id[:8]
        kept = office.register.parcels(base)
        refusal = next(self._rules(root, asked, tax_id), None)
        if refusal is not None:
            return self._answer(refusal, 0, len(kept))
        how = etree.QName(root[-1]).localname
        told = field(root, f"{how}/{_LAYOUT[how]}")
        if how == "distNSU":
            return self._since(base, int(told), kept)
        if self._too_many(base):
            return self._answer(Refusal("656"), 0, len(kept))
        if how == "consNSU":
            found = [parcel for parcel in kept if parcel.nsu == int(told)]
            return self._answer(Refusal("138" if found else "137"), int(told), len(kept), found)
        return self._of_key(tax_id, told, kept)

    def _rules(self, root: etree._Element, asked: Asked, tax_id: str) -> Iterator[Refusal]:
        office = self._office
        tags = [etree.QName(child).localname for child in root]
        wanted = ["tpAmb", "cUFAutor", "CNPJ" if len(tax_id) == 14 else "CPF"]
        if [tag for tag in tags[:-1] if tag != "cUFAutor"] != [wanted[0], wanted[2]] or tags[-1] not in _LAYOUT:
            yield Refusal("215")
            return
        told = field(root, f"{tags[-1]}/{_LAYOUT[tags[-1]]}")
        if len(told) != (44 if tags[-1] == "consChNFe" else 15) or not (told.isdigit() or len(told) == 44):
            yield Refusal("215", f"[{_LAYOUT[tags[-1]]}]")
        if field(root, "tpAmb") != office.tpAmb:
            yield Refusal("252")
        if not (valid_cnpj(tax_id) if len(tax_id) == 14 else valid_cpf(tax_id)):
            yield Refusal("489" if len(tax_id) == 14 else "490")
        if not asked.transmitter:
            yield Refusal("282")
        if asked.transmitter[:8] != tax_id[:8]:
            yield Refusal("593")
        if office.guard.blocks(office.state, tax_id, office.now()):
            yield Refusal("656")

    def _since(self, base: str, ultNSU: int, kept: list[Parcel]) -> Processed:
        office, now = self._office, self._office.now()
        wait = timedelta(seconds=office.state.distribution_wait_s)
        last = len(kept)
        if base in self._wait and now < self._wait[base]:
            self._wait[base] = now + wait
            return self._answer(Refusal("656"), ultNSU, last)
        if ultNSU > last:
            return self._answer(Refusal("589"), last, last)
        alive = (parcel for parcel in kept[ultNSU:] if now - datetime.fromisoformat(parcel.at) <= KEPT)
        batch = [parcel for parcel, _ in zip(alive, range(BATCH), strict=False)]
        reached = batch[-1].nsu if batch else last
        if reached == last:
            self._wait[base] = now + wait
        else:
            self._wait.pop(base, None)
        return self._answer(Refusal("138" if batch else "137"), reached, last, batch)

    def _too_many(self, base: str) -> bool:
        now = self._office.now()
        asked = self._queries.setdefault(base, deque())
        while asked and now - asked[0] >= _HOUR:
            asked.popleft()
        limit = self._office.state.distribution_queries
        if limit and len(asked) >= limit:
            return True
        asked.append(now)
        return False

    def _of_key(self, tax_id: str, chave: str, kept: list[Parcel]) -> Processed:
        """The whole note when its reader may have it, else the summary it was given."""
        office, base = self._office, tax_id[:8]
        record = office.register.by_key(chave)
        mine = [parcel for parcel in kept if parcel.chave == chave and parcel.schema in (parcels.FULL, parcels.RESUMO)]
        if record is not None and record.issuer[:8] == base:
            return self._answer(Refusal("641"), 0, len(kept))
        if not mine:
            return self._answer(Refusal("217" if record is None else "640"), 0, len(kept))
        if office.now() - datetime.fromisoformat(mine[0].at) > KEPT:
            return self._answer(Refusal("632"), 0, len(kept))
        if office.register.cancellation(chave) is not None:
            return self._answer(Refusal("653"), 0, len(kept))
        whole = [parcel for parcel in mine if parcel.schema == parcels.FULL]
        return self._answer(Refusal("138"), 0, len(kept), (whole or mine)[-1:])

    def forced(self, _: Asked, cStat: str) -> Processed:
        return self._answer(Refusal(cStat), 0, 0)

    def _answer(self, verdict: Refusal, ultNSU: int, maxNSU: int, found: list[Parcel] | None = None) -> Processed:
        head = self._office.head("91")
        xMotivo = motivo(verdict.cStat, verdict.detail)
        docs = "".join(
            f'<docZip NSU="{parcel.nsu:015d}" schema="{parcel.schema}.xsd">{_zipped(parcel.xml)}</docZip>'
            for parcel in found or []
        )
        answer = (
            f'<retDistDFeInt xmlns="{NFE}" versao="1.01"><tpAmb>{head.tpAmb}</tpAmb><verAplic>{VER_APLIC}</verAplic>'
            f"{status(verdict.cStat, xMotivo)}<dhResp>{head.dhRecbto}</dhResp><ultNSU>{ultNSU:015d}</ultNSU>"
            f"<maxNSU>{maxNSU:015d}</maxNSU>{f'<loteDistDFeInt>{docs}</loteDistDFeInt>' if docs else ''}</retDistDFeInt>"
        )
        return Processed(answer, verdict.cStat, xMotivo)


def _zipped(xml: str) -> str:
    """gzip then base64; without a time inside, so that the same document is always the same text."""
    return base64.b64encode(gzip.compress(xml.encode(), mtime=0)).decode()
