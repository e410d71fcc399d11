"""The ERP's own table of rates, by which it posts what we do not, beside ours: missing, stale, more than 2 % off."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding
from reconciliation.controls.rates import TOLERANCE
from reconciliation.models import ControlLine
from reconciliation.models.controls import Side
from sync import clock, sent_rates
from sync.errors import StepError
from sync.models import InvoiceRecord, LegalEntity
from sync.rates import LONGEST_FALL_BACK, RateTable

NAME = "erp_rates"
#: what was billed in a currency within so long may have to be posted in it again
LOOKED_BACK = timedelta(days=92)


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each currency that documents of a company are in."""
    day = clock.business_date(entity) - timedelta(days=1)
    theirs = {line.status.split(" ")[0]: line for line in readings.newest(NAME, entity, Side.RIGHT)}
    currencies = _billed_in(entity, day)
    table = RateTable.read(currencies, since=day, until=day)
    return [
        one
        for currency in sorted(currencies)
        if (one := _judge(currency, theirs.get(currency), table, entity, day)) is not None
    ]


def _billed_in(entity: LegalEntity, day: date) -> set[str]:
    """Currencies other than the company's own."""
    rows = InvoiceRecord.objects.filter(legal_entity=entity, document_date__gt=day - LOOKED_BACK)
    return set(rows.values_list("currency", flat=True).distinct()) - {entity.functional_currency}


def _judge(currency: str, line: ControlLine | None, table: RateTable, entity: LegalEntity, day: date) -> Finding | None:
    if line is None:
        return _finding("RATE_MISSING", currency, entity, day, words="the ERP's table has none")
    rate = Decimal(line.status.split(" ")[1])
    if day - line.document_date > timedelta(days=LONGEST_FALL_BACK):
        words = f"the ERP's rate is of {line.document_date}"
        return _finding("RATE_STALE", currency, entity, day, words=words, line=line)
    try:
        ours = table.find(currency, entity=entity, on=day)
    except StepError:
        return _finding("RATE_MISSING", currency, entity, day, words="none is approved here", line=line)
    if ours is None or abs(rate - ours.rate) <= TOLERANCE * ours.rate:
        return None
    words = f"approved {ours.rate.normalize():f}, in the ERP's table {rate:f}"
    return _finding("RATE_OFF", currency, entity, day, words=words, line=line)


def _finding(
    kind: str, currency: str, entity: LegalEntity, day: date, *, words: str, line: ControlLine | None = None
) -> Finding:
    own = entity.functional_currency
    return Finding(
        reference=f"rate_table:{currency}:{own}",
        kind=kind,
        label=f"of {currency} in {own}: {words}",
        cause=f"{currency} in {own}",
        currency=own,
        dated=day,
        right={"external_id": line.external_id, "status": line.status} if line else {},
    )


ERP_RATES = Control(
    name=NAME,
    title="The ERP's table of rates is as ours",
    leg="",
    kind="rate",
    left_role="portal",
    left_kind="rate_table",
    right_role="erp",
    right_kind="rate_table",
    as_of=True,
    compares=(),
    date_basis="In force on the day that ended, on both sides",
    assertion="Accuracy",
    is_key=False,
    applies=sent_rates.sells_abroad,
    left_reader=readings.none_of_ours,
    judges=findings,
)
