"""All controls by name, in the order of the board."""

from datetime import date

from connectors.registry import connector_class
from reconciliation.controls.accruals import ACCRUALS, UNBILLED_REVENUE
from reconciliation.controls.bank_receipts import BANK_RECEIPTS
from reconciliation.controls.between_companies import BETWEEN_COMPANIES
from reconciliation.controls.bill_dates import BILL_DATES
from reconciliation.controls.clearing import CLEARING
from reconciliation.controls.committed_vs_contracted import COMMITTED_VS_CONTRACTED
from reconciliation.controls.contract_terms import CONTRACT_TERMS
from reconciliation.controls.control import Control
from reconciliation.controls.conversions import CONVERSIONS
from reconciliation.controls.corrections import CREDIT_MEMOS, VOIDS, WRITE_OFFS
from reconciliation.controls.customer_merges import CUSTOMER_MERGES
from reconciliation.controls.customers import CUSTOMERS_IN_BILLING, CUSTOMERS_IN_ERP
from reconciliation.controls.customers_once import CUSTOMERS_ONCE
from reconciliation.controls.deferred_revenue import DEFERRED_REVENUE
from reconciliation.controls.document_numbers import DOCUMENT_NUMBERS
from reconciliation.controls.erp_rates import ERP_RATES
from reconciliation.controls.granted import GRANTED, PAYMENT_DETAILS
from reconciliation.controls.invoices import INVOICES
from reconciliation.controls.late_postings import LATE_POSTINGS
from reconciliation.controls.master_data import MASTER_DATA
from reconciliation.controls.outside_journals import OUTSIDE_JOURNALS
from reconciliation.controls.payouts import DISPUTES, PAYOUTS, PAYOUTS_AT_BANK
from reconciliation.controls.portal_itself import PORTAL_ITSELF
from reconciliation.controls.prices import PRICES
from reconciliation.controls.rates import RATES
from reconciliation.controls.receipts import RECEIPTS
from reconciliation.controls.receipts_alike import RECEIPTS_ALIKE
from reconciliation.controls.receivables import OPEN_ITEMS, RECEIVABLES, TAX_PAYABLE, UNAPPLIED_CASH
from reconciliation.controls.refunds import REFUNDS
from reconciliation.controls.revenue_schedules import REVENUE_SCHEDULES
from reconciliation.controls.services_ordered import SERVICES_ORDERED
from reconciliation.controls.shown import SHOWN
from reconciliation.controls.tax import TAX_PROOFS, TAX_RECOMPUTED
from reconciliation.controls.usage import USAGE
from reconciliation.controls.withholding import WITHHOLDING_CERTIFICATES
from sync.models import EntityRoute, LegalEntity

CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        CUSTOMERS_IN_BILLING,
        CUSTOMERS_IN_ERP,
        CUSTOMERS_ONCE,
        MASTER_DATA,
        GRANTED,
        PAYMENT_DETAILS,
        CUSTOMER_MERGES,
        COMMITTED_VS_CONTRACTED,
        CONTRACT_TERMS,
        BILL_DATES,
        SERVICES_ORDERED,
        INVOICES,
        PRICES,
        CREDIT_MEMOS,
        VOIDS,
        WRITE_OFFS,
        RECEIPTS,
        RECEIPTS_ALIKE,
        DOCUMENT_NUMBERS,
        LATE_POSTINGS,
        TAX_RECOMPUTED,
        TAX_PROOFS,
        RATES,
        ERP_RATES,
        USAGE,
        DEFERRED_REVENUE,
        UNBILLED_REVENUE,
        ACCRUALS,
        REVENUE_SCHEDULES,
        REFUNDS,
        DISPUTES,
        PAYOUTS,
        PAYOUTS_AT_BANK,
        CONVERSIONS,
        CLEARING,
        BANK_RECEIPTS,
        OPEN_ITEMS,
        UNAPPLIED_CASH,
        RECEIVABLES,
        TAX_PAYABLE,
        OUTSIDE_JOURNALS,
        BETWEEN_COMPANIES,
        WITHHOLDING_CERTIFICATES,
        SHOWN,
        PORTAL_ITSELF,
    )
}

#: controls whose documents are compared one by one, so that matching rules can speak of them
COMPARED = tuple(name for name, control in CONTROLS.items() if control.lists is None and control.judges is None)


def controls_of(entity: LegalEntity) -> list[Control]:
    """What an entity is asked, in the order of the board."""
    systems: dict[str, set[str]] = {}
    settings: dict[str, set[str]] = {}
    for route in EntityRoute.objects.filter(entity=entity, is_shadow=False).select_related("connection"):
        systems.setdefault(route.role, set()).add(route.connection.system)
        settings.setdefault(route.role, set()).update(
            name for name, value in route.connection.settings.items() if value
        )
    # several controls go by the same condition
    applies = {condition: condition(entity) for condition in {control.applies for control in CONTROLS.values()}}
    return [
        control
        for control in CONTROLS.values()
        if applies[control.applies]
        and _can_be_asked(control, systems)
        and (not control.needs_setting or control.needs_setting in settings.get(control.right_role, ()))
    ]


def first_day(entity: LegalEntity) -> date | None:
    """The day from which a company's documents are routed: nothing was due before. None while nothing is connected."""
    return EntityRoute.objects.filter(entity=entity).order_by("valid_from").values_list("valid_from", flat=True).first()


def _can_be_asked(control: Control, systems: dict[str, set[str]]) -> bool:
    """Whether the systems connected for an entity can answer: one without a bank's statements is not asked about them,
    nor is an ERP about documents nobody posts there. What every entity must have counts as connected, so that its
    absence is a control that did not run.
    """
    for role, kind in ((control.left_role, control.left_kind), (control.right_role, control.right_kind)):
        connected = systems.get(role, set())
        if not connected and role not in ("crm", "billing", "erp", "portal", ""):
            return False
        lists = [_lists(system) for system in connected]
        if lists and all(known and kind not in known for known in lists):
            return False
    return True


def _lists(system: str) -> frozenset[str]:
    try:
        return connector_class(system).lists
    except LookupError:
        # a connection whose connector is gone is a control that did not run, not one that is not asked
        return frozenset()
