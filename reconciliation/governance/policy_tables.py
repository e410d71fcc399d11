"""Policies of a company kept by file: how it treats documents, and what it signs."""

from decimal import Decimal

from reconciliation.controls.registry import COMPARED
from reconciliation.governance import cells
from reconciliation.governance.cells import CellError, Column
from reconciliation.governance.table import VALID, Table, Values
from reconciliation.models import ApprovalLimits, MatchRule, SignOffPolicy
from sync.models import DocumentPolicy

#: caps in the company's own currency: column, seed, what it is for
_SMALL_DIFFERENCES = (
    ("small_difference_most", Decimal(10), "Per invoice."),
    ("small_difference_month", Decimal(500), "For the company, per calendar month."),
    ("small_difference_customer_year", Decimal(50), "Per customer and calendar year."),
)


#: sums in the company's own currency: column, what happens from there on
_TIERS = (
    ("limit", "Requests are looked at together, and approvers are told; in the company's own currency."),
    ("second_tier", "Two approvers are needed beside the asker."),
    ("third_tier", "Three approvers are needed beside the asker."),
)
_NOTHING = Decimal(0)
_TOLERANCES = (
    ("most", "Most two amounts may differ, in the rule's currency."),
    ("percent", "Most they may differ, of the left amount."),
    ("cap", "Most all such differences may come to, in the rule's currency."),
)


def _exact(values: Values, *names: str, currency: str = "") -> dict[str, str]:
    """Amounts with the digits of their currency (the company's, where none is named); what is wrong, by name."""
    problems = {}
    for name in names:
        try:
            values[name] = cells.exact(values[name], currency or values["entity"].functional_currency)
        except CellError as error:
            problems[name] = str(error)
    return problems


def _caps_fit(values: Values) -> dict[str, str]:
    problems = _exact(values, *(name for name, _, _ in _SMALL_DIFFERENCES))
    if values["small_difference_percent"] >= 100:
        problems["small_difference_percent"] = "must be below 100"
    return problems


def _limits_fit(values: Values) -> dict[str, str]:
    problems = _exact(values, "error_limit")
    if values["error_age_days"] % 1 or not 0 <= values["error_age_days"] <= 366:
        problems["error_age_days"] = "must be a whole number of days, at most 366"
    else:
        values["error_age_days"] = int(values["error_age_days"])
    return problems


def _tiers_rise(values: Values) -> dict[str, str]:
    problems = _exact(values, *(name for name, _ in _TIERS))
    if problems:
        return problems
    if not values["limit"]:
        problems["limit"] = "must be above 0"
    for lower, higher in (("limit", "second_tier"), ("second_tier", "third_tier")):
        if values[higher] < values[lower]:
            problems[higher] = f"must be at least {lower.replace('_', ' ')}"
    return problems


def _rule_fits(values: Values) -> dict[str, str]:
    problems: dict[str, str] = {}
    for name, least, most in (("days", 0, 366), ("group_size", 2, 8)):
        if values[name] % 1 or not least <= values[name] <= most:
            problems[name] = f"must be a whole number from {least} to {most}"
        else:
            values[name] = int(values[name])
    if values["by"] != MatchRule.By.TOLERANCE:
        return problems | {
            name: "only a tolerance has this"
            for name in ("most", "percent", "cap")
            if values[name] and name not in problems
        }
    if not values["currency"]:
        return problems | {"currency": "a tolerance is an amount; give its currency, such as USD"}
    problems |= _exact(values, "most", "cap", currency=values["currency"])
    if not values["most"]:
        problems["most"] = "must be above 0"
    elif values["cap"] < values["most"]:
        problems["cap"] = "must be at least what one document may differ by"
    if not 0 < values["percent"] < 100:
        problems["percent"] = "must be above 0 and below 100"
    return problems


POLICY_TABLES = (
    Table(
        name="document-policies",
        title="Document policies",
        model=DocumentPolicy,
        columns=(
            Column(name="entity", read=cells.entity, help="Our company's code."),
            Column(
                name="zero_totals",
                read=cells.one_of(*DocumentPolicy.ZeroTotals.values),
                is_required=False,
                default="post",
            ),
            Column(
                name="e_invoices",
                read=cells.one_of(*DocumentPolicy.EInvoices.values),
                is_required=False,
                default="not_required",
            ),
            *(
                Column(name=name, read=cells.price, is_required=False, default=default, help=help_text)
                for name, default, help_text in _SMALL_DIFFERENCES
            ),
            Column(
                name="small_difference_percent",
                read=cells.number,
                is_required=False,
                default=Decimal("0.5"),
                help="Of the invoice's total.",
            ),
            *(
                Column(
                    name=name,
                    read=cells.one_of(*DocumentPolicy.NumbersFrom.values),
                    is_required=False,
                    default="billing",
                )
                for name in ("invoice_numbers_from", "credit_memo_numbers_from")
            ),
            Column(
                name="backdated_changes",
                read=cells.one_of(*DocumentPolicy.BackdatedChanges.values),
                is_required=False,
                default="stop",
                help="Changes of contracts that hold from before the period billed now.",
            ),
            *VALID,
        ),
        key=("entity",),
        whole=_caps_fit,
    ),
    Table(
        name="sign-off-policies",
        title="Sign-off policies",
        model=SignOffPolicy,
        columns=(
            Column(name="entity", read=cells.entity, help="Our company's code."),
            Column(
                name="tied_days",
                read=cells.one_of(*SignOffPolicy.TiedDays.values),
                is_required=False,
                default="people",
                help="Who signs days on which both sides agree.",
            ),
            Column(
                name="error_limit",
                read=cells.price,
                is_required=False,
                default=Decimal(0),
                help="Most one unresolved error may come to when it is signed with, in the company's own currency.",
            ),
            Column(
                name="error_age_days",
                read=cells.number,
                is_required=False,
                default=Decimal(0),
                help="Days such an error may be old.",
            ),
            *VALID,
        ),
        key=("entity",),
        whole=_limits_fit,
    ),
    Table(
        name="approval-limits",
        title="Approval limits",
        model=ApprovalLimits,
        columns=(
            Column(name="entity", read=cells.entity, help="Our company's code."),
            *(Column(name=name, read=cells.price, help=help_text) for name, help_text in _TIERS),
            *VALID,
        ),
        key=("entity",),
        whole=_tiers_rise,
    ),
    Table(
        name="match-rules",
        title="Matching rules",
        model=MatchRule,
        columns=(
            Column(name="entity", read=cells.entity, help="Our company's code."),
            Column(name="control", read=cells.one_of(*COMPARED), help="Whose documents it brings together."),
            Column(name="by", read=cells.one_of(*MatchRule.By.values)),
            Column(name="currency", read=cells.currency, is_required=False, default="", help="Empty for all."),
            Column(
                name="does",
                read=cells.one_of(*MatchRule.Does.values),
                is_required=False,
                default="suggest",
                help="What becomes of documents that fit only one way.",
            ),
            Column(
                name="days",
                read=cells.number,
                is_required=False,
                default=_NOTHING,
                help="Days the dates may lie apart.",
            ),
            *(
                Column(name=name, read=cells.number, is_required=False, default=_NOTHING, help=words)
                for name, words in _TOLERANCES
            ),
            Column(
                name="group_size",
                read=cells.number,
                is_required=False,
                default=Decimal(6),
                help="Most documents in one group, both sides together.",
            ),
            *VALID,
        ),
        key=("entity", "control", "by", "currency"),
        whole=_rule_fits,
    ),
)
