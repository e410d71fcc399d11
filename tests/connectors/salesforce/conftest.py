"""A Salesforce connector on a fake address, and the bodies it is fed."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical import CrmStatus
from connectors.interface import Parcel, Setup
from connectors.salesforce.connector import Salesforce

PAYLOADS = Path(__file__).parents[2] / "payloads" / "salesforce"


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A body by file name, fresh on each call; numbers as Decimal, as the connector reads them."""
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text(), parse_float=Decimal)


@pytest.fixture
def make_setup() -> Callable[..., Setup]:
    def build(**changes: Any) -> Setup:
        values: dict[str, Any] = {
            "code": "salesforce",
            "base_url": "http://127.0.0.1:9",
            "secrets": {"client_id": "our-client", "client_secret": "our-secret", "path_secret": "path-secret"},
            "settings": {"organization_id": "00D5g000004XyZAEA0"},
            "zone": ZoneInfo("America/New_York"),
            "sandbox": True,
        }
        return Setup(**{**values, **changes})

    return build


@pytest.fixture
def salesforce(make_setup: Callable[..., Setup]) -> Salesforce:
    return Salesforce(make_setup())


@pytest.fixture
def make_status() -> Callable[..., Parcel]:
    """A parcel with a status for one record."""

    def build(record_id: str, *, crm_object: str = "Opportunity", operation: str = "put", **fields: str) -> Parcel:
        status = CrmStatus(
            reference=f"feedback:{crm_object}:{record_id}",
            version=1,
            correlation_id=f"deal:{record_id}",
            crm_object=crm_object,
            crm_record_id=record_id,
            fields=tuple(fields.items()),
        )
        key = f"{status.reference}@1:{operation}"
        return Parcel(
            subject=status, operation=operation, reference=status.reference, delivery_key=key, request_key=f"{key}#1"
        )

    return build
