"""Known issues and unsettled answers of VTEX as named switches. Off is the documented, well-behaved service."""

from __future__ import annotations

from typing import Literal

import msgspec


class Switches(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Each field names one behaviour; `K` numbers are VTEX's own published known issues."""

    invoice_reads: int = 1
    """How many reads of the order show `invoice` ("Verificando fatura") before it becomes `invoiced`."""
    invoice_seconds: float = 0
    """When above 0, `invoice` lasts this long instead of a number of reads."""
    invoice_stuck: bool = False
    """Settlement never finishes: a fully invoiced order stays in `invoice`."""
    invoice_space_500: bool = False
    """An invoiceNumber with a space is stored and answered with 500 (K 409225, 631970)."""
    invoice_value_number: bool = False
    """`invoiceValue` is also taken as a JSON number, as peers report of the real service."""
    invoice_over_value: bool = False
    """An Output above what remains is taken instead of refused with 400."""
    invoice_repeat: Literal["receipt", "alter", "refuse"] = "receipt"
    """Same number again: a new receipt and nothing else (OMS specification), the package altered (help page), or 400 (PII
    specification).
    """

    start_handling_reads: int = 0
    """How many reads of the order show `start-handling` before `handling`."""
    start_handling_stuck: bool = False
    """The order never leaves `start-handling` (K 1218606)."""
    cancel_flip_flop: bool = False
    """A cancelled order's events arrive as canceled, cancel, canceled."""

    duplicate_events: bool = False
    """Each event reaches feed and hook twice."""
    both_domains: bool = False
    """A complete-flow store: each event comes once per domain, Marketplace and Fulfillment."""
    feed_empty_short: bool = False
    """Feed reads are now and then empty or short although messages wait (distributed queue)."""
    hook_requires_https: bool = False
    """Only https URLs are taken, as in the real service; off because tests listen on loopback."""
    hook_any_host: bool = False
    """Hooks may leave the machine. Off: a copied configuration must not notify a live system."""
    hook_header_named_key: bool = False
    """`hook.headers` must have a property literally named `key`, as the schema says."""

    list_lag_seconds: float = 0
    """The list shows an order, and its status, only this long after the fact (about 240 in the real service)."""
    list_miss_every: int = 0
    """Each n-th loaded order never appears in the list; 0 is none."""
    two_year_limit: bool = False
    """Orders created more than two years ago answer 404. Off because documentation examples are older."""

    rate_per_minute: int = 0
    """Requests per minute and account before 429; 0 is no limit."""
    rate_retry_after: bool = True
    """Whether the 429 carries Retry-After."""
