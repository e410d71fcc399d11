"""How a change of a contract is accounted for: proposed by rule, decided by finance, two people."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from connectors.canonical import ContractLine
from sync import treatments
from sync.models import JournalEntry, ModificationTreatment
from tests.small_company import DAY, Company, customer, deal, person

BASIC = deal().lines[0]


def line(product: str, amount: str, *, quantity: str = "1") -> ContractLine:
    return replace(BASIC, line_id=product, crm_product=product, amount=Decimal(amount), quantity=Decimal(quantity))


def change(number: int, kind: str, *lines: ContractLine, **values):
    return deal(
        1,
        amount=str(sum(one.amount for one in lines)),
        version=number,
        modification_number=number,
        modification_kind=kind,
        record_revision=number,
        lines=lines,
        **values,
    )


@pytest.mark.parametrize(
    ("kind", "lines", "removes", "proposed"),
    [
        # a product more, at its list price of 100: a contract of its own
        ("upsell", (("Basic", "100.00"), ("Plus", "100.00")), (), "separate_contract"),
        # below its list price, it is not at its standalone price
        ("upsell", (("Basic", "100.00"), ("Plus", "60.00")), (), "prospective"),
        # and a product that was there changes with it
        ("amendment", (("Basic", "90.00"), ("Plus", "100.00")), (), "mixed"),
        ("downsell", (("Basic", "50.00"),), (), "prospective"),
        ("amendment", (("Plus", "60.00"),), ("Basic",), "prospective"),
        ("cancellation", (), (), "prospective"),
    ],
)
def test_the_rule_proposes_and_nothing_is_decided(
    company: Company, kind: str, lines: tuple[tuple[str, str], ...], removes: tuple[str, ...], proposed: str
) -> None:
    # given a contract, and a change signed a week before it takes effect
    company.map_product("Plus", name="Plus")
    company.hears(customer(1))
    company.hears(deal(1))
    later = DAY + timedelta(days=7)
    company.hears(change(2, kind, *(line(*one) for one in lines), removes=removes, effective_on=later))
    # then its accounting is proposed from the day both agreed
    row = ModificationTreatment.objects.get()
    assert (row.proposed, row.in_force, row.accounting_on, row.effective_on) == (proposed, "", DAY, later)
    assert JournalEntry.objects.filter(object_kind="treatment", correlation_id=row.correlation_id).count() == 1


@pytest.fixture
def proposed(company: Company) -> ModificationTreatment:
    company.hears(customer(1))
    company.hears(deal(1), change(2, "downsell", line("Basic", "50.00")))
    return ModificationTreatment.objects.get()


def test_two_people_of_finance_decide(proposed: ModificationTreatment) -> None:
    first, second = person("preparer", "Finance preparer"), person("approver", "Finance approver")
    with pytest.raises(treatments.NotDecidable, match="Nobody has decided"):
        treatments.approve(proposed.pk, user=second)
    assert treatments.decide(proposed.pk, "cumulative_catch_up", user=first, note="not distinct").in_force == ""
    with pytest.raises(treatments.NotDecidable, match="approve in finance"):
        treatments.approve(proposed.pk, user=first)
    row = treatments.approve(proposed.pk, user=second)
    assert (row.in_force, row.decided_by, row.approved_by) == ("cumulative_catch_up", first, second)
    with pytest.raises(treatments.NotDecidable, match="approved already"):
        treatments.decide(proposed.pk, "prospective", user=first)
    said = list(JournalEntry.objects.filter(object_kind="treatment").order_by("pk").values_list("action", flat=True))
    assert said == ["proposed", "decided", "approved"]


def test_one_person_with_both_roles_is_still_one_person(proposed: ModificationTreatment) -> None:
    both = person("both", "Finance preparer", "Finance approver")
    treatments.decide(proposed.pk, "prospective", user=both)
    with pytest.raises(treatments.NotDecidable, match="Another person"):
        treatments.approve(proposed.pk, user=both)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModificationTreatment.objects.update(approved_by=both, approved_at=proposed.created_at)


def test_others_do_not_decide(proposed: ModificationTreatment) -> None:
    with pytest.raises(treatments.NotDecidable, match="finance"):
        treatments.decide(proposed.pk, "prospective", user=person("seller", "Sales operations"))
