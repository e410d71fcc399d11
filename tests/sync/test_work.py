"""Work items: one per object and version; problems all at once; waiting, releasing, reading again, poison."""

import dataclasses
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from reconciliation.models import ExceptionCase
from sync import work
from sync.models import (
    Block,
    ContractLineRecord,
    ContractRecord,
    CrmStatusRecord,
    CustomerRecord,
    Delivery,
    InvoiceRecord,
    JournalEntry,
    WorkItem,
)
from sync.states import Condition, Lifecycle
from tests.small_company import DAY, Company, account_id, allocation, customer, deal, deal_id, invoice, payment


# -- going through ------------------------------------------------------------------------------------
def test_a_customer_becomes_a_record_and_is_owed_to_billing_and_erp(company: Company) -> None:
    # when an account is heard of
    (item,) = company.hears(customer(1))
    # then it has gone through, with its country, company and currency found
    record = CustomerRecord.objects.get()
    assert (item.state, item.condition, item.entity) == (Lifecycle.TRANSFORMED, Condition.SETTLED, company.entity)
    assert (record.address["country"], record.legal_entity, record.currency) == ("US", company.entity, "USD")
    assert set(Delivery.objects.values_list("target__code", flat=True)) == {"billing", "erp"}
    assert JournalEntry.objects.filter(action="carried", object_key=record.reference).exists()


def test_a_deal_is_mapped_and_the_discount_is_kept_on_its_line(company: Company) -> None:
    # given a list price of 100, when a deal is won at 80
    company.hears(customer(1), deal(1, amount="80.00"))
    # then the agreed price counts, and what it differs by stands beside it
    line = ContractLineRecord.objects.get()
    assert (line.amount, line.list_amount, line.discount) == (Decimal("80"), Decimal("100"), Decimal("20"))
    assert (line.billing_product, line.erp_item, line.revenue_treatment, line.tax_class) == (
        "basic",
        "basic",
        "ratable_over_term",
        "zero",
    )
    assert Delivery.objects.get(kind="contract").amount == Decimal("80")
    assert not ExceptionCase.objects.exists()


def test_an_uplift_is_a_discount_below_zero(company: Company) -> None:
    company.hears(customer(1), deal(1, amount="130.00"))
    assert ContractLineRecord.objects.get().discount == Decimal("-30")


def test_an_invoice_is_enriched_from_its_contract(company: Company) -> None:
    company.sells(1)
    row = company.bills(1)
    record = InvoiceRecord.objects.get()
    line = record.lines.get()
    assert record.customer_reference == f"customer:{account_id(1)}" and record.legal_entity == company.entity
    assert (line.erp_item, line.tax_code, line.dimensions) == ("basic", "zero", [["department", "4"]])
    assert row.correlation_id == f"deal:{deal_id(1)}" and row.queue == "posting"
    assert row.posting_date == DAY


def test_a_payment_and_its_application_follow_the_invoice(company: Company) -> None:
    company.sells(1)
    company.bills(1)
    company.hears(payment(1), allocation(1), source=company.billing)
    received, applied = Delivery.objects.get(kind="payment"), Delivery.objects.get(kind="allocation")
    # the payment needs only its customer; its application needs both, one at a time per open balance
    assert received.condition == Condition.DUE
    assert applied.condition == Condition.WAITING
    assert set(applied.needs.values_list("reference", flat=True)) == {"payment:paper:pi_1", "invoice:paper:in_1"}
    assert applied.serial_key == "open:invoice:paper:in_1"


# -- problems -----------------------------------------------------------------------------------------
def test_all_problems_are_found_in_one_pass(company: Company, settings) -> None:
    # given a company that counts only approved and signed deals
    settings.Q2C_COMMITMENT = ("approval", "signature")
    # when a deal has four things wrong
    broken = deal(1, amount="90.00", product="GTXPro", commitment=(("approval", "Pending"),))
    second = dataclasses.replace(broken.lines[0], line_id="2", crm_product="MG Speciel", amount=Decimal("1.00"))
    (item,) = company.hears(dataclasses.replace(broken, amount=Decimal("92.00"), lines=(*broken.lines, second)))
    # then there is a case for each, at once, and the item has not moved
    expected = {"APPROVAL_MISSING", "CONTRACT_INCOMPLETE", "LINES_DO_NOT_SUM", "PRODUCT_UNMAPPED"}
    assert set(Block.objects.filter(work_item=item, cleared_at=None).values_list("reason", flat=True)) == expected
    assert set(ExceptionCase.objects.filter(status="open").values_list("reason", flat=True)) == expected
    assert (item.condition, item.state) == (Condition.BLOCKED, Lifecycle.RECEIVED)
    assert not ContractRecord.objects.exists() and not Delivery.objects.exists()


def test_a_deal_of_ten_thousand_and_one_lines_is_taken_whole_and_its_sum_told(company: Company) -> None:
    # given a deal with a line more than ten thousand, whose lines are a cent short of its amount
    company.hears(customer(1))
    shape = deal(1, amount="0.01")
    lines = tuple(dataclasses.replace(shape.lines[0], line_id=str(number)) for number in range(10_001))
    (item,) = company.hears(dataclasses.replace(shape, amount=Decimal("100.02"), lines=lines))
    # then there is one case, and both numbers stand in it
    case = ExceptionCase.objects.get()
    assert (case.reason, case.value) == ("LINES_DO_NOT_SUM", "100.01 of 100.02 USD")
    # when its amount is put right, the whole of it goes to billing as one contract
    company.hears(dataclasses.replace(shape, amount=Decimal("100.01"), lines=lines, record_revision=2))
    assert ContractRecord.objects.get().lines.count() == 10_001
    assert len(json.loads(Delivery.objects.get(kind="contract").subject)["lines"]) == 10_001


def test_a_deal_with_two_unknown_products_moves_from_one_problem_to_the_other(company: Company) -> None:
    # given a deal that sells two products nobody has mapped
    company.hears(customer(1))
    shape = deal(1, amount="90.00", product="GTXPro")
    second = dataclasses.replace(shape.lines[0], line_id="2", crm_product="MG Speciel", amount=Decimal("10.00"))
    (item,) = company.hears(dataclasses.replace(shape, amount=Decimal("100.00"), lines=(*shape.lines, second)))
    first_case = ExceptionCase.objects.get(status="open")
    assert first_case.value == "GTXPro"
    # when the first is mapped
    company.map_product("GTXPro")
    WorkItem.objects.filter(pk=item.pk).update(condition=Condition.DUE)
    work.work_due()
    # then its case is closed, and the deal stands under the other problem, where it can be solved
    first_case.refresh_from_db()
    assert first_case.status == "closed" and "something else" in first_case.closing_note
    assert ExceptionCase.objects.get(status="open").value == "MG Speciel"


def test_an_unmapped_product_is_a_case_with_the_deal_money_and_customer(company: Company) -> None:
    company.hears(customer(1))
    company.hears(deal(1, amount="4821.00", product="GTXPro"))
    case = ExceptionCase.objects.get()
    assert (case.reason, case.value, case.team) == ("PRODUCT_UNMAPPED", "GTXPro", "billing_ops")
    assert (case.amount, case.currency, case.customer_name) == (Decimal("4821"), "USD", "Customer 1")
    assert case.reference == f"contract:{deal_id(1)}"


def test_a_problem_and_a_missing_customer_together_tell_the_problem_first(company: Company) -> None:
    # given a deal of a customer we do not have, with a product nobody mapped
    (item,) = company.hears(deal(1, product="GTXPro"))
    assert item.condition == Condition.BLOCKED
    # when the product is mapped and it is worked again
    company.map_product("GTXPro")
    WorkItem.objects.filter(pk=item.pk).update(condition=Condition.DUE)
    work.work_due()
    # then only the customer is still waited for, and the case is closed
    item.refresh_from_db()
    assert (item.condition, item.waits_for) == (Condition.WAITING, f"customer:{account_id(1)}")
    assert ExceptionCase.objects.get().status == "closed"


def test_an_unknown_country_is_one_case_on_the_customer_for_which_its_deals_wait(company: Company) -> None:
    # given a customer whose country nobody knows
    company.hears(customer(1, country="Philipines"))
    # when its deals are won
    items = company.hears(*(deal(number) for number in range(1, 6)))
    # then there is one case, on the customer, and the deals just wait
    case = ExceptionCase.objects.get()
    assert (case.reason, case.value, case.team) == ("COUNTRY_UNKNOWN", "Philipines", "sales_ops")
    assert {(item.condition, item.waits_for) for item in items} == {(Condition.WAITING, f"customer:{account_id(1)}")}


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (invoice(1, contract_reference=""), "ORPHAN_INVOICE"),
        (invoice(1, product="unknown"), "ITEM_UNKNOWN"),
        (invoice(1, currency="EUR"), "CURRENCY_MISMATCH"),
        (dataclasses.replace(payment(1), pays_reference=""), "UNAPPLIED_CASH"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_a_document_that_cannot_be_placed_is_a_case(company: Company, shape, reason: str) -> None:
    company.sells(1)
    company.hears(shape, source=company.billing)
    assert ExceptionCase.objects.get().reason == reason


def test_tax_on_a_product_without_tax_is_a_case_and_not_corrected(company: Company) -> None:
    company.sells(1)
    line = dataclasses.replace(invoice(1).lines[0], tax=Decimal("8.00"))
    company.hears(invoice(1, lines=(line,), tax=Decimal("8.00"), total=Decimal("108.00")), source=company.billing)
    assert ExceptionCase.objects.get().reason == "TAX_MISMATCH"


def test_a_country_without_a_selling_company_is_a_case(company: Company) -> None:
    from sync.models import EntityMapping

    EntityMapping.objects.update(country="DE")
    company.hears(customer(1))
    assert ExceptionCase.objects.get().reason == "ENTITY_ROUTE_MISSING"


def test_an_entity_without_an_erp_on_that_day_blocks_the_item_with_one_case(company: Company) -> None:
    company.entity.routes.filter(role="erp").delete()
    (item,) = company.hears(customer(1))
    assert item.condition == Condition.BLOCKED
    case = ExceptionCase.objects.get()
    assert (case.reason, case.field, case.value) == ("ENTITY_ROUTE_MISSING", "erp", "US01")


# -- waiting ------------------------------------------------------------------------------------------
def test_waiting_deals_are_released_in_order_of_their_date_when_the_customer_comes(company: Company) -> None:
    # given three deals of a customer we do not have, the newest first
    days = [date(2026, 5, 12), date(2026, 5, 3), date(2026, 5, 7)]
    items = company.hears(*(deal(number, signed_on=day) for number, day in enumerate(days, start=1)))
    assert {item.condition for item in items} == {Condition.WAITING}
    # when the customer appears
    company.hears(customer(1))
    # then they are due, the oldest first
    due = WorkItem.objects.filter(flow="closed_won_to_billing", condition=Condition.DUE).order_by("due_at", "pk")
    assert [item.effective_on for item in due] == sorted(days)
    # and go through in that order
    while work.work_due(limit=1):
        pass
    owed = Delivery.objects.filter(kind="contract").order_by("pk")
    assert [row.document_date for row in owed] == sorted(days)


def test_a_customer_and_its_deal_in_one_batch_go_through_together(company: Company) -> None:
    # given a deal that comes first in the batch, then its customer
    heard = [(company.event(), deal(1)), (company.event(), customer(1))]
    items, _ = work.register(heard)
    # when they are worked together
    work.work(items)
    # then nothing waits
    assert not WorkItem.objects.exclude(condition=Condition.SETTLED).exists()


def test_an_invoice_waits_for_its_contract(company: Company) -> None:
    (item,) = company.hears(invoice(1), source=company.billing)
    assert (item.condition, item.waits_for) == (Condition.WAITING, f"contract:{deal_id(1)}")
    company.hears(customer(1), deal(1))
    work.work_due()
    item.refresh_from_db()
    assert item.condition == Condition.SETTLED


# -- hearing again ------------------------------------------------------------------------------------
def test_a_newer_revision_before_anything_was_carried_is_read_again(company: Company) -> None:
    # given a deal that stopped because of its product
    company.hears(customer(1))
    company.hears(deal(1, product="GTXPro", record_revision=1))
    # when sales corrects it
    (item,) = company.hears(deal(1, product="Basic", record_revision=2))
    # then the same item goes through with the newer content, and its case closes by itself
    assert (item.condition, item.record_revision) == (Condition.SETTLED, 2)
    assert ContractLineRecord.objects.get().crm_product == "Basic"
    case = ExceptionCase.objects.get()
    assert (case.status, case.resolution) == ("closed", "went_through")


def test_an_older_revision_has_no_effect(company: Company) -> None:
    company.hears(customer(1), deal(1, amount="100.00", record_revision=5))
    company.hears(deal(1, amount="1.00", record_revision=4))
    assert ContractRecord.objects.get().amount == Decimal("100") and not ExceptionCase.objects.exists()


def test_out_of_order_events_in_one_batch_end_at_the_newest(company: Company) -> None:
    company.hears(customer(1))
    heard = [(company.event(), deal(1, amount="2.00", record_revision=2)), (company.event(), deal(1, amount="1.00"))]
    items, notes = work.register(heard)
    work.work(items)
    assert WorkItem.objects.filter(flow="closed_won_to_billing").count() == 1
    assert ContractRecord.objects.get().amount == Decimal("2")


def test_a_deal_changed_after_it_was_carried_is_a_case_and_billing_keeps_the_signed_terms(company: Company) -> None:
    # given a deal that was carried
    company.hears(customer(1), deal(1, amount="100.00", record_revision=1))
    # when somebody edits its amount in the CRM
    company.hears(deal(1, amount="70.00", record_revision=2))
    # then nothing is carried, and people decide
    assert ContractRecord.objects.get().amount == Decimal("100")
    assert Delivery.objects.filter(kind="contract").count() == 1
    case = ExceptionCase.objects.get()
    assert (case.reason, case.status) == ("DEAL_CHANGED_AFTER_BILLING", "open")
    assert case.evidence["now"]["amount"] == "70.00"


def test_a_newer_revision_with_the_same_content_opens_nothing(company: Company) -> None:
    company.hears(customer(1), deal(1, record_revision=1))
    company.hears(deal(1, record_revision=2))
    assert not ExceptionCase.objects.exists()
    assert WorkItem.objects.get(flow="closed_won_to_billing").record_revision == 2


def test_our_own_status_coming_back_makes_no_new_customer_version(company: Company) -> None:
    # given a customer that was set up
    company.hears(customer(1, version=1))
    owed = Delivery.objects.count()
    # when writing our status onto the account makes it change there, and the change is called in
    event = company.event()
    items, notes = work.register([(event, customer(1, version=2))])
    # then it is nothing new
    assert items == [] and "unchanged in what matters" in notes[event.pk][0]
    assert WorkItem.objects.count() == 1 and Delivery.objects.count() == owed


def test_a_customer_that_really_changed_is_owed_again(company: Company) -> None:
    company.hears(customer(1, version=1))
    company.hears(customer(1, version=2, name="New name"))
    assert CustomerRecord.objects.get().name == "New name"
    # what was not carried yet is replaced, not sent after the newer one
    rows = Delivery.objects.filter(target=company.erp).order_by("version")
    assert [(row.version, row.condition) for row in rows] == [(1, Condition.SUPERSEDED), (2, Condition.DUE)]


def test_an_older_version_of_a_customer_does_not_overwrite_a_newer_one(company: Company) -> None:
    company.hears(customer(1, version=2, name="New name"))
    company.hears(customer(1, version=1, name="Old name"))
    record = CustomerRecord.objects.get()
    assert (record.name, record.version) == ("New name", 2)


def test_a_newer_version_ends_the_case_of_an_older_one(company: Company) -> None:
    company.hears(customer(1, version=1, country="Philipines"))
    company.hears(customer(1, version=2, country="Philippines"))
    case = ExceptionCase.objects.get()
    assert (case.status, case.resolution) == ("closed", "superseded")
    assert WorkItem.objects.get(version=1).condition == Condition.SUPERSEDED


# -- crashes ------------------------------------------------------------------------------------------
def test_three_crashes_make_a_case_and_the_others_go_on(
    company: Company, machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a batch in which one deal makes our own code fail
    company.hears(customer(1))
    real = work.run

    def run(flow, subject, lookups):
        if subject.reference == f"contract:{deal_id(2)}":
            raise ZeroDivisionError("a bug of ours")
        return real(flow, subject, lookups)

    monkeypatch.setattr(work, "run", run)
    items = company.hears(deal(1), deal(2), deal(3))
    # then the others are through at once, and the bad one is tried again later
    assert [item.condition for item in items] == [Condition.SETTLED, Condition.DUE, Condition.SETTLED]
    assert items[1].crashes == 1 and items[1].due_at > machine()
    # when it fails twice more
    for _ in range(2):
        machine.passes(60)
        work.work_due()
    # then it is set aside as a case
    item = WorkItem.objects.get(reference=f"contract:{deal_id(2)}")
    assert (item.condition, item.crashes) == (Condition.BLOCKED, 3)
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team) == ("POISON", "integration") and "ZeroDivisionError" in case.evidence["text"]


def test_work_is_claimed_once_by_two_workers(committed_company: Company, in_threads, monkeypatch) -> None:
    # given twenty items that are due
    heard = [(committed_company.event(), customer(number)) for number in range(1, 21)]
    with transaction.atomic():
        work.register(heard)
    # when two workers claim at the same moment
    claimed = in_threads(lambda _: [item.pk for item in work._claim(100)], [1, 2])
    # then nobody has what the other has
    assert not any(isinstance(one, Exception) for one in claimed)
    assert not set(claimed[0]) & set(claimed[1])
    assert len(claimed[0]) + len(claimed[1]) == 20


def test_storing_and_owing_are_one_commit(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a failure after the record was stored
    def fails(*_, **__):
        raise RuntimeError("the outbox is broken")

    monkeypatch.setattr(work.outbox, "owe", fails)
    # when
    (item,) = company.hears(customer(1))
    # then neither is there
    assert not CustomerRecord.objects.exists() and not Delivery.objects.exists()
    assert item.condition == Condition.DUE


# -- what the CRM shows -------------------------------------------------------------------------------
def test_the_seller_reads_why_a_deal_waits_and_later_that_it_does_not(company: Company) -> None:
    company.hears(customer(1))
    company.hears(deal(1, product="GTXPro"))
    row = CrmStatusRecord.objects.get(reference=f"feedback:Opportunity:{deal_id(1)}")
    assert "“GTXPro” is not set up in billing" in row.fields["case"]
    company.map_product("GTXPro")
    WorkItem.objects.filter(condition=Condition.BLOCKED).update(condition=Condition.DUE)
    work.work_due()
    row.refresh_from_db()
    assert row.fields["case"] == "" and row.fields["billing_status"] == "Accepted, being set up"


def test_the_seller_reads_of_what_is_left_when_one_of_two_cases_is_over(company: Company) -> None:
    # given a deal that two things stop
    company.hears(customer(1))
    company.hears(deal(1, product="GTXPro", po_required=True))
    row = CrmStatusRecord.objects.get(reference=f"feedback:Opportunity:{deal_id(1)}")
    # when one of them is mended, whichever
    company.map_product("GTXPro")
    WorkItem.objects.filter(condition=Condition.BLOCKED).update(condition=Condition.DUE)
    work.work_due()
    row.refresh_from_db()
    # then the other is what the seller reads
    assert "order number" in row.fields["case"] and "GTXPro" not in row.fields["case"]


def test_look_ups_of_a_batch_take_the_same_number_of_queries_whatever_its_size(company: Company) -> None:
    company.hears(*(customer(number) for number in range(1, 46)))

    def queries(first: int, last: int) -> int:
        shapes = [deal(number, of=number) for number in range(first, last)]
        items, _ = work.register([(company.event(), shape) for shape in shapes])
        with CaptureQueriesContext(database) as seen:
            work.work(items)
        return len(seen)

    queries(1, 6)  # what is read once per process
    assert queries(6, 11) == queries(11, 41)
    assert Delivery.objects.filter(kind="contract").count() == 40


def test_an_item_left_by_a_dead_worker_keeps_its_lease_until_it_ends(company: Company, machine) -> None:
    work.register([(company.event(), customer(1))])
    assert len(work._claim(10)) == 1
    assert work.work_due() == 0
    item = WorkItem.objects.get()
    assert item.condition == Condition.CLAIMED and item.lease_until <= machine() + timedelta(seconds=60)
