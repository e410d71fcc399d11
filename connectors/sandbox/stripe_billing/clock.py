"""Test clocks, and what becomes due as time passes on them and on machine time."""

from collections.abc import Iterator
from typing import Any

from connectors.sandbox.stripe_billing import disputes, invoices, payments, schedule_phases, subscriptions
from connectors.sandbox.stripe_billing.account import CLOCK, Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import add_intervals
from connectors.sandbox.stripe_billing.schedule_links import KIND as SCHEDULE
from connectors.sandbox.stripe_billing.shapes import render

DAY = 86_400
KEPT_DAYS = 30
DUE = {
    "finalize": subscriptions.finalize_due,
    "pay": invoices.pay_due,
    "period": schedule_phases.period_due,
    "phase": schedule_phases.phase_due,
    "payout": payments.payout_due,
    "refund_failure": payments.fail_refund,
    "chargeback": disputes.dispute_due,
    "dispute": disputes.answer_due,
}


def create_clock(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, {"frozen_time", "name"})
    params.required("frozen_time")
    now = account.machine_now()
    clock = account.put(CLOCK, {
        "id": account.new_id(CLOCK), "created": now, "deletes_after": now + KEPT_DAYS * DAY,
        "frozen_time": params.timestamp("frozen_time"), "name": params.text("name"), "status": "ready",
    })  # fmt: skip
    emit(account, "test_helpers.test_clock.created", CLOCK, clock)
    return render(account, CLOCK, clock)


def advance_clock(account: Account, call: Call) -> dict[str, Any]:
    """Answer `advancing`; the server then plays everything that falls due up to frozen_time and says `ready`."""
    params = Params(call.values, {"frozen_time"})
    clock = account.need(CLOCK, call.path["id"])
    account.at_rest(clock["id"])
    params.required("frozen_time")
    target = params.timestamp("frozen_time") or 0
    if target <= clock["frozen_time"]:
        raise StripeError("The new frozen time must be after the current frozen time.", param="frozen_time")
    furthest = _furthest(account, clock)
    if target > furthest:
        raise StripeError(
            f"Test clocks can only be advanced by up to two intervals of the shortest subscription: "
            f"{furthest} at the latest.",
            param="frozen_time",
        )
    details = {"advancing": {"target_frozen_time": target}}
    account.change(CLOCK, clock, status="advancing", status_details=details)
    emit(account, "test_helpers.test_clock.advancing", CLOCK, clock)
    return render(account, CLOCK, clock)


def _furthest(account: Account, clock: dict[str, Any]) -> int:
    """Two intervals of the shortest live subscription, two years without any."""
    subscriptions_on_it = account.by("subscription", "test_clock", clock["id"])
    intervals = {tuple(s["_interval"]) for s in subscriptions_on_it if s["status"] != "canceled"}
    reach = [add_intervals(clock["frozen_time"], interval, 2 * size) for interval, size in intervals]
    return min(reach, default=add_intervals(clock["frozen_time"], "year", 2))


def delete_clock(account: Account, call: Call) -> dict[str, Any]:
    """A clock takes its customers and their subscriptions with it."""
    clock = account.need(CLOCK, call.path["id"])
    emit(account, "test_helpers.test_clock.deleted", CLOCK, clock)
    for customer in account.by("customer", "test_clock", clock["id"]):
        for subscription in account.by("subscription", "customer", customer["id"]):
            account.change("subscription", subscription, status="canceled", ended_at=clock["frozen_time"])
        for schedule in account.by(SCHEDULE, "customer", customer["id"]):
            account.change(SCHEDULE, schedule, status="canceled", canceled_at=clock["frozen_time"])
        account.change("customer", customer, _deleted=True)
    account.due.pop(clock["id"], None)
    account.drop(CLOCK, clock["id"])
    return {"id": clock["id"], "object": CLOCK, "deleted": True}


def advancing(account: Account) -> list[str]:
    """Clocks on their way, also those a stopped server left behind."""
    return [clock["id"] for clock in account.books.rows(CLOCK) if clock["status"] == "advancing"]


def run(account: Account, clock_id: str) -> Iterator[None]:
    """Play what falls due, in order of time, moment by moment; afterwards the clock is ready at its target."""
    clock = account.need(CLOCK, clock_id)
    target = clock["status_details"]["advancing"]["target_frozen_time"]
    while True:
        account.call = None
        moment = account.next_due(clock_id, target)
        if moment is None:
            break
        at, what, key = moment
        if at > clock["frozen_time"]:
            account.change(CLOCK, clock, frozen_time=at)
        DUE[what](account, key)
        yield
        if account.get(CLOCK, clock_id) is None:
            return
    account.change(CLOCK, clock, frozen_time=target, status="ready", status_details={})
    emit(account, "test_helpers.test_clock.ready", CLOCK, clock)


def run_machine_time(account: Account, *, most: int = 200) -> None:
    """What is due by now for customers without a test clock; a few hundred moments at a time."""
    heap = account.due.get("")
    if not heap or heap[0][0] > account.machine_now():
        return
    now = account.machine_now()
    for _ in range(most):
        moment = account.next_due(None, now)
        if moment is None:
            return
        _, what, key = moment
        DUE[what](account, key)


def reschedule(account: Account) -> None:
    """Work out anew what is due when: after a start, a reset, an edit of the books or a change of settings."""
    account.due.clear()
    for invoice in account.books.rows("invoice"):
        if invoice["status"] == "draft" and invoice.get("automatically_finalizes_at"):
            account.owe(invoice["test_clock"], invoice["automatically_finalizes_at"], "finalize", invoice["id"])
        elif invoice["status"] == "open" and not (
            invoice["collection_method"] == "charge_automatically" and invoice.get("attempted")
        ):
            invoices.expect_payment(account, invoice)
        elif invoice["status"] == "open" and invoice.get("next_payment_attempt"):
            account.owe(invoice["test_clock"], invoice["next_payment_attempt"], "pay", invoice["id"])
    for subscription in account.books.rows("subscription"):
        if subscription["status"] in subscriptions.LIVE:
            subscriptions.watch(account, subscription)
    for schedule in account.books.rows(SCHEDULE):
        schedule_phases.watch(account, schedule)
    failing = account.settings()["failing_refunds"]
    for made in account.books.rows("refund"):
        if made["status"] == "succeeded" and made.get("customer") in failing:
            payments.expect_failure(account, made)
    disputing, later = account.settings()["disputing_customers"], int(account.settings()["disputed_after_seconds"])
    for charge in account.books.rows("charge"):
        if charge["customer"] in disputing and not charge.get("disputed"):
            account.owe(charge.get("_clock"), charge["created"] + later, "chargeback", charge["id"])
    for dispute in account.books.rows("dispute"):
        if dispute["status"] in disputes.OPEN:
            account.owe(dispute.get("_clock"), dispute["evidence_details"]["due_by"], "dispute", dispute["id"])
    if account.settings()["automatic_payouts"]:
        owed = {
            (t.get("_clock"), t["available_on"], t["_unpaid"])
            for t in account.books.rows("balance_transaction") if t.get("_unpaid")
        }  # fmt: skip
        for clock, at, unpaid in sorted(owed, key=str):
            account.owe(clock, at, "payout", unpaid)
