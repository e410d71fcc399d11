"""Why documents can stop, in words: invoices, credit memos, voids, write-offs, numbers; part of the table in
sync.reasons.
"""

#: code, title, cause, what it holds up, the seller's sentence
DOCUMENTS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "VOID_NOT_ALLOWED",
        "Voided in billing, not voidable in the ERP",
        "Billing voided {document}, and in the ERP it cannot simply be taken back: {value}.",
        "Receivables and revenue show the document until finance decides.",
        "The invoice was voided; finance is settling it in the books.",
    ),
    (
        "DOC_NUMBER_GAP",
        "A number is missing from its series",
        "No document has the number {value}, though later ones are used.",
        "An auditor will ask where it went; nothing waits for it.",
        "",
    ),
    (
        "DOC_NUMBER_TWICE",
        "A number is used twice",
        "Two documents have the number {value}.",
        "An auditor will ask which one counts; nothing waits for it.",
        "",
    ),
    (
        "NOT_SUPPORTED_THERE",
        "Must be posted by hand",
        "The portal does not post documents like {document} to {system}.",
        "The books lack it until somebody posts it there; the control then finds it.",
        "",
    ),
    (
        "EINVOICE_REJECTED",
        "Electronic invoice rejected",
        "The tax authority rejected {document}: {value}.",
        "The invoice is not valid; where invoices are posted on clearance, it stays out of the ledger too.",
        "The invoice was rejected by the tax authority; finance is correcting it.",
    ),
    (
        "WRITE_OFF_PROPOSED",
        "Billing has given this invoice up",
        "Billing no longer collects {amount} of {customer}: {document}. Whether it becomes bad debt is for two people of finance to decide.",
        "The amount stays open in receivables until then.",
        "Collection has ended; finance decides about the rest.",
    ),
    (
        "CREDIT_WITHOUT_INVOICE",
        "Credit without its invoice",
        "{document} cannot be applied: the ERP does not have the invoice it refers to, or less is open on it.",
        "The customer's balance is too high until finance decides.",
        "A credit for this deal is waiting for finance.",
    ),
    (
        "ORPHAN_INVOICE",
        "Invoice without a contract",
        "{document} names no contract of ours; it was probably made by hand in billing.",
        "It cannot be posted with the right customer and dimensions.",
        "An invoice without a deal is being checked.",
    ),
    (
        "DUPLICATE_DOC_NO",
        "Number already used in the ERP",
        "The ERP already has a document {document}.",
        "The document cannot post.",
        "The invoice is issued; its posting waits for finance.",
    ),
    (
        "PERIOD_CLOSED",
        "Accounting period is closed",
        "{entity} has closed the period of {date}; {document} cannot post there.",
        "The document stays out of the ledger until it may post into another period.",
        "The invoice is issued; its posting waits for finance.",
    ),
)
