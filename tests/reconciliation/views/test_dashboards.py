"""The dashboards: exact figures of a small situation, currencies apart, and every number with exactly its rows."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from reconciliation import figures_dashboards as ops
from reconciliation import figures_executive as executive
from reconciliation.controls.registry import controls_of
from reconciliation.figures_readiness import close_readiness
from reconciliation.figures_spans import length_in_words, percent, span_of, trend
from reconciliation.models import Break, ControlRun, ExceptionCase, Problem
from sync import clock, journal
from sync.models import (
    AccountingPeriod,
    Attempt,
    Connection,
    CreditMemoRecord,
    Delivery,
    InvoiceRecord,
    SourceEvent,
    VoidRecord,
)
from tests.reconciliation.views import company
from tests.reconciliation.views.company import Story, person
from tests.reconciliation.views.markup import text_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAGES = ("/dashboards/", "/dashboards/executive")
#: a number with its rows, as both pages print it
LINKED = re.compile(r'<a href="([^"]+)">([\d,]+)<span class="q-hidden"> [^<]*: the rows</span></a>')


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.use(lambda: NOW):
        yield


@pytest.fixture
def story() -> Story:
    return company.begin()


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(person("auditor", "Auditor"))
    return client


def rows_behind(client: Client, path: str) -> int:
    """How many rows a link shows: a list of records, the queue case by case, or a list of the dashboards."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    if "cl" in answer.context:
        return len(answer.context["cl"].result_list)
    found = answer.context["cases"] if "cases" in answer.context else answer.context["shown"]
    assert "count" not in answer.context or answer.context["count"] == len(found)
    return len(found)


def linked(page: str) -> list[tuple[str, str]]:
    """The addresses and numbers of a page."""
    return [(html.unescape(address), number) for address, number in LINKED.findall(page)]


def case(story: Story, number: int, *, age: timedelta, reason: str = "NOT_BILLED", **values: Any) -> ExceptionCase:
    """A case about an object of its own, opened so long ago; closed where `closed` says how long ago."""
    opened = NOW - age
    item = story.item(
        "closed_won_to_billing",
        f"contract:{number}",
        event=story.event(story.salesforce, "opportunity", str(number), opened),
        correlation_id=f"deal:{number}",
        validated_at=None,
        transformed_at=None,
        state="received",
    )
    problem, _ = Problem.objects.get_or_create(
        fingerprint=reason, defaults={"reason": reason, "team": "finance", "first_seen_at": opened, "last_seen_at": NOW}
    )
    closed = values.pop("closed", None)
    if closed is not None:
        values = {"status": "closed", "closed_at": NOW - closed, "resolution": "went_through", **values}
    common = {"team": "finance", "amount": Decimal("100.00"), "currency": "USD", "due_at": opened + DAY}
    return ExceptionCase.objects.create(
        problem=problem, reason=reason, work_item=item, opened_at=opened, **{**common, **values}
    )


def call(delivery: Delivery, outcome: str, *, ago: timedelta = HOUR) -> None:
    Attempt.objects.create(
        delivery=delivery, round=1, generation=1, fence=1, request_key="key", started_at=NOW - ago, outcome=outcome
    )


def found_break(story: Story, number: int, *, age: timedelta, difference: str, currency: str) -> Break:
    run, _ = ControlRun.objects.get_or_create(
        control="invoices", entity=story.entity, business_date=date(2026, 11, 18), started_at=NOW
    )
    return Break.objects.create(
        control="invoices",
        entity=story.entity,
        kind="AMOUNT_MISMATCH",
        reference=f"invoice:{number}",
        currency=currency,
        document_date=date(2026, 11, 18),
        label=f"INV-{number}",
        difference=Decimal(difference),
        found_in=run,
        found_at=NOW - age,
    )


def invoice(story: Story, number: int, *, ago: timedelta, currency: str = "USD") -> InvoiceRecord:
    day = (NOW - ago).date()
    return InvoiceRecord.objects.create(
        reference=f"invoice:{number}", version=1, correlation_id=f"deal:{number}", legal_entity=story.entity,
        currency=currency, source_system="stripe_billing", source_event="1", number=f"INV-{number}",
        billing_id=f"in_{number}", customer_reference="customer:1", contract_reference=f"contract:{number}",
        document_date=day, posting_date=day, tax_point=day, due_on=day, net=10, tax=0, total=10, status="issued",
        created_at=NOW - ago,
    )  # fmt: skip


# -- operations ---------------------------------------------------------------------------------------
@pytest.fixture
def busy(story: Story) -> Story:
    """Five events read after 1, 2, 3, 4 and 10 seconds; one not read; one of last week. One delivery to the ERP."""
    for seconds in (1, 2, 3, 4, 10):
        event = story.event(story.stripe, "invoice.finalized", f"in_{seconds}", NOW - HOUR)
        SourceEvent.objects.filter(pk=event.pk).update(read_at=NOW - HOUR + timedelta(seconds=seconds))
    unread = story.event(story.stripe, "invoice.finalized", "in_new", NOW - HOUR)
    SourceEvent.objects.filter(pk=unread.pk).update(read_at=None, condition="due")
    long_ago = story.event(story.stripe, "invoice.finalized", "in_old", NOW - 8 * DAY)
    SourceEvent.objects.filter(pk=long_ago.pk).update(read_at=NOW)
    item = story.item("invoice_to_erp", "invoice:1", event=event, correlation_id="deal:1", title="Invoice 1")
    created = item.created_at
    row = story.deliver(
        item, story.netsuite, kind="invoice", reference="invoice:1", external_id="9001", created_at=created,
        delivered_at=created + timedelta(seconds=20), posted_at=created + timedelta(minutes=2),
        reconciled_at=created + timedelta(hours=3, minutes=2), state="reconciled",
    )  # fmt: skip
    Attempt.objects.update(started_at=NOW - HOUR)
    for outcome in ("unavailable", "unknown", "rejected", "not_found", "late", "sent", "not_sent"):
        call(row, outcome)
    call(row, "rejected", ago=8 * DAY)
    return story


def test_percentiles_lie_where_postgresql_puts_them(busy: Story, auditor: Client) -> None:
    steps = {one.title: one for one in ops.latencies(span_of("7d"))}
    # then half is 3 s, and 95 of 100 lie four fifths of the way from 4 to 10 s
    assert (steps["Read"].number.count, *steps["Read"].cells) == (5, "3.0 s", "8.8 s")
    assert steps["Validated"].cells == ("1.0 s", "1.0 s") and steps["Transformed"].cells == ("0 ms", "0 ms")
    assert [steps[f"ERP: {word}"].cells[0] for word in ("delivered", "posted", "reconciled")] == [
        "20 s", "1 min 40 s", "3 h",
    ]  # fmt: skip
    # and in thirty days the event that took eight of them counts as well
    longer = {one.title: one for one in ops.latencies(span_of("30d"))}
    assert longer["Read"].number.count == 6 and longer["Read"].cells[0] == "3.5 s"
    # and steps in which nothing happened are still there
    page = text_of(auditor, "/dashboards/")
    assert page.count("Nothing in this span") == 4 and "8.8 s" in page and "last 7 days" in page.lower()
    assert "29 Nov 2026 12:00 UTC" in page


def test_the_slowest_stand_first_behind_a_step(busy: Story, auditor: Client) -> None:
    page = text_of(auditor, "/dashboards/?rows=read&span=7d&until=2026-11-29T12:00:00%2B00:00")
    assert "5 rows, the slowest first" in page
    took = re.findall(r'data-label="Took">([^<]+)<', page)
    assert took == ["10 s", "4.0 s", "3.0 s", "2.0 s", "1.0 s"]
    text_of(auditor, "/dashboards/?rows=nothing", status=404)
    text_of(auditor, "/dashboards/?rows=failed&of=nobody", status=404)
    text_of(auditor, "/dashboards/executive?rows=nothing", status=404)


def test_calls_that_failed_are_a_share_of_calls_that_ended(busy: Story, auditor: Client) -> None:
    netsuite = next(one for one in ops.calls(span_of("7d")) if one.connection.code == "netsuite")
    # one receipt, three failures, one not found, one late; what is under way or was never sent is no call that ended
    assert (netsuite.total.count, netsuite.failed.count, netsuite.share) == (6, 3, "50 %")
    assert netsuite.how == "1 not reachable, nothing written; 1 no answer; 1 refused"
    assert rows_behind(auditor, netsuite.failed.rows) == 3 and rows_behind(auditor, netsuite.total.rows) == 6
    page = text_of(auditor, "/dashboards/")
    assert page.count("No calls in this span") == 2 and 'href="/connections/#netsuite"' in page
    assert Connection.objects.count() == 3


def test_breaks_stand_by_age_and_are_never_added_across_currencies(story: Story, auditor: Client) -> None:
    # given breaks around the edges of two ages, in two currencies, one of them negative
    found_break(story, 1, age=2 * DAY - HOUR, difference="10.00", currency="USD")
    found_break(story, 2, age=2 * DAY + HOUR, difference="20.00", currency="USD")
    found_break(story, 3, age=3 * DAY, difference="-20.50", currency="USD")
    found_break(story, 4, age=40 * DAY, difference="7", currency="JPY")
    healed = found_break(story, 5, age=40 * DAY, difference="900.00", currency="USD")
    healed.healed_at = NOW
    healed.save()
    assert [(one.age, one.currency, one.number.count, one.amount) for one in ops.unreconciled(NOW)] == [
        ("0 to 1 day", "USD", 1, "USD 10.00"),
        ("2 to 7 days", "USD", 2, "USD 40.50"),
        ("More than 30 days", "JPY", 1, "JPY 7"),
    ]
    page = text_of(auditor, "/dashboards/")
    assert "USD 40.50" in page and "JPY 7" in page and "57.50" not in page


def test_the_queue_ages_as_its_own_filter_does(story: Story, auditor: Client) -> None:
    for number, (age, team) in enumerate([(HOUR, "finance"), (2 * DAY, "finance"), (40 * DAY, "sales_ops")]):
        case(story, number, age=age, team=team)
    lines, oldest = ops.queue_age(NOW)
    assert [(line.words, line.all.count) for line in lines] == [
        ("All open", 3), ("Older than a day", 2), ("Older than 3 days", 1), ("Older than a week", 1),
        ("Older than 30 days", 1),
    ]  # fmt: skip
    assert dict(lines[1].teams)["Finance"].count == 1 and oldest == NOW - 40 * DAY
    assert rows_behind(auditor, lines[1].all.rows) == 2


def test_cases_that_nobody_closed_are_told_apart(story: Story) -> None:
    # given five cases closed in the span: three by themselves, one of these again by a person, one fixed outside
    case(story, 1, age=10 * HOUR, closed=9 * HOUR)
    case(story, 2, age=10 * HOUR, closed=7 * HOUR, resolution="superseded")
    case(story, 3, age=10 * HOUR, closed=2 * HOUR, closed_by=person("someone", "Finance preparer"))
    case(story, 4, age=10 * HOUR, closed=HOUR, resolution="fixed_outside", team="sales_ops")
    case(story, 5, age=20 * DAY, closed=8 * DAY)
    case(story, 6, age=DAY)
    found = ops.endings(span_of("7d"))
    assert (found.all.count, found.by_itself.count, found.share) == (4, 2, "50 %")
    assert {words: number.count for words, number, _, _ in found.ways if number.count} == {
        "Went through by itself": 2, "Superseded by a newer version": 1, "Fixed in the other system": 1,
    }  # fmt: skip
    resolved = {one.title: (one.number.count, *one.cells) for one in ops.time_to_resolve(span_of("7d"))}
    # 1, 3 and 8 hours: half within 3, and 95 of 100 nine tenths of the way from 3 to 8
    assert resolved["Finance"] == (3, "3 h", "7 h 30 min")
    assert resolved["Sales operations"] == (1, "9 h", "9 h") and resolved["Billing operations"] == (0, "", "")


def test_replays_and_the_events_in_them_are_counted(story: Story, auditor: Client) -> None:
    for moment, events in ((NOW - HOUR, 3), (NOW - 2 * HOUR, 4), (NOW - 8 * DAY, 500)):
        with clock.use(lambda moment=moment: moment):
            details = {"events": events, "skipped_posted": 1}
            fact = journal.Fact(action="replayed", object_kind="replay", object_key="by hand", text="", details=details)
            journal.note([fact, journal.Fact(action="carried", object_kind="contract", object_key="1", text="")])
    found = ops.replays(span_of("7d"))
    assert (found.number.count, found.events, len(found.latest)) == (2, 7, 2)
    assert rows_behind(auditor, found.number.rows) == 2
    assert "7 events read again" in text_of(auditor, "/dashboards/")


# -- executive ----------------------------------------------------------------------------------------
def test_money_held_stands_per_currency_with_its_trend(story: Story, auditor: Client) -> None:
    # given: open since before the span, opened in it, closed in it, and closed before it
    case(story, 1, age=8 * DAY, amount=Decimal("-50.00"))
    case(story, 2, age=DAY, amount=Decimal("25.00"))
    case(story, 3, age=8 * DAY, closed=DAY, amount=Decimal("100.00"))
    case(story, 4, age=20 * DAY, closed=9 * DAY, amount=Decimal("900.00"))
    case(story, 5, age=DAY, amount=Decimal("300"), currency="JPY")
    assert [(one.all, one.own, one.trend.word) for one in executive.money_held(span_of("7d"))] == [
        ("JPY 300", "JPY 300", "up by JPY 300, from JPY 0"),
        ("USD 75.00", "USD 75.00", "down by USD 75.00, from USD 150.00"),
    ]
    aged = executive.ageing(span_of("7d"))
    assert (aged.ages[0].number.count, aged.ages[0].money) == (3, ("JPY 300", "USD 75.00"))
    assert [one.number.count for one in aged.ages] == [3, 1, 1, 1, 0] and aged.ages[3].money == ("USD 50.00",)
    assert aged.trend.word == "up by 1, from 2"
    page = text_of(auditor, "/dashboards/executive")
    own = executive.money_held(span_of("7d"))[1].rows
    assert rows_behind(auditor, own) == 2 and html.escape(own) in page
    assert "trending_down" in page and "Down by USD 75.00, from USD 150.00" in page and "375" not in page


def month(story: Story) -> int:
    """A period with controls and documents: all tie but two, half of what is owed is posted; how many controls."""
    entity = story.entity
    AccountingPeriod.objects.create(
        entity=entity, connection=story.netsuite, module="ar", starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30),
        state="open", external_id="1", mirrored_at=NOW,
    )  # fmt: skip
    # one control ran before the period, one has open cases
    names = [control.name for control in controls_of(entity)]
    for name in names:
        status = "open_exceptions" if name == names[1] else "tied"
        day = date(2026, 10, 31) if name == names[0] else date(2026, 11, 18)
        ControlRun.objects.create(
            control=name, entity=entity, business_date=day, status=status, started_at=NOW, finished_at=NOW
        )
    # three documents of the period, of which one is held; one of last month; and a deal that is stopped
    late = {"document_date": date(2026, 10, 31), "condition": "due"}
    for number, values in enumerate(({}, {}, {"condition": "held", "held_until": NOW}, late), start=50):
        story.deliver(None, story.netsuite, kind="invoice", reference=f"invoice:{number}", external_id="", **values)
    case(story, 50, age=DAY, entity=entity, effective_on=date(2026, 11, 18))
    found_break(story, 50, age=DAY, difference="1.00", currency="USD")
    return len(names)


def test_the_close_is_as_ready_as_its_least_ready_part(story: Story, auditor: Client) -> None:
    assert "has told of no receivables period" in text_of(auditor, "/dashboards/executive")
    asked = month(story)
    (found,) = close_readiness()
    assert (found.green, found.asked, found.red, found.not_run) == (asked - 2, asked, 1, 1)
    assert (found.in_ledger.count, found.documents) == (2, 4)
    assert (found.held.count, found.blocked.count, found.breaks.count) == (1, 1, 1)
    assert found.ready == 50 < (asked - 2) * 100 // asked
    page = text_of(auditor, "/dashboards/executive")
    assert "50 %" in page and " of 4</td>" in page and "Receivables 01 Nov to 30 Nov 2026, open" in page
    # when the documents are through, the controls are what is left
    Delivery.objects.filter(condition="held").update(condition="settled")
    ExceptionCase.objects.update(status="closed", closed_at=NOW, resolution="fixed")
    (found,) = close_readiness()
    assert (found.in_ledger.count, found.documents) == (3, 3) and found.ready == (asked - 2) * 100 // asked


def take_back(story: Story, reference: str) -> None:
    VoidRecord.objects.create(
        reference=f"void:{reference}", version=1, correlation_id="", legal_entity=story.entity, currency="USD",
        source_system="stripe_billing", source_event="1", voids=reference, voided_kind="invoice", number=reference,
        invoice_reference=reference, customer_reference="customer:1", net=10, tax=0, total=10, applied=0,
        voided_on=date(2026, 11, 28), posting_date=date(2026, 11, 28), created_at=NOW,
    )  # fmt: skip


def credit(story: Story, reference: str, *, of: InvoiceRecord) -> None:
    day = date(2026, 11, 28)
    CreditMemoRecord.objects.create(
        reference=reference, version=1, correlation_id="", legal_entity=story.entity, currency="USD",
        source_system="stripe_billing", source_event="1", number=reference, billing_id=reference,
        refers_to=of.reference, customer_reference="customer:1", contract_reference="contract:1", reason_code="other",
        document_date=day, posting_date=day, tax_point=day, net=1, tax=0, total=1, applied=1, status="issued",
        created_at=NOW,
    )  # fmt: skip


def test_an_invoice_is_right_unless_voided_credited_or_stopped(story: Story, auditor: Client) -> None:
    # given seven invoices: one voided, one voided and stopped, one credited, one whose credit was taken back
    rows = [invoice(story, number, ago=DAY) for number in range(7)]
    take_back(story, rows[0].reference)
    take_back(story, rows[1].reference)
    case(story, 1, age=DAY, reference=rows[1].reference)
    credit(story, "credit_memo:1", of=rows[2])
    credit(story, "credit_memo:2", of=rows[3])
    take_back(story, "credit_memo:2")
    # and two of the span before, one of them voided
    take_back(story, invoice(story, 7, ago=9 * DAY).reference)
    invoice(story, 8, ago=9 * DAY)
    found = executive.invoice_accuracy(span_of("7d"))
    assert (found.total.count, found.wrong.count, found.share, found.before) == (7, 3, "57.1 %", "50 %")
    assert {word: number.count for word, number in found.ways} == {"voided": 2, "credited": 1, "stopped": 1}
    assert found.trend.word == "up by 2, from 1"
    assert rows_behind(auditor, found.wrong.rows) == 3
    assert "Voided. Stopped with a case." in text_of(auditor, found.wrong.rows)


def test_leakage_counts_only_what_was_put_right(story: Story) -> None:
    case(story, 1, age=5 * DAY, closed=DAY, amount=Decimal("40.00"), resolution="fixed")
    case(story, 2, age=5 * DAY, closed=DAY, amount=Decimal("2.00"), resolution="fixed_outside")
    case(story, 3, age=5 * DAY, closed=DAY, amount=Decimal("5"), currency="JPY")
    case(story, 4, age=5 * DAY, closed=DAY, resolution="duplicate")
    case(story, 5, age=5 * DAY, closed=DAY, reason="COUNTRY_UNKNOWN")
    case(story, 6, age=20 * DAY, closed=9 * DAY, amount=Decimal("10.00"))
    case(story, 7, age=5 * DAY)
    found = executive.leakage(span_of("7d"))
    assert [(one.number.count, one.amount, one.trend.word) for one in found] == [
        (1, "JPY 5", "up by JPY 5, from JPY 0"),
        (2, "USD 42.00", "up by USD 32.00, from USD 10.00"),
    ]
    assert found[0].title == "Running contract that nobody bills"


def test_the_causes_with_most_open_cases_stand_first(story: Story, auditor: Client) -> None:
    # given six causes: the one with most cases has least money and was seen last
    for number, reason in enumerate(("PO_MISSING", "PO_MISSING", "PO_MISSING", "NOT_BILLED", "NOT_BILLED")):
        case(story, number, age=DAY if number else 9 * DAY, reason=reason, amount=Decimal("1.00"))
    for number, reason in enumerate(("ROUNDING", "SCHEMA_CHANGE", "METER_MISSING", "RATE_OFF"), start=5):
        case(story, number, age=2 * DAY, reason=reason)
    found = executive.top_causes(span_of("7d"))
    assert [(one.row.problem.reason, one.row.count) for one in found[:2]] == [("PO_MISSING", 3), ("NOT_BILLED", 2)]
    assert len(found) == executive.CAUSES and found[0].row.money == ["USD 3.00"]
    assert (found[0].opened.count, found[0].trend.word) == (2, "up by 1, from 1")
    page = text_of(auditor, "/dashboards/executive")
    assert f'href="/p/{found[0].row.problem.number}"' in page


# -- both ---------------------------------------------------------------------------------------------
def test_every_number_opens_to_as_many_rows_as_it_counts(busy: Story, auditor: Client) -> None:
    # given something of everything
    month(busy)
    invoice(busy, 90, ago=HOUR)
    case(busy, 90, age=DAY, reference="invoice:90")
    case(busy, 91, age=5 * DAY, closed=DAY, resolution="fixed")
    case(busy, 92, age=5 * DAY, closed=DAY, reason="COUNTRY_UNKNOWN", currency="JPY", amount=Decimal(3))
    found_break(busy, 92, age=9 * DAY, difference="4", currency="JPY")
    counted = 0
    for path in PAGES:
        for name in ("24h", "7d", "30d"):
            for link, number in linked(text_of(auditor, f"{path}?span={name}")):
                if not link.startswith("/p/"):
                    assert rows_behind(auditor, link) == int(number), link
                    counted += 1
    assert counted > 60


@pytest.mark.parametrize("path", PAGES)
def test_people_who_see_cases_see_both_pages_and_others_are_told(story: Story, path: str) -> None:
    for role, status in (("Executive", 200), ("Auditor", 200), ("Integration support", 200), ("User admin", 403)):
        client = Client()
        client.force_login(person(role.lower().replace(" ", "_"), role))
        text_of(client, path, status=status)
    assert Client().get(path).status_code == 302 and client.post(path).status_code == 405


def test_a_role_without_the_rows_reads_the_number_and_gets_no_link(busy: Story) -> None:
    client = Client()
    client.force_login(person("executive", "Executive"))
    case(busy, 1, age=DAY, closed=HOUR)
    page = text_of(client, "/dashboards/")
    assert "50 %" in page and "rows=failed" not in page and "rows=read" not in page
    # but what an executive may open is linked, and opens
    links = linked(page)
    assert links and all(rows_behind(client, link) == int(number) for link, number in links)
    for rows in ("rows=read", "rows=failed&of=netsuite"):
        assert client.get(f"/dashboards/?{rows}").status_code == 403
    assert client.get("/dashboards/executive?rows=wrong").status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_where_nothing_happened_the_page_says_so(auditor: Client, path: str) -> None:
    page = text_of(auditor, path)
    assert page.count("<h1") == 1 and "All clear" in page and not LINKED.search(page)
    words = {
        "/dashboards/": ("Nothing in this span", "No connection is set up", "No break is open", "No case was closed",
                         "Nobody had anything read again"),
        "/dashboards/executive": ("Nothing held", "No company is set up yet", "No invoice came in",
                                  "No case of this kind was put right"),
    }  # fmt: skip
    assert [one for one in words[path] if one not in page] == []


def test_more_rows_ask_no_more_questions(busy: Story, auditor: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        case(busy, number, age=number * DAY, reason=("NOT_BILLED", "ROUNDING", "RATE_OFF")[number % 3])
        case(busy, 100 + number, age=number * DAY + HOUR, closed=number * HOUR)
        found_break(busy, number, age=number * 3 * DAY, difference="1", currency=("USD", "JPY")[number % 2])
    text_of(auditor, "/dashboards/")
    # some ten of each are the frame's: session, permissions, badges
    with django_assert_max_num_queries(24):
        auditor.get("/dashboards/?span=30d")
    with django_assert_max_num_queries(40):
        auditor.get("/dashboards/executive?span=30d")


def test_the_words_of_shares_lengths_and_trends() -> None:
    assert [percent(*pair) for pair in ((0, 0), (0, 5), (5, 5), (1, 3), (1, 99_999), (99_998, 99_999), (1, 2))] == [
        "none", "0 %", "100 %", "33.3 %", "under 0.1 %", "over 99.9 %", "50 %",
    ]  # fmt: skip
    assert [length_in_words(timedelta(seconds=one)) for one in (0.25, 9.5, 59, 60, 7260, 86400 * 3 + 3600)] == [
        "250 ms", "9.5 s", "59 s", "1 min", "2 h 1 min", "3 d 1 h",
    ]  # fmt: skip
    assert [trend(*pair).icon for pair in ((2, 1), (1, 2), (1, 1))] == ["trending_up", "trending_down", "trending_flat"]
    # and a span that makes no sense is the usual one
    assert span_of("9y", until="2026-13-13").words == "last 7 days" and span_of("24h", until="x").until == NOW
