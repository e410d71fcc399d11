"""The queue: grouping, filters, search, pages."""

from datetime import timedelta
from decimal import Decimal

import pytest

from reconciliation import cases, figures
from reconciliation.models import ExceptionCase
from reconciliation.queue_filters import Filters, page_of
from sync import clock
from sync.models import WorkItem
from tests.reconciliation.views import desk_people, story

pytestmark = pytest.mark.django_db


def test_the_queue_groups_by_cause_and_says_what_waits_for_it():
    # given a problem for whose customer a deal waits
    desk_people.company()
    # when somebody opens the queue
    body = desk_people.signed_in("Sales operations").get("/queue/").content.decode()
    # then both causes are there in words, with the money behind them and no code
    assert "Product has no billing plan: GTXPro" in body
    assert "USD 4,821.00" in body
    assert "1 deal waits (USD 55.00)" in body
    assert "PRODUCT_UNMAPPED" not in body.split("<main")[1].replace('value="PRODUCT_UNMAPPED"', "")


def test_a_filter_that_matches_nothing_says_so_and_offers_the_way_out():
    desk_people.company()
    body = desk_people.signed_in("Auditor").get("/queue/?amount=100000").content.decode()
    assert "Nothing matches" in body and "Clear all filters" in body


def test_an_empty_queue_is_good_news():
    story.begin()
    assert "All clear" in desk_people.signed_in("Auditor").get("/queue/").content.decode()


@pytest.mark.parametrize(
    "bad",
    [
        "team=nobody",
        "age=x",
        "amount=1e999",
        "page=99999999999",
        "view=cases&after=a|b|c",
        "view=cases&after=2026-01-01T00:00:00%2B00:00|NaN|1",
        "q=%00x",
        "entity=%27",
    ],
)
def test_nonsense_in_the_address_is_left_out_and_never_an_error(bad):
    desk_people.company()
    assert desk_people.signed_in("Auditor").get(f"/queue/?{bad}").status_code == 200


@pytest.mark.parametrize("text", ["{case}", "{problem}", "cancity", story.BLOCKED, "deal:" + story.BLOCKED, "GTXPro"])
def test_a_case_is_found_by_what_people_have_at_hand(text):
    # given the case of a product
    desk_people.company()
    case = desk_people.product_case()
    # when it is searched by number, customer, id or value
    filters = Filters({"q": text.format(case=case.number.lower(), problem=case.problem.number)})
    found = filters.apply(figures.open_cases(), user=desk_people.person("Auditor"))
    # then it is found
    assert case in found


def test_a_deal_that_waits_is_found_at_the_case_it_waits_for():
    desk_people.company()
    filters = Filters({"q": story.WAITING})
    found = filters.apply(figures.open_cases(), user=desk_people.person("Auditor"))
    assert [case.reason for case in found] == ["COUNTRY_UNKNOWN"]


@pytest.mark.parametrize("sort", ["due", "amount", "oldest"])
def test_pages_show_every_case_once_in_order_whatever_the_sort(sort):
    # given cases of which some have the same due time, some no amount
    made = story.begin()
    event = made.event(made.salesforce, "opportunity", "x", story.START)
    rows = [
        made.item(
            "closed_won_to_billing",
            f"contract:{number}",
            event=event,
            condition="blocked",
            correlation_id=f"deal:{number}",
        )
        for number in range(23)
    ]
    cases.open_cases(
        [
            cases.Opening(
                target="work_item",
                row=row,
                reason="PRODUCT_UNMAPPED",
                value="X",
                currency="USD",
                amount=Decimal(place % 5) if place % 4 else None,
            )
            for place, row in enumerate(rows)
        ]
    )
    ExceptionCase.objects.filter(pk__in=ExceptionCase.objects.order_by("pk").values("pk")[:7]).update(
        due_at=clock.now() - timedelta(days=1)
    )
    # when they are read page by page
    seen, after = [], ""
    while True:
        found, after = page_of(figures.open_cases(), sort=sort, after=after, size=5)
        seen += [case.pk for case in found]
        if not after:
            break
    # then each came once
    assert len(seen) == len(set(seen)) == 23
    # and in the order of one long page
    assert seen == [case.pk for case in page_of(figures.open_cases(), sort=sort, size=100)[0]]


def test_money_held_counts_what_is_stopped_and_what_waits_but_no_breaks():
    desk_people.company()
    assert figures.held(figures.open_cases()) == ["USD 4,876.00"]
    WorkItem.objects.filter(condition="waiting").update(currency="EUR")
    assert figures.held(figures.open_cases()) == ["EUR 55.00", "USD 4,821.00"]
