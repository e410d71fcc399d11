"""Conversion by the gateway -> one journal a side, each in its own currency, against the conversion account."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.canonical import Conversion
from sync.errors import StepError, Waits
from sync.models import ConversionRecord
from sync.pipelines import records
from sync.pipelines.flow import Flow, Lookups, Owed
from sync.pipelines.rates import rate_conversion

#: places a rate is kept with
PLACES = Decimal("1e-10")


def find_payment(conversion: Conversion, lookups: Lookups) -> Conversion:
    """Company and story come from the payment whose money it is; one of the two currencies must be its own."""
    payment = lookups.cash.payments.get(conversion.payment_reference)
    if payment is None:
        raise Waits(conversion.payment_reference)
    if payment.currency not in (conversion.currency, conversion.other_currency):
        pair = f"{conversion.currency} and {conversion.other_currency}"
        raise StepError("CURRENCY_MISMATCH", field="Currency", value=f"{pair}; the payment is in {payment.currency}")
    return replace(conversion, legal_entity=payment.legal_entity.code, correlation_id=payment.correlation_id)


def rate(conversion: Conversion, lookups: Lookups) -> Conversion:
    """Against the company's own money the gateway's own rate, by the very amounts; between two others the approved rate
    of the day. Raises StepError FX_RATE_MISSING.
    """
    entity = lookups.entities.get(conversion.legal_entity)
    if entity is None or conversion.currency == entity.functional_currency:
        return conversion
    if conversion.other_currency == entity.functional_currency:
        own = abs(conversion.other_amount / conversion.amount).quantize(PLACES)
        return replace(conversion, exchange_rate=own)
    return rate_conversion(conversion, lookups)


def store(conversions: Sequence[Conversion], lookups: Lookups) -> None:
    records.put(conversions, ConversionRecord, lookups, stamp="created_at")


def owes(conversion: Conversion, lookups: Lookups) -> list[Owed]:
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=conversion,
            document_date=conversion.moved_on,
            posting_date=conversion.moved_on,
            amount=conversion.amount,
            title=_title(conversion),
        )
    ]


def describe(conversion: Conversion) -> dict[str, Any]:
    return {
        "title": _title(conversion),
        "amount": conversion.amount,
        "currency": conversion.currency,
        "effective_on": conversion.moved_on,
    }


def _title(conversion: Conversion) -> str:
    way = (conversion.currency, conversion.other_currency)
    return f"Conversion {' into '.join(way if conversion.amount < 0 else reversed(way))} {conversion.gateway_id}"


CONVERSION_TO_ERP = Flow(
    name="conversion_to_erp",
    kind=Conversion.kind,
    steps=(find_payment, rate),
    store=store,
    owes=owes,
    describe=describe,
)
