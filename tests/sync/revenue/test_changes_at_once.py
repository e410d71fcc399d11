"""A decision about a change and what is invoiced at the same moment: neither misses the other."""

import threading
import time
from datetime import date, timedelta

from django.db import connections, transaction

from sync import treatments, work
from sync.models import ModificationTreatment, RevenueScheduleRecord
from tests.small_company import Company, credit_memo, invoice, person
from tests.sync.revenue.following import change, deferred, portal_engine, sells_and_bills
from tests.sync.test_cash_at_once import heard, while_another_works

JUNE = date(2026, 6, 16)


def test_what_is_invoiced_while_a_decision_is_approved_follows_it(committed_company: Company) -> None:
    company = committed_company
    portal_engine(company)
    sells_and_bills(company)
    company.hears(change(2, "cancellation", agreed=JUNE))
    row = ModificationTreatment.objects.get()
    treatments.decide(row.pk, "prospective", user=person("preparer", "Finance preparer"))
    approver = person("approver", "Finance approver")
    late = heard(company, invoice(2, amount="365.00"))

    def approve() -> None:
        try:
            treatments.approve(row.pk, user=approver)
        finally:
            connections.close_all()

    thread = threading.Thread(target=approve)
    with transaction.atomic():
        work.work([late])
        thread.start()
        time.sleep(0.7)
        assert thread.is_alive()
    thread.join(timeout=30)
    assert not thread.is_alive()
    # both schedules end on the day that was agreed
    for one in RevenueScheduleRecord.objects.all():
        assert [made.effect for made in one.changes.all()] == ["end"]
    assert RevenueScheduleRecord.objects.count() == 2 and deferred(JUNE + timedelta(days=1)) == 0


def test_two_memos_of_one_invoice_at_once_both_count(committed_company: Company) -> None:
    company = committed_company
    portal_engine(company)
    sells_and_bills(company)
    one, other = (heard(company, credit_memo(number, amount="100.00", day=JUNE)) for number in (1, 2))
    with while_another_works([other]) as is_held_up, transaction.atomic():
        work.work([one])
        assert is_held_up()
    assert RevenueScheduleRecord.objects.get().amount == 165
    assert deferred() == 0
