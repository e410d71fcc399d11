"""How long the front door takes to refuse a call it cannot prove: every way to be wrong must cost the same.

A difference a caller could measure would tell which connections exist and how near a forged signature comes.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

from benchmarks import load, servers
from benchmarks.company import WEBHOOK_SECRET, Company
from benchmarks.figures import Comparison, Series, taken_in_turn
from benchmarks.sizes import Sizes
from q2c_portal.local.state_dir import ROOT

_BODY = (ROOT / "tests" / "payloads" / "stripe" / "invoice_finalized.json").read_bytes()
_MINUTES = 60


def measure(company: Company, sizes: Sizes) -> list[Comparison]:
    """Milliseconds a refused call, one caller at a time, each way next to a signature that is simply wrong."""
    path = f"/api/v1/callbacks/stripe/{company.billing.code}"
    ways: dict[str, Callable[[], bytes]] = {
        "no signature": lambda: _call(path, {}),
        "a signature cut short": lambda: _call(path, _signed(cut=10)),
        "a signature of ten minutes ago": lambda: _call(path, _signed(age=10 * _MINUTES)),
        "a signature of other bytes": lambda: _call(path, _signed(of=_BODY + b" ")),
        "a connection that does not exist": lambda: _call("/api/v1/callbacks/stripe/nobody", _signed()),
    }
    with servers.web(servers.PORTAL, settings="q2c_portal.settings") as portal:

        def timed(build: Callable[[], bytes]) -> Callable[[], float]:
            def once() -> float:
                requests = [build()] * sizes.refusals
                outcome = load.send(portal, requests, connections=1)
                outcome.must_all_be(401)
                return outcome.seconds * 1000 / len(requests)

            return once

        def wrong() -> bytes:
            return _call(path, _signed(secret="not the secret"))

        timed(wrong)()
        plain, *others = taken_in_turn(sizes.refusal_rounds, timed(wrong), *(timed(build) for build in ways.values()))
    floor = Series(label="a wrong signature", values=plain)
    return [
        Comparison(
            name=f"401: {way}",
            unit="ms/call",
            better="equal",
            bare=floor,
            portal=Series(label=way, values=values),
            details={
                "calls": sizes.refusals * sizes.refusal_rounds,
                "mean_difference_ms": round(sum(values) / len(values) - sum(plain) / len(plain), 4),
            },
        )
        for way, values in zip(ways, others, strict=True)
    ]


def _call(path: str, headers: Mapping[str, str]) -> bytes:
    return load.request(path, body=_BODY, headers={"Content-Type": "application/json", **headers})


def _signed(*, secret: str = WEBHOOK_SECRET, age: int = 0, of: bytes = _BODY, cut: int = 0) -> dict[str, str]:
    stamp = int(time.time()) - age
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + of, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={signature[: len(signature) - cut]}"}
