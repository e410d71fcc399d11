"""When a deal is committed: the conditions of the selling company, looked at one by one and kept with the deal."""

from dataclasses import replace
from decimal import Decimal

from connectors.canonical import SubscriptionContract
from connectors.money import AmountError, amount
from sync.errors import StepError
from sync.pipelines.flow import Lookups

#: every condition there is
CONDITIONS = ("won", "approval", "signature", "lines")
#: what holds wherever a company says nothing of its own; the house adds approval and signature by its setting
ALWAYS = frozenset({"won", "lines"})
#: kinds of change that sell nothing: they have no lines of their own
SELL_NOTHING = frozenset({"cancellation", "suspension", "reactivation"})


def conditions_of(contract: SubscriptionContract, lookups: Lookups) -> frozenset[str]:
    """Which conditions count for this deal: those of the company that sells to this customer, else the house's."""
    customer = lookups.customers.get(contract.customer_reference)
    own = customer.legal_entity.commitment if customer else None
    return (lookups.commitment | ALWAYS) if own is None else frozenset(own)


def note_the_conditions(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Keep with the deal which conditions were asked of it: they may be switched later."""
    asked = ",".join(name for name in CONDITIONS if name in conditions_of(contract, lookups))
    facts = tuple(pair for pair in contract.commitment if pair[0] != "conditions")
    return replace(contract, commitment=(*facts, ("conditions", asked)))


def be_won(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """A deal that was taken back to an open stage before it was carried is not sold."""
    facts = dict(contract.commitment)
    if "won" in conditions_of(contract, lookups) and facts.get("is_won") == "false":
        raise StepError("DEAL_REOPENED", field="Stage", value=facts.get("stage", ""))
    return contract


def be_approved(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Where the company asks for it, a deal counts once its approval is complete."""
    approval = dict(contract.commitment).get("approval", "")
    if "approval" in conditions_of(contract, lookups) and approval not in ("Approved", "Not required"):
        raise StepError("APPROVAL_MISSING", field="Approval status", value=approval)
    return contract


def be_signed(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """Where the company asks for it, a deal counts once its order form is signed."""
    if "signature" in conditions_of(contract, lookups) and not dict(contract.commitment).get("order_form_on"):
        raise StepError("CONTRACT_INCOMPLETE", field="Order form date", value="")
    return contract


def have_its_purchase_order(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """A customer that asks for its order number on every invoice does not pay one without it."""
    if contract.po_required and not contract.po_number:
        raise StepError("PO_MISSING", field="PO number", value="")
    return contract


def have_lines_that_sum(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """The lines of the primary quote sum to the deal's amount, in the currency's own digits."""
    if contract.modification_kind in SELL_NOTHING:
        return contract
    if not contract.lines:
        raise StepError("CONTRACT_INCOMPLETE", field="Products", value="")
    try:
        total = sum((amount(line.amount, contract.currency) for line in contract.lines), Decimal(0))
        wanted = amount(contract.amount, contract.currency)
    except AmountError as error:
        raise StepError("CURRENCY_MISMATCH", field="Amount", value=str(error)) from error
    if total != wanted and "lines" in conditions_of(contract, lookups):
        raise StepError("LINES_DO_NOT_SUM", field="Amount", value=f"{total} of {wanted} {contract.currency}")
    return contract
