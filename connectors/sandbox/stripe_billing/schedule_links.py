"""The tie between a subscription and the schedule that manages it."""

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import Account
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.events import emit

KIND = "subscription_schedule"
#: statuses in which a schedule still decides what becomes of its subscription
RUNNING = ("not_started", "active")


def schedule_of(account: Account, subscription: Document) -> Document | None:
    """The schedule that manages a subscription, if one does."""
    return account.get(KIND, subscription.get("schedule"))


def refuse_ends(account: Account, subscription: Document) -> None:
    """Only the schedule says when a subscription it manages ends; the words are the vendor's own."""
    schedule = schedule_of(account, subscription)
    if schedule is not None:
        raise StripeError(
            f"The subscription is managed by the subscription schedule `{schedule['id']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead."
        )


def items_as_phase(subscription: Document) -> list[Document]:
    """The items of a subscription as the items of a phase."""
    return [
        {
            "price": item["price"], "quantity": item.get("quantity"), "metadata": dict(item.get("metadata") or {}),
            "tax_rates": list(item.get("tax_rates") or []),
        }
        for item in subscription["items"]
    ]  # fmt: skip


def follow_items(account: Account, subscription: Document) -> None:
    """Items changed on the subscription itself hold for the phase that runs; later phases stay as they were planned."""
    schedule = schedule_of(account, subscription)
    if schedule is None or schedule["_phase"] is None:
        return
    phases = [dict(phase) for phase in schedule["phases"]]
    phases[schedule["_phase"]]["items"] = items_as_phase(subscription)
    account.change(KIND, schedule, phases=phases)
    emit(account, f"{KIND}.updated", KIND, schedule, previous={})


def end_with(account: Account, subscription: Document, *, at: int) -> None:
    """A subscription that ends takes its schedule along: completed where that was the plan, else canceled."""
    schedule = schedule_of(account, subscription)
    subscription["schedule"] = None
    if schedule is None or schedule["status"] not in RUNNING:
        return
    planned = schedule["end_behavior"] == "cancel" and schedule["phases"][-1]["end_date"] <= at
    status, stamp = ("completed", "completed_at") if planned else ("canceled", "canceled_at")
    account.change(KIND, schedule, **{"status": status, stamp: at})
    emit(account, f"{KIND}.{status}", KIND, schedule)
