"""The close pages: where each company's periods stand, what holds them up, and that a number leads to its rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reconciliation import figures_close, month_close
from reconciliation.controls.registry import controls_of
from reconciliation.figures_close import Closing
from reconciliation.models import Break, ControlRun, ExceptionCase, SignOff
from reconciliation.views import close
from sync import blocks, clock, closing
from sync.models import (
    AccountingPeriod,
    Delivery,
    DocumentPolicy,
    EntityRoute,
    JournalEntry,
    LatePosting,
    LegalEntity,
    PostingWindow,
)
from tests.reconciliation.views.company import Story, begin, person
from tests.reconciliation.views.markup import text_of, words_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 2)
#: from this day on both companies' documents are routed, so that two days of October ended
ROUTED = date(2026, 10, 30)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


@dataclass
class Books:
    """Two companies with one ERP, two days into November, October still open."""

    story: Story
    german: LegalEntity
    number: int = 0

    @property
    def american(self) -> LegalEntity:
        return self.story.entity

    def owes(self, amount: str, currency: str = "USD", *, on: date = OCTOBER[1], **values: Any) -> Delivery:
        """An invoice that has not been posted."""
        self.number += 1
        common: dict[str, Any] = {
            "kind": "invoice",
            "reference": f"invoice:stripe:in_{self.number}",
            "external_id": "",
            "title": f"Invoice {self.number}",
            "customer_name": "Cancity",
            "amount": Decimal(amount),
            "currency": currency,
            "posting_date": on,
            "document_date": on,
            "condition": "due",
        }
        return self.story.deliver(None, self.story.netsuite, **{**common, **values})

    def held(self, amount: str, currency: str = "USD", *, until: datetime, **values: Any) -> Delivery:
        return self.owes(amount, currency, condition="held", held_until=until, held_because="POSTING_WINDOW", **values)

    def blocked(self, amount: str, reason: str, **values: Any) -> ExceptionCase:
        row = self.owes(amount, condition="blocked", blocked_reason=reason, **values)
        blocks.put([blocks.Stop(delivery=row, reason=reason, field="posting date", value="2026-10")])
        return ExceptionCase.objects.get(delivery=row)

    def late(self, amount: str, *, crosses: str, posted: date) -> LatePosting:
        row = self.owes(amount, on=posted, condition="settled", document_date=OCTOBER[1])
        return LatePosting.objects.create(
            delivery=row, entity=row.entity, kind="invoice", reference=row.reference, title=row.title,
            amount=row.amount, currency="USD", document_date=OCTOBER[1], posting_date=posted, crosses=crosses,
            moved_at=row.created_at,
        )  # fmt: skip


def mirrored(entity: LegalEntity, erp: Any, days: tuple[date, date], state: str = "open") -> AccountingPeriod:
    return AccountingPeriod.objects.create(
        entity=entity, connection=erp, starts_on=days[0], ends_on=days[1], state=state, erp_state=state,
        external_id=f"{entity.code} {days[0]:%Y-%m}", mirrored_at=datetime(2026, 11, 1, 5, tzinfo=UTC),
    )  # fmt: skip


def ran(entity: LegalEntity, *days: date, status: str = "tied") -> None:
    """Every control of a company ran on these days."""
    at = datetime(2026, 11, 2, 6, tzinfo=UTC)
    for day in days:
        ControlRun.objects.bulk_create(
            ControlRun(
                control=control.name, entity=entity, business_date=day, status=status, started_at=at, finished_at=at
            )
            for control in controls_of(entity)
        )


@pytest.fixture
def books() -> Books:
    story = begin()
    german = LegalEntity.objects.create(
        code="DE01", name="Germany", functional_currency="EUR", country="DE", time_zone="Europe/Berlin"
    )
    for row in (story.salesforce, story.stripe, story.netsuite):
        EntityRoute.objects.create(entity=german, role=row.role, connection=row, company_code="2", valid_from=ROUTED)
    EntityRoute.objects.update(valid_from=ROUTED)
    LegalEntity.objects.update(business_date=TODAY)
    story.entity.refresh_from_db()
    german.refresh_from_db()
    for entity in (story.entity, german):
        mirrored(entity, story.netsuite, OCTOBER)
        mirrored(entity, story.netsuite, NOVEMBER)
        ran(entity, ROUTED, OCTOBER[1], NOVEMBER[0])
    return Books(story=story, german=german)


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(person("auditor", "Auditor"))
    return client


def looked(entity: LegalEntity, month: tuple[date, date] = OCTOBER) -> Closing:
    """A period of a company as the page has it."""
    (company,) = figures_close.companies([entity])
    return next(one for one in company.closings if one.span.first == month[0])


def sign_all(*entities: LegalEntity) -> None:
    """October is signed by two people, under every key control of these companies."""
    for entity in entities:
        for control in controls_of(entity):
            if control.is_key:
                SignOff.objects.create(
                    control=control.name, entity=entity, starts_on=OCTOBER[0], ends_on=OCTOBER[1], status="signed",
                    certificate={}, certificate_sha256="0" * 64, prepared_by=person("preparer", "Finance preparer"),
                    prepared_at=clock.now(), reviewed_by=person("approver", "Finance approver"),
                    reviewed_at=clock.now(), checked_at=clock.now(),
                )  # fmt: skip


def lines(one: Closing) -> dict[str, tuple[str, str]]:
    return {line.title: (line.state, line.words) for line in month_close.checklist(one)}


def verdict(one: Closing) -> str:
    return close.verdict(one, month_close.checklist(one))[0]


def titles_of(page: str) -> set[str]:
    return set(re.findall(r"Invoice \d+", words_of(page)))


# -- documents ----------------------------------------------------------------------------------------
def test_held_postings_are_grouped_by_reason_with_a_total_per_currency(books: Books) -> None:
    # given three that wait for their window and one of another month
    first, last = datetime(2026, 11, 2, 23, tzinfo=UTC), datetime(2026, 11, 3, 23, tzinfo=UTC)
    books.held("100.00", until=first)
    books.held("-20.00", until=last)
    books.held("7.50", "EUR", until=first)
    books.held("999.00", until=first, on=NOVEMBER[0])
    # then they are one group, sizes per currency, released on the company's own clock
    one = looked(books.american)
    (group,) = one.groups
    assert (group.what, group.words, group.count) == ("held", "Its daily posting window is shut", 3)
    assert group.money == ["EUR 7.50", "USD 120.00"]
    assert group.released == "02 Nov 2026 18:00 EST to 03 Nov 2026 18:00 EST"
    assert (one.counts["held"], one.counts["documents"]) == (3, 3)
    assert looked(books.american, NOVEMBER).counts["held"] == 1
    assert looked(books.german).groups == []


def test_each_condition_stands_in_its_own_group(books: Books) -> None:
    books.blocked("5.00", "PERIOD_CLOSED")
    books.blocked("6.00", "DUPLICATE_DOC_NO")
    books.owes("1.00", condition="claimed", lease_until=datetime(2026, 11, 2, 9, tzinfo=UTC))
    books.owes("2.00", condition="in_doubt")
    books.owes("3.00")
    books.owes("4.00", condition="waiting", waits_for="customer:1")
    # none of these is a posting of ours that has not been done
    books.owes("1000.00", condition="settled")
    books.owes("1000.00", is_live=False)
    books.owes("1000.00", is_required=False, kind="feedback")
    books.owes("1000.00", posting_date=None)
    one = looked(books.american)
    assert [(group.what, group.because, group.count, group.money) for group in one.groups] == [
        ("blocked", "DUPLICATE_DOC_NO", 1, ["USD 6.00"]),
        ("blocked", "PERIOD_CLOSED", 1, ["USD 5.00"]),
        ("moving", "claimed", 1, ["USD 1.00"]),
        ("moving", "in_doubt", 1, ["USD 2.00"]),
        ("to_go", "due", 1, ["USD 3.00"]),
        ("to_go", "waiting", 1, ["USD 4.00"]),
    ]
    assert {name: one.counts[name] for name in ("documents", "blocked", "moving", "to_go", "cases")} == {
        "documents": 6, "blocked": 2, "moving": 2, "to_go": 2, "cases": 2,
    }  # fmt: skip


def test_a_change_that_begins_later_is_shown_and_holds_nothing_up(books: Books, auditor: Client) -> None:
    sign_all(books.american)
    until = datetime(2026, 11, 15, 5, tzinfo=UTC)
    row = books.held("50.00", until=until, kind="contract", posting_date=None, role="billing")
    Delivery.objects.filter(pk=row.pk).update(held_because="EFFECTIVE_LATER", target=books.story.stripe)
    one = looked(books.american)
    assert (one.counts["later"], one.counts["held"], one.counts["documents"]) == (1, 0, 0)
    assert verdict(one) == "Ready to close"
    for address, titles in (("later&because=EFFECTIVE_LATER", {"Invoice 1"}), ("held", set()), ("documents", set())):
        assert titles_of(text_of(auditor, f"/close/US01/2026-10-01?what={address}")) == titles


@pytest.mark.parametrize(
    ("address", "titles"),
    [
        ("", {"Invoice 1", "Invoice 2", "Invoice 3", "Invoice 4"}),
        ("?what=held", {"Invoice 1"}),
        ("?what=blocked", {"Invoice 2", "Invoice 3"}),
        ("?what=blocked&because=PERIOD_CLOSED", {"Invoice 2"}),
        ("?what=to_go&because=due", {"Invoice 4"}),
        ("?what=moving", set()),
        ("?what=nothing&because=%00&page=x", {"Invoice 1", "Invoice 2", "Invoice 3", "Invoice 4"}),
    ],
)
def test_a_number_leads_to_exactly_the_rows_it_counted(
    books: Books, auditor: Client, address: str, titles: set[str]
) -> None:
    books.held("100.00", until=datetime(2026, 11, 2, 23, tzinfo=UTC))
    case = books.blocked("5.00", "PERIOD_CLOSED")
    books.blocked("6.00", "DUPLICATE_DOC_NO")
    books.owes("3.00")
    books.owes("3.00", on=NOVEMBER[0])
    page = text_of(auditor, f"/close/US01/2026-10-01{address}")
    assert titles_of(page) == titles
    # documents that are blocked lead to their case, where the fixes are
    assert (f'href="/x/{case.number}"' in page) is ("Invoice 2" in titles)
    assert (": 4</h2>" in page) is (len(titles) == 4)
    # and the page before links to it
    if "because=P" in address:
        assert f"/close/US01/2026-10-01{address.replace('&', '&amp;')}" in text_of(auditor, "/close/")


def test_a_long_list_has_pages(books: Books, auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(close, "PAGE", 2)
    for _ in range(3):
        books.owes("1.00")
    first = text_of(auditor, "/close/US01/2026-10-01?what=to_go&because=due")
    assert titles_of(first) == {"Invoice 1", "Invoice 2"} and "Page 1 of 2" in first
    after = "?what=to_go&amp;because=due&amp;page=2"
    assert f'href="{after}"' in first
    assert titles_of(text_of(auditor, f"/close/US01/2026-10-01{after.replace('&amp;', '&')}")) == {"Invoice 3"}
    assert "Nothing on this page" in text_of(auditor, "/close/US01/2026-10-01?what=to_go&page=9")


def test_older_postings_are_told_and_lead_to_the_oldest_month(books: Books, auditor: Client) -> None:
    books.blocked("5.00", "PERIOD_CLOSED", on=date(2026, 5, 12))
    books.owes("1.00", on=date(2026, 9, 30))
    page = text_of(auditor, "/close/?entity=US01")
    assert "2 postings dated before these periods are not done either" in page
    assert 'href="/close/US01/2026-05-01"' in page
    assert titles_of(text_of(auditor, "/close/US01/2026-05-01")) == {"Invoice 1"}


# -- the checklist ------------------------------------------------------------------------------------
def test_one_company_is_ready_and_one_is_not(books: Books, auditor: Client) -> None:
    books.owes("10.00")
    # a month nobody has signed is not ready
    assert verdict(looked(books.german)) == "1 open"
    keys = sum(control.is_key for control in controls_of(books.german))
    assert lines(looked(books.german))["Key controls signed by two people"] == ("to_do", f"0 of {keys}")
    sign_all(books.american, books.german)
    assert verdict(looked(books.german)) == "Ready to close"
    assert {state for state, _ in list(lines(looked(books.german)).values())[:-1]} == {"done"}
    assert verdict(looked(books.american)) == "1 open"
    assert lines(looked(books.american))["Postings still to go"] == ("to_do", "1")
    said = words_of(text_of(auditor, "/close/"))
    assert said.count("Ready to close") == 2  # in the table of all, and over its own checklist
    assert re.search(r"US01 October 2026 lock_open Open 31 Oct 2026 24:00 EDT \(America/New_York\), 2 days ago", said)
    assert re.search(r"DE01 November 2026 lock_open Open 30 Nov 2026 24:00 CET \(Europe/Berlin\), in 28 days", said)
    # the month that goes on is not over
    assert lines(looked(books.german, NOVEMBER))["Days"] == ("goes_on", "29 to go")


def test_a_closed_month_is_shown_only_while_something_of_it_is_left(books: Books) -> None:
    sign_all(books.american)
    AccountingPeriod.objects.filter(starts_on=OCTOBER[0]).update(state="closed", erp_state="closed")
    (company,) = figures_close.companies([books.american])
    assert [one.span.name for one in company.closings] == ["November 2026"]
    books.blocked("5.00", "PERIOD_CLOSED")
    assert verdict(looked(books.american)) == "Closed, 2 open"
    assert lines(looked(books.american))["The period"] == ("done", "closed")


def test_the_two_steps_of_closing_stand_in_words(books: Books, auditor: Client) -> None:
    period = AccountingPeriod.objects.get(entity=books.american, starts_on=OCTOBER[0])

    def steps() -> str:
        said = words_of(text_of(auditor, "/close/?entity=US01"))
        return said[said.index("Closing it from here") : said.index("Cut-off 31 Oct")]

    assert steps().count("Not begun: postings go.") == 2
    closing.begin_close(period)
    assert "nothing new is claimed. Nothing is under way: the second step can close it." in steps()
    row = books.owes("1.00", condition="in_doubt")
    books.owes("1.00", condition="in_doubt", on=NOVEMBER[0])
    books.owes("1.00")
    assert "1 posting claimed before is under way or in doubt; the second step waits." in steps()
    assert lines(looked(books.american))["The period"] == ("to_do", "closing")
    Delivery.objects.filter(pk=row.pk).update(condition="settled")
    assert closing.finish_close(period) == []
    assert "Both steps done: closed here, and not by the ERP." in steps()


def pressed(user: str, role: str, do: str, entity: LegalEntity) -> str:
    """What the page says after somebody pressed a step of October's close."""
    period = AccountingPeriod.objects.get(entity=entity, starts_on=OCTOBER[0])
    browser = Client()
    browser.force_login(person(user, role))
    path = f"/close/{entity.code}/2026-10-01/{do}"
    return words_of(browser.post(path, {"period": str(period.pk)}, follow=True).content.decode())


def test_two_people_close_a_month_once_its_checklist_is_whole(books: Books) -> None:
    row = books.owes("10.00")
    asked = (("ann", "Finance preparer"), ("ben", "Finance approver"))
    # what still has to go would stop at a shut period
    assert "Not yet. Postings still to go: 1." in pressed(*asked[0], "begin", books.american)
    assert "Your role can look at the close but not begin it." in pressed("eve", "Auditor", "begin", books.american)
    Delivery.objects.filter(pk=row.pk).update(condition="settled")
    assert "October 2026 of US01 is closing" in pressed(*asked[0], "begin", books.american)
    # the second step needs another person, and the signatures
    assert "Your role can look at the close but not finish it." in pressed(*asked[0], "finish", books.american)
    keys = sum(control.is_key for control in controls_of(books.american))
    assert f"Not yet. Key controls signed by two people: 0 of {keys}." in pressed(*asked[1], "finish", books.american)
    sign_all(books.american)
    # nor may who holds both roles do both
    person("ann", "Finance preparer").groups.add(*person("ben", "Finance approver").groups.all())
    both = Client()
    both.force_login(User.objects.get(username="ann"))
    period = AccountingPeriod.objects.get(entity=books.american, starts_on=OCTOBER[0])
    said = both.post("/close/US01/2026-10-01/finish", {"period": str(period.pk)}, follow=True).content.decode()
    assert "another person closes it" in said
    assert "October 2026 of US01 is closed." in pressed(*asked[1], "finish", books.american)
    period.refresh_from_db()
    assert (period.state, period.closing_by.username, period.closed_by.username) == ("closed", "ann", "ben")
    # and it can be taken back, which the journal tells
    assert "October 2026 of US01 is as the ERP has it again." in pressed(*asked[1], "reopen", books.american)
    told = JournalEntry.objects.filter(object_kind="period").order_by("pk").values_list("action", flat=True)
    assert list(told) == ["period closing", "period closed", "period open"]


def test_a_suspended_signature_holds_the_close_up(books: Books) -> None:
    sign_all(books.american)
    SignOff.objects.filter(entity=books.american, control="invoices").update(
        status="suspended", suspended_at=clock.now(), suspended_because="late data"
    )
    keys = sum(control.is_key for control in controls_of(books.american))
    assert lines(looked(books.american))["Key controls signed by two people"] == ("to_do", f"{keys - 1} of {keys}")


def test_cases_are_counted_by_their_date_and_those_without_one_are_not_known(books: Books, auditor: Client) -> None:
    sign_all(books.american)
    dated = books.blocked("5.00", "PERIOD_CLOSED")
    undated = books.blocked("7.00", "DUPLICATE_DOC_NO", on=NOVEMBER[0])
    nobodys = books.blocked("8.00", "DUPLICATE_DOC_NO", on=NOVEMBER[0])
    ExceptionCase.objects.filter(pk=undated.pk).update(effective_on=None, currency="EUR")
    ExceptionCase.objects.filter(pk=nobodys.pk).update(entity=None)
    one = looked(books.american)
    assert (one.counts["cases"], one.counts["undated"]) == (1, 1)
    assert one.money == {"cases": ["USD 5.00"], "undated": ["EUR 7.00"]}
    assert lines(one)["Open cases without a date"] == ("", "1")
    assert looked(books.american, NOVEMBER).counts["undated"] == 1
    assert verdict(one) == "2 open, 1 not known"
    for what, case in (("cases", dated), ("undated", undated)):
        page = text_of(auditor, f"/close/US01/2026-10-01?what={what}")
        assert set(re.findall(r"EXC-\d+", page[page.index("<main") :])) == {case.number}
    # a case of no company is told once, with a list of just that
    page = text_of(auditor, "/close/")
    link = re.search(r'href="([^"]+entity__isnull=True)">1 open case</a> names no company yet', page)
    assert link is not None
    listed = text_of_admin(auditor, link[1].replace("&amp;", "&"))
    assert nobodys.number in listed and dated.number not in listed


def text_of_admin(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


# -- controls -----------------------------------------------------------------------------------------
def test_days_without_a_run_are_counted_unless_a_later_run_read_them_again(books: Books, auditor: Client) -> None:
    entity = books.american
    invoices = ControlRun.objects.filter(entity=entity, control="invoices")
    assert looked(entity).counts["not_run"] == 0
    # given a day that was never asked, and one whose sides could not be read
    invoices.filter(business_date=ROUTED).delete()
    invoices.filter(business_date=OCTOBER[1]).update(status="not_run", trouble="netsuite: down")
    one = looked(entity)
    assert [(control.name, day) for control, day, _ in one.not_run] == [
        ("invoices", ROUTED), ("invoices", OCTOBER[1]),
    ]  # fmt: skip
    assert lines(one)["Days and controls that were not run"] == ("to_do", "2")
    page = text_of(auditor, "/close/US01/2026-10-01?what=not_run")
    assert set(re.findall(r'href="(/controls/[^"]+)"', page)) == {
        "/controls/invoices/US01/2026-10-30", "/controls/invoices/US01/2026-10-31",
    }  # fmt: skip
    assert "never asked" in page and "NetSuite could not be read" in page
    # when a later run has read the failed day again, only the day nobody asked is left
    later = invoices.get(business_date=NOVEMBER[0])
    invoices.filter(pk=later.pk).update(looked_back_to=ROUTED)
    assert looked(entity).counts["not_run"] == 2  # it began no later than the run that failed
    invoices.filter(pk=later.pk).update(started_at=later.started_at + timedelta(hours=1))
    assert [day for _, day, _ in looked(entity).not_run] == [ROUTED]


def test_what_is_read_as_it_stands_must_have_been_asked_since_the_last_day(books: Books) -> None:
    asked = next(control for control in controls_of(books.american) if control.as_of)
    runs = ControlRun.objects.filter(entity=books.american, control=asked.name)
    runs.filter(business_date__lt=NOVEMBER[0]).delete()
    assert looked(books.american).counts["not_run"] == 0
    runs.update(business_date=ROUTED)
    assert [(control, day) for control, day, _ in looked(books.american).not_run] == [(asked, OCTOBER[1])]


def test_a_control_that_is_not_green_holds_up_the_month_its_breaks_lie_in(books: Books, auditor: Client) -> None:
    newest = ControlRun.objects.get(entity=books.american, control="invoices", business_date=NOVEMBER[0])
    ControlRun.objects.filter(pk=newest.pk).update(
        status="open_exceptions", started_at=newest.started_at + timedelta(hours=1)
    )
    broken = Break.objects.create(
        control="invoices", entity=books.american, kind="MISSING_IN_TARGET", reference="invoice:1", currency="USD",
        document_date=NOVEMBER[0], label="Invoice 1", difference=1, found_in=newest, found_at=newest.started_at,
    )  # fmt: skip
    assert [looked(books.american, month).counts["not_green"] for month in (OCTOBER, NOVEMBER)] == [0, 1]
    Break.objects.filter(pk=broken.pk).update(document_date=OCTOBER[1])
    assert [looked(books.american, month).counts["not_green"] for month in (OCTOBER, NOVEMBER)] == [1, 1]
    page = text_of(auditor, "/close/US01/2026-10-01?what=not_green")
    assert f"/controls/invoices/US01/{NOVEMBER[0]}?v=1" in page and "Breaks with open cases" in page
    # what nobody can explain holds up every month
    Break.objects.update(document_date=NOVEMBER[0])
    ControlRun.objects.filter(pk=newest.pk).update(status="unexplained")
    assert looked(books.american).counts["not_green"] == 1


def test_without_runs_nobody_knows_whether_controls_are_green(books: Books, auditor: Client) -> None:
    ControlRun.objects.filter(entity=books.american).delete()
    one = looked(books.american)
    assert one.counts["not_run"] > len(controls_of(books.american))
    assert lines(one)["Controls not green as asked last"] == ("", "No control was asked since it began")
    assert "Not known." in text_of(auditor, "/close/US01/2026-10-01?what=not_green")
    EntityRoute.objects.filter(entity=books.american).delete()
    assert lines(looked(books.american))["Days and controls that were not run"] == (
        "", "None of its systems is connected yet",
    )  # fmt: skip


# -- late documents, windows, policy ------------------------------------------------------------------
def test_late_documents_count_where_they_are_posted_and_finance_must_judge_them(books: Books, auditor: Client) -> None:
    entry = books.late("10.00", crosses="quarter", posted=NOVEMBER[0])
    books.late("10.00", crosses="month", posted=NOVEMBER[0])
    assert [looked(books.american, month).counts["late"] for month in (OCTOBER, NOVEMBER)] == [0, 1]
    page = text_of(auditor, "/close/US01/2026-11-01?what=late")
    assert titles_of(page) == {entry.title} and f"/lateposting/{entry.pk}/change/" in page
    LegalEntity.objects.update(late_limit=19)
    assert looked(books.american, NOVEMBER).counts["late"] == 2
    assert looked(books.german, NOVEMBER).counts["late"] == 0


def test_windows_and_the_policy_in_force_are_told(books: Books, auditor: Client) -> None:
    said = words_of(text_of(auditor, "/close/?entity=US01"))
    assert "No kind has a window: every document is posted at once." in said
    assert "together pass 10,000.00 in one currency" in said and "by nobody yet, the defaults hold" in said
    PostingWindow.objects.create(entity=books.american, kind="credit_memo", mode="hold")
    PostingWindow.objects.create(
        entity=books.american, kind="invoice", mode="batch", opens_at="18:00", closes_at="18:01"
    )
    PostingWindow.objects.create(entity=books.german, kind="payment", mode="realtime")
    common = {"entity": books.american, "status": "approved", "drafted_at": datetime(2026, 1, 1, tzinfo=UTC),
              "approved_at": datetime(2026, 1, 1, tzinfo=UTC), "drafted_by": person("one", "Finance preparer"),
              "approved_by": person("two", "Finance approver")}  # fmt: skip
    DocumentPolicy.objects.create(
        valid_from=date(2026, 6, 1), backdated_changes="credit_and_rebill", e_invoices="on_clearance", **common
    )
    said = words_of(text_of(auditor, "/close/?entity=US01"))
    assert "Credit memo of US01 Held until released – pause_circle Held" in said
    assert re.search(r"Invoice of US01 In a daily window 18:00 to 18:01 (schedule Shut opens .* E[SD]T|\w+ Open)", said)
    assert "Payment of" not in said
    assert "earlier periods are credited and billed again" in said and "from 01 Jun 2026" in said
    assert "required; posted when cleared" in said


# -- states, people, size -----------------------------------------------------------------------------
def test_an_empty_portal_says_what_to_do(auditor: Client) -> None:
    page = text_of(auditor, "/close/")
    assert "Nothing to close yet." in page and 'href="/admin/sync/legalentity/"' in page


def test_where_no_period_is_mirrored_the_calendar_month_is_shown_as_not_known(books: Books, auditor: Client) -> None:
    AccountingPeriod.objects.filter(entity=books.american).delete()
    books.owes("3.00", on=NOVEMBER[0])
    one = looked(books.american, NOVEMBER)
    assert (one.span.first, one.span.last, one.counts["documents"]) == (*NOVEMBER, 1)
    assert lines(one)["First and last day"][0] == "" and "The period" not in lines(one)
    page = text_of(auditor, "/close/?entity=US01")
    assert "No period is mirrored." in page and "1 posting dated before" not in page
    assert titles_of(text_of(auditor, "/close/US01/2026-11-17")) == {"Invoice 1"}


def test_a_period_that_is_no_month_has_its_days_for_a_name(books: Books) -> None:
    AccountingPeriod.objects.filter(starts_on=NOVEMBER[0]).update(ends_on=date(2026, 11, 28))
    assert looked(books.american, NOVEMBER).span.name == "01 Nov to 28 Nov 2026"


@pytest.mark.parametrize("path", ["/close/", "/close/US01/2026-10-01"])
def test_only_some_may_look_and_nobody_writes(books: Books, client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(person("executive", "Executive"))
    assert "Your role does not include this page" in text_of(client, path, status=403)
    client.force_login(person("auditor", "Auditor"))
    assert text_of(client, path) and client.post(path).status_code == 405


def test_the_menu_has_it_and_addresses_of_nothing_are_not_found(books: Books, auditor: Client) -> None:
    assert 'href="/close/"' in text_of_admin(auditor, "/controls/")
    for path in ("/close/XX/2026-10-01", "/close/US01/2026-13-01"):
        assert auditor.get(path).status_code == 404
    for day in ("0001-01-01", "9999-12-31"):
        text_of(auditor, f"/close/US01/{day}")


def test_more_rows_are_no_more_queries(
    books: Books, auditor: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as found:
            figures_close.companies([books.american, books.german])
        return len(found)

    asked()
    before = asked()
    for number in range(5):
        books.held("1.00", until=datetime(2026, 11, 2, 23, tzinfo=UTC))
        books.blocked("1.00", "PERIOD_CLOSED")
        ran(books.american, ROUTED - timedelta(days=number + 1))
    assert asked() == before
    with django_assert_max_num_queries(60):
        auditor.get("/close/")
