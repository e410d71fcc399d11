"""How customers and deals stand: by age, by currency, by what dunning says, and in step with what was paid."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import Dunning
from sync import feedback_facts, standing
from sync.models import CrmStatusRecord, LegalEntity
from sync.open_items import OpenItem
from tests.small_company import DAY, Company, account_id, allocation, customer, deal, deal_id, invoice, payment

TODAY = date(2026, 6, 1)


def item(*, left: str, total: str = "100.00", due: date = TODAY, currency: str = "USD", number: int = 1) -> OpenItem:
    return OpenItem(
        reference=f"invoice:{number}", number=f"INV-{number}", customer_reference="customer:1",
        contract_reference="contract:1", entity_id=1, currency=currency, due_on=due, total=Decimal(total),
        left=Decimal(left),
    )  # fmt: skip


def reading(*items: OpenItem, **values: Any) -> standing.Reading:
    plain: dict[str, Any] = {"dunning": {}, "disputed": {}, "paid_on": {}, "today": {1: TODAY}, "ends": {}}
    return standing.Reading(items=items, **{**plain, **values})


def test_open_amounts_are_put_in_classes_by_days_past_due() -> None:
    found = reading(
        item(left="1.00", due=TODAY),
        item(left="2.00", due=TODAY - timedelta(days=30)),
        item(left="4.00", due=TODAY - timedelta(days=31)),
        item(left="8.00", due=TODAY - timedelta(days=90)),
        item(left="16.00", due=TODAY - timedelta(days=91)),
    )
    assert standing.ageing(found) == (
        "Not due USD 1.00; 1–30 days USD 2.00; 31–60 days USD 4.00; 61–90 days USD 8.00; Over 90 days USD 16.00"
    )
    assert standing.balance(found) == "31.00"


def test_amounts_of_several_currencies_are_never_one_sum() -> None:
    found = reading(item(left="10.00"), item(left="500", total="500", currency="JPY"))
    assert standing.balance(found) == ""
    assert standing.ageing(found) == "Not due JPY 500, USD 10.00"


def test_the_collections_indicator_is_the_worst_of_what_is_open() -> None:
    late = item(left="5.00", due=TODAY - timedelta(days=12))
    assert standing.collections(reading(item(left="0.00"))) == "None"
    assert standing.collections(reading(item(left="5.00"))) == "Not due"
    assert standing.collections(reading(item(left="5.00"), late)) == "Overdue 12 days"


def test_a_part_payment_says_what_is_left() -> None:
    assert standing.payment_status(reading(item(left="40.00"))) == "Part paid, USD 40.00 open"
    assert standing.payment_status(reading(item(left="100.00"))) == f"Due {TODAY}"
    paid = reading(item(left="0.00"), paid_on={"invoice:1": DAY})
    assert standing.payment_status(paid) == f"Paid {DAY}"


def test_a_renewal_is_in_doubt_for_reasons_that_are_named() -> None:
    ends = {"customer:1": date(2026, 8, 1)}
    calm = reading(item(left="5.00"), ends=ends)
    assert standing.renewal_risk(calm, customer_reference="customer:1") == "Low, ends 2026-08-01"
    late = reading(item(left="5.00", due=TODAY - timedelta(days=45), number=7), ends=ends)
    assert standing.renewal_risk(late, customer_reference="customer:1") == (
        "Medium, ends 2026-08-01; INV-7 is 45 days overdue"
    )
    assert standing.renewal_risk(reading(item(left="5.00")), customer_reference="customer:1") == ""


@given(st.lists(st.tuples(st.integers(-10_000, 10_000), st.integers(-40, 140)), max_size=8))
def test_the_classes_always_sum_to_the_balance(parts: list[tuple[int, int]]) -> None:
    found = reading(*(item(left=str(Decimal(cents) / 100), due=TODAY - timedelta(days=days)) for cents, days in parts))
    words = standing.ageing(found)
    shown = [part.rsplit(" ", 1)[1] for part in words.split("; ")] if words != "Nothing open" else []
    amounts = [Decimal(text.replace(",", "").replace("−", "-")) for text in shown]
    assert sum(amounts, Decimal(0)) == Decimal(standing.balance(found))


# -- told to sellers ----------------------------------------------------------------------------------------
def shown(kind: str, key: str) -> dict[str, str]:
    return CrmStatusRecord.objects.get(reference=f"feedback:{kind}:{key}").fields


def test_a_payment_changes_what_sellers_see_of_deal_and_account(company: Company) -> None:
    # given a deal with an open invoice
    company.sells(1)
    company.bills(1)
    company.settles()
    assert shown("Account", account_id(1))["ageing"] == "Not due USD 100.00"
    assert shown("Opportunity", deal_id(1))["payment_status"] == "Due 2026-06-12"
    # when part of it is paid, and then the rest
    company.hears(payment(1, amount="60.00"), allocation(1, amount="60.00"), source=company.billing)
    assert shown("Opportunity", deal_id(1))["payment_status"] == "Part paid, USD 40.00 open"
    assert shown("Account", account_id(1))["balance"] == "40.00"
    company.hears(payment(2, amount="40.00"), allocation(2, amount="40.00"), source=company.billing)
    # then
    assert shown("Opportunity", deal_id(1))["payment_status"] == f"Paid {DAY}"
    assert shown("Opportunity", deal_id(1))["collections"] == "None"
    assert shown("Account", account_id(1))["ageing"] == "Nothing open"


def test_two_invoices_of_a_deal_are_paid_when_both_are(company: Company) -> None:
    company.sells(1)
    for number in (1, 2):
        company.bills(number, of_deal=1)
    company.settles()
    company.hears(payment(1), allocation(1), source=company.billing)
    assert shown("Opportunity", deal_id(1))["payment_status"] == "Due 2026-06-12"


def test_a_split_deal_is_paid_when_all_its_parts_are(company: Company) -> None:
    # given one deal that is billed to two customers
    master = f"contract:{deal_id(1)}"
    names = tuple(f"{master}:{account_id(of)}" for of in (1, 2))
    parts = [
        replace(deal(1, of=of, amount="50.00"), reference=name, master_reference=master, parts=names)
        for of, name in zip((1, 2), names, strict=True)
    ]
    company.hears(customer(1), customer(2), *parts)
    for number, part in enumerate(parts, start=1):
        company.bills(number, amount="50.00", contract_reference=part.reference)
    company.settles()
    # when the second is paid, and then the first
    company.hears(payment(2, of_invoice=2, amount="50.00"), source=company.billing)
    company.hears(allocation(2, of_invoice=2, amount="50.00"), source=company.billing)
    assert shown("Opportunity", deal_id(1))["payment_status"] == "Due 2026-06-12"
    company.hears(payment(1, amount="50.00"), allocation(1, amount="50.00"), source=company.billing)
    # then
    assert shown("Opportunity", deal_id(1))["payment_status"] == f"Paid {DAY}"
    assert shown("Account", account_id(2))["ageing"] == "Nothing open"


def test_sellers_see_how_dunning_goes_and_that_it_is_over(company: Company) -> None:
    # given an open invoice
    company.sells(1)
    company.bills(1)
    company.settles()
    failed = Dunning(
        reference="dunning:paper:in_1", version=1, correlation_id="", currency="USD", source_system="paper_billing",
        invoice_reference="invoice:paper:in_1", failed_tries=1, next_try_on=date(2026, 6, 15),
    )  # fmt: skip
    # when a try to collect it fails, then another, the news of the first coming last
    company.hears(failed, source=company.billing)
    assert shown("Account", account_id(1))["collections"] == "Payment failed once, next try 2026-06-15"
    company.hears(replace(failed, version=2, failed_tries=2, next_try_on=None), source=company.billing)
    company.hears(failed, source=company.billing)
    # then the latest counts
    assert shown("Opportunity", deal_id(1))["collections"] == "Payment failed 2 times, no further try"
    # and when it is paid, nothing of it is left
    company.hears(payment(1), allocation(1), source=company.billing)
    assert shown("Opportunity", deal_id(1))["collections"] == "None"


def test_a_new_business_day_makes_debts_older_once(company: Company) -> None:
    # given an invoice that was due some days ago
    company.sells(1)
    company.hears(invoice(1), source=company.billing)
    LegalEntity.objects.update(business_date=DAY + timedelta(days=40))
    # when the new day is told, twice
    assert feedback_facts.tell_new_day() == 1
    assert feedback_facts.tell_new_day() == 0
    # then
    assert shown("Opportunity", deal_id(1))["collections"] == "Overdue 10 days"
    assert shown("Account", account_id(1))["ageing"] == "1–30 days USD 100.00"
