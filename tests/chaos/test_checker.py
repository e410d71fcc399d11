"""The checker finds what it is there for: books with one thing wrong, one test each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync import blocks
from sync.models import Connection
from tests.chaos import company as companies
from tests.chaos.checker import Checker
from tests.chaos.crashes import Boundaries
from tests.chaos.engine import Engine
from tests.chaos.people import People
from tests.chaos.remotes import Books, Stage
from tests.chaos.simulator import dsn
from tests.chaos.tale import Tale
from tests.chaos.world import World

pytestmark = pytest.mark.django_db(transaction=True)


class Played:
    """One deal from sale to cash without faults, and its books."""

    def __init__(self) -> None:
        self.world = World(7)
        self.stage = Stage(world=self.world, boundaries=Boundaries())
        self.engine = Engine(self.stage, dsn=dsn())
        with self.engine.running(7):
            self.company = companies.found(self.stage)
            for source in (self.company.crm, *(one.books for one in self.company.billing.values())):
                source.on_event = self.engine.hear
            self.tale = Tale(self.stage, self.company, People(self.stage, self.company))
            self.tale.begin(2, spread=timedelta(minutes=5))
            self.engine.start()
            self.world.run_until(self.world.time + timedelta(hours=3))

    def violations(self) -> list[str]:
        return (
            Checker(
                stage=self.stage,
                company=self.company,
                flows=self.tale.flows,
                history=self.engine.history,
                dsn=dsn(),
            )
            .check()
            .violations
        )

    def keep(self) -> Any:
        """Books and memories as they are now."""
        records = {
            code: {reference: [replace(one) for one in several] for reference, several in books.records.items()}
            for code, books in self.stage.shelf.items()
        }
        return records, {key: replace(heard) for key, heard in self.engine.history.items()}

    def bring_back(self, kept: Any) -> None:
        records, self.engine.history = kept
        for code, books in self.stage.shelf.items():
            books.records, books.refusals = records[code], []

    def invoice(self) -> tuple[Books, Any]:
        for books in self.company.erps.values():
            for record in books.all():
                if record.kind == "invoice":
                    return books, record
        raise AssertionError("nothing was posted")


def _twice(played: Played) -> None:
    books, record = played.invoice()
    books.records[record.reference].append(replace(record, external_id="another"))


def _gone(played: Played) -> None:
    books, record = played.invoice()
    del books.records[record.reference]


def _other_amount(played: Played) -> None:
    _, record = played.invoice()
    digits = companies.DIGITS[record.subject.currency]
    record.subject = replace(record.subject, total=record.subject.total + Decimal(1).scaleb(-digits))


def _other_currency(played: Played) -> None:
    _, record = played.invoice()
    record.subject = replace(record.subject, currency="USD" if record.subject.currency != "USD" else "EUR")


def _not_posted(played: Played) -> None:
    _, record = played.invoice()
    record.status = "pending"


def _never_issued(played: Played) -> None:
    books, record = played.invoice()
    books.records["invoice:elsewhere:1"] = [replace(record, reference="invoice:elsewhere:1")]


def _old_version(played: Played) -> None:
    for books in played.company.erps.values():
        for record in books.all():
            if record.kind == "customer":
                record.version = 0
                return


def _forgotten_event(played: Played) -> None:
    heard = next(iter(played.engine.history.values()))
    played.engine.history["crm", "never stored"] = heard


def _refused(played: Played) -> None:
    next(iter(played.engine.history.values())).fail = 1


def _refusal_unsaid(played: Played) -> None:
    books, record = played.invoice()
    books.refusals = [(record.reference, "DIMENSION_MISSING")]


def _answered_early(played: Played) -> None:
    next(iter(played.engine.history.values())).early = 1


SPOILED: tuple[tuple[Callable[[Played], None], str], ...] = (
    (_twice, "I2"),
    (_gone, "I3"),
    (_other_amount, "I3"),
    (_other_currency, "I3"),
    (_not_posted, "I3"),
    (_never_issued, "I3"),
    (_old_version, "I5"),
    (_forgotten_event, "I1"),
    (_refused, "I1"),
    (_answered_early, "I1"),
    (_refusal_unsaid, "I4"),
)


def _a_case_without_a_cause_is_found(played: Played) -> None:
    blocks.put([blocks.Stop(connection=Connection.objects.get(code="erp-a"), reason="CURRENCY_MISMATCH")])
    assert any("CURRENCY_MISMATCH" in text for text in played.violations())
    blocks.clear(connections=[Connection.objects.get(code="erp-a").pk], note="only for this test")


@pytest.mark.slow  # make stories
def test_one_wrong_thing_in_the_books_is_found() -> None:
    # given books in which nothing is wrong
    played = Played()
    assert played.violations() == []
    _a_case_without_a_cause_is_found(played)
    for spoil, invariant in SPOILED:
        kept = played.keep()
        # when one thing is
        spoil(played)
        # then it is found, under its name
        found = played.violations()
        assert any(text.startswith(f"{invariant}:") for text in found), (spoil.__name__, found)
        played.bring_back(kept)
    assert played.violations() == []
