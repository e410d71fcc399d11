"""Why usage and revenue can stop, in words; part of the table in sync.reasons."""

#: code, title, cause, what it holds up, the seller's sentence
USAGE: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "METER_MISSING",
        "Product has no meter",
        "The deal sells “{value}” by use, and no approved meter says how that is counted and priced in billing.",
        "The deal cannot be billed, and its usage is not taken.",
        "Billing is waiting: the metering of “{value}” is not set up.",
    ),
    (
        "METER_SHARED",
        "Two contracts on one meter",
        "{customer} already has a running contract on the meter “{value}”. Billing counts a meter per customer, so both"
        " contracts would be billed for all of it.",
        "The new contract is not billed until one of the two ends, or another meter is chosen.",
        "Billing is waiting: the customer already uses “{value}” under another contract.",
    ),
    (
        "REVENUE_ENGINE_CONFLICT",
        "Two revenue engines at once",
        "The portal is the revenue engine, and the ERP still recognises revenue by itself: {value}.",
        "No revenue journal is posted, since revenue would be recognised twice.",
        "",
    ),
    (
        "USAGE_LATE",
        "Usage came after its invoice",
        "Usage of {customer} was reported after the invoice of its period was issued: {value}.",
        "This usage is not billed until someone decides: on the next invoice, or with a new invoice for its period.",
        "",
    ),
    (
        "ACCRUAL_NOT_REVERSED",
        "Accrual not taken back",
        "Usage that was not invoiced was accrued at a month's end and is not taken back on the next day. {document}.",
        "Once its invoice is posted, {amount} of revenue counts twice.",
        "",
    ),
    (
        "ACCRUAL_NOT_INVOICED",
        "Usage accrued, and no invoice came",
        "{customer} used something that was accrued, and no invoice has come for it in time. {document}.",
        "{amount} may never be billed.",
        "",
    ),
    (
        "ACCRUAL_OFF",
        "Invoice is not what was accrued",
        "The invoice for usage up to a month's end has another amount than was accrued for it, by more than late"
        " reports may change. {document}.",
        "Revenue of the month of use was off by {amount}; it stands right since the month of the invoice.",
        "",
    ),
    (
        "SCHEDULE_MISSING",
        "The ERP has no revenue schedule",
        "The ERP recognises this company's revenue and has made no schedule for a line it was sent. {document}.",
        "The line stays deferred, or was earned at once: revenue of these months is wrong by {amount}.",
        "",
    ),
    (
        "SCHEDULE_DIFFERS",
        "Revenue schedules differ",
        "The ERP gives other amounts to the months than our schedule of {value} does. {document}.",
        "Revenue stands in other months there, and over all of them it differs by {amount}. Look whether dates, the"
        " rule of the item or the shares of the arrangement are other ones there.",
        "",
    ),
    (
        "SCHEDULE_ONLY_THERE",
        "The ERP defers a line we do not",
        "The ERP has made a revenue schedule for a line that is earned at once by our mapping of its product."
        " {document}.",
        "Revenue of these months differs by {amount}.",
        "",
    ),
)
