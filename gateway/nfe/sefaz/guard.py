"""The last look before a socket is opened: no byte leaves for the wrong place."""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.core.chave import ChaveAcesso
from gateway.core.errors import Refused
from gateway.nfe.ports import Target
from gateway.nfe.sefaz.endpoints import Endpoint

MAX_REQUEST = 1024 * 1024
"""Bytes of a request: twice what SEFAZ takes (500 KB, 214), so that its own refusal is the one a person sees."""

_TPAMB = re.compile(rb"<tpAmb>([^<]{0,8})</tpAmb>")


def check_request(endpoint: Endpoint, *, hosts: Collection[str], tpAmb: int, body: bytes) -> None:
    """Host on the environment's list, https, tpAmb in the body equal to the environment, size. Raises Refused."""
    if not endpoint.url.startswith("https://") or endpoint.host not in hosts:
        raise _refused(f"{endpoint.host} não está na lista de endereços do ambiente {tpAmb}")
    told = set(_TPAMB.findall(body))
    # The consulta cadastro is the one message without tpAmb; its host is of one environment all the same.
    if told != {b"%d" % tpAmb} and (told or endpoint.service != "CadConsultaCadastro4"):
        raise _refused(f"o tpAmb do documento não é o do ambiente da filial ({tpAmb})")
    if len(body) > MAX_REQUEST:
        raise _refused(f"a mensagem tem {len(body) // 1024} KiB e o limite é de {MAX_REQUEST // 1024} KiB")


def check_target(chave: ChaveAcesso, target: Target, cUF: str) -> None:
    """The key belongs to the branch's UF and model. Raises Refused."""
    if chave.cUF != cUF or chave.mod != target.mod:
        raise _refused(f"a chave {chave} não é da UF {target.uf}, modelo {target.mod}")


def _refused(reason: str) -> Refused:
    return Refused(
        f"Nada foi enviado à SEFAZ: {reason}.",
        code="SEFAZ-GUARD",
        fix="Confira UF, modelo e ambiente da filial; o documento precisa ser gerado no mesmo ambiente em que é transmitido.",
    )
