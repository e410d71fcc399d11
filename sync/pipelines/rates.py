"""A document of another currency than the company's own carries the rate of its day, and where that rate comes from."""

from dataclasses import replace
from datetime import date
from typing import Any

from connectors.canonical import Conversion, Invoice, Payment
from sync.pipelines.flow import Lookups


def rate_invoice(invoice: Invoice, lookups: Lookups) -> Invoice:
    """The rate of the document date. Raises StepError FX_RATE_MISSING."""
    return replace(invoice, **_rated(invoice.currency, invoice.legal_entity, lookups, on=invoice.document_date))


def rate_payment(payment: Payment, lookups: Lookups) -> Payment:
    """The rate of the day the money came. Raises StepError FX_RATE_MISSING."""
    return replace(payment, **_rated(payment.currency, payment.legal_entity, lookups, on=payment.received_on))


def rate_conversion(conversion: Conversion, lookups: Lookups) -> Conversion:
    """The rate of the day the gateway converted. Raises StepError FX_RATE_MISSING."""
    found = _rated(conversion.currency, conversion.legal_entity, lookups, on=conversion.moved_on)
    return replace(conversion, exchange_rate=found.get("exchange_rate", conversion.exchange_rate))


def _rated(currency: str, legal_entity: str, lookups: Lookups, *, on: date) -> dict[str, Any]:
    entity = lookups.entities.get(legal_entity)
    if entity is None:
        # an earlier step says why it is not known
        return {}
    found = lookups.rates.find(currency, entity=entity, on=on)
    if found is None:
        return {}
    return {
        "exchange_rate": found.rate,
        "rate_type": found.rate_type,
        "rate_source": found.source,
        "rate_as_of": found.as_of,
    }
