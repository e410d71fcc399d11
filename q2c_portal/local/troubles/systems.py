"""What goes wrong with the systems themselves: refusals nobody knows, silence, keys, fields gone, gaps."""

import hashlib
import hmac
import json
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
from django.conf import settings

from q2c_portal.local.troubles.stage import Stage
from q2c_portal.local.troubles.trouble import Trouble
from sync import clock, connections, gaps, nudges, polling
from sync.models import Connection, Delivery, WorkItem
from sync.models.fields import unseal
from sync.states import Condition

#: retries follow one another at once here: hours of them would be nothing to look at
MOST_ROUNDS = 60


def _hurry(*, role: str, customer: str, kind: str) -> bool:
    """Whatever waits for its next try waits no longer; True once people are asked."""
    rows = Delivery.objects.filter(role=role, kind=kind, work_item__customer_name=customer)
    if rows.filter(condition=Condition.BLOCKED).exists():
        return True
    rows.filter(condition__in=[Condition.DUE, Condition.IN_DOUBT]).update(due_at=clock.now() - timedelta(days=1))
    nudges.nudge("deliver", "posting", "notify")
    return False


def _until_blocked(stage: Stage, *, customer: str) -> None:
    """Every wait between two tries of an invoice is over at once, until people are asked."""
    for number in range(MOST_ROUNDS):
        # something else goes well there, or the portal would hold the whole system to be away
        other = {"Id": stage.accounts[customer], "BillingCity": f"Pier {number}"}
        stage.salesforce.update("Account", [other])
        stage.seconds_pass(1.5)
        if _hurry(role="erp", customer=customer, kind="invoice"):
            return
        stage.seconds_pass(0.5)


def _failing(stage: Stage, customer: str, **fault: Any) -> None:
    """The ERP fails at whatever concerns one customer's invoice, for as long as the portal tries."""
    deal = stage.sell(customer, stage.line())
    with stage.fault(stage.netsuite, path="/invoice", method="PUT|POST", times=None, **fault):
        with suppress(TimeoutError):
            stage.invoice_of(deal)
        _until_blocked(stage, customer=customer)


def answer_nobody_knows(stage: Stage) -> None:
    words = {
        "title": "Bad Request",
        "status": 400,
        "o:errorDetails": [{"detail": "Workflow WF-7 vetoed.", "o:errorCode": "WF_VETO"}],
    }
    _failing(stage, "Falcon Signs", kind="status", status=400, body=words)


def out_for_good(stage: Stage) -> None:
    _failing(stage, "Granite Gyms", kind="status", status=503)


def silent(stage: Stage) -> None:
    """The ERP takes an invoice and says nothing, and cannot be asked for it, while everything else goes well there."""
    deal = stage.sell("Harbor Yachts", stage.line())
    with stage.fault(stage.netsuite, path="/invoice", times=None, kind="drop_after_commit"):
        with suppress(TimeoutError):
            stage.invoice_of(deal)
        _until_blocked(stage, customer="Harbor Yachts")


def key_taken_away(stage: Stage) -> None:
    """A second billing account of the company, whose key was rolled at Stripe and nowhere else."""
    _spare(stage, "stripe-legacy", "Stripe, old brand", api_key="sk_test_rolled", read_key="sk_test_rolled")
    polling.poll_all()


def paused_by_hand(stage: Stage) -> None:
    row = _spare(stage, "stripe-pilot", "Stripe, pilot", api_key="sk_test_q2c", read_key="rk_test_readonly")
    connections.pause(row, reason="PAUSED_BY_HAND", text="Until the migration is over")


def address_refused(stage: Stage) -> None:
    row = _spare(stage, "stripe-typo", "Stripe, with a typo", api_key="sk_test_q2c", read_key="rk_test_readonly")
    row.base_url = "ftp://stripe.example.com"
    row.save()
    polling.poll_all()


def _spare(stage: Stage, code: str, label: str, **keys: str) -> Connection:
    """One more connection to the billing sandbox; no company bills through it."""
    row = Connection.objects.filter(code=code).first() or Connection(
        code=code, label=label, system="stripe_billing", role="billing", is_sandbox=True, base_url=stage.stripe.url,
        time_zone="UTC", settings={"days_until_due": 30},
    )  # fmt: skip
    row.put_secrets(**keys, webhook_secrets="whsec_none")
    row.save()
    connections.health_of(row)
    return row


def change_that_never_came(stage: Stage) -> None:
    """Change 3 of a contract is here, change 2 is not; it has been missing for hours."""
    first = stage.sell("Indus Spices", stage.line())
    stage.change(first, "Upsell", 3, stage.line(price="650.00"), customer="Indus Spices", on=stage.today)
    waiting = WorkItem.objects.filter(reference=f"contract:{first}", condition=Condition.WAITING)
    waiting.update(gap_since=clock.now() - timedelta(hours=2), due_at=clock.now())
    nudges.nudge("ingest")
    stage.seconds_pass(2)
    gaps.ask_for_missing()


def _not_shown(stage: Stage, customer: str, *, code: str, words: str, status: int = 400) -> None:
    """Salesforce refuses what it is shown about one deal."""
    stage.account(customer)
    deal = stage.win(stage.open_deal(customer, stage.line()))
    body = [{"errorCode": code, "message": words, "fields": []}]
    fault = {"kind": "status", "status": status, "path": "composite", "method": "PATCH", "times": None, "body": body}
    with stage.fault(stage.salesforce, **fault):
        stage.invoice_of(deal)
        for _ in range(MOST_ROUNDS):
            if Delivery.objects.filter(role="crm", reference__contains=deal[:15], condition=Condition.BLOCKED).exists():
                return
            nudges.nudge("notify")
            stage.seconds_pass(1)


def rule_of_an_administrator(stage: Stage) -> None:
    _not_shown(stage, "Heron Tiles", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", words="Only finance may write here")


def field_renamed(stage: Stage) -> None:
    words = "No such column 'Q2C_Payment_Status__c' on sobject of type Opportunity"
    _not_shown(stage, "Isar Brewers", code="INVALID_FIELD", words=words)


def two_of_one_id(stage: Stage) -> None:
    _not_shown(stage, "Jura Watches", code="", words="", status=300)


def set_up_twice(stage: Stage) -> None:
    """Stripe takes a subscription and the answer is lost; somebody sees none here yet and makes another by hand."""
    stage.account("Kepler Lenses")
    deal = stage.open_deal("Kepler Lenses", stage.line())
    with stage.fault(stage.stripe, path="/v1/subscriptions", method="POST", kind="drop_after_commit"):
        stage.salesforce.update("Opportunity", [{"Id": deal, "StageName": "Closed Won"}])
        stage.seconds_pass(2)
    made = stage.stripe.get(f"subscriptions/{stage.subscription_of(deal)['id']}")
    billed = made["items"]["data"][0]["price"]
    price = stage.stripe.post(
        "prices", product=billed["product"], currency=billed["currency"], unit_amount=billed["unit_amount"],
        **{"recurring[interval]": billed["recurring"]["interval"]},
    )["id"]  # fmt: skip
    metadata = {f"metadata[{name}]": value for name, value in made["metadata"].items()}
    stage.stripe.post("subscriptions", customer=made["customer"], **{"items[0][price]": price}, **metadata)
    for _ in range(MOST_ROUNDS):
        if _hurry(role="billing", customer="Kepler Lenses", kind="contract"):
            return
        stage.seconds_pass(1)


def told_twice_differently(stage: Stage) -> None:
    """An event of Stripe's comes once more under its id, signed as it should be, with another content."""
    row = Connection.objects.get(code="stripe")
    event = stage.stripe.get("events", limit=1, type="invoice.finalized")["data"][0]
    event["data"]["object"]["description"] = "Told again, otherwise"
    body, at = json.dumps(event), int(time.time())
    secret = unseal(row.sealed_secrets)["webhook_secrets"].split()[0]
    mark = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    signed = {"Stripe-Signature": f"t={at},v1={mark}", "Content-Type": "application/json"}
    url = f"{settings.PORTAL_URL}/api/v1/callbacks/stripe/{row.code}"
    # refused with 409, and kept
    httpx.post(url, content=body, headers=signed, trust_env=False, timeout=60)
    stage.rest()


TROUBLES = (
    Trouble(reason="UNCLASSIFIED", story="the ERP refuses with words nobody knows", cause=answer_nobody_knows),
    Trouble(reason="TARGET_UNAVAILABLE", story="the ERP fails at one invoice for hours", cause=out_for_good),
    Trouble(reason="UNKNOWN_OUTCOME", story="the ERP says nothing, and cannot be asked", cause=silent),
    Trouble(reason="AUTH_EXPIRED", story="a key was rolled at Stripe", cause=key_taken_away),
    Trouble(reason="PAUSED_BY_HAND", story="somebody paused a connection", cause=paused_by_hand),
    Trouble(
        reason="ADDRESS_REFUSED", story="a connection has an address that may not be called", cause=address_refused
    ),
    Trouble(reason="CONFLICTING_DUPLICATE", story="an event comes twice, and differs", cause=told_twice_differently),
    Trouble(reason="EVENT_GAP", story="a numbered change never came", cause=change_that_never_came),
    Trouble(reason="FEEDBACK_REFUSED", story="Salesforce refuses what it is shown", cause=rule_of_an_administrator),
    Trouble(reason="SCHEMA_CHANGE", story="a field was renamed in the CRM", cause=field_renamed),
    Trouble(reason="MASTER_CONFLICT", story="two records of the CRM have one id of ours", cause=two_of_one_id),
    Trouble(reason="DUPLICATE_AT_TARGET", story="a subscription is set up a second time by hand", cause=set_up_twice),
)
