"""Prices and seats by date, free months, and what a company does with changes dated back, on their way to billing."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from connectors.canonical import AS_BEFORE, NO_END
from sync import clock
from sync.models import Block, ContractRecord, Delivery, DocumentPolicy, ModificationTreatment, RevenueScheduleRecord
from sync.parcels import subject_of
from tests.small_company import DAY, Company, customer, deal

ONE_DAY = timedelta(days=1)
#: a contract of two years from DAY
SECOND, LAST = DAY.replace(year=DAY.year + 1), DAY.replace(year=DAY.year + 2) - ONE_DAY


def line(amount: str, first: date, last: date, *, product: str = "Basic") -> Any:
    """A line with dates of its own."""
    return replace(
        deal().lines[0], line_id=f"{product}-{first}", crm_product=product, amount=Decimal(amount), starts_on=first,
        ends_on=last, own_dates=True,
    )  # fmt: skip


RAMP = (line("100.00", DAY, SECOND - ONE_DAY), line("150.00", SECOND, LAST))


def ramp(*lines: Any, **values: Any) -> Any:
    content = lines or RAMP
    amount = str(sum((one.amount for one in content), Decimal(0)))
    return deal(1, amount=amount, **{"lines": content, "ends_on": LAST, "term_months": 24, **values})


def change(number: int, kind: str, *lines: Any, **values: Any) -> Any:
    """A change as the CRM says it: what it does not touch is left to the version before."""
    unsaid = {"term_months": AS_BEFORE, "free_months": AS_BEFORE, "payment_terms_days": AS_BEFORE, "ends_on": NO_END}
    named = {
        "version": number, "modification_number": number, "modification_kind": kind, "record_revision": number,
        "billing_frequency": "", "effective_on": DAY,
    }  # fmt: skip
    return ramp(*lines, **{**unsaid, **named, **values})


def latest() -> ContractRecord:
    return ContractRecord.objects.order_by("version").last()


def lines_of(row: ContractRecord) -> list[tuple[Any, ...]]:
    return sorted((one.starts_on, one.ends_on, one.amount, one.own_dates) for one in row.lines.all())


def stops() -> list[tuple[str, str]]:
    rows = Block.objects.filter(cleared_at=None, work_item__isnull=False)
    return list(rows.order_by("pk").values_list("reason", "value"))


def test_prices_by_year_are_kept_with_their_dates_and_told_to_billing(company: Company) -> None:
    company.hears(customer(1))
    company.hears(ramp())
    row = latest()
    assert (row.amount, row.starts_on, row.ends_on) == (Decimal("250.00"), DAY, LAST)
    assert lines_of(row) == [
        (DAY, SECOND - ONE_DAY, Decimal("100.00"), True), (SECOND, LAST, Decimal("150.00"), True),
    ]  # fmt: skip
    # the list price, which is per year, is for each line's own time
    assert {one.list_amount for one in row.lines.all()} == {Decimal("100.00")}
    sent = subject_of(Delivery.objects.get(kind="contract"))
    assert [one.own_dates for one in sent.lines] == [True, True]


@pytest.mark.parametrize(
    ("lines", "values", "words"),
    [
        ((line("100.00", DAY, SECOND - ONE_DAY),), {}, "nothing is sold from"),
        ((line("100.00", DAY, LAST + ONE_DAY),), {}, "the contract runs from"),
        ((RAMP[0], line("1.00", SECOND - 9 * ONE_DAY, LAST)), {}, "which is no whole number of months after"),
        (RAMP, {"free_months": 24}, "24 months are free, which is the whole contract"),
    ],
)
def test_dates_that_do_not_fit_stop_and_say_which(company: Company, lines: Any, values: Any, words: str) -> None:
    company.hears(customer(1))
    company.hears(ramp(*lines, **values))
    ((reason, value),) = stops()
    assert reason == "PRICES_OVER_TIME_UNCLEAR" and words in value
    assert not Delivery.objects.filter(kind="contract").exists()


def test_services_are_delivered_when_they_are_and_cut_nothing(company: Company) -> None:
    company.map_product("Services", name="Services", price="300.00", destination="erp_sales_order")
    company.hears(customer(1))
    weeks = line("300.00", DAY + 9 * ONE_DAY, DAY + 30 * ONE_DAY, product="Services")
    company.hears(ramp(*RAMP, weeks))
    assert stops() == []


def test_a_change_keeps_the_dates_it_states_and_the_free_months_of_the_version_before(company: Company) -> None:
    company.hears(customer(1))
    company.hears(ramp(free_months=2))
    company.settles()
    more = (line("110.00", DAY, SECOND - ONE_DAY), line("160.00", SECOND, NO_END))
    company.hears(change(2, "upsell", *more))
    row = latest()
    assert (row.version, row.free_months, row.term_months) == (2, 2, 24)
    # a line that says no last day runs to the contract's
    assert lines_of(row)[1] == (SECOND, LAST, Decimal("160.00"), True)
    # and an end keeps what was agreed, with its dates
    company.settles()
    company.hears(replace(change(3, "cancellation", effective_on=SECOND), lines=(), amount=Decimal(0)))
    assert (latest().version, latest().ends_on) == (3, SECOND - ONE_DAY)
    assert [one[:2] for one in lines_of(latest())] == [(DAY, SECOND - ONE_DAY), (SECOND, LAST)]


def test_a_ramp_stated_again_is_no_change_of_what_was_sold(company: Company) -> None:
    company.map_product("Plus", name="Plus")
    company.hears(customer(1))
    company.hears(ramp())
    company.settles()
    plus = replace(deal().lines[0], line_id="plus", crm_product="Plus", amount=Decimal("200.00"))
    company.hears(change(2, "upsell", *RAMP, plus))
    assert ModificationTreatment.objects.get().proposed == "separate_contract"


def test_each_year_of_a_ramp_earns_its_own_share(company: Company) -> None:
    company.hears(customer(1))
    company.hears(ramp())
    company.settles()
    company.bills(1, amount="100.00", day=DAY)
    company.bills(2, amount="150.00", day=SECOND)
    # equal list prices: each year earns half of the whole, whatever it is billed at
    assert sorted(RevenueScheduleRecord.objects.values_list("billed", "amount")) == [
        (Decimal("100.00"), Decimal("125.00")), (Decimal("150.00"), Decimal("125.00")),
    ]  # fmt: skip


# -- changes dated back -----------------------------------------------------------------------------------
def decide(company: Company, **values: Any) -> DocumentPolicy:
    now = clock.now()
    return DocumentPolicy.objects.create(
        entity=company.entity, drafted_by=company.drafter, drafted_at=now,
        **{
            "status": "approved", "valid_from": date(2025, 1, 1), "approved_by": company.approver, "approved_at": now,
            **values,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "noted"),
    [
        (None, ""),
        ({"backdated_changes": "stop"}, ""),
        ({"backdated_changes": "from_today"}, "from_today"),
        ({"backdated_changes": "credit_and_rebill"}, "credit_and_rebill"),
        # what nobody agreed to does not hold, nor what held another time
        ({"backdated_changes": "from_today", "status": "draft", "approved_by": None, "approved_at": None}, ""),
        ({"backdated_changes": "from_today", "valid_to": DAY}, ""),
    ],
)
def test_a_change_says_what_its_company_does_with_changes_dated_back(
    company: Company, policy: dict[str, Any] | None, noted: str
) -> None:
    if policy is not None:
        decide(company, **policy)
    company.hears(customer(1))
    company.hears(ramp())
    company.settles()
    company.hears(change(2, "upsell", line("110.00", DAY, SECOND - ONE_DAY), RAMP[1]))
    assert list(ContractRecord.objects.order_by("version").values_list("backdating", flat=True)) == ["", noted]
    assert subject_of(Delivery.objects.get(kind="contract", version=2)).backdating == noted


def test_the_database_takes_no_other_way_than_those_there_are(company: Company) -> None:
    company.hears(customer(1))
    company.hears(ramp())
    with pytest.raises(IntegrityError), transaction.atomic():
        ContractRecord.objects.update(backdating="somehow")
