"""The ledger: double entry, periods, cash application, edits behind everybody's back."""

from decimal import Decimal


def balances(caller) -> dict[str, Decimal]:
    found = caller.rows(
        "SELECT BUILTIN.DF(l.account) name, SUM(l.amount) amount FROM transactionaccountingline l"
        " WHERE l.posting = 'T' GROUP BY l.account"
    )
    return {row["name"]: Decimal(row["amount"]) for row in found}


def test_an_invoice_debits_receivables_and_credits_deferred_revenue_and_tax(caller):
    # given a taxed line of an item with a deferral account, and one of an item without
    caller.made("POST", "serviceSaleItem", {"itemId": "HOURS", "externalId": "HOURS", "incomeAccount": {"id": "410"}})
    body = caller.invoice_body()
    body["item"]["items"][0]["taxCode"] = {"id": "10"}
    body["item"]["items"].append({"item": {"externalId": "HOURS"}, "amount": 40})
    # when it is posted
    key = caller.made("POST", "invoice", body)
    # then
    assert balances(caller) == {
        "Accounts Receivable": 260, "Deferred Revenue": -200, "Services Revenue": -40, "Sales Taxes Payable": -20,
    }  # fmt: skip
    invoice = caller.read(f"invoice/{key}")
    assert (invoice["deferredRevenue"], invoice["recognizedRevenue"]) == (200.0, 40.0)


def test_a_payment_is_applied_at_once_and_its_rest_later(caller):
    # given two invoices and a payment that covers one and a half
    first, second = caller.invoice("A"), caller.invoice("B", amount="100.00")
    payment = caller.payment(first, payment="250.00", amount="200.00", externalId="PAY-1")
    assert payment.status_code == 204
    assert caller.read("customerPayment/eid:PAY-1")["unapplied"] == 50.0
    assert caller.read(f"invoice/{first}")["status"]["refName"] == "Paid In Full"
    # when the rest is applied later
    rest = {"apply": {"items": [{"apply": True, "doc": {"id": second}, "amount": 50}]}}
    assert caller.call("PATCH", "customerPayment/eid:PAY-1", rest).status_code == 204
    # then both invoices show it, and the money is undeposited
    paid = caller.read("customerPayment/eid:PAY-1")
    assert (paid["applied"], paid["unapplied"], len(paid["apply"]["items"])) == (250.0, 0.0, 2)
    assert caller.read(f"invoice/{second}")["amountRemaining"] == 50.0
    assert balances(caller)["Undeposited Funds"] == 250
    assert caller.read("customer/eid:SF-1")["balance"] == 50.0


def test_a_payment_sent_twice_by_external_id_pays_once(caller):
    invoice = caller.invoice()
    body = {
        "customer": {"externalId": "SF-1"}, "payment": 200, "tranDate": "2026-11-24",
        "apply": {"items": [{"apply": True, "doc": {"id": invoice}, "amount": 200}]},
    }  # fmt: skip
    first = caller.made("PUT", "customerPayment/eid:PAY-2", body)
    assert caller.made("PUT", "customerPayment/eid:PAY-2", body) == first
    assert balances(caller)["Accounts Receivable"] == 0


def test_applying_to_a_paid_or_unknown_invoice_is_refused(caller):
    # given a paid invoice and one of another customer
    paid = caller.invoice()
    caller.payment(paid, payment="200.00", amount="200.00")
    caller.customer("SF-2")
    other = caller.made("POST", "invoice", {**caller.invoice_body(), "entity": {"externalId": "SF-2"}})
    # when money is applied to them
    for target in (paid, other):
        response = caller.payment(target, payment="10.00", amount="10.00")
        # then there is no such line, in the vendor's words
        assert caller.detail(response)["o:errorCode"] == "USER_ERROR"
        assert f"sub-list apply with key: [doc,line] = [{target},null]" in caller.detail(response)["detail"]
    assert caller.payment("99999", payment="10.00", amount="10.00").status_code == 400
    # and more than there is, or more than is due, is refused too
    open_one = caller.invoice("C")
    assert caller.payment(open_one, payment="300.00", amount="250.00").status_code == 400
    assert caller.payment(open_one, payment="20.00", amount="30.00").status_code == 400


def test_a_credit_memo_gives_back_revenue_and_settles_the_invoice(caller):
    invoice = caller.invoice()
    body = {**caller.invoice_body(amount="50.00"), "externalId": "CM-9"}
    body["apply"] = {"items": [{"apply": True, "doc": {"id": invoice}}]}
    caller.made("POST", "creditMemo", body)
    assert caller.read(f"invoice/{invoice}")["amountRemaining"] == 150.0
    assert caller.read("creditMemo/eid:CM-9")["status"]["refName"] == "Fully Applied"
    assert balances(caller) == {"Accounts Receivable": 150, "Deferred Revenue": -150}
    assert caller.rows("SELECT foreigntotal t FROM transaction WHERE type = 'CustCred'") == [{"t": "-50"}]


def test_a_journal_must_balance(caller):
    lines = [{"account": {"id": "220"}, "debit": 10.0}, {"account": {"id": "400"}, "credit": 9.99}]
    body = {"externalId": "JE-1", "subsidiary": {"id": "1"}, "tranDate": "2026-11-20", "line": {"items": lines}}
    response = caller.call("POST", "journalEntry", body)
    assert caller.detail(response)["detail"].endswith("The amounts in a journal entry must balance.")
    lines[1]["credit"] = 10.0
    caller.made("POST", "journalEntry", body)
    assert balances(caller) == {"Deferred Revenue": 10, "Subscription Revenue": -10}


def test_a_closed_or_locked_period_takes_nothing_and_gives_nothing(caller):
    for flag in ("closed", "arLocked", "allLocked"):
        # given an invoice in a month that is then shut
        key = caller.invoice(f"INV-{flag}")
        caller.close("Nov 2026", **{flag: True})
        # when anything is posted, changed or deleted there
        answers = [
            caller.call("POST", "invoice", caller.invoice_body()),
            caller.call("PATCH", f"invoice/{key}", {"item": {"items": [{"line": 1, "amount": 1}]}}),
            caller.call("PATCH", f"invoice/{key}", {"tranDate": "2026-12-01"}),
            caller.call("DELETE", f"invoice/{key}"),
        ]
        # then each is refused in the vendor's words
        for answer in answers:
            assert caller.detail(answer)["o:errorCode"] == "USER_ERROR"
            assert "not within the date range of your accounting period" in caller.detail(answer)["detail"]
        # and the next month takes it, even cash for the old invoice
        caller.invoice(f"LATER-{flag}", on="2026-12-01")
        assert caller.payment(key, payment="200.00", amount="200.00", tranDate="2026-12-02").status_code == 204
        caller.close("Nov 2026", **{flag: False})


def test_a_closed_period_takes_the_same_invoice_again_only_if_it_allows_what_leaves_the_ledger_alone(caller):
    # given an invoice in a month closed since
    caller.invoice()
    caller.close("Nov 2026", closed=True)
    # when it is sent again as it is
    again = caller.call("PUT", "invoice/eid:INV-1?replace=item", caller.invoice_body(memo="second time"))
    # then it is refused
    assert caller.detail(again)["o:errorPath"] == "tranDate"
    # unless the period allows changes without effect on the ledger
    caller.close("Nov 2026", allowNonGLChanges=True)
    caller.invoice(memo="second time")
    assert caller.call("PATCH", "invoice/eid:INV-1", {"item": {"items": [{"line": 1, "amount": 1}]}}).status_code == 400


def test_a_receivables_lock_leaves_journals_alone(caller):
    caller.close("Nov 2026", arLocked=True)
    lines = [{"account": {"id": "220"}, "debit": 10.0}, {"account": {"id": "400"}, "credit": 10.0}]
    caller.made("POST", "journalEntry", {"subsidiary": {"id": "1"}, "tranDate": "2026-11-20", "line": {"items": lines}})


def test_a_named_period_must_hold_the_date_unless_the_account_allows_otherwise(caller):
    december = caller.rows("SELECT id FROM accountingperiod WHERE periodname = 'Dec 2026'")[0]["id"]
    body = caller.invoice_body(postingPeriod={"id": december})
    assert caller.call("POST", "invoice", body).status_code == 400
    caller.settings(date_outside_period="allow")
    assert caller.read(f"invoice/{caller.made('POST', 'invoice', body)}")["postingPeriod"]["id"] == december


def test_what_waits_for_approval_is_not_in_the_ledger(caller):
    key = caller.invoice(approvalStatus={"id": "1"})
    assert caller.rows(f"SELECT posting FROM transaction WHERE id = {key}") == [{"posting": "F"}]
    assert balances(caller) == {}
    caller.call("PATCH", f"invoice/{key}", {"approvalStatus": {"id": "2"}})
    assert balances(caller)["Accounts Receivable"] == 200


def test_an_edit_at_the_vendors_own_screen_shows_everywhere_with_its_trail(caller):
    # given an invoice
    key = caller.invoice()
    # when someone types another total over it, without us
    answer = caller.http.patch(f"/_sandbox/books/invoice/{key}", json={"total": "260.00"})
    # then record, query and ledger agree
    assert answer.status_code == 200
    assert caller.read("invoice/eid:INV-1")["total"] == 260.0
    day = "trandate = TO_DATE('2026-11-10', 'YYYY-MM-DD')"
    assert caller.rows(f"SELECT foreigntotal t FROM transaction WHERE {day}") == [{"t": "260"}]
    assert balances(caller) == {"Accounts Receivable": 260, "Deferred Revenue": -260}
    # and the trail says that it was not the integration
    notes = caller.rows(
        f"SELECT field, oldvalue, newvalue, name, context FROM systemnote WHERE recordid = {key} AND field = 'total'"
    )
    assert notes == [{"field": "total", "oldvalue": "200.00", "newvalue": "260.00", "name": "UI user", "context": "UI"}]


def test_a_line_changed_at_the_screen_reprices_and_frees_what_was_overpaid(caller):
    # given an invoice paid in full
    key = caller.invoice()
    caller.payment(key, payment="200.00", amount="200.00", externalId="PAY-3")
    # when its line is halved at the screen, stale rate and gross sent along
    line = caller.http.get(f"/_sandbox/books/invoice/{key}").json()["item"]["items"][0]
    caller.http.patch(f"/_sandbox/books/invoice/{key}", json={"item": {"items": [{**line, "rate": "100"}]}})
    # then the payment has something left over and the control account says so
    assert caller.read(f"invoice/{key}")["total"] == 100.0
    assert caller.read("customerPayment/eid:PAY-3")["unapplied"] == 100.0
    assert balances(caller)["Accounts Receivable"] == -100


def test_an_invoice_deleted_at_the_screen_is_gone_and_listed(caller):
    key = caller.invoice()
    caller.payment(key, payment="200.00", amount="200.00", externalId="PAY-4")
    assert caller.call("DELETE", f"invoice/{key}").status_code == 400
    caller.http.delete(f"/_sandbox/books/invoice/{key}")
    assert caller.call("GET", "invoice/eid:INV-1").status_code == 404
    assert caller.read("customerPayment/eid:PAY-4")["unapplied"] == 200.0
    assert caller.rows("SELECT recordid, context FROM deletedrecord") == [{"recordid": key, "context": "UI"}]
    assert caller.http.patch("/_sandbox/books/invoice/1", json={}).status_code == 404


def test_nonsense_typed_at_the_screen_changes_nothing(caller):
    key = caller.invoice()
    assert caller.http.patch(f"/_sandbox/books/invoice/{key}", json={"total": "lots"}).status_code == 400
    assert caller.http.patch(f"/_sandbox/books/invoice/{key}", json={"nonsense": 1}).status_code == 400
    assert caller.read(f"invoice/{key}")["total"] == 200.0


def test_money_paid_at_another_rate_realises_a_gain(caller):
    # given an invoice in euros at 1.10, paid at 1.20
    caller.customer("SF-1", currency={"externalId": "EUR"})
    key = caller.invoice()
    assert caller.payment(key, payment="200.00", amount="200.00", exchangeRate=1.2).status_code == 204
    # then receivables are even in dollars and the gain stands apart
    found = balances(caller)
    assert (found["Accounts Receivable"], found["Undeposited Funds"], found["Realized Gain/Loss"]) == (0, 240, -20)


def credit_of(caller, amount: float) -> str:
    """A journal that credits the customer on the receivables account."""
    customer = caller.read("customer/eid:SF-1")["id"]
    return caller.made(
        "POST", "journalEntry",
        {"subsidiary": {"id": "1"}, "approved": True, "line": {"items": [
            {"account": {"id": "126"}, "debit": amount},
            {"account": {"id": "122"}, "credit": amount, "entity": {"id": customer}},
        ]}},
    )  # fmt: skip


def lay(caller, invoice: str, journal: str, amount: float):
    """A payment of nothing that lays a journal's credit on an invoice."""
    body = {
        "customer": {"externalId": "SF-1"}, "payment": 0,
        "credit": {"items": [{"apply": True, "doc": {"id": journal}, "amount": amount}]},
        "apply": {"items": [{"apply": True, "doc": {"id": invoice}, "amount": amount}]},
    }  # fmt: skip
    return caller.call("POST", "customerPayment", body)


def test_a_payment_of_nothing_lays_a_journals_credit_on_an_invoice(caller):
    # given an invoice of 200.00 and a journal that credits its customer with 30.00
    invoice, journal = caller.invoice(), credit_of(caller, 30)
    assert lay(caller, invoice, journal, 20).status_code == 204
    # then the invoice is open by so much less, and no money has moved
    assert caller.read(f"invoice/{invoice}")["amountRemaining"] == 180.0
    assert "Undeposited Funds" not in {name for name, amount in balances(caller).items() if amount}
    # and of the credit only the rest is left
    assert lay(caller, invoice, journal, 10.01).status_code == 400
    assert lay(caller, invoice, journal, 10).status_code == 204
    assert caller.read(f"invoice/{invoice}")["amountRemaining"] == 170.0
    # and a journal whose credit was used stays
    assert caller.call("DELETE", f"journalEntry/{journal}").status_code == 400


def test_what_is_no_credit_of_the_customer_is_refused(caller):
    invoice = caller.invoice()
    other = caller.made(
        "POST", "journalEntry",
        {"subsidiary": {"id": "1"}, "approved": True, "line": {"items": [
            {"account": {"id": "126"}, "debit": 30}, {"account": {"id": "101"}, "credit": 30},
        ]}},
    )  # fmt: skip
    assert lay(caller, invoice, other, 30).status_code == 400
    assert lay(caller, invoice, "99999", 30).status_code == 400
