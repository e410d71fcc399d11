"""One table of every reason a thing can stop: code, title, cause, what it means, the seller's sentence.

Texts are for business people. Placeholders: {customer} {value} {field} {document} {amount} {system} {entity} {date}.
"""

from dataclasses import dataclass

from sync.reasons_of_cash import CASH
from sync.reasons_of_contracts import CONTRACTS
from sync.reasons_of_controls import CONTROLS
from sync.reasons_of_documents import DOCUMENTS
from sync.reasons_of_systems import SYSTEMS
from sync.reasons_of_tax import RATES, TAX
from sync.reasons_of_usage import USAGE


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why something stopped, in words."""

    code: str
    title: str
    #: full sentence: what happened and why
    cause: str
    #: what it holds up
    holds_up: str
    #: what the seller reads in Salesforce
    seller: str


def _reason(code: str, title: str, cause: str, holds_up: str, seller: str) -> tuple[str, Reason]:
    return code, Reason(code=code, title=title, cause=cause, holds_up=holds_up, seller=seller)


REASONS: dict[str, Reason] = dict(
    [
        *(_reason(*row) for row in (*CASH, *CONTRACTS, *CONTROLS, *DOCUMENTS, *RATES, *SYSTEMS, *TAX, *USAGE)),
        _reason(
            "PRODUCT_UNMAPPED",
            "Product has no billing plan",
            "The deal sells “{value}”, and no approved mapping says which billing plan and ERP item that is.",
            "The subscription cannot be created, so nothing is billed for this deal.",
            "Billing is waiting: “{value}” is not set up in billing.",
        ),
        _reason(
            "COUNTRY_UNKNOWN",
            "Country not recognised",
            "The customer's country is written “{value}”, which is not a country we know.",
            "The customer cannot be set up in billing and ERP, so all of its deals wait.",
            "Billing is waiting: the account's country “{value}” is not recognised.",
        ),
        _reason(
            "ERP_CUSTOMER_MISSING",
            "Customer missing in the ERP",
            "{document} cannot post: the ERP does not have {customer}, or it is inactive there.",
            "The document stays out of receivables.",
            "The invoice is waiting for the customer to be set up in the ERP.",
        ),
        _reason(
            "TAX_CODE_MISSING",
            "No tax code",
            "We do not know how to tax {document}: no tax code fits “{value}”.",
            "The document cannot post.",
            "Billing is waiting: a tax code is missing.",
        ),
        _reason(
            "NOT_REGISTERED",
            "Selling company not registered for tax there",
            "The selling company is not registered for tax in “{value}”.",
            "No tax may be charged; the sale counts towards the registration threshold.",
            "Billing is waiting for a tax decision.",
        ),
        _reason(
            "ENTITY_ROUTE_MISSING",
            "No selling company set",
            "No rule says which of our companies sells to {customer} in “{value}”.",
            "The deal cannot be billed.",
            "Billing is waiting: the selling company is not decided.",
        ),
        _reason(
            "DUPLICATE_AT_TARGET",
            "Found twice in the other system",
            "{system} holds {document} more than once under the same reference.",
            "Nothing more is sent for it until one of them is settled.",
            "Billing is being checked for a duplicate.",
        ),
        _reason(
            "AMOUNT_MISMATCH",
            "Amounts differ",
            "The two systems show different amounts for {document}: the difference is {amount}.",
            "Receivables do not tie out.",
            "The invoice is being checked by finance.",
        ),
        _reason(
            "MISSING_IN_TARGET",
            "Missing on the other side",
            "{document} exists on one side and is missing on the other, though it had been there.",
            "The books do not tie out by {amount}.",
            "The invoice is being checked by finance.",
        ),
        _reason(
            "LISTED_TWICE",
            "There twice",
            "A system lists {document} more than once under the same reference.",
            "The books count {amount} once too often.",
            "A document that exists twice is being checked.",
        ),
        _reason(
            "MISSING_IN_SOURCE",
            "No origin",
            "{document} exists in the receiving system, and the system it should come from does not have it.",
            "The books do not tie out by {amount}.",
            "A document without a deal is being checked.",
        ),
        _reason(
            "CURRENCY_MISMATCH",
            "Currencies differ",
            "{document} is in another currency than expected: {value}.",
            "The document cannot post.",
            "Billing is waiting: the currency of the deal must be checked.",
        ),
        _reason(
            "TAX_MISMATCH",
            "Tax differs",
            "The two systems show different tax for {document}.",
            "Tax does not tie out.",
            "The invoice is being checked by finance.",
        ),
        _reason(
            "ROUNDING",
            "Rounding difference",
            "{document} differs by rounding: {amount}.",
            "A small difference in receivables.",
            "",
        ),
        _reason(
            "DUPLICATE_SUBSCRIPTION",
            "Subscription set up twice",
            "{customer} has two subscriptions for the same contract.",
            "The customer could be billed twice.",
            "Billing is being checked for a duplicate.",
        ),
        _reason(
            "STALE_VERSION",
            "Change with a number that is taken",
            "A change came late with a number that another change of the contract has: {value}.",
            "The late change is not billed. What was agreed before goes on as it is.",
            "A later change of this contract has a number that is taken and is not billed: give it the next free one.",
        ),
        _reason(
            "CONFLICTING_DUPLICATE",
            "Two different calls under one id",
            "{system} called twice under the id {value} with different content.",
            "The first content counts; the second is kept as evidence.",
            "",
        ),
        _reason(
            "DIMENSION_MISSING",
            "ERP needs a dimension",
            "The ERP asks for “{field}” on {document}; none is set.",
            "The document cannot post.",
            "The invoice is issued; its posting waits for finance.",
        ),
        _reason(
            "ITEM_UNKNOWN",
            "Item unknown in the ERP",
            "The ERP does not know the item “{value}” for {document}.",
            "The document cannot post.",
            "The invoice is issued; its posting waits for billing operations.",
        ),
        _reason(
            "UNAPPLIED_CASH",
            "Cash not applied",
            "{document} could not be applied to its invoice in the ERP.",
            "The invoice still shows as open.",
            "The payment is received; applying it waits for finance.",
        ),
        _reason(
            "UNBALANCED",
            "Entry does not balance",
            "The ERP says the lines of {document} do not balance.",
            "The document cannot post.",
            "The invoice is issued; its posting waits.",
        ),
        _reason(
            "SF_ROW_LOCK",
            "Salesforce was busy",
            "Salesforce was busy with this record.",
            "Nothing; it is tried again by itself.",
            "",
        ),
        _reason(
            "RATE_LIMIT",
            "Limit of the other system reached",
            "{system} accepts no more calls for now.",
            "Work for this system waits; nothing is lost.",
            "",
        ),
        _reason(
            "UNAVAILABLE",
            "System cannot be reached",
            "{system} has not answered after many tries.",
            "Work for this system waits; nothing is lost.",
            "Billing is waiting for {system}.",
        ),
        _reason(
            "TARGET_UNAVAILABLE",
            "Not taken after many tries",
            "{system} answers, but has not taken {document} after many tries.",
            "This one object waits; others go on.",
            "Billing is waiting for {system}.",
        ),
        _reason(
            "NOT_POSTED_YET",
            "Accepted, but not posted",
            "{system} accepted {document} and has not posted it within a day.",
            "The document stays out of the ledger.",
            "The invoice is issued; its posting waits for finance.",
        ),
        _reason(
            "POSTING_ON_HOLD",
            "Posting is on hold",
            "{entity} has put postings of this kind on hold.",
            "The document stays out of the ledger until the hold is lifted; then it goes on by itself.",
            "The invoice is issued; its posting waits for finance.",
        ),
        _reason(
            "SCHEMA_CHANGE",
            "A field is gone or renamed",
            "{system} no longer has the field “{field}”.",
            "Objects that use it wait.",
            "Billing is waiting for {system}.",
        ),
        _reason(
            "UNKNOWN_OUTCOME",
            "We do not know whether it arrived",
            "We sent {document} to {system} and got no answer; looking it up has not settled it.",
            "Nothing is sent again until it is clear.",
            "Billing is being checked.",
        ),
        _reason(
            "MASTER_CONFLICT",
            "Changed on both sides",
            "“{field}” of {customer} was changed in two systems.",
            "The customer's update waits.",
            "",
        ),
        _reason(
            "FX_RATE_MISSING",
            "Exchange rate missing",
            "There is no exchange rate for {value}.",
            "The document cannot post.",
            "The invoice is issued; its posting waits for finance.",
        ),
        _reason(
            "DUNNING_WRITEBACK_FAILED",
            "Salesforce not updated",
            "Salesforce refused an update of this record.",
            "Sellers see an old status.",
            "",
        ),
        _reason(
            "FEEDBACK_REFUSED",
            "Salesforce refused our status",
            "Salesforce refused to show our status: {value}.",
            "Sellers see an old status.",
            "",
        ),
        _reason(
            "CONTROL_NOT_RUN",
            "A control did not run",
            "The control “{document}” for {date} did not run.",
            "Nobody knows whether that day ties out.",
            "",
        ),
        _reason(
            "EVENT_GAP",
            "Changes did not arrive",
            "{system} did not tell us of everything: {value}. We keep asking {system} for it and go on by ourselves once"
            " it is here. Check in {system} that the change exists and that its calls to the portal are switched on.",
            "What builds on the missing change waits, so that nothing is carried out of order; all else goes on.",
            "Billing is waiting: an earlier change of this deal has not arrived yet.",
        ),
        _reason(
            "POISON",
            "We fail at this one ourselves",
            "Three times the portal itself failed at one thing that came from {system} or goes there.",
            "This one message; all others go on.",
            "",
        ),
        _reason(
            "UNCLASSIFIED",
            "Answer not recognised",
            "{system} gave an answer about {document} that we do not recognise.",
            "The object waits.",
            "Billing is being checked by integration support.",
        ),
    ]
)
