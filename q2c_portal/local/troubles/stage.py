"""Where troubles are played: the demo's outside world, with what several of them need."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import F

from q2c_portal.local.sandboxes import Sandbox
from q2c_portal.local.trading import Sold, Trading
from reconciliation.controls import runner
from reconciliation.models import ExceptionCase
from sync import nudges
from sync.models import CrmStatusRecord

#: what everybody here buys, where it does not matter what
PRODUCT, PRICE = "GTX Basic", "550.00"


@dataclass
class Stage(Trading):
    """The demo's world."""

    def line(self, *, price: str = PRICE, product: str = PRODUCT, **more: Any) -> Sold:
        return Sold(product=product, price=price, **more)

    def control(self, name: str) -> None:
        """A control is asked for today, reading again every day of the open periods."""
        runner.run(name, entity=self.world.entity, business_date=self.today, look_back=True)

    def open(self, reason: str) -> ExceptionCase | None:
        """The newest open case of a reason."""
        return ExceptionCase.objects.filter(reason=reason, status=ExceptionCase.Status.OPEN).order_by("-pk").first()

    @contextmanager
    def short_drafts(self) -> Iterator[None]:
        """Invoices are issued within a minute: a day has too few hours for an hour each."""
        before = self.stripe.see_settings()["draft_seconds"]
        self.stripe.settings(draft_seconds=5)
        try:
            yield
        finally:
            self.stripe.settings(draft_seconds=before)

    def moments_pass(self) -> None:
        """At Stripe, within its day; what happens there meanwhile is carried."""
        later = self.stripe.time_of(self.world.clock) + 5
        self.stripe.advance(self.world.clock, datetime.fromtimestamp(later, UTC))
        self.rest()

    def seconds_pass(self, seconds: float) -> None:
        """Here."""
        time.sleep(seconds)

    def sellers_are_told(self) -> None:
        """Until Salesforce shows everything; changes are gathered for a while before they are sent."""
        ends = time.monotonic() + 120
        while CrmStatusRecord.objects.filter(version__gt=F("sent_version")).exists() and time.monotonic() < ends:
            nudges.nudge("notify")
            time.sleep(0.5)

    @contextmanager
    def fault(self, sandbox: Sandbox, **values: Any) -> Iterator[None]:
        """Something goes wrong at a sandbox, and is over afterwards."""
        sandbox.http.post("/_sandbox/faults", json=values).raise_for_status()
        try:
            yield
        finally:
            sandbox.http.delete("/_sandbox/faults").raise_for_status()
