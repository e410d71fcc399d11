"""Tax a customer withheld: a journal against the receivable, and a payment of nothing that lays it on the invoice.

NetSuite pays an invoice by a journal's credit only through a payment that names both (record `customerPayment`,
sublists `apply` and `credit`); the payment itself moves no money.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.canonical import Withholding
from connectors.netsuite import cash, mapping
from connectors.netsuite.mapping import Known, Settings

#: external ids of such payments begin so, like those of the journals they lay on an invoice: they are no receipts
PREFIX = "withholding"


def application_reference(reference: str) -> str:
    """The name of the payment that lays a journal on its invoice."""
    return f"{PREFIX}_application:{reference.partition(':')[2]}"


def journal_record(subject: Withholding, *, known: Known, settings: Settings) -> dict[str, Any]:
    """The receivable against the tax office instead of the customer's."""
    return cash.journal_record(subject, known=known, settings=settings)


def application_record(subject: Withholding, *, journal_id: str, known: Known, settings: Settings) -> dict[str, Any]:
    """A payment over nothing that applies the journal's credit to the invoice."""
    invoice_id = mapping.target_id(
        subject.invoice_reference, known=known, reason="CREDIT_WITHOUT_INVOICE", field="apply.items[0].doc"
    )
    return {
        "customer": {
            "id": mapping.target_id(
                subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="customer"
            )
        },
        "payment": Decimal(0),
        "tranDate": subject.posts_on,
        "memo": f"{subject.reference} laid on invoice {subject.number}",
        "autoApply": False,
        "undepFunds": {"id": "T"},
        "subsidiary": {"id": mapping.subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": mapping.currency_id(subject.currency, settings=settings)},
        "arAcct": {"id": cash.account_id("receivable", subject.currency, settings=settings)},
        "credit": {"items": [{"apply": True, "doc": {"id": journal_id}, "amount": subject.amount}]},
        "apply": {"items": [{"apply": True, "doc": {"id": invoice_id}, "amount": subject.amount}]},
    }


def is_applied(payment: Mapping[str, Any] | None) -> bool:
    """Whether the payment that lays the journal on its invoice does so."""
    rows = ((payment or {}).get("apply") or {}).get("items") or []
    return any(row.get("apply") in (True, "T") for row in rows)
