"""The life of customers, subscriptions and invoices, driven by the official SDK over a real socket."""

import pytest
import stripe

from tests.connectors.sandbox.stripe_billing.running import Running, at, eventually


def test_a_backdated_year_is_billed_as_one_line_of_exactly_its_price(running: Running) -> None:
    # given a customer on a clock in March and a deal that was closed in February
    clock = running.clock(at(2026, 3, 10))
    customer = running.customer(test_clock=clock)
    running.product()
    # when the subscription for its full year is created
    start, end = at(2026, 2, 1), at(2027, 2, 1)
    deal = running.year_deal(customer, start=start, end=end, amount=482_100, metadata={"q2c_key": "D-1"})
    # then its draft invoice has one line for the whole span and the whole price
    invoice = running.client.invoices.retrieve(deal.latest_invoice)
    (line,) = invoice.lines.data
    assert (line.amount, line.period.start, line.period.end) == (482_100, start, end)
    assert (invoice.status, invoice.total, invoice.number) == ("draft", 482_100, None)
    assert invoice.created == at(2026, 3, 10)
    assert invoice.parent.subscription_details.subscription == deal.id
    assert invoice.parent.subscription_details.metadata["q2c_key"] == "D-1"
    assert deal["items"].data[0].current_period_start == start
    assert deal["items"].data[0].current_period_end == end


def test_a_draft_is_finalised_one_hour_later_and_paid_after_the_agreed_days(running: Running) -> None:
    # given customers who pay after 14 days
    running.settings(pays_after_days=14)
    clock = running.clock(at(2026, 3, 10))
    customer = running.customer(test_clock=clock)
    running.product()
    deal = running.year_deal(customer, start=at(2026, 3, 1), end=at(2027, 3, 1), amount=55_000)
    # when the clock passes the hour
    running.advance(clock, at(2026, 3, 11))
    # then the invoice is open, numbered and due in 30 days
    invoice = running.client.invoices.retrieve(deal.latest_invoice)
    prefix = running.client.customers.retrieve(customer).invoice_prefix
    assert (invoice.status, invoice.number) == ("open", f"{prefix}-0001")
    assert invoice.effective_at == invoice.status_transitions.finalized_at == at(2026, 3, 10, 1)
    assert invoice.due_date == at(2026, 4, 9, 1)
    # and 14 days later it is paid in full, dated by the clock
    running.advance(clock, at(2026, 3, 24))
    assert running.client.invoices.retrieve(invoice.id).status == "open"
    running.advance(clock, at(2026, 3, 25))
    invoice = running.client.invoices.retrieve(invoice.id, {"expand": ["payments.data.payment.payment_intent"]})
    assert (invoice.status, invoice.amount_paid, invoice.amount_remaining) == ("paid", 55_000, 0)
    assert invoice.status_transitions.paid_at == at(2026, 3, 24, 1)
    (payment,) = invoice.payments.data
    assert (payment.status, payment.amount_paid) == ("paid", 55_000)
    intent = payment.payment.payment_intent
    assert (intent.status, intent.amount_received) == ("succeeded", 55_000)
    listed = running.client.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent.id}})
    assert [row.id for row in listed.data] == [payment.id]
    charge = running.client.charges.retrieve(intent.latest_charge, {"expand": ["balance_transaction"]})
    assert charge.balance_transaction.net == 55_000
    told = [event.type for event in running.client.events.list({"limit": 100}).data][::-1]
    story = ["customer.subscription.created", "invoice.finalized", "payment_intent.succeeded", "charge.succeeded",
             "invoice_payment.paid", "invoice.paid", "invoice.payment_succeeded"]  # fmt: skip
    assert [type_ for type_ in told if type_ in story] == story


def test_a_subscription_with_an_end_is_not_renewed(running: Running) -> None:
    # given a deal of one year
    clock = running.clock(at(2026, 3, 10))
    customer = running.customer(test_clock=clock)
    running.product()
    deal = running.year_deal(customer, start=at(2026, 3, 1), end=at(2027, 3, 1), amount=55_000)
    # when the clock passes its end
    running.advance(clock, at(2027, 3, 2))
    # then it is canceled and there is only the one invoice
    ended = running.client.subscriptions.retrieve(deal.id)
    assert (ended.status, ended.ended_at) == ("canceled", at(2027, 3, 1))
    assert len(running.client.invoices.list({"subscription": deal.id}).data) == 1
    assert running.client.subscriptions.list({"customer": customer}).data == []
    assert len(running.client.subscriptions.list({"customer": customer, "status": "all"}).data) == 1


def test_a_subscription_without_an_end_renews_month_by_month(running: Running) -> None:
    # given a monthly price collected automatically from the last day of January
    clock = running.clock(at(2026, 1, 31))
    customer = running.customer(test_clock=clock)
    running.product()
    price = running.client.prices.create({"product": "GTX-PRO", "currency": "usd", "unit_amount": 1000,
                                          "recurring": {"interval": "month"}})  # fmt: skip
    made = running.client.subscriptions.create({"customer": customer, "items": [{"price": price.id, "quantity": 3}]})
    assert running.client.invoices.retrieve(made.latest_invoice).status == "paid"
    # when two months pass, two hours more for the drafts
    running.advance(clock, at(2026, 3, 15))
    running.advance(clock, at(2026, 3, 31, 2))
    # then there are three paid invoices and the month ends do not drift
    invoices = running.client.invoices.list({"subscription": made.id}).data
    assert [(i.status, i.total, i.billing_reason) for i in invoices] == [
        ("paid", 3000, "subscription_cycle"), ("paid", 3000, "subscription_cycle"),
        ("paid", 3000, "subscription_create"),
    ]  # fmt: skip
    periods = [(i.lines.data[0].period.start, i.lines.data[0].period.end) for i in invoices]
    days = [at(2026, 1, 31), at(2026, 2, 28), at(2026, 3, 31), at(2026, 4, 30)]
    assert periods == [(days[2], days[3]), (days[1], days[2]), (days[0], days[1])]


def test_a_quantity_change_prorates_to_the_next_invoice_or_bills_at_once(running: Running) -> None:
    # given 2 seats at 31.00 a month, half of January gone
    clock = running.clock(at(2026, 1, 1))
    customer = running.customer(test_clock=clock)
    running.product()
    price = running.client.prices.create({"product": "GTX-PRO", "currency": "usd", "unit_amount": 3100,
                                          "recurring": {"interval": "month"}})  # fmt: skip
    made = running.client.subscriptions.create({"customer": customer, "items": [{"price": price.id, "quantity": 2}]})
    running.advance(clock, at(2026, 1, 11))
    # when a seat is added for the remaining 21 of 31 days and billed at once
    item = made["items"].data[0].id
    changed = running.client.subscriptions.update(
        made.id, {"items": [{"id": item, "quantity": 3}], "proration_behavior": "always_invoice"}
    )
    # then the invoice is the difference
    invoice = running.client.invoices.retrieve(changed.latest_invoice)
    assert sorted(line.amount for line in invoice.lines.data) == [-4200, 6300]
    assert (invoice.total, invoice.billing_reason, invoice.status) == (2100, "subscription_update", "paid")
    assert running.client.subscriptions.retrieve(made.id)["items"].data[0].quantity == 3


def test_an_invoice_made_by_hand_pages_its_lines_and_is_paid_elsewhere(running: Running) -> None:
    # given twelve pending items
    customer = running.customer()
    for number in range(12):
        running.client.invoice_items.create({"customer": customer, "amount": 100 + number, "currency": "usd"})
    # when they are invoiced and finalised
    made = running.client.invoices.create({
        "customer": customer, "collection_method": "send_invoice", "days_until_due": 10,
        "pending_invoice_items_behavior": "include",
    })  # fmt: skip
    done = running.client.invoices.finalize_invoice(made.id)
    # then the object shows ten lines and the rest is paged
    assert (len(done.lines.data), done.lines.has_more, done.total) == (10, True, 1266)
    assert len(list(running.client.invoices.line_items.list(made.id, {"limit": 5}).auto_paging_iter())) == 12
    # and money that came another way settles it without a charge
    paid = running.client.invoices.pay(made.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid_off_stripe, paid.amount_remaining) == ("paid", 1266, 0)
    assert running.client.charges.list({"customer": customer}).data == []


def _open_invoice(running: Running, amount: int = 10_000) -> stripe.Invoice:
    customer = running.customer()
    running.client.invoice_items.create({"customer": customer, "amount": amount, "currency": "usd"})
    made = running.client.invoices.create({
        "customer": customer, "collection_method": "send_invoice", "days_until_due": 10,
        "pending_invoice_items_behavior": "include",
    })  # fmt: skip
    return running.client.invoices.finalize_invoice(made.id)


def test_a_credit_note_lowers_an_open_invoice_and_can_be_taken_back(running: Running) -> None:
    # given an open invoice over 100.00
    invoice = _open_invoice(running)
    # when 30.00 of its line are credited
    note = running.client.credit_notes.create({
        "invoice": invoice.id, "reason": "order_change",
        "lines": [{"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "amount": 3000}],
    })  # fmt: skip
    # then 70.00 remain
    assert (note.type, note.pre_payment_amount, note.post_payment_amount) == ("pre_payment", 3000, 0)
    assert note.number == f"{invoice.number}-CN-01"
    after = running.client.invoices.retrieve(invoice.id)
    assert (after.amount_remaining, after.pre_payment_credit_notes_amount, after.total) == (7000, 3000, 10_000)
    # and voiding the note brings the 30.00 back
    assert running.client.credit_notes.void_credit_note(note.id).status == "void"
    assert running.client.invoices.retrieve(invoice.id).amount_remaining == 10_000
    # and voiding the invoice keeps its number
    void = running.client.invoices.void_invoice(invoice.id)
    assert (void.status, void.number) == ("void", invoice.number)


def test_a_credit_note_on_a_paid_invoice_says_where_the_money_goes(running: Running) -> None:
    # given a paid invoice over 100.00
    invoice = _open_invoice(running)
    running.client.invoices.pay(invoice.id)
    # when 50.00 are credited without saying how
    with pytest.raises(stripe.InvalidRequestError):
        running.client.credit_notes.create({"invoice": invoice.id, "amount": 5000})
    # then nothing happened; with 20.00 refunded, 20.00 to the balance and 10.00 elsewhere it goes through
    note = running.client.credit_notes.create({
        "invoice": invoice.id, "amount": 5000, "refund_amount": 2000, "credit_amount": 2000, "out_of_band_amount": 1000,
    })  # fmt: skip
    assert (note.type, note.post_payment_amount, note.refunds[0].amount_refunded) == ("post_payment", 5000, 2000)
    assert running.client.customers.retrieve(invoice.customer).balance == -2000
    refund = running.client.refunds.retrieve(note.refunds[0].refund, {"expand": ["charge", "balance_transaction"]})
    assert (refund.charge.amount_refunded, refund.charge.refunded) == (2000, False)
    assert refund.balance_transaction.net == -2000
    # and the balance lowers the next invoice
    running.client.invoice_items.create({"customer": invoice.customer, "amount": 3000, "currency": "usd"})
    following = running.client.invoices.create({
        "customer": invoice.customer, "collection_method": "send_invoice", "days_until_due": 10,
        "pending_invoice_items_behavior": "include",
    })  # fmt: skip
    assert running.client.invoices.finalize_invoice(following.id).amount_due == 1000


def test_a_credit_note_over_everything_that_remains_settles_the_invoice(running: Running) -> None:
    # given an open invoice
    invoice = _open_invoice(running)
    # when all of it is credited
    running.client.credit_notes.create({"invoice": invoice.id, "amount": 10_000})
    # then it counts as paid without money
    after = running.client.invoices.retrieve(invoice.id)
    assert (after.status, after.amount_paid, after.amount_remaining) == ("paid", 0, 0)


def test_a_declined_customer_leaves_the_invoice_open_and_answers_402(running: Running) -> None:
    # given a customer whose card is declined
    invoice = _open_invoice(running)
    running.settings(declined_customers=[invoice.customer])
    # when we collect
    with pytest.raises(stripe.CardError) as refused:
        running.client.invoices.pay(invoice.id)
    # then
    assert (refused.value.http_status, refused.value.code) == (402, "card_declined")
    assert running.client.invoices.mark_uncollectible(invoice.id).status == "uncollectible"


def test_automatic_payouts_itemise_to_the_cent(running: Running) -> None:
    # given a fee of 2.9 % plus 30 and automatic payouts
    running.settings(pays_after_days=0, automatic_payouts=True, fee_percent="2.9", fee_fixed=30)
    clock = running.clock(at(2026, 3, 10))
    running.product()
    for amount in (12_345, 67_891):
        running.year_deal(running.customer(test_clock=clock), start=at(2026, 3, 1), end=at(2027, 3, 1), amount=amount)
    # when a day passes
    running.advance(clock, at(2026, 3, 11, 1))
    # then one payout carries both charges, less the fees
    (payout,) = running.client.payouts.list().data
    rows = running.client.balance_transactions.list({"payout": payout.id}).data
    charges = [row for row in rows if row.type == "charge"]
    assert sorted(row.fee for row in charges) == [388, 1999]
    assert payout.amount == sum(row.net for row in charges) == 12_345 + 67_891 - 388 - 1999
    assert sum(row.net for row in rows) == 0


def test_without_a_clock_drafts_wait_an_hour_of_machine_time(running: Running) -> None:
    # given a deal of a customer without a test clock
    running.product()
    now = running.sandbox.account.machine_now()
    price = running.client.prices.create({"product": "GTX-PRO", "currency": "usd", "unit_amount": 900,
                                          "recurring": {"interval": "year"}})  # fmt: skip
    made = running.client.subscriptions.create({
        "customer": running.customer(), "items": [{"price": price.id}], "collection_method": "send_invoice",
        "days_until_due": 1,
    })  # fmt: skip
    assert running.client.invoices.retrieve(made.latest_invoice).status == "draft"
    # when the machine's clock shows an hour more
    running.sandbox.account.machine_now = lambda: now + 3700
    # then
    assert eventually(lambda: running.client.invoices.retrieve(made.latest_invoice).status == "open")


def test_a_clock_takes_only_so_many_customers_and_is_deleted_with_them(running: Running) -> None:
    # given a clock with the vendor's three customers
    clock = running.clock(at(2026, 3, 10))
    customers = [running.customer(test_clock=clock) for _ in range(3)]
    # when a fourth is added
    with pytest.raises(stripe.InvalidRequestError):
        running.customer(test_clock=clock)
    # then deleting the clock deletes the three
    running.client.test_helpers.test_clocks.delete(clock)
    assert running.client.customers.retrieve(customers[0]).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        running.client.test_helpers.test_clocks.retrieve(clock)
