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
}
"""Operation of each service the simulator has; any other path is 404, so that a test cannot think it was served."""

_MESSAGE = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?nfeDadosMsg\b[^>]*>(.*)</(?:[A-Za-z_][\w.-]*:)?nfeDadosMsg\s*>", re.DOTALL)
_ACTION = re.compile(r'action="?([^";]+)"?')


@dataclass(frozen=True, slots=True)
class Fault(Exception):
    """A SOAP Fault: `sender` is to blame, or the server."""

    reason: str
    sender: bool = True


def message_of(service: str, content_type: str, body: bytes) -> bytes:
    """The bytes inside nfeDadosMsg, untouched. Raises Fault when the envelope is not one of this service."""
    namespace = f"{WSDL}/{service}"
    media = content_type.split(";", 1)[0].strip().lower()
    if media != "application/soap+xml":
        raise Fault(f"Unsupported content type: {media or 'none'}; SOAP 1.2 is application/soap+xml")
    action = _ACTION.search(content_type)
    expected = f"{namespace}/{OPERATIONS[service]}"
    if action is not None and action.group(1) != expected:
        raise Fault(f"Server did not recognize the value of HTTP Header SOAPAction: {action.group(1)}.")
    try:
        envelope = parse(body)
    except SyntaxError as error:
        raise Fault("Unable to parse the SOAP envelope") from error
    payload = envelope.find(f"{{{SOAP}}}Body/*")
    if envelope.tag != f"{{{SOAP}}}Envelope" or payload is None:
        raise Fault("Not a SOAP 1.2 envelope with a Body")
    if payload.tag != f"{{{namespace}}}nfeDadosMsg":
        raise Fault(f"Unexpected element {payload.tag} in the Body")
    found = _MESSAGE.search(body)
    if found is None:
        raise Fault("Empty nfeDadosMsg")
    return found.group(1)


def wrap(service: str, answer: str) -> bytes:
    """The answer inside nfeResultMsg."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Body>'
        f'<nfeResultMsg xmlns="{WSDL}/{service}">{answer}</nfeResultMsg></soap:Body></soap:Envelope>'
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
