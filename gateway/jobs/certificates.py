"""What a branch signs with: its PFX or its root CNPJ's, parsed once, swapped when a newer one is activated; and its CSC."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict

from gateway.core.clock import Clock
from gateway.core.errors import CertificateInvalid
from gateway.nfe.certificate import Certificate, load
from gateway.nfe.ports import Pfx
from gateway.nfe.qrcode import Csc
from gateway.store import certificates
from gateway.store.csc import open_csc
from gateway.store.database import Database
from gateway.store.vault import Vault


class Certificates:
    """Parsing a PFX costs some 40 ms, so parsed ones are kept, by the hash of the file."""

    def __init__(self, db: Database, vault: Vault, clock: Clock, *, keep: int = 32) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._keep = keep
        self._loaded: OrderedDict[bytes, Certificate] = OrderedDict()

    async def of(self, branch: str) -> tuple[Pfx, Certificate]:
        """The active certificate of a branch, checked against today and against the branch's root CNPJ.

        Raises CertificateInvalid (none, broken, of another company) and CertificateExpired.
        """
        pfx = await self._db.read(lambda conn: certificates.active_pfx(conn, self._vault, branch))
        if pfx is None:
            raise CertificateInvalid(
                f"A filial {branch} não tem certificado digital, nem a raiz {branch[:8]}.",
                code="CERT-MISSING",
                fix="Envie o arquivo PFX com: gateway cert add --branch CNPJ --file ARQUIVO.pfx (ou --root, para a empresa)",
            )
        name = hashlib.sha256(pfx.data + pfx.password.encode()).digest()
        certificate = self._loaded.get(name)
        if certificate is None:
            certificate = await asyncio.to_thread(load, pfx)
            self._loaded[name] = certificate
            while len(self._loaded) > self._keep:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        certificate.check(self._clock.now(), branch)
        return pfx, certificate

    async def csc(self, branch: str, environment: int) -> Csc | None:
        """The CSC of a branch in an environment, opened each time: it is small, and may be replaced at any moment."""
        return await self._db.read(lambda conn: open_csc(conn, self._vault, branch, environment))
