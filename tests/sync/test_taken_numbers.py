"""A change that comes late with a number that is taken: people see both, nothing is overtaken and nothing is sent."""

from dataclasses import replace
from decimal import Decimal

from connectors.canonical import SubscriptionContract
from reconciliation.models import ExceptionCase
from sync import blocks
from sync.models import ContractRecord, Delivery, WorkItem
from tests.small_company import Company, account_id, customer, deal, deal_id
from tests.sync.test_versions import change, hear_together

LATE, OTHER, FIRST = deal_id(71), deal_id(72), deal_id(70)
LOST = (("is_won", "false"), ("stage", "Closed Lost"))


def by(record: str, modification: int, amount: str, **values) -> SubscriptionContract:
    """A numbered change of deal 1, by a record of its own."""
    product, removes = values.pop("product", "Basic"), values.pop("removes", ())
    plain = change(1, modification, amount=amount, product=product, removes=removes)
    return replace(plain, **{"crm_opportunity_id": record, "name": f"By {record}", **values})


def with_three_changes(company: Company) -> None:
    company.hears(customer(1))
    company.hears(change(1, 1), by(FIRST, 2, "150.00"), by(deal_id(73), 3, "200.00"))
    company.settles()


def open_cases() -> list[ExceptionCase]:
    return list(ExceptionCase.objects.filter(status="open").order_by("pk"))


def as_carried() -> tuple[list, list]:
    """What is live, and what was ever owed to anybody."""
    rows = ContractRecord.objects.filter(reference=f"contract:{deal_id(1)}").order_by("version")
    owed = Delivery.objects.order_by("pk")
    return (
        list(rows.values_list("version", "amount", "crm_opportunity_id")),
        list(owed.values_list("delivery_key", "subject", "condition")),
    )


def test_a_lower_number_that_comes_late_goes_to_sales_operations_and_nothing_is_overtaken_or_sent(
    company: Company,
) -> None:
    # given a contract whose third change is live
    with_three_changes(company)
    before = as_carried()
    # when another record comes late with number 2
    (notes,) = hear_together(company, by(LATE, 2, "999.00"))
    company.settles()
    # then it is one case of sales operations over what it says, and everything is as it was
    (case,) = open_cases()
    assert (case.reason, case.team, case.amount, case.currency) == ("STALE_VERSION", "sales_ops", 999, "USD")
    assert case.value == f"change 2 is By {FIRST} ({FIRST}); By {LATE} ({LATE}) came with the same number"
    assert case.evidence["late"][LATE]["amount"] == "999.00" and case.evidence["live"] == 3
    assert notes == [f"contract:{deal_id(1)} has another change 2 already: nothing is carried"]
    assert as_carried() == before
    assert WorkItem.objects.get(version=2).subject["crm_opportunity_id"] == FIRST


def test_the_number_that_is_live_by_another_record_is_the_same_case(company: Company) -> None:
    with_three_changes(company)
    before = as_carried()
    company.hears(by(LATE, 3, "999.00", record_revision=900))
    company.settles()
    assert [case.reason for case in open_cases()] == ["STALE_VERSION"] and as_carried() == before


def test_two_records_with_one_number_in_one_batch_are_one_change_and_one_case(company: Company) -> None:
    # given two changes with one number, of which the one signed later is heard first
    company.hears(customer(1), change(1, 1))
    signed = deal(1).signed_on
    second = by(LATE, 2, "300.00", signed_on=signed.replace(day=20))
    hear_together(company, second, by(FIRST, 2, "150.00"))
    company.settles()
    # then the one signed first is billed
    assert ContractRecord.objects.get(version=2).crm_opportunity_id == FIRST
    (case,) = open_cases()
    assert case.reason == "STALE_VERSION" and list(case.evidence["late"]) == [LATE]
    # and the same read once more, in another order, is nothing new
    hear_together(company, by(FIRST, 2, "150.00"), second)
    case.refresh_from_db()
    assert (case.status, case.occurrences) == ("open", 1)


def test_a_case_is_over_once_the_late_change_has_a_number_of_its_own_and_is_billed(company: Company) -> None:
    with_three_changes(company)
    company.hears(by(LATE, 2, "250.00"))
    (case,) = open_cases()
    # when the seller gives it the next free number
    company.hears(by(LATE, 4, "250.00", record_revision=20))
    company.settles()
    # then the case closed by itself and the change is carried
    case.refresh_from_db()
    assert (case.status, case.resolution) == ("closed", "went_through") and not open_cases()
    assert ContractRecord.objects.get(version=4).amount == 250


def test_a_case_is_over_once_the_late_change_is_taken_back(company: Company) -> None:
    with_three_changes(company)
    company.hears(by(LATE, 2, "250.00"), by(OTHER, 2, "260.00"))
    assert set(open_cases()[0].evidence["late"]) == {LATE, OTHER}
    company.hears(by(LATE, 2, "250.00", record_revision=20, commitment=LOST))
    # then it is about the other one only
    (case,) = open_cases()
    assert list(case.evidence["late"]) == [OTHER]
    company.hears(by(OTHER, 2, "260.00", record_revision=20, commitment=LOST))
    assert not open_cases()


def test_what_holds_a_number_and_is_stopped_keeps_it(company: Company) -> None:
    # given a second change that is stopped over its product
    company.hears(customer(1), change(1, 1))
    company.hears(by(FIRST, 2, "150.00", product="GTXPro", removes=("Basic",)))
    # when another record comes with its number, newer and without fault
    company.hears(by(LATE, 2, "999.00", record_revision=900))
    # then both are cases, and nothing of the other one is billed
    assert {case.reason for case in open_cases()} == {"PRODUCT_UNMAPPED", "STALE_VERSION"}
    # also when the first goes through
    company.map_product("GTXPro")
    WorkItem.objects.filter(version=2).update(condition="due")
    company.settles()
    assert [case.reason for case in open_cases()] == ["STALE_VERSION"]
    assert ContractRecord.objects.get(version=2).amount == 150


def test_a_number_whose_record_was_taken_back_before_it_was_carried_is_free(company: Company) -> None:
    # given a second change that was stopped, and another one that wants its number
    company.hears(customer(1), change(1, 1))
    company.hears(by(FIRST, 2, "150.00", product="GTXPro", removes=("Basic",), record_revision=500))
    company.hears(by(LATE, 2, "300.00", record_revision=20))
    # when the first is taken back, and both are read
    hear_together(
        company, by(FIRST, 2, "150.00", record_revision=501, commitment=LOST), by(LATE, 2, "300.00", record_revision=20)
    )
    company.settles()
    # then the other one has the number and is billed
    assert not open_cases()
    record = ContractRecord.objects.get(version=2)
    assert (record.crm_opportunity_id, record.amount) == (LATE, 300)


def test_an_assignment_with_a_number_that_is_taken_begins_no_contract(company: Company) -> None:
    # given a contract with two changes, and another customer
    with_three_changes(company)
    company.hears(customer(2))
    company.settles()
    before = as_carried()
    # when an assignment comes with number 2
    own = replace(by(LATE, 2, "100.00", customer_reference=f"customer:{account_id(2)}"), modification_kind="assignment")
    begins = replace(
        own, reference=f"contract:{LATE}", version=1, modification_number=1, correlation_id=f"deal:{LATE}",
        continues_reference=f"contract:{deal_id(1)}", master_reference=f"contract:{LATE}",
    )  # fmt: skip
    hear_together(company, own, begins)
    company.settles()
    # then neither the end of the one nor the beginning of the other is carried
    assert [case.reason for case in open_cases()] == ["STALE_VERSION"] and as_carried() == before
    assert not WorkItem.objects.filter(reference=f"contract:{LATE}").exists()


def test_what_was_decided_is_asked_again_only_after_another_edit(company: Company) -> None:
    with_three_changes(company)
    company.hears(by(LATE, 2, "999.00", record_revision=20))
    blocks.clear(work_items=[WorkItem.objects.get(version=2).pk], note="What was signed is kept")
    # when it is read again as it was
    company.hears(by(LATE, 2, "999.00", record_revision=20))
    assert not open_cases()
    # and when it was edited
    company.hears(by(LATE, 2, "998.00", record_revision=21))
    assert open_cases()[0].amount == Decimal("998.00")
