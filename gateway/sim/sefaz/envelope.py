"""SOAP 1.2 without a header, as layout 4.00 wants it: which service, which action, and the message's own bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.sim.sefaz.schema import NFE, parse

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSDL = f"{NFE}/wsdl"

OPERATIONS = {
    "NFeAutorizacao4": "nfeAutorizacaoLote",
    "NFeRetAutorizacao4": "nfeRetAutorizacaoLote",
    "NFeConsultaProtocolo4": "nfeConsultaNF",
    "NFeStatusServico4": "nfeStatusServicoNF",
    "NFeRecepcaoEvento4": "nfeRecepcaoEvento",
    "NFeInutilizacao4": "nfeInutilizacaoNF",
    "CadConsultaCadastro4": "consultaCadastro",
    "NFeDistribuicaoDFe": "nfeDistDFeInteresse",
}
"""Operation of each service the simulator has; any other path is 404, so that a test cannot think it was served."""

OFFERED = {
    "": tuple(OPERATIONS),
    "svc": ("NFeAutorizacao4", "NFeRetAutorizacao4", "NFeConsultaProtocolo4", "NFeStatusServico4", "NFeRecepcaoEvento4"),
    "an": ("NFeRecepcaoEvento4", "NFeDistribuicaoDFe"),
}
"""Services by face: the SVC has no inutilização (NT 2013.007), the Ambiente Nacional only events and distribution."""

_WRAPPED = ("NFeDistribuicaoDFe",)
_MAY_BE_WRAPPED = ("CadConsultaCadastro4",)

_MESSAGE = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?nfeDadosMsg\b[^>]*>(.*)</(?:[A-Za-z_][\w.-]*:)?nfeDadosMsg\s*>", re.DOTALL)
_ACTION = re.compile(r'action="?([^";]+)"?')


@dataclass(frozen=True, slots=True)
class Fault(Exception):
    """A SOAP Fault: `sender` is to blame, or the server."""

    reason: str
    sender: bool = True


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope held: the bytes inside nfeDadosMsg, and whether they came inside the operation's own element."""

    message: bytes
    wrapped: bool = False


def open_envelope(service: str, content_type: str, body: bytes) -> Opened:
    """The bytes inside nfeDadosMsg, untouched. Raises Fault when the envelope is not one of this service."""
    namespace = f"{WSDL}/{service}"
    operation = OPERATIONS[service]
    media = content_type.split(";", 1)[0].strip().lower()
    if media != "application/soap+xml":
        raise Fault(f"Unsupported content type: {media or 'none'}; SOAP 1.2 is application/soap+xml")
    action = _ACTION.search(content_type)
    if action is not None and action.group(1) != f"{namespace}/{operation}":
        raise Fault(f"Server did not recognize the value of HTTP Header SOAPAction: {action.group(1)}.")
    try:
        envelope = parse(body)
    except SyntaxError as error:
        raise Fault("Unable to parse the SOAP envelope") from error
    payload = envelope.find(f"{{{SOAP}}}Body/*")
    if envelope.tag != f"{{{SOAP}}}Envelope" or payload is None:
        raise Fault("Not a SOAP 1.2 envelope with a Body")
    wrapped = payload.tag == f"{{{namespace}}}{operation}" and service in (*_WRAPPED, *_MAY_BE_WRAPPED)
    inner = payload.find(f"{{{namespace}}}nfeDadosMsg") if wrapped else payload
    if inner is None or inner.tag != f"{{{namespace}}}nfeDadosMsg" or (service in _WRAPPED and not wrapped):
        raise Fault(f"Unexpected element {payload.tag} in the Body")
    found = _MESSAGE.search(body)
    if found is None:
        raise Fault("Empty nfeDadosMsg")
    return Opened(found.group(1), wrapped)


def wrap(service: str, answer: str, *, wrapped: bool = False) -> bytes:
    """The answer inside nfeResultMsg, or inside the operation's own elements when the request came so."""
    opening, closing = f'<nfeResultMsg xmlns="{WSDL}/{service}">', "</nfeResultMsg>"
    if wrapped:
        operation = OPERATIONS[service]
        opening = f'<{operation}Response xmlns="{WSDL}/{service}"><{operation}Result>'
        closing = f"</{operation}Result></{operation}Response>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Body>'
        f"{opening}{answer}{closing}</soap:Body></soap:Envelope>"
    ).encode()


def fault_body(fault: Fault) -> bytes:
    """The Fault as SOAP 1.2 spells it; HTTP status is 400 for the sender's, 500 for ours."""
    code = "Sender" if fault.sender else "Receiver"
    reason = fault.reason.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Body><soap:Fault>'
        f"<soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="en">{reason}</soap:Text></soap:Reason>'
        f"</soap:Fault></soap:Body></soap:Envelope>"
    ).encode()
