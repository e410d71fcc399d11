"""What a client was told survives a stop of the sandbox, also in the middle of an advance."""

from pathlib import Path

from connectors.sandbox.stripe_billing import clock
from connectors.sandbox.stripe_billing.server import StripeSandbox
from tests.connectors.sandbox.stripe_billing.running import Running, at, eventually


def test_a_restarted_sandbox_goes_on_where_it_was(tmp_path: Path) -> None:
    # given a sandbox with a state file, a deal and settings
    state = tmp_path / "stripe.db"
    first = Running(state)
    first.settings(pays_after_days=14)
    time = first.clock(at(2026, 3, 10))
    customer = first.customer(test_clock=time)
    first.product()
    deal = first.year_deal(
        customer, start=at(2026, 3, 1), end=at(2027, 3, 1), amount=55_000, metadata={"q2c_key": "D-1"}
    )
    kept = first.http.post("/v1/customers", data={"name": "Zoomit"}, headers={"Idempotency-Key": "k-1"}).json()
    first.advance(time, at(2026, 3, 11))
    first.stop()
    # when it is started anew
    second = Running(state)
    try:
        # then it knows the key, takes up the calendar, and numbers on
        again = second.http.post("/v1/customers", data={"name": "Zoomit"}, headers={"Idempotency-Key": "k-1"})
        assert (again.json()["id"], again.headers["Idempotent-Replayed"]) == (kept["id"], "true")
        second.advance(time, at(2026, 3, 25))
        assert second.client.invoices.retrieve(deal.latest_invoice).status == "paid"
        assert second.customer(name="New") not in (customer, kept["id"])
    finally:
        second.stop()


def test_an_advance_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    # given a sandbox stopped with its clock under way
    state = tmp_path / "stripe.db"
    first = StripeSandbox(state)
    time = first.call(clock.create_clock, {"frozen_time": str(at(2026, 3, 10))})
    first.call(clock.advance_clock, {"frozen_time": str(at(2026, 3, 11))}, path={"id": time["id"]})
    first.books.close()
    # when it is started anew and asked
    second = Running(state)
    try:
        # then the clock gets ready at its target
        read = second.client.test_helpers.test_clocks.retrieve
        assert eventually(lambda: read(time["id"]).status == "ready")
        assert read(time["id"]).frozen_time == at(2026, 3, 11)
    finally:
        second.stop()


def test_books_changed_behind_everybodys_back_are_what_the_api_shows() -> None:
    # given
    running = Running()
    try:
        customer = running.customer()
        # when
        running.http.patch(f"/_sandbox/books/customer/{customer}", json={"email": "new@konex.test"})
        # then lists by the new value find it
        found = running.client.customers.list({"email": "new@konex.test"}).data
        assert [row.id for row in found] == [customer]
        # and a reset forgets everything
        running.http.post("/_sandbox/reset").raise_for_status()
        assert running.client.customers.list().data == []
    finally:
        running.stop()
