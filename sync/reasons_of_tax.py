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
)
