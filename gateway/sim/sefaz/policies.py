"""What differs between states and days, as switches: deadlines, contingency, distribution, cadastro. Part of `State`.

Source of the defaults: Ajuste SINIEF 07/05 and 19/16, MOC 7.0, NT 2013.007 (SVC), NT 2014.001 (EPEC), NT 2014.002 (DistDFe).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0, le=315_360_000)]


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One inscription in a state's cadastro, as CadConsultaCadastro4 shows it."""

    UF: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    IE: Annotated[str, Meta(pattern="^[0-9]{2,14}$")]
    CNPJ: Annotated[str, Meta(pattern="^([0-9A-Z]{12}[0-9]{2})?$")] = ""
    CPF: Annotated[str, Meta(pattern="^([0-9]{11})?$")] = ""
    xNome: Annotated[str, Meta(min_length=2, max_length=60)] = "CONTRIBUINTE DE TESTE"
    xFant: Annotated[str, Meta(max_length=60)] = ""
    cSit: Literal["0", "1"] = "1"
    indCredNFe: Literal["0", "1", "2", "3", "4"] = "1"
    indCredCTe: Literal["0", "1", "2", "3", "4"] = "4"
    dIniAtiv: Annotated[str, Meta(pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""


class Policies(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Times are in seconds; 0 means never, unless told otherwise.

    svc: state of the SVC (114 off, 107 on, 113 leaving). svc_until: what the text of 113 announces, e.g. `22/11/26 as 14:00`.
    svc_sync_s: until then home does not know what the SVC authorised (0: at once). faces_apart: the root is the home authoriser
    alone, which refuses tpEmis 6 and 7 (570).
    an: state of the Ambiente Nacional (108 and 109 refuse events and distribution). epec_sync_s: until then home does not know
    an EPEC (468). epec_deadline_s: an EPEC without its note for longer blocks the next one (142).
    offline_late_s: an off-line NFC-e that arrives later gets 150; offline_refused_s: later still, 704.
    online_limit_s: an NFC-e of tpEmis 1 that arrives later gets 704.
    cancel_55_s, cancel_65_s, substitution_s: deadline of 110111 by model, and of 110112 (501). cancel_late: by UF, until when a
    late cancellation of an NF-e is accepted with 155. bar_cancel: chave -> 219, 304, 690 or 811, what stands in the way.
    correction_s, awareness_s, manifestation_s, actor_s: deadlines of 110110 (501), 210210, the other three and 110150 (596).
    distribution_wait_s: how long to wait after 137 or the last NSU. distribution_queries: consNSU and consChNFe in an hour.
    registrations: the cadastro. cadastro_refused: CNPJs that may not ask (257). mg_bare: MG answers without the NF-e's namespace.
    mt_wrapped: MT wants the message inside consultaCadastro (215) and answers inside consultaCadastroResult.
    """

    svc: Literal["107", "113", "114"] = "114"
    svc_until: Annotated[str, Meta(max_length=40)] = ""
    svc_sync_s: Seconds = 0.0
    faces_apart: bool = False
    an: Literal["107", "108", "109"] = "107"
    epec_sync_s: Seconds = 0.0
    epec_deadline_s: Seconds = 168 * 3600.0
    offline_late_s: Seconds = 24 * 3600.0
    offline_refused_s: Seconds = 0.0
    online_limit_s: Seconds = 0.0
    cancel_55_s: Seconds = 24 * 3600.0
    cancel_65_s: Seconds = 30 * 60.0
    cancel_late: dict[str, Seconds] = {}
    bar_cancel: dict[str, Literal["219", "304", "690", "811"]] = {}
    substitution_s: Seconds = 168 * 3600.0
    correction_s: Seconds = 720 * 3600.0
    awareness_s: Seconds = 10 * 86_400.0
    manifestation_s: Seconds = 90 * 86_400.0
    actor_s: Seconds = 180 * 86_400.0
    distribution_wait_s: Seconds = 3600.0
    distribution_queries: Annotated[int, Meta(ge=0, le=10_000)] = 20
    registrations: list[Registration] = []
    cadastro_refused: list[str] = []
    mg_bare: bool = True
    mt_wrapped: bool = True
