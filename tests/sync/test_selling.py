"""Which of our companies sells: what was signed, else account, hierarchy and country; one contract goes its own way."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from connectors.canonical import SubscriptionContract
from reconciliation.models import ExceptionCase
from sync import clock
from sync.models import (
    Connection,
    ContractRecord,
    Delivery,
    EntityMapping,
    EntityRoute,
    LegalEntity,
    SalesOrderRecord,
    WorkItem,
)
from tests.small_company import DAY, FIRST_DAY, Company, account_id, customer, deal, deal_id

pytestmark = pytest.mark.django_db
Basis = EntityMapping.Basis


@pytest.fixture
def second(company: Company) -> LegalEntity:
    """Another company of ours, with a billing account of its own and the same ERP."""
    entity = LegalEntity.objects.create(
        code="DE01", name="Second company", functional_currency="EUR", country="DE", time_zone="Europe/Berlin",
        business_date=DAY + timedelta(days=1),
    )  # fmt: skip
    billing = Connection.objects.get(code="billing")
    billing.pk, billing.code = None, "billing-de"
    billing._state.adding = True
    billing.save()
    for role, connection in (("crm", company.crm), ("billing", billing), ("erp", company.erp)):
        EntityRoute.objects.create(entity=entity, role=role, connection=connection, valid_from=FIRST_DAY)
    return entity


def rule(company: Company, entity: LegalEntity, basis: str, key: str, *, since: date = date(2025, 1, 1)) -> None:
    by_country = basis == Basis.COUNTRY
    EntityMapping.objects.create(
        basis=basis, country=key if by_country else "", key="" if by_country else key, entity=entity,
        status="approved", valid_from=since, drafted_by=company.drafter, drafted_at=clock.now(),
        approved_by=company.approver, approved_at=clock.now(),
    )  # fmt: skip


def seller(company: Company, number: int = 1, **values: object) -> str:
    company.hears(deal(number, **values))  # type: ignore[arg-type]
    company.settles()
    return str(ContractRecord.objects.get(reference=f"contract:{deal_id(number)}").legal_entity.code)


def test_the_signed_contract_goes_before_every_other_rule(company: Company, second: LegalEntity) -> None:
    rule(company, second, Basis.SIGNATORY, "Second company GmbH")
    rule(company, company.entity, Basis.ACCOUNT, f"customer:{account_id(1)}")
    company.hears(customer(1))
    assert seller(company, 1, signatory="Second company GmbH") == "DE01"
    assert seller(company, 2) == "US01"
    # our own code needs no rule
    assert seller(company, 3, signatory="DE01") == "DE01"


def test_a_signatory_nobody_knows_stops_the_deal_until_finance_says_who_it_is(company: Company) -> None:
    company.hears(customer(1))
    (item,) = company.hears(deal(1, signatory="Somebody Ltd"))
    assert item.condition == "blocked" and item.blocks.get().reason == "ENTITY_ROUTE_MISSING"
    assert item.blocks.get().value == "Somebody Ltd"


def test_one_contract_goes_another_way_by_a_rule_of_its_own(company: Company, second: LegalEntity) -> None:
    rule(company, second, Basis.CONTRACT, f"contract:{deal_id(1)}")
    company.hears(customer(1))
    assert seller(company, 1, signatory="US01") == "DE01"
    assert seller(company, 2, signatory="US01") == "US01"


def test_a_rule_for_a_hierarchy_holds_for_all_below_and_an_account_for_itself_alone(
    company: Company, second: LegalEntity
) -> None:
    rule(company, second, Basis.HIERARCHY, f"customer:{account_id(1)}")
    rule(company, company.entity, Basis.ACCOUNT, f"customer:{account_id(3)}")
    above = {2: 1, 3: 2, 4: 3}
    company.hears(customer(1))
    for child, parent in above.items():
        company.hears(customer(child, parent_reference=f"customer:{account_id(parent)}"))
    company.settles()
    assert {n: seller(company, n, of=n) for n in (1, 2, 3, 4)} == {1: "DE01", 2: "DE01", 3: "US01", 4: "DE01"}


def test_a_rule_holds_from_its_first_day_by_the_day_of_signature(company: Company, second: LegalEntity) -> None:
    rule(company, second, Basis.ACCOUNT, f"customer:{account_id(1)}", since=DAY)
    company.hears(customer(1))
    assert seller(company, 1, signed_on=DAY - timedelta(days=1)) == "US01"
    assert seller(company, 2, signed_on=DAY) == "DE01"


def test_another_company_that_sells_gets_the_customer_first(company: Company, second: LegalEntity) -> None:
    rule(company, second, Basis.SIGNATORY, "DE")
    company.hears(customer(1))
    company.settles()
    assert not Delivery.objects.filter(target__code="billing-de").exists()
    seller(company, 1, signatory="DE")
    there = Delivery.objects.filter(target__code="billing-de").order_by("pk")
    assert [(row.kind, row.condition) for row in there] == [("customer", "settled"), ("contract", "settled")]
    # and from then on its changes as well
    company.hears(customer(1, version=2, name="Renamed"))
    company.settles()
    assert there.filter(kind="customer", version=2, condition="settled").exists()


def test_a_child_whose_parent_another_company_serves_waits_for_nobody(company: Company, second: LegalEntity) -> None:
    rule(company, second, Basis.COUNTRY, "DE")
    # the child comes first: it waits until it is known where its parent belongs
    company.hears(customer(2, parent_reference=f"customer:{account_id(1)}", country="Germany"))
    assert WorkItem.objects.get(reference=f"customer:{account_id(2)}").condition == "waiting"
    company.hears(customer(1))
    company.settles()
    assert not Delivery.objects.exclude(condition="settled").exists()
    assert Delivery.objects.filter(target__code="billing-de", reference=f"customer:{account_id(2)}").exists()


def test_a_rule_has_the_key_its_kind_needs(company: Company) -> None:
    for basis, country, key in ((Basis.COUNTRY, "", "x"), (Basis.ACCOUNT, "DE", ""), (Basis.CONTRACT, "", "")):
        with pytest.raises(IntegrityError), transaction.atomic():
            EntityMapping.objects.create(
                basis=basis, country=country, key=key, entity=company.entity, valid_from=DAY,
                drafted_by=company.drafter, drafted_at=clock.now(),
            )  # fmt: skip


def test_two_rules_of_one_key_never_overlap(company: Company, second: LegalEntity) -> None:
    rule(company, second, Basis.SIGNATORY, "DE")
    with pytest.raises(IntegrityError), transaction.atomic():
        rule(company, company.entity, Basis.SIGNATORY, "DE", since=DAY)
    # the same text in another kind of rule is another rule
    rule(company, second, Basis.COUNTRY, "DE")


# -- splits ---------------------------------------------------------------------------------------------
def part(
    number: int, of: int, amount: str, *, beside: tuple[int, ...] = (), revision: int = 1_000
) -> SubscriptionContract:
    """What one account is billed of a deal, beside what others are billed of it."""
    names = {account: f"contract:{deal_id(number)}:{account_id(account)}" for account in sorted({of, *beside})}
    return replace(
        deal(number, of=of, amount=amount),
        reference=names[of],
        master_reference=f"contract:{deal_id(number)}",
        parts=tuple(names.values()),
        record_revision=revision,
    )


def test_a_deal_that_was_carried_is_never_split_again_otherwise(company: Company) -> None:
    for number in (1, 2, 3):
        company.hears(customer(number))
    company.hears(part(1, 1, "60.00", beside=(2,)), part(1, 2, "40.00", beside=(1,)))
    company.settles()
    # the quote is edited: the second half goes to another subsidiary
    (item,) = company.hears(part(1, 3, "40.00", beside=(1,)))
    company.settles()
    assert item.condition == "blocked" and item.blocks.get().reason == "DEAL_CHANGED_AFTER_BILLING"
    # nor is a third added to the two
    (item,) = company.hears(part(1, 3, "10.00", beside=(1, 2), revision=1_001))
    company.settles()
    assert item.condition == "blocked" and item.blocks.get().reason == "DEAL_CHANGED_AFTER_BILLING"
    assert Delivery.objects.filter(kind="contract").count() == 2


def test_a_part_whose_customer_comes_later_was_signed_with_the_others(company: Company) -> None:
    company.hears(customer(1))
    company.hears(part(1, 1, "60.00", beside=(2,)), part(1, 2, "40.00", beside=(1,)))
    company.settles()
    assert ContractRecord.objects.get().reference == part(1, 1, "60.00").reference
    company.hears(customer(2))
    company.settles()
    assert {row.amount for row in ContractRecord.objects.all()} == {Decimal("60.00"), Decimal("40.00")}
    assert not ExceptionCase.objects.filter(status="open").exists()


@pytest.mark.parametrize("last", [(1, 3), (1, 2), (3,)], ids=["another", "as at first", "not split any more"])
def test_while_nothing_was_carried_only_the_newest_split_counts(company: Company, last: tuple[int, ...]) -> None:
    for revision, accounts in enumerate([(1, 2), (1, 3), last], start=1):
        each = "100.00" if len(accounts) == 1 else "50.00"
        parts = [part(1, one, each, beside=accounts, revision=revision) for one in accounts]
        if len(accounts) == 1:
            parts = [replace(deal(1, of=accounts[0]), master_reference=parts[0].master_reference, record_revision=9)]
        company.hears(*parts)
        company.settles()
        assert not ContractRecord.objects.exists()
    for number in (1, 2, 3):
        company.hears(customer(number))
    company.settles()
    assert {row.customer_reference for row in ContractRecord.objects.all()} == {
        f"customer:{account_id(one)}" for one in last
    }
    assert sum(row.amount for row in ContractRecord.objects.all()) == Decimal("100.00")
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_of_two_splits_heard_at_once_the_later_one_counts(company: Company) -> None:
    # given both revisions of a quote in one batch, whichever comes first
    for number in (1, 2, 3):
        company.hears(customer(number))
    earlier = [part(1, one, "50.00", beside=(1, 2), revision=1) for one in (1, 2)]
    later = [part(1, one, "50.00", beside=(1, 3), revision=2) for one in (1, 3)]
    company.hears(*later, *earlier)
    company.settles()
    assert {row.customer_reference for row in ContractRecord.objects.all()} == {
        f"customer:{account_id(one)}" for one in (1, 3)
    }


# -- services ---------------------------------------------------------------------------------------------
def test_services_are_ordered_in_the_erp_and_the_rest_is_billed(company: Company) -> None:
    company.map_product("Training", name="Training", price="30.00", destination="erp_sales_order")
    company.hears(customer(1))
    fee, service = deal(1, amount="100.00").lines[0], deal(1, amount="30.01", product="Training").lines[0]
    company.hears(deal(1, amount="130.01", lines=(fee, replace(service, line_id="2"))))
    company.settles()
    billed, ordered = (Delivery.objects.get(kind=kind) for kind in ("contract", "sales_order"))
    assert (billed.target.code, billed.amount, ordered.target.code, ordered.amount) == (
        "billing", Decimal("100.00"), "erp", Decimal("30.01"),
    )  # fmt: skip
    assert ordered.condition == "settled" and ordered.reference == f"order:{deal_id(1)}"
    order = SalesOrderRecord.objects.get()
    assert order.net == Decimal("30.01") and order.contract_reference == f"contract:{deal_id(1)}"
    # revenue is allocated over both: they carry one name
    lines = [*order.lines.all(), *ContractRecord.objects.get().lines.all()]
    assert {line.arrangement for line in lines} == {f"arrangement:{deal_id(1)}"}


def test_a_deal_of_services_alone_owes_billing_nothing(company: Company) -> None:
    company.map_product("Training", name="Training", destination="erp_sales_order")
    company.hears(customer(1))
    company.hears(deal(1, product="Training"))
    company.settles()
    assert not Delivery.objects.filter(kind="contract").exists()
    assert Delivery.objects.get(kind="sales_order").condition == "settled"
