"""Two things at once that use up the same money: the later one sees what the first has left."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from connectors.canonical import Canonical
from reconciliation.models import ExceptionCase
from sync import work
from sync.models import RefundRecord, WorkItem
from tests.refunds import refund, refund_failure
from tests.small_company import Company, allocation, credit_memo, payment


def heard(company: Company, shape: Canonical) -> WorkItem:
    with transaction.atomic():
        (item,), _ = work.register([(company.event(source=company.billing), shape)])
    return item


@contextmanager
def while_another_works(items: list[WorkItem]) -> Iterator[Callable[[], bool]]:
    """Another worker takes these on; says whether it is still at it."""

    def go() -> None:
        try:
            work.work(items)
        finally:
            connections.close_all()

    thread = threading.Thread(target=go)

    def is_held_up() -> bool:
        thread.start()
        time.sleep(0.7)
        return thread.is_alive()

    yield is_held_up
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_of_two_refunds_of_the_same_overpayment_one_is_a_case(committed_company: Company) -> None:
    # given 40.00 beyond the invoice, and two refunds of it that are worked at once
    company = committed_company
    company.sells()
    company.bills()
    company.hears(payment(amount="140.00"), allocation(amount="100.00"), source=company.billing)
    first, second = heard(company, refund(1)), heard(company, refund(2))
    with while_another_works([second]) as is_held_up, transaction.atomic():
        work.work([first])
        assert is_held_up()
    # then the money went back once, and somebody is asked about the other
    assert RefundRecord.objects.count() == 1
    case = ExceptionCase.objects.get(status="open", reason="REFUND_WITHOUT_CAUSE")
    assert case.reference == "refund:paper:re_2"


def test_a_refund_worked_while_another_comes_home_finds_that(committed_company: Company) -> None:
    # given 40.00 beyond the invoice, given back once; that refund comes home and is made again, worked at once
    company = committed_company
    company.sells()
    company.bills()
    company.hears(payment(amount="140.00"), allocation(amount="100.00"), refund(1), source=company.billing)
    home, again = heard(company, refund_failure(1)), heard(company, refund(2))
    with while_another_works([again]) as is_held_up, transaction.atomic():
        work.work([home])
        assert is_held_up()
    # then the second refund pays out what came home
    assert RefundRecord.objects.get(reference=again.reference).causes == [[refund_failure(1).reference, "40.00"]]
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_of_a_part_payment_and_the_credit_of_the_rest_at_once_no_case_is_left(committed_company: Company) -> None:
    # given an invoice of 100.00; 60.00 are paid and 40.00 credited, by two workers at once
    company = committed_company
    company.sells()
    company.bills()
    company.hears(payment(amount="60.00"), source=company.billing)
    paid, credited = heard(company, allocation(amount="60.00")), heard(company, credit_memo())
    with while_another_works([credited]) as is_held_up, transaction.atomic():
        work.work([paid])
        assert is_held_up()
    # then nothing is short, whoever came first
    assert not ExceptionCase.objects.filter(status="open", reason="UNDERPAYMENT").exists()
