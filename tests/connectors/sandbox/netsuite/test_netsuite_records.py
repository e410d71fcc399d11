"""Records over REST: verbs, keys, lines, filters, rejects with the vendor's codes and paths."""

import pytest


def test_an_upsert_by_external_id_sent_twice_leaves_one_invoice(caller):
    # given an invoice that was already taken
    body = caller.invoice_body(tranId="INV-1001", dueDate="2026-12-10")
    first = caller.made("PUT", "invoice/eid:IN-1?replace=item", body)
    before = caller.read("invoice/eid:IN-1")
    # when the same is sent again
    second = caller.made("PUT", "invoice/eid:IN-1?replace=item", body)
    # then it is the same record with the same content, and the trail knows of one creation only
    after = caller.read("invoice/eid:IN-1")
    assert first == second
    assert {**before, "lastModifiedDate": ""} == {**after, "lastModifiedDate": ""}
    assert caller.suiteql("SELECT id FROM transaction WHERE type = 'CustInvc'")["totalResults"] == 1
    assert [note["type"] for note in caller.rows(f"SELECT type FROM systemnote WHERE recordid = {first}")] == ["Create"]


def test_lines_without_their_key_are_added_unless_replaced(caller):
    # given an invoice of one line
    key = caller.invoice()
    # when a line is patched by its number, and another one sent without a number
    caller.call("PATCH", f"invoice/{key}", {"item": {"items": [{"line": 1, "amount": 150}]}})
    added = {"item": {"items": [{"item": {"externalId": "PLAT-FEE"}, "amount": 50}]}}
    caller.call("PATCH", f"invoice/{key}", added)
    # then the first changed and the second was added
    assert [line["amount"] for line in caller.read(f"invoice/{key}")["item"]["items"]] == [150.0, 50.0]
    # when the list is replaced
    caller.call("PATCH", f"invoice/{key}?replace=item", added)
    # then only the new line is left
    assert [line["amount"] for line in caller.read(f"invoice/{key}")["item"]["items"]] == [50.0]
    assert caller.read(f"invoice/{key}")["total"] == 50.0


def test_a_misspelt_field_is_dropped_silently_unless_errors_were_asked_for(caller):
    # given a body with a misspelt field
    body = caller.invoice_body(memmo="lost")
    # when it is sent with the vendor's default, it is taken without the field
    key = caller.made("POST", "invoice", body)
    assert "memmo" not in caller.read(f"invoice/{key}")
    # when it is sent with Error, it is refused and named
    response = caller.call("POST", "invoice", body, headers={"X-NetSuite-PropertyNameValidation": "Error"})
    assert response.status_code == 400
    assert caller.detail(response)["o:errorPath"] == "memmo"


def test_amounts_tax_and_dates_are_worked_out(caller):
    # given terms of thirty days on the customer and a taxed line
    caller.customer(terms={"id": "2"})
    body = caller.invoice_body()
    body["item"]["items"] = [
        {"item": {"externalId": "PLAT-FEE"}, "quantity": 3, "rate": 33.335, "taxCode": {"externalId": "STD10"}}
    ]
    # when the invoice is read back
    invoice = caller.read(f"invoice/{caller.made('POST', 'invoice', body)}")
    # then everything adds up to the cent
    assert (invoice["subtotal"], invoice["taxTotal"], invoice["total"]) == (100.01, 10.0, 110.01)
    assert invoice["dueDate"] == "2026-12-10"
    assert invoice["status"] == {"id": "Open", "refName": "Open"}
    assert invoice["postingPeriod"]["refName"] == "Nov 2026"
    assert invoice["entity"]["externalId"] == "SF-1"


def test_sublists_are_links_until_expanded_and_have_addresses_of_their_own(caller):
    key = caller.invoice()
    plain = caller.call("GET", f"invoice/{key}").json()
    assert plain["item"] == {
        "links": [{"rel": "self", "href": f"{caller.address}/services/rest/record/v1/invoice/{key}/item"}]
    }
    assert caller.call("GET", f"invoice/{key}/item").json()["items"][0]["amount"] == 200.0
    assert caller.call("GET", f"invoice/{key}/item/1").json()["line"] == 1
    assert set(caller.call("GET", f"invoice/{key}?fields=tranId,total").json()) == {"links", "id", "tranId", "total"}


def test_a_collection_is_filtered_and_paged(caller):
    # given three invoices on three days
    for number in (1, 2, 3):
        caller.invoice(f"INV-{number}", on=f"2026-11-0{number}", tranId=f"N-{number}")
    # when one is asked for by number, and the later ones by date
    one = caller.call("GET", 'invoice?q=tranId IS "N-2"').json()
    late = caller.call("GET", 'invoice?q=tranDate ON_OR_AFTER "11/2/2026" AND total GREATER 10&limit=1&offset=1').json()
    # then
    assert one["count"] == 1
    assert (late["count"], late["totalResults"], late["hasMore"]) == (1, 2, False)
    assert caller.call("GET", "invoice?limit=2&offset=1").status_code == 400
    assert caller.call("GET", "invoice?q=nonsense IS 1").status_code == 400


def _line(path: str, **more) -> dict:
    return {"item": {"items": [{"item": {"id": path}, "amount": 10, **more}]}}


@pytest.mark.parametrize(
    ("change", "code", "path", "words"),
    [
        ({"entity": {"id": "999"}}, "INVALID_CONTENT", "entity", "Invalid Field Value 999"),
        (_line("9999"), "INVALID_CONTENT", "item.items[0].item", "Invalid Field Value 9999"),
        (_line("501", taxCode={"id": "77"}), "INVALID_CONTENT", "item.items[0].taxCode", "taxCode"),
        ({"tranDate": "soon"}, "INVALID_CONTENT", "tranDate", "Invalid Field Value soon"),
        ({"tranDate": "2031-01-01"}, "USER_ERROR", "tranDate", "not within the date range of your accounting period"),
        ({"currency": {"externalId": "EUR"}}, "USER_ERROR", "currency", "Invalid currency reference key 4"),
        ({"tranId": "TAKEN"}, "USER_ERROR", "tranId", "This record already exists."),
        ({"externalId": "TAKEN"}, "USER_ERROR", "externalId", "This record already exists."),
        ({"item": {"items": []}}, "USER_ERROR", "item", "at least one line item"),
    ],
)
def test_a_wrong_invoice_is_refused_with_the_vendors_code_and_place(caller, change, code, path, words):
    # given an invoice that holds a number and an external id
    caller.made("POST", "invoice", caller.invoice_body(tranId="TAKEN", externalId="TAKEN"))
    # when a wrong one is sent
    response = caller.call("POST", "invoice", {**caller.invoice_body(), **change})
    # then it is refused and nothing was written
    assert (response.status_code, response.json()["title"]) == (400, "Bad Request")
    detail = caller.detail(response)
    assert (detail["o:errorCode"], detail["o:errorPath"]) == (code, path)
    assert words in detail["detail"]
    assert caller.suiteql("SELECT id FROM transaction")["totalResults"] == 1


def test_dimensions_are_demanded_where_the_account_says_so(caller):
    # given an account with mandatory department and class
    caller.settings(mandatory_dimensions=["department", "class"])
    # when one is missing
    response = caller.call("POST", "invoice", caller.invoice_body(department={"id": "1"}))
    # then it is named as people see it
    assert caller.detail(response)["detail"].endswith("Please enter value(s) for: Class")
    # and given on the lines it is enough
    body = caller.invoice_body(department={"id": "1"})
    body["item"]["items"][0]["class"] = {"externalId": "SUBSCRIPTION"}
    caller.made("POST", "invoice", body)


def test_an_inactive_customer_a_foreign_item_and_a_shut_currency_are_refused(caller):
    # given a second subsidiary with an item of its own
    second = caller.made("POST", "subsidiary", {"name": "Second", "currency": {"id": "4"}})
    caller.item("ABROAD", subsidiary={"items": [{"id": second}]})
    body = caller.invoice_body()
    body["item"]["items"][0]["item"] = {"externalId": "ABROAD"}
    assert "for subsidiary 1" in caller.detail(caller.call("POST", "invoice", body))["detail"]
    # and a subsidiary that takes euros only
    caller.settings(subsidiary_currencies={"1": ["4"]})
    refused = caller.call("POST", "invoice", caller.invoice_body())
    assert caller.detail(refused)["detail"].endswith("Invalid currency reference key 1 for subsidiary 1.")
    # and a customer no longer active
    caller.settings(subsidiary_currencies={})
    caller.call("PATCH", "customer/eid:SF-1", {"isInactive": True})
    assert (
        "Invalid entity reference key" in caller.detail(caller.call("POST", "invoice", caller.invoice_body()))["detail"]
    )


def test_an_item_is_found_under_its_family_name_and_unknown_things_are_404(caller):
    assert caller.read("item/eid:PLAT-FEE")["itemId"] == "PLAT-FEE"
    for path in ("invoice/eid:NONE", "invoice/1", "nonsense/1"):
        response = caller.call("GET", path)
        assert (response.status_code, caller.detail(response)["o:errorCode"]) == (404, "NONEXISTENT_ID")


def test_a_sales_order_becomes_an_invoice_a_payment_and_a_credit(caller):
    # given a sales order
    order = caller.made("POST", "salesOrder", caller.invoice_body())
    # when it is transformed into an invoice, and that into a credit of all but nothing
    invoice = caller.made(
        "POST", f"salesOrder/{order}/!transform/invoice", {"externalId": "FROM-SO", "tranDate": "2026-11-12"}
    )
    caller.made("POST", f"invoice/{invoice}/!transform/creditMemo", {"tranDate": "2026-11-13"})
    # then the order is billed and the invoice settled
    assert caller.read(f"salesOrder/{order}")["status"]["refName"] == "Billed"
    assert caller.read(f"invoice/{invoice}")["status"]["refName"] == "Paid In Full"
    # and an order never reached the ledger
    assert caller.rows(
        f"SELECT COUNT(*) n FROM transactionaccountingline WHERE posting = 'T' AND transaction = {order}"
    ) == [{"n": "0"}]


def test_a_deleted_invoice_is_listed_and_its_customer_then_free_to_go(caller):
    # given an unpaid invoice
    key = caller.invoice(tranId="GONE-1")
    customer = caller.read("customer/eid:SF-1")["id"]
    assert caller.call("DELETE", f"customer/{customer}").status_code == 400
    # when it is deleted
    assert caller.call("DELETE", "invoice/eid:INV-1").status_code == 204
    # then it is in no table but the list of deleted records
    assert caller.call("GET", f"invoice/{key}").status_code == 404
    assert caller.rows(f"SELECT COUNT(*) n FROM transactionline WHERE transaction = {key}") == [{"n": "0"}]
    gone = caller.rows("SELECT recordid, type, name, deletedby FROM deletedrecord")
    assert gone == [{"recordid": key, "type": "invoice", "name": "Invoice #GONE-1", "deletedby": "demo"}]
    assert caller.call("DELETE", f"customer/{customer}").status_code == 204


def test_numbers_go_through_exactly(caller):
    # given a Kuwaiti customer, whose currency has three digits
    caller.customer("SF-KW", currency={"externalId": "KWD"})
    body = caller.invoice_body(amount="0.125")
    body["entity"] = {"externalId": "SF-KW"}
    # when three tenths-of-a-cent lines are sent
    body["item"]["items"] *= 3
    key = caller.made("POST", "invoice", body)
    # then the total is what a calculator says
    assert '"total":0.375' in caller.call("GET", f"invoice/{key}").text
    assert caller.rows("SELECT SUM(foreigntotal) s FROM transaction") == [{"s": "0.375"}]
