"""How long a refusal takes tells nothing: measured on demand, on a machine that does nothing else. That every way does
the same work is tested in every run (tests/connectors/stripe_billing/test_webhook.py).

    Q2C_TIMING_ROUNDS=10000 make test PYTEST="tests/sync/api/test_timing.py -s"

takes some minutes and prints the figures.
"""

import os
import random
import time
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest
from django.test import Client

from sync.models import RefusedCall, SourceEvent
from tests.small_company import Company
from tests.sync.api.conftest import WEBHOOK_SECRETS, signature

ROUNDS = int(os.environ.get("Q2C_TIMING_ROUNDS", "0"))
#: a door across the internet cannot be measured more finely
LIMIT = 0.001
BODY = (Path(__file__).parents[2] / "payloads/stripe/invoice_finalized.json").read_bytes()


def trimmed_mean(values: list[float]) -> float:
    """Of the middle eight tenths: what the machine did meanwhile lies at the ends."""
    cut = len(values) // 10
    return fmean(sorted(values)[cut : len(values) - cut])


@pytest.fixture
def door(committed_company: Company) -> Company:
    """Committed, as in life: in one long transaction the count of refusals would be a row of thousands of versions."""
    row = committed_company.billing
    row.system, row.settings = "stripe_billing", {}
    row.put_secrets(api_key="sk_test_1", webhook_secrets=",".join(WEBHOOK_SECRETS))
    row.save()
    return committed_company


@pytest.mark.skipif(not ROUNDS, reason="a measurement: set Q2C_TIMING_ROUNDS, e.g. to 10000")
@pytest.mark.django_db(transaction=True)
def test_no_refusal_takes_longer_than_another(door: Company, client: Client) -> None:
    # given four ways of not being proven
    good = signature(BODY)
    calls = {
        "missing": ("billing", ""),
        "wrong": ("billing", f"{good.partition(',')[0]},v1={'0' * 64}"),
        "truncated": ("billing", good[:-1]),
        "unknown connection": ("nowhere", good),
    }

    def seconds(code: str, signed: str) -> float:
        headers: dict[str, Any] = {"stripe-signature": signed} if signed else {}
        begun = time.perf_counter()
        answer = client.post(f"/api/v1/callbacks/stripe/{code}", BODY, content_type="application/json", headers=headers)
        taken = time.perf_counter() - begun
        assert answer.status_code == 401
        return taken

    for one in calls.values():
        seconds(*one)  # connectors are built, plans made
    # when they take turns, in another order each round
    order, times = random.Random(7), {name: [0.0] * ROUNDS for name in calls}
    for place in range(ROUNDS):
        for name in order.sample(list(calls), len(calls)):
            times[name][place] = seconds(*calls[name])
    # then no two are a millisecond apart, compared round by round and in the mean
    apart, means = {}, {name: trimmed_mean(values) for name, values in times.items()}
    for left, right in [(a, b) for a in calls for b in calls if a < b]:
        pairs = [one - other for one, other in zip(times[left], times[right], strict=True)]
        apart[f"{left} and {right}"] = (abs(median(pairs)), abs(trimmed_mean(pairs)))
    print(f"\n{ROUNDS} rounds;", "; ".join(f"{name} {mean * 1000:.3f} ms" for name, mean in means.items()))
    print("apart:", "; ".join(f"{name} {max(both) * 1e6:.0f} µs" for name, both in apart.items()))
    assert {name: both for name, both in apart.items() if max(both) >= LIMIT} == {}
    assert not SourceEvent.objects.exists() and not RefusedCall.objects.exists()
