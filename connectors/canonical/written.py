"""Shapes as plain JSON data and back; the one serialisation that is hashed and frozen."""

import dataclasses
import json
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from connectors.canonical.base import Canonical
from connectors.canonical.clearance import Clearance
from connectors.canonical.contract import SubscriptionContract
from connectors.canonical.conversion import Conversion
from connectors.canonical.credit_memo import CreditMemo
from connectors.canonical.customer import Customer
from connectors.canonical.dispute import Dispute, DisputeLoss, DisputeMovement, DisputeOutcome
from connectors.canonical.dunning import Dunning
from connectors.canonical.feedback import CrmStatus
from connectors.canonical.invoice import Invoice
from connectors.canonical.order import SalesOrder
from connectors.canonical.payment import Allocation, Payment
from connectors.canonical.payment_return import PaymentReturn
from connectors.canonical.payout import Payout, PayoutFailure
from connectors.canonical.refund import Refund, RefundFailure
from connectors.canonical.revenue import JournalBatch, RevenueEvent, RevenueSchedule
from connectors.canonical.usage import UsagePlan, UsageSummary, UsageTrueUp
from connectors.canonical.void import DocumentVoid
from connectors.canonical.withholding import Withholding
from connectors.canonical.write_off import WriteOff

KINDS: dict[str, type[Canonical]] = {
    shape.kind: shape
    for shape in (
        Customer,
        SubscriptionContract,
        SalesOrder,
        Invoice,
        CreditMemo,
        DocumentVoid,
        WriteOff,
        Clearance,
        Payment,
        Allocation,
        CrmStatus,
        Dunning,
        JournalBatch,
        RevenueEvent,
        RevenueSchedule,
        UsagePlan,
        UsageSummary,
        UsageTrueUp,
        Refund,
        RefundFailure,
        Payout,
        PayoutFailure,
        Dispute,
        DisputeMovement,
        DisputeOutcome,
        DisputeLoss,
        Withholding,
        PaymentReturn,
        Conversion,
    )
}


def dump(subject: Canonical) -> dict[str, Any]:
    """A shape as plain JSON data: decimals and dates as text, with its kind."""
    return {"kind": subject.kind, **_plain(subject)}


def load(data: dict[str, Any]) -> Canonical:
    """The shape `dump` was given. Raises KeyError for an unknown kind, TypeError for a missing field."""
    return _build(KINDS[data["kind"]], {name: value for name, value in data.items() if name != "kind"})


def text(subject: Canonical) -> str:
    """The one serialisation that is hashed and frozen: sorted keys, no spaces."""
    return json.dumps(dump(subject), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


_HINTS: dict[type, dict[str, Any]] = {}


def _build(shape: type[Any], data: dict[str, Any]) -> Any:
    hints = _HINTS.setdefault(shape, get_type_hints(shape))
    return shape(**{name: _rebuild(hints[name], value) for name, value in data.items()})


def _rebuild(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _rebuild(next(arm for arm in get_args(hint) if arm is not type(None)), value)
    if origin is tuple:
        arms = get_args(hint)
        if len(arms) == 2 and arms[1] is Ellipsis:
            return tuple(_rebuild(arms[0], item) for item in value)
        return tuple(_rebuild(arm, item) for arm, item in zip(arms, value, strict=True))
    if hint is Decimal:
        return Decimal(value)
    if hint is date:
        return date.fromisoformat(value)
    if dataclasses.is_dataclass(hint):
        return _build(type(value) if not isinstance(hint, type) else hint, value)
    return value
