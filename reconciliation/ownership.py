"""One table: reason code -> the team that owns it, hours to act, the fixes on offer."""

from dataclasses import dataclass

from reconciliation.controls.owners import OWNERS
from reconciliation.teams import Team
from sync import catalogue


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Who looks at a reason, by when, and what they can press."""

    team: Team
    #: hours from opening to due
    hours: int
    #: names of fixes, the suggested one first
    fixes: tuple[str, ...] = ()


def _owned(team: Team, hours: int, *fixes: str) -> Ownership:
    return Ownership(team=team, hours=hours, fixes=fixes)


SO, BO, FIN, INT = Team.SALES_OPS, Team.BILLING_OPS, Team.FINANCE, Team.INTEGRATION

OWNERSHIP: dict[str, Ownership] = {
    "PRODUCT_UNMAPPED": _owned(BO, 8, "map_product"),
    "COUNTRY_UNKNOWN": _owned(SO, 8, "map_country"),
    "ERP_CUSTOMER_MISSING": _owned(FIN, 8, "try_again"),
    "TAX_CODE_MISSING": _owned(FIN, 8, "try_again"),
    "NOT_REGISTERED": _owned(FIN, 24, "read_again"),
    "VAT_ID_INVALID": _owned(FIN, 24, "read_again"),
    "EXEMPTION_EXPIRED": _owned(FIN, 24, "read_again"),
    "TAX_OFF_THE_RULES": _owned(FIN, 72),
    "TAX_PROOF_MISSING": _owned(FIN, 72),
    "TAX_PROOF_ENDS": _owned(FIN, 240),
    "ENTITY_ROUTE_MISSING": _owned(FIN, 8, "say_who_sells", "read_again"),
    "PERIOD_CLOSED": _owned(FIN, 24, "post_in_first_open_period", "try_again"),
    "DUPLICATE_DOC_NO": _owned(FIN, 24, "try_again"),
    "DUPLICATE_AT_TARGET": _owned(FIN, 8, "try_again"),
    "AMOUNT_MISMATCH": _owned(FIN, 24, "correct_in_erp"),
    "TAX_MISMATCH": _owned(FIN, 24, "correct_in_erp"),
    "MISSING_IN_TARGET": _owned(FIN, 24, "post_again"),
    "MISSING_IN_SOURCE": _owned(FIN, 24),
    "LISTED_TWICE": _owned(FIN, 24),
    "CURRENCY_MISMATCH": _owned(BO, 8, "read_again"),
    "ROUNDING": _owned(FIN, 72),
    "ORPHAN_INVOICE": _owned(FIN, 24),
    "DUPLICATE_SUBSCRIPTION": _owned(BO, 8),
    "STALE_VERSION": _owned(SO, 24, "keep_signed", "read_again"),
    "CONFLICTING_DUPLICATE": _owned(INT, 24),
    "DIMENSION_MISSING": _owned(FIN, 8, "try_again"),
    "ITEM_UNKNOWN": _owned(BO, 8, "try_again"),
    "CREDIT_WITHOUT_INVOICE": _owned(FIN, 24, "post_invoice_first", "post_on_account", "try_again"),
    "VOID_NOT_ALLOWED": _owned(FIN, 24, "post_reversal", "post_on_account"),
    "DOC_NUMBER_GAP": _owned(FIN, 72),
    "DOC_NUMBER_TWICE": _owned(FIN, 24),
    "NOT_SUPPORTED_THERE": _owned(FIN, 24),
    "EINVOICE_REJECTED": _owned(FIN, 8, "read_again"),
    "WRITE_OFF_PROPOSED": _owned(FIN, 72, "approve_write_off"),
    "UNAPPLIED_CASH": _owned(FIN, 24, "apply_cash", "try_again", "refund_rest", "leave_as_it_is"),
    "UNBALANCED": _owned(INT, 8, "try_again"),
    "SF_ROW_LOCK": _owned(INT, 24, "try_again"),
    "RATE_LIMIT": _owned(INT, 24, "try_again"),
    "UNAVAILABLE": _owned(INT, 4, "try_again"),
    "TARGET_UNAVAILABLE": _owned(INT, 4, "try_again"),
    "SYSTEM_UNREACHABLE": _owned(INT, 2, "reconnect"),
    "SOURCE_LIST_UNREADABLE": _owned(INT, 4),
    "NOT_POSTED_YET": _owned(FIN, 8, "try_again"),
    "POSTING_ON_HOLD": _owned(FIN, 24, "try_again"),
    "AUTH_EXPIRED": _owned(INT, 2, "reconnect"),
    "PERMISSION_MISSING": _owned(INT, 2, "reconnect"),
    "ADDRESS_REFUSED": _owned(INT, 2, "reconnect"),
    "PAUSED_BY_HAND": _owned(INT, 8, "reconnect"),
    "SCHEMA_CHANGE": _owned(INT, 4, "try_again"),
    "UNKNOWN_OUTCOME": _owned(FIN, 4, "try_again"),
    "MASTER_CONFLICT": _owned(FIN, 24),
    "CUSTOMER_MERGED": _owned(FIN, 24, "keep_signed", "read_again"),
    "FX_RATE_MISSING": _owned(FIN, 8, "try_again"),
    "RATE_DIFFERS": _owned(FIN, 24),
    "RATE_OFF": _owned(FIN, 24),
    "RATE_MISSING": _owned(FIN, 24),
    "RATE_STALE": _owned(FIN, 72),
    "OWN_MONEY_OFF": _owned(FIN, 24),
    "CONTRACT_INCOMPLETE": _owned(SO, 8, "read_again"),
    "LINES_DO_NOT_SUM": _owned(SO, 8, "read_again"),
    "TOO_MANY_LINES": _owned(SO, 8, "read_again"),
    "APPROVAL_MISSING": _owned(SO, 8, "read_again"),
    "DEAL_CHANGED_AFTER_BILLING": _owned(SO, 24, "keep_signed"),
    "DEAL_REOPENED": _owned(SO, 8, "keep_signed", "read_again"),
    "PO_MISSING": _owned(SO, 8, "read_again"),
    "MODIFICATION_UNCLEAR": _owned(SO, 8, "read_again"),
    "PRICES_OVER_TIME_UNCLEAR": _owned(SO, 8, "read_again"),
    "PRICES_OVER_TIME_NOT_BILLABLE": _owned(BO, 8, "try_again"),
    "BACKDATED_CHANGE": _owned(FIN, 8, "credit_and_rebill", "bill_from_today", "try_again"),
    "NOT_BILLED": _owned(BO, 24),
    "BILLED_AFTER_END": _owned(BO, 24),
    "RENEWAL_UNDECIDED": _owned(SO, 240),
    "CONTRACT_ENDED": _owned(SO, 8, "read_again"),
    "DUNNING_WRITEBACK_FAILED": _owned(INT, 24, "try_again"),
    "FEEDBACK_REFUSED": _owned(INT, 24, "try_again"),
    "CONTROL_NOT_RUN": _owned(INT, 4, "run_control"),
    "JOURNAL_BROKEN": _owned(INT, 4),
    "METER_MISSING": _owned(BO, 8, "read_again"),
    "METER_SHARED": _owned(BO, 24, "read_again"),
    "CHANGE_NOT_ACCOUNTED_FOR": _owned(FIN, 72),
    "REVENUE_ENGINE_CONFLICT": _owned(FIN, 24, "reconnect"),
    "ACCRUAL_NOT_REVERSED": _owned(FIN, 24),
    "ACCRUAL_NOT_INVOICED": _owned(BO, 24),
    "ACCRUAL_OFF": _owned(FIN, 72),
    "SCHEDULE_MISSING": _owned(FIN, 72),
    "SCHEDULE_DIFFERS": _owned(FIN, 72),
    "SCHEDULE_ONLY_THERE": _owned(FIN, 72),
    "USAGE_LATE": _owned(BO, 24, "bill_late_usage"),
    "EVENT_GAP": _owned(INT, 4),
    "POISON": _owned(INT, 8, "read_again"),
    "REFUND_WITHOUT_CAUSE": _owned(FIN, 24, "read_again"),
    "REFUND_FAILED": _owned(FIN, 24),
    "PAYOUT_MISMATCH": _owned(FIN, 24, "read_again"),
    "PAYOUT_FAILED": _owned(FIN, 24),
    "WRONG_ENTITY": _owned(FIN, 24, "read_again"),
    "WRONG_ACCOUNT": _owned(FIN, 8, "try_again"),
    "DISPUTE_OPEN": _owned(FIN, 72),
    "DISPUTE_LOST": _owned(FIN, 72, "give_up_dispute", "credit_dispute"),
    "PAID_IN_ERP_OPEN_IN_BILLING": _owned(FIN, 8, "try_again"),
    "PAYMENT_RETURNED": _owned(FIN, 24),
    "OVERPAYMENT": _owned(FIN, 72, "apply_cash", "refund_rest", "leave_as_it_is"),
    "UNDERPAYMENT": _owned(FIN, 72, "leave_as_it_is"),
    "DUPLICATE_PAYMENT": _owned(FIN, 24, "refund_rest", "apply_cash", "leave_as_it_is"),
    "WHT_SHORT_PAY": _owned(FIN, 72, "book_withholding"),
    "WHT_CERTIFICATE_DUE": _owned(FIN, 720, "keep_certificate"),
    "UNCLASSIFIED": _owned(INT, 8, "try_again", "classify_answer"),
    **{code: _owned(team, hours) for code, (team, hours) in OWNERS.items()},
}


def ownership(reason: str) -> Ownership:
    """Who owns a reason; what no entry knows, and nobody has written down since, belongs to integration support."""
    if reason in OWNERSHIP:
        return OWNERSHIP[reason]
    written = catalogue.entry(reason)
    return _owned(Team(written.team), written.hours, "try_again") if written else OWNERSHIP[catalogue.UNKNOWN]
