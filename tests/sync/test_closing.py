"""Closing a period from here, in two steps: nothing is ever sent into a closed one."""

import os
import threading
import time as wall
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db import connections as databases

from connectors.errors import Unavailable
from connectors.interface import Period
from sync import calendar, closing, doubt, outbox
from sync.models import AccountingPeriod, Delivery, JournalEntry
from sync.states import Condition
from tests.paper_erp import LOST_ANSWER
from tests.small_company import Company, person


def state(period: AccountingPeriod) -> tuple[str, str]:
    period.refresh_from_db()
    return period.state, period.own_state


def test_while_it_is_closing_nothing_new_is_claimed(company: Company, paper) -> None:
    company.sells(1)
    period = company.period("open")
    closing.begin_close(period)
    row, sent = company.bills(1), len(paper("erp").parcels)
    company.carries("posting")
    row.refresh_from_db()
    assert row.blocked_reason == "PERIOD_CLOSED" and len(paper("erp").parcels) == sent
    assert "closing here" in row.blocks.get().evidence["text"]


def test_it_is_closed_only_when_nothing_is_under_way_or_in_doubt(company: Company, paper, machine) -> None:
    # given one posting under way, one in doubt, and one that waits
    company.sells(1)
    period = company.period("open")
    company.bills(1)
    paper("erp").next.append(LOST_ANSWER)
    company.carries("posting")
    company.bills(2)
    claims = outbox._claim(company.erp, queue="posting")
    company.bills(3)
    closing.begin_close(period)
    # then closing says which two
    left = closing.finish_close(period)
    assert [row.reference for row in left] == ["invoice:paper:in_1", "invoice:paper:in_2"]
    assert state(period) == ("closing", "closing")
    # when both have come home, then it closes; the one that waited is for finance
    outbox.carry(company.erp, claims)
    machine.passes(10)
    doubt.clear_due()
    assert closing.finish_close(period) == [] and state(period) == ("closed", "closed")
    company.carries("posting")
    assert Delivery.objects.get(reference="invoice:paper:in_3").blocked_reason == "PERIOD_CLOSED"


def test_what_failed_while_it_was_closing_is_not_sent_into_it_again(company: Company, paper, machine) -> None:
    company.sells(1)
    period = company.period("open")
    company.bills(1)
    claims = outbox._claim(company.erp, queue="posting")
    closing.begin_close(period)
    paper("erp").next.append(Unavailable("down"))
    outbox.carry(company.erp, claims)
    assert closing.finish_close(period) == []
    sent = len(paper("erp").parcels)
    machine.passes(3700)
    company.carries("posting")
    assert len(paper("erp").parcels) == sent


def test_an_erp_that_still_says_open_does_not_open_what_was_closed_here(company: Company, paper) -> None:
    period = company.period("open")
    closing.begin_close(period)
    assert calendar.mirror(company.erp) == 0 and state(period) == ("closing", "closing")
    closing.finish_close(period)
    calendar.mirror(company.erp)
    assert state(period) == ("closed", "closed")
    # when it is opened again here, then the ERP's word counts again
    closing.reopen(period)
    assert state(period) == ("open", "open")


def test_an_erp_that_has_closed_counts_at_once_and_stays_so_when_we_open_again(company: Company, paper) -> None:
    period = company.period("open")
    closing.begin_close(period)
    paper("erp").periods = [
        Period(external_id="1", module="ar", starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 31), state="closed")
    ]
    assert calendar.mirror(company.erp) == 1 and state(period) == ("closed", "closing")
    # finishing here is still possible, and opening again does not open what the ERP has closed
    assert closing.finish_close(period) == []
    closing.reopen(period)
    assert state(period) == ("closed", "open")


def test_steps_out_of_order_are_refused_in_words(company: Company) -> None:
    period = company.period("open")
    with pytest.raises(closing.NotNow, match="Begin to close May 2026 of Test company at Paper ERP first"):
        closing.finish_close(period)
    with pytest.raises(closing.NotNow, match="was not closed from here"):
        closing.reopen(period)
    closing.begin_close(period)
    with pytest.raises(closing.NotNow, match="is closing already"):
        closing.begin_close(period)


def test_each_step_is_in_the_journal_with_who_did_it(company: Company) -> None:
    period, user, another = company.period("open"), person("controller"), person("approver")
    closing.begin_close(period, user=user)
    # two people close: who began does not finish, past the code neither
    with pytest.raises(closing.NotNow, match="another person closes it"):
        closing.finish_close(period, user=user)
    with pytest.raises(IntegrityError, match="period_closed_by_another"), transaction.atomic():
        AccountingPeriod.objects.update(closed_by=user)
    closing.finish_close(period, user=another)
    closing.reopen(period, user=user)
    facts = list(JournalEntry.objects.filter(object_kind="period").order_by("pk"))
    assert [fact.action for fact in facts] == ["period closing", "period closed", "period open"]
    assert [fact.user for fact in facts] == [user, another, user]
    assert {fact.object_key for fact in facts} == {"US01 ar 2026-05"}


def test_the_command_closes_a_period_and_says_what_is_in_the_way(company: Company, paper, machine) -> None:
    company.sells(1)
    period = company.period("open")
    person("controller")
    person("approver")
    company.bills(1)
    paper("erp").next.append(LOST_ANSWER)
    company.carries("posting")
    out = StringIO()
    call_command("close_period", "begin", "US01", "2026-05", by="controller", stdout=out)
    assert "closing" in out.getvalue()
    with pytest.raises(CommandError, match=r"Still under way \(1\):\n  Invoice INV-0001: In doubt"):
        call_command("close_period", "finish", "US01", "2026-05", by="approver")
    machine.passes(10)
    doubt.clear_due()
    call_command("close_period", "finish", "US01", "2026-05-31", by="approver", stdout=out)
    assert state(period) == ("closed", "closed")
    call_command("close_period", "reopen", "US01", "2026-05", by="controller", stdout=out)
    assert state(period) == ("open", "open")
    for wrong in ({"by": "nobody"}, {"by": "controller", "connection": "other"}):
        with pytest.raises(CommandError, match="There is no"):
            call_command("close_period", "begin", "US01", "2026-05", **wrong)


def test_while_fifty_postings_are_claimed_a_period_closes_and_nothing_is_sent_into_it(
    committed_company: Company, paper
) -> None:
    """More rounds: CLOSE_ROUNDS=500."""
    # given fifty postings, four workers, and an ERP whose calls take a moment and that sees the period as it is then
    company, rounds = committed_company, int(os.environ.get("CLOSE_ROUNDS", "12"))
    company.sells(1)
    period = company.period("open")
    for number in range(1, 51):
        company.bills(number)
    seen: list[str] = []
    calls = threading.Lock()

    def see(parcel: object) -> None:
        try:
            found = AccountingPeriod.objects.values_list("state", flat=True).get(pk=period.pk)
        finally:
            databases.close_all()
        with calls:
            seen.append(found)
        wall.sleep(0.002)

    paper("erp").during_deliver = see
    postings = Delivery.objects.filter(kind="invoice")
    sent_per_round, in_the_way = [], 0
    for turn in range(rounds):
        go, done = threading.Event(), threading.Event()

        def work(go: threading.Event = go, done: threading.Event = done) -> None:
            try:
                go.wait(10)
                while not done.is_set():
                    outbox.carry_due("posting")
            finally:
                databases.close_all()

        seen.clear()
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        go.set()
        waited = wall.monotonic() + 20
        while len(seen) < turn % 40 + 1 and wall.monotonic() < waited:
            wall.sleep(0.001)
        # when it is closed while they work, each time at another moment
        closing.begin_close(period)
        while closing.finish_close(period):
            in_the_way += 1
            wall.sleep(0.005)
        sent = len(seen)
        wall.sleep(0.1)
        done.set()
        for worker in workers:
            worker.join(30)
        # then nothing was sent into the closed period, not while it closed and not after
        assert len(seen) == sent and "closed" not in seen
        sent_per_round.append(sent)
        closing.reopen(period)
        postings.exclude(condition=Condition.CLAIMED).update(
            condition="due", blocked_reason="", due_at="2020-01-01T00Z", attempts=0
        )
    # and the rounds did race: some sent something, and closing had to wait
    assert all(sent_per_round) and in_the_way > 0
    print(f"\n{rounds} rounds, {sum(sent_per_round)} sent while open, closing waited {in_the_way} times, 0 sent after")
