"""Why a sale cannot be taxed, and where taxes and exchange rates are off; part of the table in sync.reasons."""

#: code, title, cause, what it holds up, the seller's sentence
TAX: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "VAT_ID_INVALID",
        "Tax number not confirmed",
        "The customer's tax number “{value}” has not been confirmed for the day of supply.",
        "Without that the customer may not account for the tax itself, so the deal is not billed.",
        "Billing is waiting: the customer's tax number is not confirmed.",
    ),
    (
        "EXEMPTION_EXPIRED",
        "Exemption has ended",
        "The customer's exemption certificate does not hold on the day of supply: {value}.",
        "Nobody knows whether tax must be charged, so the deal is not billed.",
        "Billing is waiting: the customer's tax exemption has ended.",
    ),
    (
        "TAX_OFF_THE_RULES",
        "Tax is not what our rows say",
        "By the rows in force on its day {document} should carry another tax: {value}.",
        "Nothing was changed by this. What was charged stands until finance credits and bills it again, or corrects"
        " the rows.",
        "",
    ),
    (
        "TAX_PROOF_MISSING",
        "Billed untaxed without proof",
        "No tax was charged, and on the day of supply nothing proved that none was due: {value}.",
        "The tax authority may ask the company for the tax.",
        "",
    ),
    (
        "TAX_PROOF_ENDS",
        "Proof for untaxed sales ends",
        "{customer} is billed without tax, and what proves it does not last: {value}.",
        "From then on its invoices would be untaxed without proof. Ask the customer for a new certificate, or have its"
        " tax number confirmed again.",
        "",
    ),
)

#: the same, of exchange rates
RATES: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "RATE_DIFFERS",
        "Posted at another exchange rate",
        "The ERP posted a document at another exchange rate than the one it was sent with ({value}). {document}.",
        "In the company's own money the document differs by {amount}, and so will its gain or loss when it is paid.",
        "",
    ),
    (
        "RATE_OFF",
        "Exchange rate far from the approved one",
        "The ERP took an exchange rate of its own that is more than 2 percent off the approved one ({value})."
        " {document}.",
        "The company's own figures, and the gain or loss at payment, are wrong by as much.",
        "",
    ),
    (
        "RATE_MISSING",
        "Posted without an approved exchange rate",
        "The ERP posted a document for whose day no rate is approved: {value}. {document}.",
        "Nobody can say whether the rate it took is right.",
        "",
    ),
    (
        "RATE_STALE",
        "Exchange rate too old",
        "A document was sent with a rate that stood more than three days before it: {value}. {document}.",
        "The company's own figures rest on an old rate.",
        "",
    ),
    (
        "OWN_MONEY_OFF",
        "Wrong in the company's own money",
        "In the ERP a document's amount in the company's own money is not its amount at its own rate ({value})."
        " {document}.",
        "The ledger is off by {amount}, though the document itself is right.",
        "",
    ),
)
