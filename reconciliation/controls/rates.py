"""Rates: what we sent beside what the ERP posted with, and what it posted by itself beside the approved rate of the
day.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from reconciliation import functional
from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding
from reconciliation.models import ControlLine
from reconciliation.models.controls import Side
from sync import sent_rates
from sync.errors import StepError
from sync.models import LegalEntity
from sync.money_text import plain
from sync.rates import LONGEST_FALL_BACK, RateTable

#: how far what the ERP chose by itself may be from the approved rate of the day
TOLERANCE = Decimal("0.02")


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """From the newest readings of both sides; nothing is changed by it."""
    sent = {line.reference: line for line in readings.newest(functional.RATES, entity, Side.LEFT)}
    posted = readings.newest(functional.RATES, entity, Side.RIGHT)
    currencies = {_rate(line)[0] for line in posted}
    days = [line.document_date for line in posted]
    table = RateTable.read(currencies, since=min(days), until=max(days)) if posted else RateTable([])
    found = [one for line in posted if (one := _judge(line, sent.get(line.reference), entity, table))]
    known = {one.reference for one in found}
    amounts = (_amount_off(one) for one in functional.documents_off(entity))
    stale = (one for line in sent.values() if (one := _stale(line)))
    for one in (*amounts, *stale):
        if one.reference not in known:
            known.add(one.reference)
            found.append(one)
    return found


def _rate(line: ControlLine) -> tuple[str, Decimal, date | None]:
    """Currency, rate and the day it stood, as a reading's status says them."""
    currency, rate, *as_of = line.status.split(" ")
    return currency, Decimal(rate), date.fromisoformat(as_of[0]) if as_of else None


def _judge(posted: ControlLine, sent: ControlLine | None, entity: LegalEntity, table: RateTable) -> Finding | None:
    currency, rate, _ = _rate(posted)
    if sent is not None:
        _, ours, _ = _rate(sent)
        if abs(ours - rate) <= functional.RATE_DIGITS:
            return None
        words = f"sent {ours.normalize():f}, posted at {rate:f}"
        return _finding("RATE_DIFFERS", posted, sent=sent, words=words, cause=f"{currency} in {posted.currency}")
    try:
        approved = table.find(currency, entity=entity, on=posted.document_date)
    except StepError as problem:
        return _finding("RATE_MISSING", posted, words=f"posted at {rate:f}", cause=problem.value)
    if approved is None or abs(rate - approved.rate) <= TOLERANCE * approved.rate:
        return None
    words = f"approved {approved.rate.normalize():f}, posted at {rate:f}"
    return _finding("RATE_OFF", posted, words=words, cause=f"{currency} in {posted.currency}")


def _stale(sent: ControlLine) -> Finding | None:
    currency, _, as_of = _rate(sent)
    if as_of is None or sent.document_date - as_of <= timedelta(days=LONGEST_FALL_BACK):
        return None
    return _finding(
        "RATE_STALE", sent, words=f"the rate is of {as_of}", cause=f"{currency} of {as_of}", reads_left=True
    )


def _finding(
    kind: str, line: ControlLine, *, words: str, cause: str, sent: ControlLine | None = None, reads_left: bool = False
) -> Finding:
    left, right = (line, None) if reads_left else (sent, line)
    return Finding(
        reference=_name(line.reference),
        kind=kind,
        label=f"of {line.label or line.reference}: {words}",
        cause=cause,
        currency=line.currency,
        dated=line.document_date,
        left=_side(left) if left else {},
        right=_side(right) if right else {},
        # what the other rate makes of it in the company's own money
        difference=left.gross - right.gross if left and right else Decimal(0),
    )


def _name(reference: str) -> str:
    return f"rate:{reference}"[:120]


def _side(line: ControlLine) -> dict[str, str]:
    amounts = {name: plain(getattr(line, name), line.currency) for name in ("net", "tax", "gross")}
    return {"external_id": line.external_id, "status": line.status, **amounts}


def _amount_off(one: functional.Off) -> Finding:
    at = f"{one.abroad} {one.rate.normalize():f}"
    return Finding(
        reference=_name(one.reference),
        kind="OWN_MONEY_OFF",
        label=f"of {one.label or one.reference}",
        cause=f"{one.abroad} in {one.currency}",
        customer=one.counterparty,
        currency=one.currency,
        left={"external_id": "", "status": at, "gross": plain(one.left_gross, one.currency)},
        right={"external_id": one.external_id, "status": at, "gross": plain(one.right_gross, one.currency)},
        difference=one.left_gross - one.right_gross,
    )


RATES = Control(
    name=functional.RATES,
    title="Documents are posted at the rates we sent",
    leg="",
    kind="rate",
    left_role="portal",
    left_kind="sent_rate",
    right_role="erp",
    right_kind="posted_rate",
    compares=(),
    date_basis="Posting date on both sides; in the company's own money",
    assertion="Accuracy",
    is_key=False,
    applies=sent_rates.sells_abroad,
    left_reader=sent_rates.lines,
    judges=findings,
)
