"""Enveloped RSA-SHA1 over `infNFe`, exactly as xmldsig-core-schema_v1.01.xsd fixes it; verification by another library.

Our own text is canonical already, so signing is a splice: no parser, no serialiser, the bytes of `infNFe` stay as they are.
"""

from __future__ import annotations

import base64
import hashlib

import msgspec

from gateway.core.errors import InvariantBroken, ProtocolBroken
from gateway.nfe.certificate import Certificate
from gateway.nfe.ports import SignedXml

NFE = "http://www.portalfiscal.inf.br/nfe"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
OPENING = f'<NFe xmlns="{NFE}"><infNFe Id="NFe'.encode()
"""How every document of ours begins; what follows is the chave."""

_ROOT = f'<NFe xmlns="{NFE}">'.encode()
_APEX = f'<infNFe xmlns="{NFE}"'.encode()
_END = b"</infNFe>"
_MAX_XML = 8 * 1024 * 1024

_SIGNED_INFO = (
    f'<CanonicalizationMethod Algorithm="{C14N}"></CanonicalizationMethod>'
    f'<SignatureMethod Algorithm="{DSIG}rsa-sha1"></SignatureMethod>'
    '<Reference URI="#%s"><Transforms>'
    f'<Transform Algorithm="{DSIG}enveloped-signature"></Transform><Transform Algorithm="{C14N}"></Transform>'
    f'</Transforms><DigestMethod Algorithm="{DSIG}sha1"></DigestMethod><DigestValue>%s</DigestValue></Reference></SignedInfo>'
)
_SIGNED_INFO_APEX = f'<SignedInfo xmlns="{DSIG}">'
_SIGNATURE_OPEN = f'<Signature xmlns="{DSIG}"><SignedInfo>'


class Signed(msgspec.Struct, frozen=True, gc=False):
    """A signed document and the DigestValue that SEFAZ must answer as digVal (base64)."""

    xml: SignedXml
    digest: str


def _signature(reference: str, digest: str, value: str, x509: str) -> bytes:
    info = _SIGNED_INFO % (reference, digest)
    return (
        f"{_SIGNATURE_OPEN}{info}<SignatureValue>{value}</SignatureValue>"
        f"<KeyInfo><X509Data><X509Certificate>{x509}</X509Certificate></X509Data></KeyInfo></Signature>"
    ).encode()


def _body_end(xml: bytes) -> int:
    """Where infNFe ends. Text is escaped, so the closing tag occurs once in what we wrote. Raises InvariantBroken."""
    end = xml.rfind(_END) + len(_END)
    if not xml.startswith(OPENING) or end < len(_END):
        raise InvariantBroken("Só se assina por recorte o texto canônico que o próprio gateway escreveu.")
    return end


def digest(xml: bytes) -> str:
    """DigestValue (base64) of the infNFe of what `gateway.nfe.build.build` wrote, with the namespace it inherits."""
    hashed = hashlib.sha1(_APEX, usedforsecurity=False)
    hashed.update(memoryview(xml)[len(_ROOT) + len(b"<infNFe") : _body_end(xml)])
    return base64.b64encode(hashed.digest()).decode()


def sign(xml: bytes, certificate: Certificate) -> Signed:
    """Sign what `gateway.nfe.build.build` wrote; nothing else may come in, for its canonical form is not computed here.

    infNFeSupl, when there is one, stays before the signature and outside of it. Raises InvariantBroken for foreign text.
    """
    hashed = digest(xml)
    chave = xml[len(OPENING) : len(OPENING) + 44].decode("ascii")
    signature = signature_of(f"NFe{chave}", hashed, certificate)
    close = len(xml) - len(b"</NFe>")
    return Signed(SignedXml(xml[:close] + signature + xml[close:]), hashed)


def signature_of(reference: str, digest: str, certificate: Certificate) -> bytes:
    """`<Signature>` over the element whose Id is `reference` and whose canonical form hashes to `digest` (base64)."""
    info = (_SIGNED_INFO_APEX + _SIGNED_INFO % (reference, digest)).encode()
    value = base64.b64encode(certificate.sign_sha1(info)).decode()
    return _signature(reference, digest, value, certificate.x509_base64)


def with_placeholder(xml: bytes) -> bytes:
    """The document with a signature of the right shape and no worth, for a dry run against the XSD."""
    _body_end(xml)
    chave = xml[len(OPENING) : len(OPENING) + 44].decode("ascii")
    close = len(xml) - len(b"</NFe>")
    return xml[:close] + _signature(f"NFe{chave}", "A" * 27 + "=", "AAAA", "AAAA") + xml[close:]


class SignatureBroken(ProtocolBroken):
    """The document's signature is absent, does not match, or covers something else than its infNFe."""

    code = "SIGNATURE-BROKEN"


class AlteredAfterSigning(SignatureBroken):
    """The signer did sign this SignedInfo, but the content is not what it was then: blanks, a namespace or a value changed."""

    code = "SIGNATURE-ALTERED"


def verify(xml: bytes) -> bytes:
    """Verify a signed NFe (or nfeProc) with signxml, which shares nothing with `sign`; answers the signer's leaf in DER.

    Checks that what is signed is the document's only infNFe and that the algorithms are the layout's. Does not check who the
    certificate belongs to, nor its chain. Raises AlteredAfterSigning (the digest differs under a signature that holds), and
    SignatureBroken for everything else.
    """
    # Loaded here: signxml takes 80 ms to import and issuing never needs it.
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415
    from lxml import etree  # noqa: PLC0415
    from signxml.algorithms import DigestAlgorithm, SignatureMethod  # noqa: PLC0415
    from signxml.exceptions import InvalidDigest, SignXMLException  # noqa: PLC0415
    from signxml.verifier import SignatureConfiguration, XMLVerifier  # noqa: PLC0415

    if len(xml) > _MAX_XML:
        raise SignatureBroken("O XML passa de 8 MB.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=False)
    try:
        root = etree.fromstring(xml, parser)
        document = root if etree.QName(root).localname == "NFe" else root.find(f"{{{NFE}}}NFe")
        bodies = [] if document is None else document.findall(f"{{{NFE}}}infNFe")
        if document is None or len(bodies) != 1 or root.getroottree().docinfo.internalDTD is not None:
            raise SignatureBroken("O XML não é uma NF-e com um infNFe.")
        leaf_text = document.findtext(f"{{{DSIG}}}Signature/{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate")
        if not leaf_text:
            raise SignatureBroken("A NF-e não traz o certificado de quem assinou.")
        leaf = load_der_x509_certificate(base64.b64decode(leaf_text))
        standalone = etree.fromstring(etree.tostring(document, with_tail=False), parser)
        verifier = XMLVerifier()
        # Without this signxml trips over lxml: c14n of a sub-element invents xmlns="" on its grandchildren.
        verifier.excise_empty_xmlns_declarations = True
        config = SignatureConfiguration(
            signature_methods=frozenset({SignatureMethod.RSA_SHA1}),
            digest_algorithms=frozenset({DigestAlgorithm.SHA1}),
            location="./",
        )
        result = verifier.verify(standalone, x509_cert=leaf, expect_config=config)
    except InvalidDigest as error:
        raise AlteredAfterSigning("A NF-e foi alterada depois de assinada: a assinatura é boa, o conteúdo é outro.") from error
    except (etree.XMLSyntaxError, SignXMLException, ValueError) as error:
        raise SignatureBroken("A assinatura da NF-e não confere com o conteúdo.") from error
    one = result[0] if isinstance(result, list) else result
    signed = one.signed_xml
    if signed is None or signed.tag != f"{{{NFE}}}infNFe" or signed.get("Id") != bodies[0].get("Id"):
        raise SignatureBroken("O que foi assinado não é o infNFe deste documento.")
    return leaf.public_bytes(Encoding.DER)
