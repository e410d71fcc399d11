"""Callbacks a second through the real front door, next to a bare Django view that does one INSERT."""

import hashlib
import hmac
import itertools
import json
import time
from datetime import UTC, datetime, timedelta

from django.db import connection as database
from oauth2_provider.models import AccessToken, Application

from benchmarks import load, servers
from benchmarks.bare.urls import TABLE
from benchmarks.company import CALLOUT_TOKEN, WEBHOOK_SECRET, Company
from benchmarks.figures import Comparison, Series, taken_in_turn
from benchmarks.sizes import Sizes
from connectors.salesforce.ids import full_id
from q2c_portal.local.state_dir import ROOT
from sync.models import SourceEvent, SourceEventBody

CONNECTIONS = 16
BATCH = 200
_SAMPLE = ROOT / "tests" / "payloads" / "stripe" / "invoice_finalized.json"


def measure(company: Company, sizes: Sizes) -> list[Comparison]:
    """Signed single calls and signed-in batches, each next to the bare view's rate in rows a second."""
    _prepare(company)
    numbers = itertools.count(1)
    with (
        servers.web(servers.PORTAL, settings="q2c_portal.settings") as portal,
        servers.web(servers.BARE, settings="benchmarks.bare.settings") as bare,
    ):

        def signed() -> float:
            requests = [_signed_call(company, next(numbers)) for _ in range(sizes.calls)]
            return _rate(portal, requests)

        def one_insert() -> float:
            body = _event(0)
            return _rate(bare, [load.request("/take", body=body, headers=_JSON)] * sizes.calls)

        def batches() -> float:
            requests = [_batch_call(company, next(numbers)) for _ in range(sizes.batches)]
            return _rate(portal, requests) * BATCH

        # files read, connections opened, plans made
        warm = [_signed_call(company, next(numbers)) for _ in range(CONNECTIONS * 2)]
        _rate(portal, [*warm, _batch_call(company, next(numbers))])
        one_insert()
        singles, plain, many = taken_in_turn(sizes.call_rounds, signed, one_insert, batches)
    stored, bodies = SourceEvent.objects.count(), SourceEventBody.objects.count()
    expected = len(warm) + sizes.calls * sizes.call_rounds + BATCH * (1 + sizes.batches * sizes.call_rounds)
    if not stored == bodies == expected:
        raise RuntimeError(
            f"{expected} events were answered with 200, but {stored} are stored, {bodies} with their bytes"
        )
    floor = Series(label="bare Django view, one INSERT a call", values=plain)
    shared = {"server": "gunicorn gthread, 2 workers x 4 threads", "connections": CONNECTIONS}
    return [
        Comparison(
            name="signed callbacks",
            unit="events/s",
            better="more",
            bare=floor,
            portal=Series(label="signed Stripe webhook, one event a call", values=singles),
            details={**shared, "calls_per_round": sizes.calls, "body_bytes": len(_event(0))},
        ),
        Comparison(
            name="batched callbacks",
            unit="events/s",
            better="more",
            bare=floor,
            portal=Series(label=f"signed-in Salesforce callout, {BATCH} events a call", values=many),
            details={**shared, "calls_per_round": sizes.batches, "events_per_call": BATCH},
        ),
    ]


_JSON = {"Content-Type": "application/json"}


def _prepare(company: Company) -> None:
    with database.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, raw bytea NOT NULL)")
    client = Application.objects.create(
        name="Benches",
        client_id="benches",
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    company.crm.callers.add(client)
    AccessToken.objects.create(
        application=client, token=CALLOUT_TOKEN, scope="callbacks", expires=datetime.now(UTC) + timedelta(hours=2)
    )


def _rate(port: int, requests: list[bytes]) -> float:
    outcome = load.send(port, requests, connections=CONNECTIONS)
    outcome.must_all_be(200)
    return len(requests) / outcome.seconds


def _event(number: int) -> bytes:
    event = json.loads(_SAMPLE.read_bytes())
    event["id"] = f"evt_bench{number:010d}"
    event["data"]["object"]["id"] = f"in_bench{number:010d}"
    return json.dumps(event).encode()


def _signed_call(company: Company, number: int) -> bytes:
    """One event as Stripe sends it; signed just before the round, well within the time a signature holds."""
    body, stamp = _event(number), int(time.time())
    signature = hmac.new(WEBHOOK_SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {**_JSON, "Stripe-Signature": f"t={stamp},v1={signature}"}
    return load.request(f"/api/v1/callbacks/stripe/{company.billing.code}", body=body, headers=headers)


def _batch_call(company: Company, number: int) -> bytes:
    events = [
        {
            "eventId": f"bench-{number}-{place}",
            "objectType": "Account",
            "recordId": full_id(f"001{number * BATCH + place:012d}"),
            "systemModstamp": "2026-01-21T14:00:00.000Z",
        }
        for place in range(BATCH)
    ]
    body = json.dumps({"events": events}).encode()
    headers = {**_JSON, "Authorization": f"Bearer {CALLOUT_TOKEN}"}
    return load.request(f"/api/v1/callbacks/salesforce/{company.crm.code}/events", body=body, headers=headers)
