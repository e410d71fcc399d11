"""Where a document came from: what the ledger told us of is never sent back to it."""

from connectors.canonical import Canonical
from connectors.registry import connector_class


def told_by_ledger(subject: Canonical) -> bool:
    """Whether an ERP is the source of a document."""
    return bool(subject.source_system) and connector_class(subject.source_system).role == "erp"
