"""The shapes: dumped and loaded without loss, one text for one content, the same fields as their records."""

import dataclasses
import json
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import canonical
from connectors.canonical import KINDS, Canonical, dump, load, text
from sync import models

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False)


def values_for(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field by its type."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return st.none() | values_for(next(arm for arm in get_args(hint) if arm is not type(None)))
    if origin is tuple:
        arms = get_args(hint)
        if len(arms) == 2 and arms[1] is Ellipsis:
            return st.lists(values_for(arms[0]), max_size=3).map(tuple)
        return st.tuples(*(values_for(arm) for arm in arms))
    if hint is Decimal:
        return AMOUNTS
    if hint is date:
        return st.dates()
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(0, 2**62)
    if hint is str:
        return st.text(max_size=20)
    assert dataclasses.is_dataclass(hint), hint
    return shapes_of(hint)


def shapes_of(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{item.name: values_for(hints[item.name]) for item in dataclasses.fields(kind)})


SHAPES = st.one_of([shapes_of(kind) for kind in KINDS.values()])


@given(shape=SHAPES)
def test_every_shape_comes_back_from_its_dump_and_from_json(shape: Canonical) -> None:
    # given any shape, when it is dumped, written and read, then it is the same, digits and all
    assert load(dump(shape)) == shape
    again = load(json.loads(text(shape)))
    assert again == shape and text(again) == text(shape)


@given(shape=SHAPES)
def test_a_dump_holds_no_floats_and_no_objects(shape: Canonical) -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(item) for key, item in value.items())
        if isinstance(value, list):
            return all(plain(item) for item in value)
        return value is None or type(value) in (str, int, bool)

    assert plain(dump(shape))


@given(shape=shapes_of(canonical.Payment))
def test_the_order_of_fields_does_not_change_the_text(shape: Canonical) -> None:
    turned = dict(reversed(list(dump(shape).items())))
    assert text(load(turned)) == text(shape)


def test_an_unknown_kind_and_a_missing_field_are_told_apart() -> None:
    with pytest.raises(KeyError):
        load({"kind": "nothing"})
    with pytest.raises(TypeError):
        load({"kind": "payment", "reference": "payment:1"})


def test_every_kind_has_a_name_of_its_own() -> None:
    assert "" not in KINDS and len(KINDS) == len(RECORDS) - len(PARTS)
    assert all(kind.kind == name for name, kind in KINDS.items())


#: what a record has beside its shape, and why
BESIDE = {
    "id",  # the row's own key
    "created_at",  # when it was stored
    "updated_at",
}
#: shapes that are lines of others
PARTS = {
    canonical.ContractLine,
    canonical.InvoiceLine,
    canonical.PayoutLine,
    canonical.CreditMemoLine,
    canonical.SalesOrderLine,
}
#: finance decides it delivery by delivery; the record keeps the own day
MOVED = {"posting_date"}
RECORDS: list[tuple[type, type, set[str], set[str]]] = [
    # shape, record, fields kept elsewhere, columns beside the shape
    (canonical.Customer, models.CustomerRecord, set(), set()),
    # lines are rows of their own
    (canonical.SubscriptionContract, models.ContractRecord, {"lines"}, set()),
    (canonical.ContractLine, models.ContractLineRecord, set(), {"contract"}),
    (canonical.SalesOrder, models.SalesOrderRecord, {"lines"}, set()),
    (canonical.SalesOrderLine, models.SalesOrderLineRecord, set(), {"order"}),
    (canonical.Invoice, models.InvoiceRecord, {"lines"}, set()),
    (canonical.InvoiceLine, models.InvoiceLineRecord, set(), {"invoice"}),
    (canonical.Payment, models.PaymentRecord, MOVED, set()),
    (canonical.Allocation, models.AllocationRecord, MOVED, set()),
    (canonical.CreditMemo, models.CreditMemoRecord, {"lines"}, set()),
    # what was sold together is said by the invoice a credit memo corrects
    (
        canonical.CreditMemoLine,
        models.CreditMemoLineRecord,
        {"arrangement_reference", "obligation", "standalone_price"},
        {"credit_memo"},
    ),
    (canonical.Clearance, models.ClearanceRecord, set(), set()),
    # its lines are those of the document it takes back
    (canonical.DocumentVoid, models.VoidRecord, {"lines"}, set()),
    (canonical.WriteOff, models.WriteOffRecord, set(), set()),
    (canonical.Dunning, models.DunningRecord, set(), set()),
    # parts and lines are kept as plain data
    (canonical.RevenueSchedule, models.RevenueScheduleRecord, set(), set()),
    (canonical.RevenueEvent, models.RevenueEventRecord, set(), {"batch", "withdrawn_at"}),
    (canonical.JournalBatch, models.JournalBatchRecord, set(), set()),
    (canonical.UsagePlan, models.UsagePlanRecord, set(), set()),
    (canonical.UsageSummary, models.UsageSummaryRecord, set(), {"plan", "starts_at", "touched_at"}),
    (canonical.UsageTrueUp, models.UsageTrueUpRecord, set(), {"period"}),
    (canonical.Refund, models.RefundRecord, MOVED, set()),
    (canonical.RefundFailure, models.RefundFailureRecord, MOVED, set()),
    (canonical.Payout, models.PayoutRecord, {"lines"} | MOVED, set()),
    (canonical.PayoutLine, models.PayoutLineRecord, set(), {"payout"}),
    (canonical.PayoutFailure, models.PayoutFailureRecord, MOVED, set()),
    (canonical.Dispute, models.DisputeRecord, set(), set()),
    (canonical.DisputeMovement, models.DisputeMovementRecord, MOVED, set()),
    (canonical.DisputeLoss, models.DisputeLossRecord, MOVED, set()),
    (canonical.Withholding, models.WithholdingRecord, MOVED, set()),
    (canonical.PaymentReturn, models.PaymentReturnRecord, MOVED, set()),
    (canonical.Conversion, models.ConversionRecord, MOVED, set()),
    (canonical.DisputeOutcome, models.DisputeOutcomeRecord, set(), set()),
    # a wanted state is no document: it has no entity, money or source of its own, and knows what was sent
    (
        canonical.CrmStatus,
        models.CrmStatusRecord,
        {"legal_entity", "currency", "source_system", "source_event"},
        {"connection", "sent_version", "changed_at"},
    ),
]


@pytest.mark.parametrize(
    ("shape", "record", "elsewhere", "beside"), RECORDS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_record_has_exactly_the_fields_of_its_shape(
    shape: type, record: Any, elsewhere: set[str], beside: set[str]
) -> None:
    of_shape = {item.name for item in dataclasses.fields(shape)}
    columns = {column.name for column in record._meta.concrete_fields}
    assert of_shape - elsewhere == columns - BESIDE - beside
    assert elsewhere <= of_shape and beside <= columns


def test_every_shape_has_a_record() -> None:
    assert set(KINDS.values()) <= {shape for shape, *_ in RECORDS}
