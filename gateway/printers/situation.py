"""What a paper must say of the note's situation, in the strongest words first. One rule for slips and for A4."""

from __future__ import annotations

from gateway.printers.note import NoteView

_OFFLINE = "9"
_EPEC = "4"
_SECURITY_FORM = {"2", "5"}


def marks(view: NoteView, *, cancelled: bool = False) -> tuple[str, ...]:
    """Lines of the frame; empty for a plainly authorised note.

    Cancelled wins over everything. A denied note says so. Without protocol: off-line (tpEmis 9), EPEC (4) and security form
    (2, 5) are valid and wait for authorisation; any other emission, SVC included, has no fiscal value. Source: manual of the
    DANFE NFC-e v6.0 (contingency texts), NT 2026.002, MOC 7.0 Annex II.
    """
    if cancelled:
        return ("NOTA CANCELADA",)
    if view.protocolo is not None:
        return ("USO DENEGADO",) if view.protocolo.denied else () if view.protocolo.authorized else ("SEM VALOR FISCAL",)
    if view.tpEmis == _OFFLINE:
        return ("EMITIDA EM CONTINGÊNCIA", "Pendente de autorização")
    if view.tpEmis == _EPEC:
        return ("EMITIDA EM CONTINGÊNCIA (EPEC)", "Pendente de autorização")
    if view.tpEmis in _SECURITY_FORM:
        return ("DANFE em Contingência - impresso em decorrência de problemas técnicos",)
    return ("SEM VALOR FISCAL", "Nota sem protocolo de autorização")
