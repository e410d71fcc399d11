"""Events: what happened, kept 30 days, listed, and told to webhook endpoints with a signature."""

import hashlib
import hmac
import json
import random
import time
from fnmatch import fnmatchcase
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.outgoing import DROPPED
from connectors.sandbox.outgoing import KIND as WAITING
from connectors.sandbox.stripe_billing.account import API_VERSION, CLOCK, Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError, no_such
from connectors.sandbox.stripe_billing.lists import PAGING, page
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.shapes import listed, render

KEPT_SECONDS = 30 * 86_400
#: how long Stripe goes on trying
TRIED_SECONDS = 3 * 86_400
#: how far `reorder` may shift a webhook
SHUFFLE_SECONDS = 1.0
SETTINGS_ENDPOINT = "we_settings"


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def emit(
    account: Account, type_: str, kind: str, document: Document, *, previous: dict[str, Any] | None = None
) -> None:
    """Record an event with a snapshot of the object as it is now, and queue it for every endpoint that wants it."""
    clock = document["id"] if kind == CLOCK else document.get("test_clock") or document.get("_clock")
    call = account.call
    snapshot = compact(render(account, kind, document))
    event = {
        "id": account.new_id("event"),
        "created": account.now(clock),
        "type": type_,
        "request": {
            "id": call.request_id if call else None,
            "idempotency_key": call.idempotency_key if call else None,
        },
        "_object": snapshot,
        "_machine": account.machine_now(),
    }
    if previous is not None:
        event["_previous"] = compact(previous)
    account.put("event", event)
    targets = [endpoint for endpoint in endpoints(account) if wants(endpoint, type_)]
    for endpoint in targets:
        send(account, event, endpoint, pending=len(targets))


def body_text(event: Document, *, pending: int, api_version: str | None) -> str:
    """The event's JSON text; the snapshot is inserted as it was written down, never parsed again."""
    envelope = {
        "id": event["id"],
        "object": "event",
        "api_version": api_version or API_VERSION,
        "created": event["created"],
        "livemode": False,
        "pending_webhooks": pending,
        "request": event["request"],
        "type": event["type"],
    }
    data = f'{{"object":{event["_object"]}'
    if "_previous" in event:
        data += f',"previous_attributes":{event["_previous"]}'
    return f'{compact(envelope)[:-1]},"data":{data}}}}}'


# -- webhooks ---------------------------------------------------------------------------------------
def endpoints(account: Account) -> list[Document]:
    """Every enabled endpoint: those created through the API and the one named in the settings."""
    found = [endpoint for endpoint in account.books.rows("webhook_endpoint") if endpoint["status"] == "enabled"]
    settings = account.settings()
    if settings["webhook_url"]:
        secrets = settings["webhook_secret"]
        found.append({
            "id": SETTINGS_ENDPOINT, "url": settings["webhook_url"], "enabled_events": settings["enabled_events"],
            "_secrets": [secrets] if isinstance(secrets, str) else list(secrets),
        })  # fmt: skip
    return found


def wants(endpoint: Document, type_: str) -> bool:
    return any(fnmatchcase(type_, pattern) for pattern in endpoint["enabled_events"])


def send(account: Account, event: Document, endpoint: Document, *, pending: int) -> None:
    """Queue one webhook, shifted in time or doubled where the settings ask for it."""
    settings = account.settings()
    body = body_text(event, pending=pending, api_version=endpoint.get("api_version"))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    copies = 1
    if settings["duplicate_every"]:
        copies += account.books.next_number("webhook") % int(settings["duplicate_every"]) == 0
    for _ in range(copies):
        now = time.time()
        account.outgoing.add(
            endpoint["url"],
            body,
            headers=headers,
            event=event["id"],
            endpoint=endpoint["id"],
            give_up_at=now + TRIED_SECONDS,
            not_before=now + random.random() * SHUFFLE_SECONDS if settings["reorder"] else 0.0,
        )


def signature_headers(account: Account, document: Document) -> dict[str, str]:
    """Sign a waiting webhook with the machine time of this very try and every secret still valid."""
    if "endpoint" not in document:
        return {}
    endpoint = next((item for item in endpoints(account) if item["id"] == document["endpoint"]), None)
    secrets = endpoint["_secrets"] if endpoint else []
    return {"Stripe-Signature": signature(document["body"], secrets, at=int(time.time()))} if secrets else {}


def signature(body: str, secrets: list[str], *, at: int) -> str:
    """The Stripe-Signature value: one v1 per secret while a secret is rolled."""
    signed = f"{at}.{body}".encode()
    values = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={value}" for value in values)])


# -- the API ----------------------------------------------------------------------------------------
def pending_webhooks(account: Account) -> dict[str, int]:
    """How many webhooks of each event were not delivered, still waiting or given up."""
    counts: dict[str, int] = {}
    for kind in (WAITING, DROPPED):
        for document in account.books.rows(kind):
            counts[document["event"]] = counts.get(document["event"], 0) + 1
    return counts


def _view(event: Document, pending: dict[str, int]) -> dict[str, Any]:
    view: dict[str, Any] = json.loads(body_text(event, pending=pending.get(event["id"], 0), api_version=None))
    return view


def _fresh(account: Account, event: Document) -> bool:
    return bool(event["_machine"] > account.machine_now() - KEPT_SECONDS)


def retrieve_event(account: Account, call: Call) -> dict[str, Any]:
    event = account.need("event", call.path["id"])
    if not _fresh(account, event):
        raise no_such("event", event["id"])
    return _view(event, pending_webhooks(account))


def list_events(account: Account, call: Call) -> dict[str, Any]:
    """Events by type, types[] (20 at most, `*` allowed), created and delivery_success."""
    params = Params(call.values, {*PAGING, "created", "type", "types", "delivery_success"})
    patterns = params.texts("types")
    single = params.text("type")
    if single and patterns:
        raise StripeError("You can only specify one of these parameters: type, types.", param="types")
    if len(patterns) > 20:
        raise StripeError("types takes at most 20 event types.", param="types")
    pending = pending_webhooks(account)
    start, end = params.span("created")
    wanted = params.text("delivery_success") and params.boolean("delivery_success")

    def keep(event: Document) -> bool:
        if not _fresh(account, event):
            return False
        if (start is not None and event["created"] < start) or (end is not None and event["created"] >= end):
            return False
        if patterns and not any(fnmatchcase(event["type"], pattern) for pattern in patterns):
            return False
        if single and not fnmatchcase(event["type"], single):
            return False
        return wanted is None or (event["id"] not in pending) == wanted

    def cursor(param: str, key: str) -> tuple[int, str]:
        return 0, str(account.need("event", key, param=param)["id"])

    entries = account.index.entries("event")
    if single and "*" not in single:
        entries = account.index.entries("event", "type", single)
    found, more = page(
        entries, lambda key: account.books.get("event", key) or {}, params, keep=keep, cursor=cursor, span=(None, None)
    )
    return listed("/v1/events", [_view(event, pending) for event in found], more=more)


ENDPOINT_FIELDS = {"api_version", "description", "enabled_events", "metadata", "url"}


def create_webhook_endpoint(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, ENDPOINT_FIELDS)
    url, types = params.required("url"), params.texts("enabled_events")
    if not types:
        raise StripeError("Missing required param: enabled_events.", code="parameter_missing", param="enabled_events")
    if not url.startswith(("http://", "https://")):
        message = "Invalid URL: An explicit scheme (such as https) must be provided."
        raise StripeError(message, code="url_invalid", param="url")
    key = account.new_id("webhook_endpoint")
    secret = "whsec_" + hashlib.sha256(f"{key}{random.random()}".encode()).hexdigest()[:32]
    endpoint = account.put("webhook_endpoint", {
        "id": key, "created": account.machine_now(), "url": url, "enabled_events": types, "status": "enabled",
        "description": params.text("description"), "metadata": params.metadata(),
        "api_version": params.choice("api_version", [API_VERSION, ""]) or API_VERSION, "_secrets": [secret],
    })  # fmt: skip
    return {**render(account, "webhook_endpoint", endpoint), "secret": secret}


def update_webhook_endpoint(account: Account, call: Call) -> dict[str, Any]:
    params = Params(call.values, {"description", "disabled", "enabled_events", "metadata", "url"})
    endpoint = account.need("webhook_endpoint", call.path["id"])
    changes: dict[str, Any] = {"metadata": params.metadata(endpoint["metadata"])}
    if "disabled" in params:
        changes["status"] = "disabled" if params.boolean("disabled") else "enabled"
    if "enabled_events" in params:
        changes["enabled_events"] = params.texts("enabled_events")
    for name in ("url", "description"):
        if name in params:
            changes[name] = params.text(name)
    return render(account, "webhook_endpoint", account.change("webhook_endpoint", endpoint, **changes))


def delete_webhook_endpoint(account: Account, call: Call) -> dict[str, Any]:
    endpoint = account.need("webhook_endpoint", call.path["id"])
    account.drop("webhook_endpoint", endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}
