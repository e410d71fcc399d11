"""Numbered changes of a contract: whole content, inherited terms, contradictions, order, and their day."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical import AS_BEFORE
from reconciliation.models import ExceptionCase
from sync import clock, connections, owing
from sync.models import Block, ContractRecord, Delivery, LegalEntity
from sync.states import Condition
from tests.small_company import DAY, Company, account_id, customer, deal

ENDS = DAY + timedelta(days=364)
LATER = DAY + timedelta(days=30)


def line(product: str, amount: str) -> Any:
    return replace(deal().lines[0], line_id=product, crm_product=product, amount=Decimal(amount))


def change(number: int, kind: str, *lines: Any, **values: Any) -> Any:
    """A change as the CRM says it: what it does not touch is left to the version before."""
    plain: dict[str, Any] = {
        "version": number,
        "modification_number": number,
        "modification_kind": kind,
        "record_revision": number,
        "lines": lines,
        "effective_on": DAY,
        "term_months": AS_BEFORE,
        "billing_frequency": "",
        "payment_terms_days": AS_BEFORE,
    }
    return deal(1, amount=str(sum((one.amount for one in lines), Decimal(0))), **{**plain, **values})


@pytest.fixture
def sold(company: Company) -> Company:
    """A contract of one product, billed."""
    company.map_product("Plus", name="Plus")
    company.hears(customer(1), customer(2))
    company.hears(deal(1, payment_terms_days=45, po_number="4711"))
    company.settles()
    return company


def latest() -> ContractRecord:
    return ContractRecord.objects.order_by("version").last()


def stops() -> list[tuple[str, str]]:
    rows = Block.objects.filter(cleared_at=None, work_item__isnull=False)
    return list(rows.order_by("reason", "pk").values_list("reason", "field"))


def test_a_change_takes_terms_it_does_not_touch_from_the_version_before(sold: Company) -> None:
    sold.hears(change(2, "upsell", line("Basic", "100.00"), line("Plus", "100.00")))
    row = latest()
    assert (row.version, row.amount, row.lines.count()) == (2, 200, 2)
    assert (row.starts_on, row.ends_on, row.term_months, row.billing_frequency) == (DAY, ENDS, 12, "annual_in_advance")
    assert (row.payment_terms_days, row.po_number) == (45, "4711")


@pytest.mark.parametrize("kind", ["cancellation", "suspension"])
def test_what_sells_nothing_keeps_the_content(sold: Company, kind: str) -> None:
    sold.hears(change(2, kind, effective_on=LATER))
    row = latest()
    assert (row.version, row.amount, row.lines.get().crm_product) == (2, 100, "Basic")
    assert row.ends_on == (LATER - timedelta(days=1) if kind == "cancellation" else ENDS)


@pytest.mark.parametrize(
    ("wrong", "reason", "field"),
    [
        (change(2, "amendment", line("Plus", "100.00")), "MODIFICATION_UNCLEAR", "Products"),
        (change(2, "amendment", line("Basic", "90.00"), removes=("Basic",)), "MODIFICATION_UNCLEAR", "Products"),
        (change(2, "amendment", line("Basic", "90.00"), removes=("Other",)), "MODIFICATION_UNCLEAR", "Products"),
        (change(2, "upsell", line("Basic", "90.00")), "MODIFICATION_UNCLEAR", "Modification"),
        (change(2, "downsell", line("Basic", "100.00")), "MODIFICATION_UNCLEAR", "Modification"),
        (change(2, "reactivation"), "MODIFICATION_UNCLEAR", "Modification"),
        (change(2, "downsell", line("Basic", "90.00"), effective_on=DAY - timedelta(days=1)), "CONTRACT_INCOMPLETE",
         "Effective date"),
        (change(2, "renewal", line("Basic", "90.00"), effective_on=ENDS), "CONTRACT_INCOMPLETE", "Effective date"),
        (change(2, "downsell", line("Basic", "90.00"), of=2), "CUSTOMER_MERGED", "Account"),
    ],
)  # fmt: skip
def test_a_change_that_contradicts_the_contract_stops(sold: Company, wrong: Any, reason: str, field: str) -> None:
    sold.hears(wrong)
    assert stops() == [(reason, field)]
    assert latest().version == 1


def test_nothing_is_changed_after_the_end(sold: Company) -> None:
    sold.hears(change(2, "cancellation", effective_on=LATER), change(3, "upsell", line("Basic", "900.00")))
    assert stops() == [("CONTRACT_ENDED", "Modification")]


def test_a_newer_change_never_takes_the_place_of_one_that_is_not_billed_yet(sold: Company) -> None:
    sold.hears(change(2, "upsell", line("Basic", "200.00")), change(3, "upsell", line("Basic", "300.00")))
    owed = Delivery.objects.filter(kind="contract", version__gt=1).order_by("pk")
    assert [(row.version, row.condition) for row in owed] == [(2, Condition.DUE), (3, Condition.DUE)]
    sold.settles()
    assert [row.condition for row in owed.all()] == [Condition.SETTLED, Condition.SETTLED]


def test_a_change_for_later_is_held_until_its_day_and_so_is_what_comes_after(sold: Company) -> None:
    sold.hears(change(2, "upsell", line("Basic", "200.00"), effective_on=LATER))
    sold.hears(change(3, "upsell", line("Basic", "300.00"), effective_on=LATER))
    sold.settles()
    rows = Delivery.objects.filter(kind="contract", version__gt=1).order_by("pk")
    assert [(row.condition, row.held_because) for row in rows] == [(Condition.HELD, owing.EFFECTIVE_LATER)] * 2
    # the day before, nothing moves
    LegalEntity.objects.update(business_date=LATER - timedelta(days=1))
    assert owing.wake_scheduled() == 0
    LegalEntity.objects.update(business_date=LATER)
    assert owing.wake_scheduled() == 2
    sold.settles()
    assert [row.condition for row in rows.all()] == [Condition.SETTLED, Condition.SETTLED]


def test_what_begins_today_is_handed_over_from_the_hour_on_at_which_billing_takes_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a billing system that takes no beginning before five past one, and the morning of that day in New York
    monkeypatch.setattr(connections.kind_of(company.billing), "begins_at", time(13, 5))
    LegalEntity.objects.update(business_date=None)
    begins = datetime.combine(DAY, time(13, 5), company.entity.zone)
    with clock.use(lambda: begins - timedelta(hours=4)):
        company.hears(customer(1), deal(1))
        company.settles()
        row = Delivery.objects.get(kind="contract")
        assert (row.condition, row.held_because, row.held_until) == (Condition.HELD, owing.EFFECTIVE_LATER, begins)
        assert owing.wake_scheduled() == 0
        # a change of what runs already is told in the morning, before billing comes to its hour
        company.hears(change(2, "upsell", line("Basic", "200.00")))
        assert Delivery.objects.get(version=2, kind="contract").condition == Condition.DUE
    with clock.use(lambda: begins):
        assert owing.wake_scheduled() == 1
        company.settles()
        row.refresh_from_db()
        assert row.condition == Condition.SETTLED


def test_what_began_earlier_waits_for_no_hour(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections.kind_of(company.billing), "begins_at", time(13, 5))
    LegalEntity.objects.update(business_date=None)
    with clock.use(lambda: datetime.combine(DAY + timedelta(days=1), time(8), company.entity.zone)):
        company.hears(customer(1), deal(1))
        company.settles()
        assert Delivery.objects.get(kind="contract").condition == Condition.SETTLED


@pytest.mark.parametrize("kind", ["cancellation", "renewal"])
def test_ends_and_renewals_are_told_to_billing_at_once(sold: Company, kind: str) -> None:
    lines = (line("Basic", "100.00"),) if kind == "renewal" else ()
    starts = ENDS + timedelta(days=1)
    values = {"effective_on": starts, "starts_on": starts, "ends_on": starts + timedelta(days=364), "term_months": 12}
    sold.hears(change(2, kind, *lines, **(values if kind == "renewal" else {"effective_on": LATER})))
    assert Delivery.objects.get(kind="contract", version=2).condition == Condition.DUE


def test_an_assignment_begins_the_new_customers_contract_where_the_old_one_ends(sold: Company) -> None:
    both = change(2, "assignment", line("Basic", "100.00"), of=2, effective_on=DAY + timedelta(days=1))
    new = replace(
        both, reference="contract:new", version=1, modification_number=1, continues_reference=both.reference,
        correlation_id="deal:new",
    )  # fmt: skip
    sold.hears(both, new)
    rows = {row.reference: row for row in ContractRecord.objects.order_by("version")}
    assert rows[both.reference].ends_on == DAY
    began = rows["contract:new"]
    assert (began.starts_on, began.ends_on, began.term_months) == (DAY + timedelta(days=1), ENDS, 12)
    assert began.customer_reference == f"customer:{account_id(2)}"
    assert rows[both.reference].customer_reference == f"customer:{account_id(1)}"


def test_what_makes_a_deal_committed_is_the_selling_companys_own(company: Company) -> None:
    # given a company that asks for approval and not for lines that sum
    LegalEntity.objects.update(commitment=["won", "approval"])
    company.hears(customer(1))
    company.hears(deal(1, amount="100.00", commitment=(("is_won", "true"), ("approval", "Pending"))))
    assert stops() == [("APPROVAL_MISSING", "Approval status")]
    company.hears(replace(deal(1), record_revision=2, amount=Decimal("99.00")))
    assert stops() == [] and not ExceptionCase.objects.filter(status="open").exists()
    assert dict(latest().commitment)["conditions"] == "won,approval"


def test_a_deal_nobody_ever_heard_of_as_won_concerns_nobody(company: Company) -> None:
    company.hears(customer(1))
    assert company.hears(deal(1, commitment=(("is_won", "false"),))) == []
    assert not ExceptionCase.objects.exists()
