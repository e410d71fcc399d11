"""Who owns what only controls find, and how many hours they have; part of the table in reconciliation.ownership."""

from reconciliation.teams import Team

#: reason -> team, hours from opening to due
OWNERS: dict[str, tuple[Team, int]] = {
    "CUSTOMER_MISMATCH": (Team.FINANCE, 24),
    "ACCOUNT_MISMATCH": (Team.FINANCE, 24),
    "PERIOD_MISMATCH": (Team.FINANCE, 24),
    "OPEN_ITEM_DIFFERS": (Team.FINANCE, 24),
    "UNAPPLIED_DIFFERS": (Team.FINANCE, 24),
    "BALANCE_DIFFERS": (Team.FINANCE, 24),
    "OUTSIDE_JOURNAL": (Team.FINANCE, 24),
    "LATE_POSTING": (Team.FINANCE, 72),
    "PRICE_NOT_APPROVED": (Team.BILLING_OPS, 48),
    "MASTER_DATA_CHANGED": (Team.FINANCE, 72),
    "CONTRACT_VERSION_DIFFERS": (Team.BILLING_OPS, 24),
    "CONTRACT_TERM_DIFFERS": (Team.BILLING_OPS, 24),
    "SHOWN_DIFFERS": (Team.INTEGRATION, 24),
    "COMPANIES_DISAGREE": (Team.FINANCE, 72),
    "CUSTOMER_TWICE": (Team.SALES_OPS, 72),
    "RECEIPTS_ALIKE": (Team.FINANCE, 48),
    "RULE_BROKEN": (Team.INTEGRATION, 4),
}
