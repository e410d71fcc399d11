"""What a gateway's clearing account should hold: opening + receipts - refunds - disputes ± conversions - fees - payouts
= closing.

One gateway account bills for a company at a time, so company, gateway account and currency name one balance; the
balances of two currencies are never one sum. Amounts are in major units, above zero what the gateway owes us.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection as database

from connectors.interface import ControlLine
from connectors.money import amount
from sync.mappings import in_force
from sync.models import EntityRoute, LegalEntity, PaymentRecord
from sync.money_text import plain

#: the columns between opening and closing, in the order people read them
COLUMNS = ("receipts", "refunds", "disputes", "conversions", "fees", "reserves", "payouts")
#: selects of (reference, company, currency, own day, column, amount by which the clearing account moves); what they
#: say is what connectors.canonical.entries books on it
MOVEMENTS: tuple[str, ...] = (
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

# a movement counts on the day the ledger counts it, which people may have moved into another period
_MOVED = """
WITH moved (reference, entity_id, currency, own_day, column_name, amount) AS ({movements}), mine AS (
    SELECT moved.*, posted.reference IS NOT NULL AS is_posted,
           coalesce(posted.posting_date, moved.own_day) AS counted_on
    FROM moved LEFT JOIN LATERAL (
        SELECT d.reference, d.posting_date FROM sync_delivery d
        WHERE d.reference = moved.reference AND d.role = 'erp' AND d.is_live AND d.condition = 'settled'
        ORDER BY d.id LIMIT 1
    ) posted ON true
    WHERE moved.entity_id = %(entity)s AND moved.amount <> 0
)
"""
_SUMS = """
SELECT currency, column_name, counted_on < %(since)s, sum(amount) FROM mine
WHERE is_posted AND counted_on <= %(until)s GROUP BY 1, 2, 3
"""
_NOT_POSTED = """
SELECT reference, currency, own_day, sum(amount) FROM mine
WHERE NOT is_posted AND own_day <= %(until)s GROUP BY 1, 2, 3 HAVING sum(amount) <> 0 ORDER BY 3, 1
"""


@dataclass(frozen=True, kw_only=True)
class RollForward:
    """One company, gateway account and currency over a span of days: what is booked, signed as the account moves."""

    currency: str
    opening: Decimal
    receipts: Decimal = Decimal(0)
    #: those that came home counted against them
    refunds: Decimal = Decimal(0)
    #: those given back counted against them
    disputes: Decimal = Decimal(0)
    #: what the gateway took out for another currency, or put in from one
    conversions: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    reserves: Decimal = Decimal(0)
    #: those that came back counted against them
    payouts: Decimal = Decimal(0)

    @property
    def closing(self) -> Decimal:
        return sum((getattr(self, name) for name in COLUMNS), self.opening)

    def words(self) -> str:
        """The roll-forward in one line; columns without movement are left out."""
        moved = [(name, getattr(self, name)) for name in COLUMNS]
        parts = [
            f"{'-' if value < 0 else '+'} {name} {plain(abs(value), self.currency)}" for name, value in moved if value
        ]
        return " ".join(
            [f"opening {plain(self.opening, self.currency)}", *parts, f"= {plain(self.closing, self.currency)}"]
        )


def roll_forward(entity: LegalEntity, *, since: date, until: date) -> list[RollForward]:
    """Per currency, of all that is in the ledger, by the day it counts there; both days included."""
    found: dict[str, dict[str, Decimal]] = {}
    for currency, column, is_earlier, value in _rows(_SUMS, entity, since=since, until=until):
        sums = found.setdefault(currency, {"opening": Decimal(0)})
        name = "opening" if is_earlier else column
        sums[name] = sums.get(name, Decimal(0)) + amount(value, currency)
    return [RollForward(currency=currency, **sums) for currency, sums in sorted(found.items())]


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """The portal's side of the control: per currency what the ledger was given, and each movement it does not have yet
    by itself.
    """
    waiting = [
        _line(reference, currency, amount(value, currency), moved_on, label="Not booked in the ERP")
        for reference, currency, moved_on, value in _rows(_NOT_POSTED, entity, since=day, until=day)
    ]
    gateway = _gateway(entity, day)
    return [
        *waiting,
        *(
            _line(f"clearing:{one.currency}", one.currency, one.closing, day, label=f"{gateway}: {one.words()}")
            for one in roll_forward(entity, since=day, until=day)
        ),
    ]


def has_gateway(entity: LegalEntity) -> bool:
    """Whether a gateway ever received money for this company."""
    return PaymentRecord.objects.filter(legal_entity=entity, origin="gateway").exists()


def _gateway(entity: LegalEntity, day: date) -> str:
    routes = EntityRoute.objects.filter(entity=entity, role="billing", is_shadow=False).select_related("connection")
    route = in_force(routes, on=day)
    return route.connection.label if route else "gateway"


def _rows(select: str, entity: LegalEntity, *, since: date, until: date) -> Iterable[tuple]:
    query = _MOVED.format(movements=" UNION ALL ".join(MOVEMENTS)) + select
    with database.cursor() as cursor:
        cursor.execute(query, {"entity": entity.pk, "since": since, "until": until})
        return cursor.fetchall()


def _line(reference: str, currency: str, value: Decimal, day: date, *, label: str) -> ControlLine:
    return ControlLine(
        reference=reference,
        external_id="",
        document_date=day,
        currency=currency,
        net=value,
        tax=value - value,
        gross=value,
        label=label,
    )
