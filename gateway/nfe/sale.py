"""What a caller asks to be issued, in the trade's words: the body of `POST /v1/nfe` and `POST /v1/nfce`.

Money is reais with two decimals, unit prices up to ten, quantities up to four. Every text is cleaned to the layout's
alphabet when the document is composed. Vocabulary of enumerations is pt-BR because it is the user's.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.nfe.address import Address, Text60
from gateway.nfe.item_details import ItemDetails
from gateway.nfe.product import Product
from gateway.nfe.reform.profile import GovernmentPurchase, ReformItem
from gateway.nfe.trade import Billing, Export, Information, Place, Purchase, TaxId, Vehicle, Volume

Ref = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"^[!-~]+$", description="Caller's key: one note per ref, for ever")
]

PaymentMethod = Literal[
    "dinheiro",
    "cheque",
    "cartao_credito",
    "cartao_debito",
    "crediario",
    "vale_alimentacao",
    "vale_refeicao",
    "vale_presente",
    "vale_combustivel",
    "duplicata",
    "boleto",
    "deposito",
    "pix",
    "pix_estatico",
    "transferencia",
    "fidelidade",
    "credito_loja",
    "eletronico_nao_informado",
    "pix_automatico",
    "transferencia_interna",
    "sem_pagamento",
    "pagamento_posterior",
    "outros",
]
"""tPag of IT 2024.002 v1.11 by name; the code table is in `schemas/`."""

Presence = Literal["presencial", "internet", "teleatendimento", "entrega", "presencial_fora", "outros"]
"""indPres: 1, 2, 3, 4, 5, 9."""

FreightMode = Literal["emitente", "destinatario", "terceiros", "proprio_remetente", "proprio_destinatario", "sem_frete"]
"""modFrete: 0, 1, 2, 3, 4, 9."""


OperationName = Literal[
    "venda",
    "devolucao_venda",
    "entrada_troca",
    "saida_troca",
    "entrada_conserto",
    "remessa_conserto",
    "retorno_conserto_externo",
    "retorno_conserto_cliente",
    "transferencia",
    "remessa_consignacao",
    "retorno_consignacao",
    "retorno_simbolico_consignacao",
    "venda_consignacao",
    "remessa_comodato",
    "retorno_comodato",
    "bonificacao",
    "remessa_locacao",
    "retorno_locacao",
    "ativo_uso_fora",
    "retorno_ativo_uso_fora",
    "venda_fora_estabelecimento",
    "retorno_venda_fora_estabelecimento",
    "reducao_valor",
    "retorno_recusa",
    "retorno_recusa_parcial",
    "perda_estoque",
    "baixa_estoque",
    "estorno",
    "estorno_entrada",
    "servico",
    "peca_garantia",
    "complemento_valor",
    "complemento_icms",
    "devolucao_compra",
    "credito_multa_juros",
    "credito_presumido_zfm",
    "credito_sucessao",
    "transferencia_credito_cooperativa",
    "anulacao_credito",
    "debito_nao_apurado",
    "multa_juros",
    "transferencia_credito_sucessao",
    "pagamento_antecipado",
    "desenquadramento_simples",
    "exportacao",
]
"""Operations of `schemas/fiscal/operations.toml`; the table says what each is, and what it is composed from."""


class Customer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The buyer. `tax_id` is a CPF or CNPJ (letters allowed), with or without punctuation. A NFC-e may do without the name.

    A foreigner has `foreign_id` (passport or other document, 5 to 20 characters; empty when there is none) and no `tax_id`.

    state_registration: digits, `ISENTO` or empty. taxpayer: whether ICMS contributor (indIEDest 1); by default decided by
    the registration. `final_consumer` None means: true unless a contributor buys.
    """

    tax_id: TaxId = ""
    foreign_id: Annotated[str, Meta(max_length=20)] | None = None
    name: Annotated[str, Meta(max_length=255)] = ""
    address: Address | None = None
    state_registration: Annotated[str, Meta(max_length=20)] = ""
    taxpayer: bool | None = None
    final_consumer: bool | None = None
    email: Annotated[str, Meta(max_length=254)] = ""
    phone: Annotated[str, Meta(max_length=20)] = ""


class ReturnedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item of an earlier document that this note gives back, corrects or adjusts.

    chave_acesso: of the earlier NF-e or NFC-e. item: its nItem; it may be left out when `sku` is in one item only. quantity: in
    the original's unit; left out in a return, all that is left of the item. amount: reais without taxes added on top, for
    operations of value (reductions, complements, fines). icms_base, icms_rate: of a complement of ICMS; what is absent is the
    original's. operation: for this line alone, another operation of the same kind and direction (a part sold, another returned).
    """

    chave_acesso: Annotated[str, Meta(min_length=44, max_length=60)]
    item: Annotated[int, Meta(ge=1, le=990)] | None = None
    sku: Annotated[str, Meta(max_length=60)] = ""
    quantity: Decimal | None = None
    amount: Decimal | None = None
    icms_base: Decimal | None = None
    icms_rate: Decimal | None = None
    operation: OperationName | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


Xml = Annotated[str, Meta(min_length=1, max_length=2_000_000)]


class SaleItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the sale.

    The product is looked up by `sku` unless given inline. `total` is the gross amount of the line before `discount`; by
    default quantity x unit_price rounded to cents. When `total` is given and is not that product, the unit price printed
    is total / quantity with ten decimals. reform: what only this line knows of IBS, CBS and IS.
    """

    sku: Annotated[str, Meta(min_length=1, max_length=60)]
    quantity: Decimal
    unit_price: Decimal | None = None
    total: Decimal | None = None
    discount: Decimal = Decimal(0)
    freight: Decimal | None = None
    insurance: Decimal | None = None
    description: Annotated[str, Meta(max_length=255)] = ""
    product: Product | None = None
    note: Annotated[str, Meta(max_length=500)] = ""
    reform: ReformItem | None = None
    details: ItemDetails | None = None


class Card(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data of an electronic payment. `brand` by name (`visa`, `mastercard`, `elo`...); unknown names become 99.

    beneficiary_cnpj: who receives (CNPJReceb), when it is not the issuer. terminal: which device it passed through.
    """

    brand: Annotated[str, Meta(max_length=30)] = ""
    authorization: Annotated[str, Meta(max_length=128)] = ""
    acquirer_cnpj: Annotated[str, Meta(max_length=18)] = ""
    integrated: bool = False
    beneficiary_cnpj: Annotated[str, Meta(max_length=18)] = ""
    terminal: Annotated[str, Meta(max_length=40)] = ""


class Payment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How (part of) the note was paid. `description` is required for `outros` (xPag). `term` marks indPag 1.

    due: when a payment on credit is due. paid_on: when it was paid (dPag). processed_by, processed_in: CNPJ and UF of the
    establishment that took the payment, when it is not the issuer.
    """

    method: PaymentMethod
    amount: Decimal
    card: Card | None = None
    description: Annotated[str, Meta(max_length=60)] = ""
    term: bool = False
    due: date | None = None
    paid_on: date | None = None
    processed_by: Annotated[str, Meta(max_length=18)] = ""
    processed_in: Annotated[str, Meta(max_length=2)] = ""


class Freight(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who carries and what is charged. `amount` is apportioned over the items by value unless items say theirs.

    `volumes` and the weights are one line of volumes; `volume_lines` say more and take their place. A `vehicle` may pull
    `trailers`; carriage by rail or water has `wagon` or `barge` and no vehicle.
    """

    mode: FreightMode = "sem_frete"
    amount: Decimal = Decimal(0)
    carrier_tax_id: Annotated[str, Meta(max_length=18)] = ""
    carrier_name: Text60 = ""
    volumes: Annotated[int, Meta(ge=0, le=999999)] = 0
    net_weight: Decimal | None = None
    gross_weight: Decimal | None = None
    carrier_state_registration: Annotated[str, Meta(max_length=20)] = ""
    carrier_address: Annotated[str, Meta(max_length=255)] = ""
    carrier_city: Text60 = ""
    carrier_uf: Annotated[str, Meta(max_length=2)] = ""
    vehicle: Vehicle | None = None
    trailers: Annotated[tuple[Vehicle, ...], Meta(max_length=5)] = ()
    wagon: Annotated[str, Meta(max_length=20)] = ""
    barge: Annotated[str, Meta(max_length=20)] = ""
    volume_lines: Annotated[tuple[Volume, ...], Meta(max_length=500)] = ()


class Intermediary(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Marketplace of an intermediated sale (infIntermed)."""

    cnpj: Annotated[str, Meta(min_length=14, max_length=18)]
    account: Annotated[str, Meta(min_length=2, max_length=60)]


class Sale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A retail sale, or another operation of the table, to be issued as one NF-e or NFC-e.

    branch: CNPJ of the issuing establishment. `discount` (of the whole sale), `other` (outras despesas) and `insurance` (vSeg)
    are apportioned over the items by largest remainder; insurance that the items say is theirs. Returns and corrections come in
    `returns` and not in `items`; an earlier document that another issued comes whole (the nfeProc) in `originals`. advances: keys
    of the advance payment notes (`pagamento_antecipado`) that this sale settles. `issued_at` is for imports; by default the
    moment of numbering. pickup, delivery: places other than the issuer's and the buyer's. readers: CPF or CNPJ of who may fetch
    the XML (autXML).
    """

    ref: Ref
    branch: Annotated[str, Meta(min_length=14, max_length=18)]
    operation: OperationName = "venda"
    customer: Customer | None = None
    items: Annotated[tuple[SaleItem, ...], Meta(max_length=990)] = ()
    returns: Annotated[tuple[ReturnedLine, ...], Meta(max_length=990)] = ()
    originals: Annotated[tuple[Xml, ...], Meta(max_length=50)] = ()
    payments: Annotated[tuple[Payment, ...], Meta(max_length=100)] = ()
    freight: Freight = Freight()
    discount: Decimal = Decimal(0)
    other: Decimal = Decimal(0)
    insurance: Decimal = Decimal(0)
    presence: Presence = "presencial"
    intermediary: Intermediary | None = None
    references: Annotated[tuple[str, ...], Meta(max_length=500)] = ()
    advances: Annotated[tuple[str, ...], Meta(max_length=99)] = ()
    notes: Annotated[str, Meta(max_length=2000)] = ""
    order_number: Annotated[str, Meta(max_length=60)] = ""
    issued_at: datetime | None = None
    government: GovernmentPurchase | None = None
    billing: Billing | None = None
    pickup: Place | None = None
    delivery: Place | None = None
    readers: Annotated[tuple[TaxId, ...], Meta(max_length=10)] = ()
    export: Export | None = None
    purchase: Purchase = Purchase()
    information: Information = Information()
