"""Two readings of what sellers see at once: the older one never replaces the younger."""

import threading
from collections.abc import Sequence

import pytest
from django.db import connections

from sync import feedback_facts, open_items, standing
from sync.models import CrmStatusRecord
from sync.open_items import OpenItem
from tests.small_company import DAY, Company, account_id, allocation, deal_id, payment

#: long enough for a payment to be worked by someone who need not wait
A_MOMENT = 1.0


def test_who_read_before_a_payment_does_not_write_after_it(
    committed_company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an open invoice, and a telling of the new day that has read it and not written yet
    company = committed_company
    company.sells(1)
    company.bills(1)
    company.settles()
    has_read, is_paid, read = threading.Event(), threading.Event(), standing.read

    def read_slowly(items: Sequence[OpenItem]) -> standing.Reading:
        found = read(items)
        if threading.current_thread() is teller and not has_read.is_set():
            has_read.set()
            is_paid.wait(A_MOMENT)
        return found

    def tell() -> None:
        try:
            feedback_facts.tell_standing(open_items.of_everyone())
        finally:
            connections.close_all()

    monkeypatch.setattr(standing, "read", read_slowly)
    teller = threading.Thread(target=tell)
    teller.start()
    assert has_read.wait(30)
    # when the invoice is paid in between
    company.hears(payment(1), allocation(1), source=company.billing)
    is_paid.set()
    teller.join(30)
    assert not teller.is_alive()
    # then sellers see that it is paid
    shown = {row.crm_record_id: row.fields for row in CrmStatusRecord.objects.all()}
    assert shown[deal_id(1)]["payment_status"] == f"Paid {DAY}"
    assert shown[account_id(1)]["ageing"] == "Nothing open"
