"""The revenue pages: figures that sum, each open to its journals, each journal to its members; and empty states."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from reconciliation import figures_revenue
from sync.models import JournalBatchRecord, RevenueEventRecord
from sync.revenue import batches, roll_forward
from tests.reconciliation.views.markup import text_of
from tests.small_company import DAY, Company, credit_memo, person
from tests.sync.revenue.test_revenue import engine, sells_and_bills

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(person("auditor", "Auditor"))
    return client


@pytest.fixture
def earning(company: Company) -> Company:
    """A dollar a day from 13 May; two months posted; a hundred given back on 16 June."""
    engine(company)
    sells_and_bills(company)
    company.entity.business_date = date(2026, 7, 1)
    company.entity.save()
    company.hears(credit_memo(amount="100.00", day=date(2026, 6, 16)), source=company.billing)
    batches.seal(company.entity, through=date(2026, 6, 30))
    company.settles()
    return company


def test_each_month_is_opening_and_billed_less_recognised_and_changed(earning: Company) -> None:
    (roll,) = figures_revenue.board(earning.entity).rolls
    months = {month.first: month for month in roll.months}
    assert len(roll.months) == figures_revenue.MONTHS
    for first in (date(2026, 5, 1), date(2026, 6, 1), date(2026, 8, 1)):
        (told,) = roll_forward.roll_forward(earning.entity, month=first)
        shown = months[first]
        assert (shown.opening, shown.billed, shown.recognised, shown.changed, shown.closing) == (
            told.opening, told.billed, told.recognised, told.modified, told.closing,
        )  # fmt: skip
        assert shown.opening + shown.billed - shown.recognised + shown.changed == shown.closing
    assert months[date(2026, 6, 1)].changed == Decimal("-100.00")
    assert [months[one].lies_ahead for one in (date(2026, 6, 1), date(2026, 7, 1))] == [False, True]


@pytest.mark.parametrize("name", list(figures_revenue.FIGURES))
def test_a_figure_is_the_sum_of_its_journals(earning: Company, auditor: Client, name: str) -> None:
    june = date(2026, 6, 1)
    shown = figures_revenue.figure(earning.entity, currency="USD", month=june, name=name)
    (told,) = roll_forward.roll_forward(earning.entity, month=june)
    expected = told.modified if name == "changed" else getattr(told, name)
    assert shown.amount == f"USD {expected:,.2f}".replace("-", "−")
    page = text_of(auditor, f"/revenue/US01/USD/2026-06/{name}")
    assert shown.amount in page
    for part in shown.parts:
        assert f'href="/revenue/journals/{part.reference}"' in page and part.state == "Posted"
    assert bool(shown.parts) == (name != "billed")
    if name == "billed":
        assert "Nothing in this figure" in page


def test_movements_in_no_journal_stand_by_themselves(earning: Company) -> None:
    shown = figures_revenue.figure(earning.entity, currency="USD", month=date(2026, 8, 1), name="recognised")
    assert [(one.reference, one.state) for one in shown.parts] == [("", "In no journal yet")]


def test_a_journal_opens_down_to_its_members(earning: Company, auditor: Client) -> None:
    row = JournalBatchRecord.objects.get(movement="recognition", posting_date=date(2026, 5, 31))
    shown = figures_revenue.journal(row.reference)
    assert shown is not None
    (member,) = shown.members
    assert (member.customer, member.invoice, member.what, member.amount) == (
        "Customer 1", "INV-0001", "Basic", "USD 19.00",
    )  # fmt: skip
    assert RevenueEventRecord.objects.get(reference=member.reference).batch == row
    page = text_of(auditor, f"/revenue/journals/{row.reference}")
    assert "USD 19.00" in page and "Posted" in page and f'href="/t/{member.correlation_id}"' in page
    text_of(auditor, "/revenue/journals/journal:none", status=404)


def test_the_page_has_its_table_headers_and_every_figure_is_a_link(earning: Company, auditor: Client) -> None:
    page = text_of(auditor, "/revenue/")
    assert page.count("<h1") == 1 and page.count('<th scope="row">') == figures_revenue.MONTHS
    for head in figures_revenue.FIGURES.values():
        assert f'<th scope="col" class="b-num">{head}</th>' in page
    assert page.count("/revenue/US01/USD/") == figures_revenue.MONTHS * len(figures_revenue.FIGURES)
    assert 'href="?entity=US01&amp;to=2025-10"' in page
    assert page.count("In journals") == 2 and page.count("Planned") == 4 and page.count("No movement") == 6
    # months of long ago are empty, and say zero and not nothing
    assert "USD 0.00" in text_of(auditor, "/revenue/?entity=US01&to=2020-01")
    assert text_of(auditor, "/revenue/?to=never")


def test_where_there_is_nothing_the_page_says_why(company: Company, auditor: Client) -> None:
    assert "No journals of ours" in text_of(auditor, "/revenue/")
    sells_and_bills(company)
    assert "it keeps 1 schedule to compare with" in text_of(auditor, "/revenue/")
    engine(company)
    assert "Nothing deferred yet" in text_of(auditor, "/revenue/")


def test_nobody_writes_here_and_only_some_may_look(earning: Company, client: Client) -> None:
    client.force_login(person("executive", "Executive"))
    for path in ("/revenue/", f"/revenue/US01/USD/{DAY:%Y-%m}/billed", "/revenue/journals/x"):
        assert client.get(path).status_code == 403
    client.force_login(person("auditor", "Auditor"))
    assert client.post("/revenue/").status_code == 405
    for path in (
        "/revenue/US01/USD/2026-13/billed",
        "/revenue/US01/USD/2026-05/nothing",
        "/revenue/XX/USD/2026-05/billed",
    ):
        assert client.get(path).status_code == 404
