"""What the demonstration sells: an invented company, its products, one sale at the counter and one order on the site."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from gateway.nfe import state_registration
from gateway.nfe.address import Address
from gateway.nfe.branch import Branch, Printer, TechnicalContact
from gateway.nfe.product import Product, TaxProfile

TEST_CNPJ = "11222333000181"
STAND_IN_CPF = "52998224725"
"""Takes the place of a buyer's document with wrong check digits, as VTEX's own example orders have; homologação only."""
PLAIN_NCM = "39269090"
ACCOUNT = "lojademo"


def branch(cnpj: str = TEST_CNPJ, *, uf: str = "SP", crt: str = "3", printer: str = "") -> Branch:
    """An invented establishment, in homologação."""
    city = {"SP": ("Sao Paulo", "3550308", "01310100"), "RJ": ("Rio de Janeiro", "3304557", "20040002")}
    name, code, cep = city.get(uf, city["SP"])
    return Branch(
        cnpj=cnpj,
        name="Rede Exemplo Ltda",
        trade_name="Rede Exemplo",
        state_registration=state_registration.example(uf if uf in city else "SP"),
        address=Address(
            street="Avenida Exemplo",
            number="1000",
            district="Centro",
            city=name,
            uf=uf if uf in city else "SP",
            postal_code=cep,
            city_code=code,
            phone="1130000000",
        ),
        crt=crt,  # type: ignore[arg-type]  # argparse limits it to the literal's values
        environment=2,
        printer=Printer(address=printer),
        technical_contact=TechnicalContact(cnpj=cnpj, contact="Equipe Fiscal", email="fiscal@example.com", phone="1130000000"),
    )


PRODUCTS = (
    Product(
        sku="CAFE-500",
        description="Café torrado e moído 500 g",
        ncm="09012100",
        gtin="7898350000015",
        unit="UN",
        # Coffee is in the basic basket, but its NCM alone does not say so: the register decides.
        tax=TaxProfile(cclasstrib="200003"),
    ),
    Product(sku="PNEU-175", description="Pneu aro 14 175/70", ncm="40111000", cest="1600100", tax=TaxProfile(situation="st")),
    Product(sku="CANECA", description="Caneca de cerâmica", ncm="69120000", unit="UN"),
)


def sale(ref: str, cnpj: str = TEST_CNPJ) -> dict[str, Any]:
    """The body of a counter sale, as a store system would post it."""
    return {
        "ref": ref,
        "branch": cnpj,
        "operation": "venda",
        "customer": {
            "tax_id": "529.982.247-25",
            "name": "Ana Exemplo",
            "address": {
                "street": "Rua das Amostras",
                "number": "12",
                "district": "Centro",
                "city": "São Paulo",
                "uf": "SP",
                "postal_code": "01310-000",
            },
        },
        "items": [
            {"sku": "CAFE-500", "quantity": 2, "unit_price": "24.90", "discount": "4.80"},
            {"sku": "CANECA", "quantity": 1, "unit_price": "39.90"},
            {"sku": "PNEU-175", "quantity": 1, "unit_price": "400.00"},
        ],
        "payments": [{"method": "pix", "amount": "284.90"}, {"method": "dinheiro", "amount": "200.00"}],
        "notes": "Obrigado pela preferência.",
    }


def nfce(ref: str, cnpj: str = TEST_CNPJ) -> dict[str, Any]:
    """The body of a sale at the till, to a consumer who only told the CPF, paid in cash with change."""
    return {
        "ref": ref,
        "branch": cnpj,
        "customer": {"tax_id": "529.982.247-25"},
        "items": [
            {"sku": "CAFE-500", "quantity": 1, "unit_price": "24.90"},
            {"sku": "CANECA", "quantity": 2, "unit_price": "39.90"},
        ],
        "payments": [{"method": "cartao_debito", "amount": "54.70"}, {"method": "dinheiro", "amount": "100.00"}],
        "discount": "4.70",
    }


def order(order_id: str, at: datetime) -> dict[str, Any]:
    """A VTEX order, with a service on a row and freight, shaped as GET order answers it."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00")
    address = {
        "addressType": "residential",
        "receiverName": "Bruno Exemplo",
        "postalCode": "20040-002",
        "city": "Rio de Janeiro",
        "state": "RJ",
        "country": "BRA",
        "street": "Rua do Modelo",
        "number": "45",
        "neighborhood": "Centro",
        "complement": None,
        "reference": None,
    }
    return {
        "orderId": order_id,
        "sequence": "500100",
        "marketplaceOrderId": "",
        "sellerOrderId": f"00-{order_id}",
        "origin": "Marketplace",
        "affiliateId": "",
        "salesChannel": "1",
        "status": "ready-for-handling",
        "workflowIsInError": False,
        "isCompleted": True,
        "orderGroup": order_id.rsplit("-", 1)[0],
        "value": 13480,
        "creationDate": stamp,
        "lastChange": stamp,
        "totals": [
            {"id": "Items", "name": "Total dos Itens", "value": 13180},
            {"id": "Discounts", "name": "Total dos Descontos", "value": -990},
            {"id": "Shipping", "name": "Total do Frete", "value": 1290},
            {"id": "Tax", "name": "Total da Taxa", "value": 0},
        ],
        "clientProfileData": {
            "email": "cliente@example.com",
            "firstName": "Bruno",
            "lastName": "Exemplo",
            "documentType": "cpf",
            "document": "11144477735",
            "phone": "+5521900000000",
            "isCorporate": False,
            "corporateName": None,
            "corporateDocument": None,
            "stateInscription": None,
        },
        "items": [
            {
                "uniqueId": uuid.uuid4().hex.upper(),
                "id": "1001",
                "productId": "1",
                "ean": None,
                "refId": "CANECA",
                "name": "Caneca de cerâmica",
                "quantity": 2,
                "seller": "1",
                "price": 3990,
                "listPrice": 3990,
                "sellingPrice": 3495,
                "unitMultiplier": 1.0,
                "measurementUnit": "un",
                "priceTags": [],
                "bundleItems": [{"id": "7", "name": "Embrulho", "type": "1", "price": 1200, "sellingPrice": 1200, "quantity": 1}],
                "priceDefinition": {
                    "calculatedSellingPrice": 3495,
                    "total": 6990,
                    "sellingPrices": [{"value": 3495, "quantity": 2}],
                },
                "components": [],
            },
            {
                "uniqueId": uuid.uuid4().hex.upper(),
                "id": "1002",
                "productId": "2",
                "ean": "7898350000015",
                "refId": None,
                "name": "Café torrado e moído 500 g",
                "quantity": 1,
                "seller": "1",
                "price": 4000,
                "listPrice": 4000,
                "sellingPrice": 4000,
                "unitMultiplier": 1.0,
                "measurementUnit": "un",
                "priceTags": [],
                "bundleItems": [],
                "priceDefinition": {
                    "calculatedSellingPrice": 4000,
                    "total": 4000,
                    "sellingPrices": [{"value": 4000, "quantity": 1}],
                },
                "components": [],
            },
        ],
        "shippingData": {
            "address": address,
            "selectedAddresses": [address],
            "logisticsInfo": [
                {
                    "itemIndex": 1,
                    "selectedSla": "Normal",
                    "selectedDeliveryChannel": "delivery",
                    "price": 430,
                    "sellingPrice": 430,
                },
                {
                    "itemIndex": 0,
                    "selectedSla": "Normal",
                    "selectedDeliveryChannel": "delivery",
                    "price": 860,
                    "sellingPrice": 860,
                },
            ],
        },
        "paymentData": {
            "transactions": [
                {
                    "isActive": True,
                    "transactionId": "4A1B",
                    "payments": [
                        {
                            "id": "P1",
                            "paymentSystem": "2",
                            "paymentSystemName": "Visa",
                            "value": 13480,
                            "referenceValue": 13480,
                            "installments": 3,
                            "group": "creditCard",
                            "connectorResponses": {"Tid": "1000", "nsu": "123456", "authId": "A1B2C3"},
                        }
                    ],
                }
            ]
        },
        "packageAttachment": {"packages": []},
        "sellers": [{"id": "1", "name": "Rede Exemplo"}],
        "marketplace": {"baseURL": None, "isCertified": None, "name": None},
    }
