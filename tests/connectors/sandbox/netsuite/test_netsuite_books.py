"""Whatever happens in whatever order, the ledger balances and the control account agrees with the open items."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sandbox.netsuite import NetSuiteSandbox
from connectors.sandbox.netsuite.archive import Author
from connectors.sandbox.netsuite.records import Ask
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.values import write_json

AUTHOR = Author("integration")
MONEY = st.decimals(min_value="0.01", max_value="5000", places=2)
RATES = st.sampled_from(["1.1", "1.0773", "1.23456"])
WHICH = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(st.just("invoice"), WHICH, MONEY, st.booleans()),
    st.tuples(st.just("payment"), WHICH, MONEY, MONEY, RATES),
    st.tuples(st.just("credit"), WHICH, MONEY, MONEY),
    st.tuples(st.just("apply"), WHICH, WHICH, MONEY),
    st.tuples(st.just("edit"), WHICH, MONEY),
    st.tuples(st.just("delete"), WHICH),
    st.tuples(st.just("screen"), WHICH, MONEY),
    st.tuples(st.just("screen_delete"), WHICH),
    st.tuples(st.just("close"), st.booleans()),
)


class Desk:
    """Plays steps against a sandbox without HTTP in between; refusals are fine, broken books are not."""

    def __init__(self) -> None:
        self.sandbox = NetSuiteSandbox()
        self.sandbox.set_up()
        self.call(
            "PUT", ["customer", "eid:C"], {"companyName": "C", "subsidiary": {"id": "1"}, "currency": {"id": "4"}}
        )
        self.call("PUT", ["serviceSaleItem", "eid:I"], {"itemId": "I", "incomeAccount": {"id": "400"}})
        deferred = {"itemId": "D", "incomeAccount": {"id": "400"}, "deferredRevenueAccount": {"id": "220"}}
        self.call("PUT", ["serviceSaleItem", "eid:D"], deferred)

    def call(self, method, parts, body=None, query=None):
        try:
            sent = write_json(body or {}).encode()
            return self.sandbox.records.perform(Ask(method, parts, query or {}, {}, sent, "http://x", AUTHOR))
        except Refusal:
            return None

    def any(self, kind: str, which: int) -> str:
        keys = sorted(document["id"] for document in self.sandbox.books.rows(kind))
        return keys[which % len(keys)] if keys else "0"

    def play(self, step) -> None:
        match step:
            case "invoice", which, amount, taxed:
                lines = [
                    {
                        "item": {"externalId": "D" if which % 2 else "I"},
                        "amount": amount,
                        "taxCode": {"id": "10" if taxed else "9"},
                    }
                ]
                self.call(
                    "POST",
                    ["invoice"],
                    {"entity": {"externalId": "C"}, "tranDate": "2026-11-10", "item": {"items": lines}},
                )
            case "payment", which, money, part, rate:
                apply = [{"apply": True, "doc": {"id": self.any("invoice", which)}, "amount": min(part, money)}]
                self.call(
                    "POST",
                    ["customerPayment"],
                    {
                        "customer": {"externalId": "C"},
                        "payment": money,
                        "tranDate": "2026-11-11",
                        "exchangeRate": Decimal(rate),
                        "apply": {"items": apply if which % 3 else []},
                    },
                )
            case "credit", which, amount, part:
                self.call(
                    "POST",
                    ["creditMemo"],
                    {
                        "entity": {"externalId": "C"},
                        "tranDate": "2026-11-12",
                        "item": {"items": [{"item": {"externalId": "I"}, "amount": amount}]},
                        "apply": {
                            "items": [
                                {"apply": True, "doc": {"id": self.any("invoice", which)}, "amount": min(part, amount)}
                            ]
                        },
                    },
                )
            case "apply", payer, which, amount:
                line = {"apply": bool(which % 4), "doc": {"id": self.any("invoice", which)}, "amount": amount}
                self.call(
                    "PATCH", ["customerPayment", self.any("customerPayment", payer)], {"apply": {"items": [line]}}
                )
            case "edit", which, amount:
                lines = [{"line": 1, "amount": amount}]
                self.call("PATCH", ["invoice", self.any("invoice", which)], {"item": {"items": lines}})
            case "delete", which:
                kind = ("invoice", "customerPayment", "creditMemo")[which % 3]
                self.call("DELETE", [kind, self.any(kind, which)])
            case "screen", which, amount:
                self.at_the_screen("invoice", self.any("invoice", which), {"total": str(amount)})
            case "screen_delete", which:
                self.at_the_screen("invoice", self.any("invoice", which), None)
            case "close", shut:
                period = next(p for p in self.sandbox.books.rows("accountingPeriod") if p["periodName"] == "Nov 2026")
                self.at_the_screen("accountingPeriod", period["id"], {"closed": shut})

    def at_the_screen(self, kind, key, change) -> None:
        document = self.sandbox.books.get(kind, key)
        if document is None:
            return
        if change is None:
            self.sandbox.books.delete(kind, key)
        else:
            self.sandbox.books.put(kind, key, {**document, **change})
        try:
            self.sandbox.edited(kind, key)
        except Refusal:
            pass

    def check(self) -> None:
        books = self.sandbox.books
        control = Decimal(0)
        for entry in books.rows("ledger"):
            for column in ("amount", "base"):
                assert sum(Decimal(line[column]) for line in entry["lines"]) == 0
            control += sum(Decimal(line["amount"]) for line in entry["lines"] if line["account"] == "122")
        open_items = sum((Decimal(one["amountRemaining"]) for one in books.rows("invoice")), Decimal(0))
        unapplied = sum(
            (Decimal(one["unapplied"]) for kind in ("customerPayment", "creditMemo") for one in books.rows(kind)),
            Decimal(0),
        )
        assert control == open_items - unapplied
        assert all(Decimal(one["amountRemaining"]) >= 0 for one in books.rows("invoice"))
        assert all(Decimal(one["unapplied"]) >= 0 for one in books.rows("customerPayment"))
        tables = self.sandbox.archive.tables.connection
        seen = (
            tables.execute("SELECT SUM(foreignamount) FROM transactionline WHERE expenseaccount = 122").fetchone()[0]
            or 0
        )
        assert Decimal(str(seen)) == control


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=25))
def test_after_any_sequence_the_ledger_balances_and_the_control_account_agrees(steps):
    # given a fresh account in euros, whose books are in dollars
    desk = Desk()
    # when anything happens in any order
    for step in steps:
        desk.play(step)
    # then every transaction balances in both currencies, and receivables equal what is open less what is unapplied
    desk.check()


def test_books_on_disk_come_back_with_their_tables_and_applications(tmp_path):
    # given an account with a part-paid invoice, shut down
    desk = Desk()
    state = tmp_path / "netsuite.db"
    desk.sandbox = NetSuiteSandbox(state)
    desk.sandbox.app()
    Desk.call(
        desk, "PUT", ["customer", "eid:C"], {"companyName": "C", "subsidiary": {"id": "1"}, "currency": {"id": "4"}}
    )
    desk.call("PUT", ["serviceSaleItem", "eid:I"], {"itemId": "I", "incomeAccount": {"id": "400"}})
    desk.play(("invoice", 0, Decimal("100.00"), False))
    desk.play(("payment", 1, Decimal("30.00"), Decimal("30.00"), "1.1"))
    desk.sandbox.books.close()
    # when it starts again
    desk.sandbox = NetSuiteSandbox(state)
    # then money can still be applied only up to what is due, and queries see everything
    desk.check()
    assert (
        desk.call(
            "POST",
            ["customerPayment"],
            {
                "customer": {"externalId": "C"},
                "payment": 80,
                "tranDate": "2026-11-11",
                "apply": {"items": [{"apply": True, "doc": {"id": desk.any("invoice", 0)}, "amount": 80}]},
            },
        )
        is None
    )
    found = desk.sandbox.suiteql.run(
        "SELECT foreignamountunpaid u FROM transaction WHERE type = 'CustInvc'", limit=10, offset=0
    )
    assert found["items"] == [{"links": [], "u": "70"}]
    desk.sandbox.books.close()
