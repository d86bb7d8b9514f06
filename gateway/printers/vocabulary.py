"""Codes of the layout as customers read them."""

from __future__ import annotations

# tPag, IT 2024.002 v1.11.
_PAYMENTS = {
    "01": "Dinheiro",
    "02": "Cheque",
    "03": "Cartão de Crédito",
    "04": "Cartão de Débito",
    "05": "Cartão da Loja / Crediário",
    "10": "Vale Alimentação",
    "11": "Vale Refeição",
    "12": "Vale Presente",
    "13": "Vale Combustível",
    "14": "Duplicata Mercantil",
    "15": "Boleto Bancário",
    "16": "Depósito Bancário",
    "17": "PIX",
    "18": "Transferência Bancária",
    "19": "Fidelidade / Cashback",
    "20": "PIX Estático",
    "21": "Crédito em Loja",
    "22": "Pagamento Eletrônico",
    "23": "PIX Automático",
    "24": "Transferência (TEF)",
    "90": "Sem Pagamento",
    "91": "Pagamento Posterior",
    "99": "Outros",
}


def payment_name(tPag: str, xPag: str) -> str:
    """The name of a means of payment; `99` and codes newer than this table show the note's own description."""
    name = _PAYMENTS.get(tPag)
    if xPag and (name is None or tPag == "99"):
        return xPag
    return name or f"Forma {tPag}"
