"""The inbox alone is enough: read into an empty portal, in whatever order, it leads to the same records and debts.

(What was decided by people is not in it; what a remote has is found by looking there, see test_doubt.py.)
"""

import random
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction

from connectors.interface import SourceEvent as Arrived
from reconciliation.models import ExceptionCase
from sync import inbox, reading, work
from sync.models import ContractRecord, CrmStatusRecord, Delivery, PaymentRecord, SourceEvent, WorkItem
from tests.paper_erp import SHELF
from tests.small_company import Company, allocation, customer, deal, invoice, payment

#: what sellers see that is a remote's own number, given out as things come
NUMBERED = frozenset({"billing_customer", "erp_customer", "subscription"})


class _LivedOnceError(Exception):
    """Ends a life and takes all it has written with it."""


def say_all(paper: Any) -> None:
    """What the sources have: four deals up to the applied payment, one without a mapping, one after a gap."""
    for number in range(1, 5):
        paper("crm").says |= {f"account {number}": [customer(number)], f"deal {number}": [deal(number, of=number)]}
        paper("billing").says |= {
            f"invoice {number}": [invoice(number, of_deal=number)],
            f"payment {number}": [payment(number, of_invoice=number)],
            f"allocation {number}": [allocation(number, of_invoice=number)],
        }
    paper("crm").says["deal 5"] = [deal(5, of=1, product="GTXPro")]
    paper("crm").says["deal 6"] = [deal(6, of=2, version=3, modification_number=3)]


def rest(company: Company, machine: Any) -> None:
    for _ in range(6):
        while reading.read_due() or work.work_due() or company.carries():
            pass
        machine.passes(30)


def kept_calls() -> list[tuple[str, Arrived]]:
    """The inbox as a backup of it would be: who called, and what the call said."""
    return [
        (
            row.connection.code,
            Arrived(
                event_id=row.source_event_id,
                kind=row.kind,
                object_id=row.object_id,
                raw=bytes(row.body.raw),
                revision=row.revision,
            ),
        )
        for row in SourceEvent.objects.select_related("connection", "body").order_by("pk")
    ]


def _untimed(text: str) -> str:
    """What sellers read, without by when: a case is due some time after it was opened."""
    return text.partition(", due ")[0]


def state() -> dict[str, list[str]]:
    """All that is known, owed and open, without row numbers and times of day."""
    found = {}
    for model in apps.get_app_config("sync").get_models():
        if not model.__name__.endswith("Record") or model.__name__.startswith("Historical"):
            continue
        names = [
            field.name
            for field in model._meta.concrete_fields
            if not field.is_relation and not field.primary_key and not isinstance(field, models.DateTimeField)
        ]
        if model is CrmStatusRecord:
            names = ["crm_object", "crm_record_id"]  # and what sellers see, below: without how often it changed
        found[model.__name__] = sorted(map(repr, model.objects.values_list(*names)))
    found["sellers see"] = sorted(
        repr(
            (
                row.crm_record_id,
                sorted((name, _untimed(text)) for name, text in row.fields.items() if name not in NUMBERED),
            )
        )
        for row in CrmStatusRecord.objects.all()
    )
    found["owed"] = sorted(map(repr, Delivery.objects.values_list("target__code", "reference", "version", "condition")))
    found["items"] = sorted(map(repr, WorkItem.objects.values_list("flow", "reference", "version", "condition")))
    found["open"] = sorted(map(repr, ExceptionCase.objects.values_list("reason", "reference", "field", "status")))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_an_empty_portal_that_reads_the_kept_inbox_knows_and_owes_the_same(
    company: Company, paper: Any, machine: Any, seed: int
) -> None:
    # given a life in which things were called in as they happened
    calls: list[tuple[str, Arrived]] = []
    first: dict[str, list[str]] = {}
    rows = {"crm": company.crm, "billing": company.billing}
    with pytest.raises(_LivedOnceError), transaction.atomic():
        say_all(paper)
        for code in ("crm", "billing"):
            for object_id in paper(code).says:
                arrived = Arrived(
                    event_id=f"evt-{object_id}", kind="object", object_id=object_id, raw=object_id.encode()
                )
                inbox.take_in(rows[code], [arrived], via="callback")
                rest(company, machine)
        calls, first = kept_calls(), state()
        assert (ContractRecord.objects.count(), PaymentRecord.objects.count()) == (4, 4)
        assert ExceptionCase.objects.filter(status="open").exists()
        raise _LivedOnceError
    assert not SourceEvent.objects.exists() and not ContractRecord.objects.exists()
    # when an empty portal, before remotes without any of it, is given the same inbox in another order
    SHELF.clear()
    reading.connections._built.cache_clear()
    say_all(paper)
    random.Random(seed).shuffle(calls)
    for code, arrived in calls:
        inbox.take_in(rows[code], [arrived], via="callback")
    rest(company, machine)
    # then it is the same in every record, every document owed and every open case
    again = state()
    for name in first:
        assert sorted({*first[name]} ^ {*again[name]}) == [], name
        assert len(first[name]) == len(again[name]), name
    assert len(paper("erp").entries) == len({entry.subject.reference for entry in paper("erp").entries})
