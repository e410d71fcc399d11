"""Twenty deals into a real ERP: Tryton's own ledger, its closed period, and what finance then does."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.http import Http
from connectors.tryton.rpc import Rpc
from q2c_portal.local import company, days, loading, pipeline, ports, processes, tryton
from q2c_portal.local.readiness import answers_http
from reconciliation import tie_out
from reconciliation.models import ExceptionCase
from reconciliation.teams import Team
from sync import connections, tasks
from sync.models import AccountingPeriod, Attempt, Connection, Delivery, InvoiceRecord, PaymentRecord
from tests.real_tryton import ITEMS, RealTryton, real_tryton
from tests.scenarios.conftest import AtWork, until

__all__ = ["real_tryton"]
#: in `make stories`; what every run has of a real ERP is tests/connectors/tryton
pytestmark = [pytest.mark.tryton, pytest.mark.slow]

DATABASE = "scenario"
FIRST_DAY_DEALS, SECOND_DAY_DEALS = 12, 8


def twenty_deals() -> pipeline.Pipeline:
    """Of the last two days, deals that nothing holds up; late in a month, all of it and its payments in the past."""
    today = date.today() - timedelta(weeks=3)
    while not 20 <= pipeline.read(today=today).last_day.day <= 26:
        today -= timedelta(weeks=1)
    whole = pipeline.read(today=today)
    known = {product.name for product in whole.products}
    bad = {row.name for row in whole.accounts if row.country == "Philipines"}
    last = whole.last_day
    fine = [deal for deal in whole.won if deal.product in known and deal.account not in bad]
    first = [deal for deal in fine if deal.closes_on == last - timedelta(days=1)][:FIRST_DAY_DEALS]
    second = [deal for deal in fine if deal.closes_on == last][:SECOND_DAY_DEALS]
    buyers = {deal.account for deal in first + second}
    parents = {row.parent for row in whole.accounts if row.name in buyers}
    accounts = tuple(row for row in whole.accounts if row.name in buyers | parents)
    return replace(whole, accounts=accounts, deals=tuple(first + second))


@pytest.fixture
def ledger(
    real_tryton: RealTryton, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[RealTryton]:  # fmt: skip
    """Books of their own with the catalogue as items, and a Tryton that serves them."""
    tryton.prepare(real_tryton.state_dir, database_url=real_tryton.database_url, items=ITEMS, database=DATABASE)
    monkeypatch.setenv("TRYTON_DATABASE", DATABASE)
    port = ports.find_free(avoid=set())
    config = tmp_path / "trytond.conf"
    written = tryton.config_path(real_tryton.state_dir).read_text()
    config.write_text(written.replace(f":{tryton.port_of(real_tryton.state_dir)}\n", f":{port}\n"))
    served = replace(real_tryton, address=f"http://{ports.LOOPBACK}:{port}")
    server, *_ = tryton.commands(real_tryton.state_dir)[0]
    with (tmp_path / "trytond.log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-c", str(config), "-d", DATABASE], stdout=log, stderr=log,
            preexec_fn=processes.ends_with_parent(signal.SIGTERM),
        )  # fmt: skip
    try:
        until(lambda: answers_http(f"{served.address}/"))
        yield served
    finally:
        process.terminate()
        process.wait(timeout=20)


def close_in_tryton(ledger: RealTryton, day: date) -> None:
    """What an accountant does in Tryton itself."""
    http = Http(system="tryton", base_url=ledger.address, sandbox=True)
    admin = Rpc(http, database=DATABASE, user="admin", password=ledger.admin_password)
    domain = [["start_date", "<=", day], ["end_date", ">=", day], ["type", "=", "standard"]]
    (period,) = admin.call("model.account.period.search", domain, 0, None, None, writes=False)
    admin.write("account.period.close", [period], company=1)


def test_a_period_closed_in_the_erp_stops_postings_until_finance_moves_them(
    ledger: RealTryton, portal: str, settings: Any, start_sandboxes: Callable[..., dict[str, str]],
    open_company: Callable[..., AtWork],
) -> None:  # fmt: skip
    # given a company that keeps its books in Tryton, and a day whose deals were posted there
    settings.STATE_DIR = ledger.state_dir
    rows = twenty_deals()
    at_work = open_company(rows, urls={**start_sandboxes("salesforce", "stripe"), "tryton": ledger.address})
    wins, _ = loading.by_day(at_work.world.salesforce, rows)
    first_day, last_day = sorted(wins)
    days.come_to_rest(at_work.world)
    days.live_through(at_work.world, first_day, wins=wins[first_day], losses=[])
    days.end_day(at_work.world, first_day)
    assert Delivery.objects.filter(kind="invoice", state__in=["posted", "reconciled"]).count() == FIRST_DAY_DEALS

    # when the accountant closes the month, and we have not heard of it
    close_in_tryton(ledger, last_day)
    days.live_through(at_work.world, last_day, wins=wins[last_day][:4], losses=[])
    # then Tryton itself refuses, in its own words
    refused = list(ExceptionCase.objects.filter(status="open", reason="PERIOD_CLOSED"))
    assert len(refused) == 4 and {case.team for case in refused} == {Team.FINANCE}
    for case in refused:
        (attempt,) = Attempt.objects.filter(delivery=case.delivery, verb="deliver")
        assert attempt.outcome == Attempt.Outcome.REJECTED and "period" in attempt.text.lower()

    # when the mirror has it, and the rest of the deals is won
    tasks.mirror_periods()
    assert AccountingPeriod.objects.get(starts_on__lte=last_day, ends_on__gte=last_day).state == "closed"
    days.live_through(at_work.world, last_day, wins=wins[last_day][4:], losses=[])
    at_work.story.let_time_pass()
    # then nothing more is sent
    cases = list(ExceptionCase.objects.filter(status="open", reason="PERIOD_CLOSED").order_by("pk"))
    unsent = [case for case in cases if case not in refused]
    assert len(unsent) == SECOND_DAY_DEALS - 4 and {case.team for case in unsent} == {Team.FINANCE}
    assert not Attempt.objects.filter(delivery__in=[case.delivery_id for case in unsent]).exists()

    # when days pass until all have paid: the money is booked, and what it pays is explained by the cases
    days.end_day(at_work.world, last_day)
    at_work.live(until=last_day + timedelta(days=15))
    assert PaymentRecord.objects.count() == FIRST_DAY_DEALS + SECOND_DAY_DEALS
    late = worth(deal for deal in rows.won if deal.closes_on == last_day)
    assert legs("invoice") == (worth(rows.won), worth(rows.won) - late, late, Decimal(0))
    assert legs("receipt") == (worth(rows.won), worth(rows.won), Decimal(0), Decimal(0))

    # when finance asks to post them in the first open period, and a second person in finance says yes
    for case in cases:
        move_to_the_first_open_period(at_work, case)
    days.come_to_rest(at_work.world)
    # then they are in Tryton's ledger on that period's first day, and every payment is applied
    open_from = (last_day.replace(day=1) + timedelta(days=31)).replace(day=1)
    assert listed_in_tryton(open_from) == invoices_of(last_day) and not listed_in_tryton(last_day)
    assert listed_in_tryton(first_day) == invoices_of(first_day)
    assert open_in_tryton() == {Decimal(0)}
    # and all controls tie against Tryton's own lists
    assert set(at_work.story.controls(look_back=True).values()) == {"tied"}
    for kind in ("contract", "invoice", "receipt"):
        assert legs(kind) == (worth(rows.won), worth(rows.won), Decimal(0), Decimal(0))
    assert not ExceptionCase.objects.filter(status="open").exists()


def worth(deals: Any) -> Decimal:
    return sum((deal.value for deal in deals), Decimal(0))


def legs(kind: str) -> tuple[Decimal, ...]:
    """Left, right, explained, unexplained of one kind of document."""
    rows = [row for row in tie_out.rows() if row.kind == kind]
    names = ("left", "right", "explained", "unexplained")
    return tuple(sum((getattr(row, name) for row in rows), Decimal(0)) for name in names)


def move_to_the_first_open_period(at_work: AtWork, case: ExceptionCase) -> None:
    preparer, approver = at_work.people["finance.preparer"], at_work.people["finance.approver"]
    asked = preparer.ask_for(f"cases/{case.pk}", "post_in_first_open_period", because="The month is closed.")
    assert preparer.send(f"approvals/{asked['number'].removeprefix('APR-')}/approve").status_code == 403
    ended = approver.watch(approver.approve(asked["number"]))
    assert ended["counts"] == {"succeeded": 1}, ended


def invoices_of(day: date) -> set[str]:
    """References of the invoices billing issued on a day."""
    return set(InvoiceRecord.objects.filter(document_date=day).values_list("reference", flat=True))


def listed_in_tryton(day: date) -> set[str]:
    """References of the invoices in Tryton's ledger on a day."""
    controls = connections.connector_for(Connection.objects.get(code="tryton"), read_only=True)
    pages = controls.list_day(kind="invoice", entity=company.ENTITY, day=day)
    return {line.reference for page in pages for line in page.lines}


def open_in_tryton() -> set[Decimal]:
    """What Tryton says is still to be paid, over all invoices; each is there once, with its own total."""
    erp = connections.connector_for(Connection.objects.get(code="tryton"))
    found = set()
    for invoice in InvoiceRecord.objects.all():
        (receipt,) = erp.find(kind="invoice", reference=invoice.reference, known={})
        assert Decimal(receipt.held["total"]) == invoice.total
        found.add(Decimal(receipt.held["open"]))
    return found
