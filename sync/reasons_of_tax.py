"""Why a sale cannot be taxed, in words; part of the table in sync.reasons."""

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
