"""Salesforce's records as our shapes, and our status as its fields; pure functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors import fields
from connectors.canonical import Address, Canonical, CrmStatus, Customer, SubscriptionContract
from connectors.errors import Rejected
from connectors.salesforce import splitting
from connectors.salesforce.contracts import LINE_FIELDS, OPPORTUNITY_FIELDS, contracts
from connectors.salesforce.ids import full_id, is_id
from connectors.salesforce.reading import SYSTEM, milliseconds, moment, record_id, revision, text_of, unreadable

__all__ = [
    "ACCOUNT_FIELDS",
    "LINE_FIELDS",
    "OPPORTUNITY_FIELDS",
    "STATUS_FIELDS",
    "held_status",
    "milliseconds",
    "moment",
    "status_record",
    "to_shapes",
]

ACCOUNT_FIELDS = (
    "Id", "Name", "ParentId", "Industry", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode",
    "BillingCountry", "Tax_Id__c", "SystemModstamp",
)  # fmt: skip

#: our status fields -> Salesforce's, per object
STATUS_FIELDS: dict[str, dict[str, str]] = {
    "Opportunity": {
        "subscription": "Q2C_Subscription__c",
        "billing_status": "Q2C_Billing_Status__c",
        "invoice_number": "Q2C_Invoice_Number__c",
        "invoice_status": "Q2C_Invoice_Status__c",
        "payment_status": "Q2C_Payment_Status__c",
        "collections": "Q2C_Collections__c",
        "case": "Q2C_Case__c",
        "link": "Q2C_Link__c",
    },
    "Account": {
        "status": "Q2C_Status__c",
        "billing_customer": "Q2C_Billing_Customer__c",
        "erp_customer": "Q2C_ERP_Customer__c",
        "balance": "Q2C_Balance__c",
        "ageing": "Q2C_Ageing__c",
        "collections": "Q2C_Collections__c",
        "renewal_risk": "Q2C_Renewal_Risk__c",
        "link": "Q2C_Link__c",
    },
}


def to_shapes(kind: str, record: Mapping[str, Any], *, version: int, currency: str = "USD") -> list[Canonical]:
    """A record as shapes; kinds we do not carry give nothing. Raises Rejected naming the field.

    `currency` is the organisation's own, for one that has no other.
    """
    if kind not in ("opportunity", "account"):
        return []
    fields.storable(record, system=SYSTEM)
    if kind == "opportunity":
        ladder = fields.rows(record, "Ladder", system=SYSTEM)
        return [
            part
            for one in (*ladder, record)
            for contract in contracts(one, version=version, currency=currency)
            for part in splitting.parts(contract, one, first=_first(contract, one, ladder))
        ]
    # an account has no numbered modifications: its revision is its version
    if not record.get("SystemModstamp"):
        raise unreadable(record, "SystemModstamp", "is missing")
    return [customer(record, version=revision(record))]


def _first(
    contract: SubscriptionContract, record: Mapping[str, Any], ladder: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The deal a change belongs to, where the record is a change and came with its ladder."""
    if contract.reference == f"contract:{record_id(record, 'Id')}":
        return None
    return next((one for one in ladder if contract.reference == f"contract:{record_id(one, 'Id')}"), None)


def customer(record: Mapping[str, Any], *, version: int) -> Customer:
    """An account as a customer. The country stays as it was typed; whoever knows aliases reads it."""
    own_id = record_id(record, "Id")
    name = text_of(record, "Name").strip()[:200]
    if not name:
        raise Rejected(
            f"account {own_id} has no name", reason="CONTRACT_INCOMPLETE", field="Name", value=own_id, system=SYSTEM
        )
    parent = f"customer:{record_id(record, 'ParentId')}" if record.get("ParentId") else ""
    return Customer(
        reference=f"customer:{own_id}",
        version=version,
        correlation_id=f"customer:{own_id}",
        source_system=SYSTEM,
        crm_account_id=own_id,
        name=name,
        parent_reference=parent,
        address=Address(
            street=text_of(record, "BillingStreet"),
            city=text_of(record, "BillingCity"),
            state=text_of(record, "BillingState"),
            postal_code=text_of(record, "BillingPostalCode"),
            country=text_of(record, "BillingCountry"),
        ),
        industry=text_of(record, "Industry")[:120],
        tax_id=text_of(record, "Tax_Id__c").replace(" ", "").upper()[:60],
    )


def status_record(status: CrmStatus) -> dict[str, Any]:
    """A status as one record of a collection. Raises Rejected SCHEMA_CHANGE for an object or field without a place."""
    places = STATUS_FIELDS.get(status.crm_object)
    if places is None:
        raise Rejected(
            f"{status.crm_object} has no fields for our status",
            reason="SCHEMA_CHANGE", field="crm_object", value=status.crm_object, system=SYSTEM,
        )  # fmt: skip
    values = {}
    for name, text in status.fields:
        if name not in places:
            raise Rejected(
                f"{status.crm_object} has no field for {name!r}",
                reason="SCHEMA_CHANGE", field=name, value=text, system=SYSTEM,
            )  # fmt: skip
        # An empty text is "nothing to show"; null clears a field of any type.
        values[places[name]] = text or None
    if not is_id(status.crm_record_id):
        raise Rejected(
            f"{status.crm_record_id!r} is not a Salesforce id",
            reason="FEEDBACK_REFUSED", field="crm_record_id", value=status.crm_record_id, system=SYSTEM,
        )  # fmt: skip
    return {"attributes": {"type": status.crm_object}, "id": full_id(status.crm_record_id), **values}


def held_status(record: Mapping[str, Any], *, crm_object: str) -> dict[str, str]:
    """What a record shows now, under our field names."""
    return {name: str(record.get(place) or "") for name, place in STATUS_FIELDS[crm_object].items()}
