"""The checker can fail: books with one thing wrong are found out, each by the rule that should."""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.chaos.books import Books, Deal, check


def good_books() -> Books:
    """Two deals, billed, posted, one paid; a third held up by an open case."""
    deals = [
        Deal(id="006A", account="001A", amount=Decimal("100.00")),
        Deal(id="006B", account="001B", amount=Decimal("250.50")),
        Deal(id="006C", account="001B", amount=Decimal("9.00")),
    ]

    def customer(account: str) -> dict[str, Any]:
        return {"metadata": {"q2c_reference": f"customer:{account}"}, "address": {"city": "Old"}}

    def invoice(name: str, sub: str, total: int, status: str) -> dict[str, Any]:
        return {"id": name, "_subscription": sub, "total": total, "currency": "usd", "status": status}

    def posting(own: str, name: str, total: str, number: str) -> dict[str, Any]:
        return {
            "id": own,
            "externalId": f"invoice:stripe:{name}",
            "total": total,
            "currency": {"id": "1"},
            "tranId": number,
        }

    line = {"leg": "sold_to_billed", "kind": "contract", "period": "2026-11", "currency": "USD"}
    posted = {"leg": "billed_to_posted", "kind": "invoice", "period": "2026-11", "currency": "USD"}
    return Books(
        deals=deals,
        stripe_customers=[customer("001A"), customer("001B")],
        subscriptions=[
            {"id": "sub_A", "metadata": {"q2c_reference": "contract:006A"}},
            {"id": "sub_B", "metadata": {"q2c_reference": "contract:006B"}},
        ],
        stripe_invoices=[invoice("in_A", "sub_A", 10000, "paid"), invoice("in_B", "sub_B", 25050, "open")],
        invoice_payments=[
            {"id": "inpay_A", "invoice": "in_A", "status": "paid", "amount_paid": 10000, "_payment_intent": "pi_A"},
            {"id": "inpay_B", "invoice": "in_B", "status": "open", "_payment_intent": "pi_B"},
        ],
        netsuite_customers=[
            {"externalId": "customer:001A", "companyName": "A"},
            {"externalId": "customer:001B", "companyName": "B"},
        ],
        netsuite_invoices=[posting("1", "in_A", "100.00", "N-1"), posting("2", "in_B", "250.50", "N-2")],
        netsuite_payments=[
            {
                "id": "3",
                "externalId": "payment:stripe:pi_A",
                "payment": "100.00",
                "apply": {"items": [{"apply": True, "doc": {"id": "1"}, "amount": "100.00"}]},
            }
        ],
        cities={"001A": "Old"},
        acknowledged={("stripe", "evt_1")},
        inbox={("stripe", "evt_1"), ("stripe", "evt_2")},
        open_cases={"contract:006C"},
        tie_out=[
            {**line, "left": "359.50", "right": "350.50", "explained": "9.00", "unexplained": "0.00"},
            {**posted, "left": "350.50", "right": "350.50", "explained": "0.00", "unexplained": "0.00"},
        ],
    )


def test_good_books_show_nothing() -> None:
    found = check(good_books())
    assert found.violations == []
    assert found.figures["deals explained by an open case"] == 1 and found.figures["payments posted"] == 1


def again(rows: list[Any], **changed: Any) -> None:
    rows.append({**copy.deepcopy(rows[0]), **changed})


WRONGS: dict[str, tuple[str, Callable[[Books], Any]]] = {
    "a second customer at Stripe": ("customer twice", lambda b: again(b.stripe_customers)),
    "a second customer in NetSuite": ("customer twice", lambda b: again(b.netsuite_customers, externalId="customer:x")),
    "no customer at Stripe": ("customer missing", lambda b: b.stripe_customers.pop()),
    "no customer in NetSuite": ("customer missing", lambda b: b.netsuite_customers.pop(0)),
    "a customer without a name of ours": (
        "customer without a reference",
        lambda b: b.stripe_customers.append({"metadata": {}}),
    ),
    "a second subscription": ("subscription twice", lambda b: again(b.subscriptions, id="sub_A2")),
    "no subscription": ("subscription missing", lambda b: b.subscriptions.pop(0)),
    "a subscription nobody sold": (
        "subscription nobody sold",
        lambda b: again(b.subscriptions, metadata={"q2c_reference": "contract:006X"}),
    ),
    "a deal held up and no case": ("subscription missing", lambda b: b.open_cases.clear()),
    "a second invoice at Stripe": ("not one invoice per deal", lambda b: again(b.stripe_invoices, id="in_A2")),
    "no invoice at Stripe": ("not one invoice per deal", lambda b: b.stripe_invoices.pop()),
    "an invoice of no subscription": (
        "invoice without a subscription",
        lambda b: again(b.stripe_invoices, _subscription=None),
    ),
    "one cent too much billed": ("billed another amount", lambda b: b.stripe_invoices[1].update(total=25051)),
    "billed in euros": ("billed another amount", lambda b: b.stripe_invoices[1].update(currency="eur")),
    "an invoice left as draft": ("invoice never issued", lambda b: b.stripe_invoices[1].update(status="draft")),
    "an invoice posted twice": ("invoice twice", lambda b: again(b.netsuite_invoices, id="9", tranId="N-9")),
    "one number twice": ("invoice twice", lambda b: again(b.netsuite_invoices, id="9", externalId="other")),
    "an invoice not posted": ("invoice missing", lambda b: b.netsuite_invoices.pop()),
    "an invoice nobody billed": ("invoice nobody billed", lambda b: again(b.netsuite_invoices, externalId="else")),
    "one cent too little posted": ("posted another amount", lambda b: b.netsuite_invoices[1].update(total="250.49")),
    "posted in euros": ("posted another amount", lambda b: b.netsuite_invoices[1].update(currency={"id": "4"})),
    "a payment posted twice": ("payment twice", lambda b: again(b.netsuite_payments, id="9")),
    "a payment not posted": ("payment missing", lambda b: b.netsuite_payments.clear()),
    "a payment nobody made": (
        "payment nobody made",
        lambda b: again(b.netsuite_payments, externalId="payment:stripe:pi_B"),
    ),
    "another amount received": (
        "another amount received",
        lambda b: b.netsuite_payments[0].update(payment="100.01"),
    ),
    "a payment not applied": ("not one application", lambda b: b.netsuite_payments[0]["apply"]["items"].clear()),
    "a payment applied twice": ("not one application", lambda b: again(b.netsuite_payments[0]["apply"]["items"])),
    "a payment applied to another invoice": (
        "not one application",
        lambda b: b.netsuite_payments[0]["apply"]["items"][0].update(doc={"id": "2"}),
    ),
    "an invoice paid by two": (
        "invoice paid twice",
        lambda b: again(b.netsuite_payments, externalId="payment:stripe:pi_B"),
    ),
    "an older address": ("an older address won", lambda b: b.cities.update({"001B": "New"})),
    "a lost call": ("acknowledged and lost", lambda b: b.acknowledged.add(("salesforce", "04l1"))),
    "money nobody can explain": ("unexplained money", lambda b: b.tie_out[0].update(unexplained="0.01")),
    "a tie-out that saw nothing": ("no tie-out", lambda b: b.tie_out.clear()),
    "a tie-out of other sums": ("the tie-out shows another sum", lambda b: b.tie_out[1].update(right="350.49")),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_one_wrong_thing_is_found_by_its_rule(wrong: str) -> None:
    rule, spoil = WRONGS[wrong]
    books = good_books()
    spoil(books)
    assert rule in {one.rule for one in check(books).violations}


def test_what_is_under_way_or_has_a_case_is_no_violation() -> None:
    books = good_books()
    books.netsuite_invoices.pop()
    books.tie_out[1].update(right="100.00", in_flight="250.50")
    assert [one.rule for one in check(books).violations] == ["invoice missing"]
    books.under_way = {"invoice:stripe:in_B"}
    assert check(books).violations == []
    books.under_way, books.open_cases = set(), {*books.open_cases, "invoice:stripe:in_B"}
    assert check(books).violations == []
