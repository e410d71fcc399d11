"""What only controls find: both sides carried their work to its end, and the books say something else all the same.

Part of the table in sync.reasons; who owns each stands in reconciliation.controls.owners.
"""

#: code, title, cause, what it holds up, the seller's sentence
CONTROLS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "CUSTOMER_MISMATCH",
        "With another customer",
        "{document} stands with another customer in {system} than the one it was billed to.",
        "One customer looks as if they owed it, the other as if they did not.",
        "The invoice is being checked by finance.",
    ),
    (
        "ACCOUNT_MISMATCH",
        "On another account",
        "{document} stands on account {value} in {system}, which is none of those set for it.",
        "That account and receivables do not tie out, though the amounts agree.",
        "",
    ),
    (
        "PERIOD_MISMATCH",
        "In another period",
        "{document} is dated in one accounting period and posted in another ({value}); nobody here decided that.",
        "Two periods do not tie out, though the amounts agree.",
        "",
    ),
    (
        "OPEN_ITEM_DIFFERS",
        "Open amount differs",
        "{document} has another open amount in {system} than what was posted leaves: the difference is {amount}.",
        "Customers are reminded of too much or too little, and receivables do not tie out.",
        "",
    ),
    (
        "UNAPPLIED_DIFFERS",
        "Cash on account differs",
        "{document} has another amount on account in {system} than is left of it here: the difference is {amount}.",
        "A customer's money is counted twice, or not at all.",
        "",
    ),
    (
        "BALANCE_DIFFERS",
        "Account balance differs",
        "{document} stands at another balance in {system} than our documents come to: the difference is {amount}.",
        "The account does not tie out to its documents.",
        "",
    ),
    (
        "OUTSIDE_JOURNAL",
        "Journal typed in the ERP",
        "{document} was typed in {system}, on an account where only documents of ours belong.",
        "The account no longer follows from its documents, by {amount}.",
        "",
    ),
    (
        "LATE_POSTING",
        "Posted late, and not judged",
        "{document} belongs to {value}. It crosses a quarter or a year, or the late documents of its month pass the"
        " company's limit together.",
        "Finance must say why the document's own period stays right without it, before that period is signed.",
        "",
    ),
    (
        "CUSTOMER_TWICE",
        "Customer there twice",
        "{customer} seems to be there twice: {value}.",
        "What the company owes stands under two names, and neither its credit limit nor its reminders see all of it.",
        "",
    ),
    (
        "PRICE_NOT_APPROVED",
        "Billed at a price nobody approved",
        "{document} is billed at {value}: no version of its contract leads to that price.",
        "{customer} pays {amount} more or less than what was agreed.",
        "An invoice is being checked: it was billed at another price than the deal's.",
    ),
    (
        "MASTER_DATA_CHANGED",
        "A billed customer was changed",
        "Of {customer}, {value}. There were invoices before that.",
        "Tax and debts of what is billed next follow the change; what was billed before does not.",
        "",
    ),
    (
        "CONTRACT_VERSION_DIFFERS",
        "Another version of a contract",
        "{document} is not in billing as it was last agreed: {value}.",
        "What is billed next may be what was agreed before the change.",
        "A change of the deal is being checked: billing does not show it yet.",
    ),
    (
        "CONTRACT_TERM_DIFFERS",
        "Contract ends on another day",
        "{document} does not end in billing when it was agreed to: {value}.",
        "It is billed too long, or stops too early.",
        "The end of the contract is being checked: billing has another one.",
    ),
    (
        "SHOWN_DIFFERS",
        "Sellers see something else",
        "{document} does not show in {system} what is so: {value}.",
        "Sellers tell their customers what is not true any more.",
        "",
    ),
    (
        "COMPANIES_DISAGREE",
        "Our companies disagree on what they owe",
        "The ledgers differ {document}: {value}.",
        "The group's accounts do not tie out by {amount}.",
        "",
    ),
    (
        "RECEIPTS_ALIKE",
        "Perhaps paid twice",
        "{document} of {customer} is applied to nothing, and {value}.",
        "{amount} may have to go back; until somebody looks, it stays on the customer's account.",
        "A payment is being checked: it may have come twice.",
    ),
    (
        "RULE_BROKEN",
        "The portal broke a rule of its own",
        "{document}: {value}. The database refuses this, so somebody went around it, or it failed.",
        "What the portal shows may not be believed until this is explained.",
        "",
    ),
)
