"""What a gateway's clearing account should hold: opening + receipts - refunds - disputes ± conversions - fees - payouts
= closing. One gateway account bills for a company at a time.
"""

from datetime import date

from connectors.interface import ControlLine
from sync.balances.account import Account
from sync.mappings import in_force
from sync.models import EntityRoute, LegalEntity, PaymentRecord

#: what they say is what connectors.canonical.entries books on it; what came home or was given back counts against the
#: refunds, disputes and payouts
_MOVEMENTS: tuple[str, ...] = (
    "SELECT reference, legal_entity_id, currency, received_on, 'receipts', amount FROM sync_paymentrecord"
    " WHERE origin = 'gateway'",
    "SELECT reference, legal_entity_id, currency, refunded_on, 'refunds', -amount FROM sync_refundrecord",
    "SELECT reference, legal_entity_id, currency, failed_on, 'refunds', amount FROM sync_refundfailurerecord",
    "SELECT reference, legal_entity_id, currency, moved_on, 'disputes', amount FROM sync_disputemovementrecord",
    "SELECT reference, legal_entity_id, currency, moved_on, 'fees', -fee FROM sync_disputemovementrecord",
    "SELECT reference, legal_entity_id, currency, moved_on, 'conversions', amount FROM sync_conversionrecord",
    "SELECT reference, legal_entity_id, currency, moved_on, 'fees', -fee FROM sync_conversionrecord",
    "SELECT reference, legal_entity_id, currency, paid_on, 'fees', -fees FROM sync_payoutrecord",
    "SELECT reference, legal_entity_id, currency, paid_on, 'reserves', reserves FROM sync_payoutrecord",
    "SELECT reference, legal_entity_id, currency, paid_on, 'payouts', -amount FROM sync_payoutrecord",
    "SELECT reference, legal_entity_id, currency, failed_on, 'payouts', amount FROM sync_payoutfailurerecord",
)
CLEARING = Account(
    name="clearing",
    columns=("receipts", "refunds", "disputes", "conversions", "fees", "reserves", "payouts"),
    movements=_MOVEMENTS,
)


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """The portal's side of the control."""
    return CLEARING.lines(entity, day, label=_gateway(entity, day))


def has_gateway(entity: LegalEntity) -> bool:
    """Whether a gateway ever received money for this company."""
    return PaymentRecord.objects.filter(legal_entity=entity, origin="gateway").exists()


def _gateway(entity: LegalEntity, day: date) -> str:
    routes = EntityRoute.objects.filter(entity=entity, role="billing", is_shadow=False).select_related("connection")
    route = in_force(routes, on=day)
    return route.connection.label if route else "gateway"
