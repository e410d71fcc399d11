"""The tables people keep by file: their columns, what makes a row itself, and the stops a new row may end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from reconciliation.governance import cells
from reconciliation.governance.cells import CellError, Column
from reconciliation.models import SignOffPolicy
from sync.models import (
    BundleMapping,
    CountryMapping,
    DocumentPolicy,
    EntityMapping,
    ExchangeRate,
    MappingRow,
    ProductMapping,
    TaxCertificate,
    TaxCode,
    TaxIdCheck,
    TaxRegistration,
)
from sync.models.tax import Treatment

Values = dict[str, Any]
#: field -> what is wrong with the row as a whole
Whole = Callable[[Values], dict[str, str]]


def _nothing(values: Values) -> dict[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of approved rows."""

    name: str
    title: str
    model: type[MappingRow]
    columns: tuple[Column, ...]
    #: what makes a row itself: two approved rows of one key are never valid on the same day
    key: tuple[str, ...]
    #: reasons of stops a new row may end, and the field of the row that is their value
    ends: tuple[tuple[str, str], ...] = field(default=())
    #: what can only be seen in the row as a whole
    whole: Whole = _nothing

    @property
    def header(self) -> list[str]:
        return [column.name for column in self.columns]


_VALID = (
    Column(name="valid_from", read=cells.day, help="First day it holds."),
    Column(name="valid_to", read=cells.day, is_required=False, help="First day it no longer holds."),
    Column(name="note", read=cells.text(300), is_required=False, default=""),
)
_JURISDICTION = cells.matching(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", such_as="DE or US-NY")
_CUSTOMER = cells.matching(r"customer:[A-Za-z0-9]{15,18}", such_as="customer:0015g00000AbCdEAAV")
_CURRENCY = Column(name="currency", read=cells.currency)
#: caps in the company's own currency: column, seed, what it is for
_SMALL_DIFFERENCES = (
    ("small_difference_most", Decimal(10), "Per invoice."),
    ("small_difference_month", Decimal(500), "For the company, per calendar month."),
    ("small_difference_customer_year", Decimal(50), "Per customer and calendar year."),
)


def _price_fits(values: Values) -> dict[str, str]:
    try:
        values["list_price"] = cells.exact(values["list_price"], values["currency"])
    except CellError as error:
        return {"list_price": str(error)}
    return {}


def _shares_are_whole(values: Values) -> dict[str, str]:
    parts, shares = values["parts"], values["shares"]
    problems = {}
    if len(parts) != len(shares):
        problems["shares"] = f"{len(shares)} shares for {len(parts)} parts"
    elif sum(shares) != Decimal(100):
        problems["shares"] = f"the shares are {sum(shares):f} % together, and must be 100 %"
    elif any(share == 0 for share in shares):
        problems["shares"] = "every part needs a share above 0 %"
    if len(set(parts)) != len(parts):
        problems["parts"] = "a part stands there twice"
    if values["crm_product"] in parts:
        problems["parts"] = "a bundle cannot be a part of itself"
    unknown = set(parts) - set(
        ProductMapping.objects.filter(crm_product__in=parts, status=MappingRow.Status.APPROVED).values_list(
            "crm_product", flat=True
        )
    )
    if unknown and "parts" not in problems:
        problems["parts"] = f"no product mapping is in force for {', '.join(sorted(unknown))}"
    return problems


def _one_key(values: Values) -> dict[str, str]:
    by_country = values["basis"] == EntityMapping.Basis.COUNTRY
    if by_country and (not values["country"] or values["key"]):
        return {"country": "a rule by country has a country and no key"}
    if not by_country and (values["country"] or not values["key"]):
        return {"key": "this kind of rule has a key and no country"}
    return {}


def _rate_fits(values: Values) -> dict[str, str]:
    if values["rate"] <= 0:
        return {"rate": "must be above 0"}
    if values["from_currency"] == values["to_currency"]:
        return {"to_currency": "must be another currency than the first"}
    return {}


def _number_or_threshold(values: Values) -> dict[str, str]:
    if values["standing"] == TaxRegistration.Standing.REGISTERED:
        return {} if values["number"] else {"number": "a registration has a number"}
    if values["number"] or not values["threshold"] or not values["threshold_currency"]:
        return {"threshold": "below a threshold there is an amount and its currency, and no number"}
    return {}


def _caps_fit(values: Values) -> dict[str, str]:
    problems, code = {}, values["entity"].functional_currency
    for name, _, _ in _SMALL_DIFFERENCES:
        try:
            values[name] = cells.exact(values[name], code)
        except CellError as error:
            problems[name] = str(error)
    if values["small_difference_percent"] >= 100:
        problems["small_difference_percent"] = "must be below 100"
    return problems


def _limits_fit(values: Values) -> dict[str, str]:
    problems = {}
    try:
        values["error_limit"] = cells.exact(values["error_limit"], values["entity"].functional_currency)
    except CellError as error:
        problems["error_limit"] = str(error)
    if values["error_age_days"] % 1 or not 0 <= values["error_age_days"] <= 366:
        problems["error_age_days"] = "must be a whole number of days, at most 366"
    else:
        values["error_age_days"] = int(values["error_age_days"])
    return problems


def _percent_fits(values: Values) -> dict[str, str]:
    if values["percent"] >= 100:
        return {"percent": "must be below 100"}
    if values["percent"] and values["treatment"] != Treatment.STANDARD:
        return {"percent": "only the standard treatment charges tax; every other has 0"}
    if values["percent"] and not values["billing_code"]:
        return {"billing_code": "a tax that is charged needs the code billing charges it by"}
    return {}


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            name="products",
            title="Products",
            model=ProductMapping,
            columns=(
                Column(name="crm_product", read=cells.text(120), help="As it stands on the deal."),
                Column(name="product_name", read=cells.text(120)),
                Column(name="list_price", read=cells.price),
                _CURRENCY,
                Column(name="billing_product", read=cells.text(120)),
                Column(name="erp_item", read=cells.text(120)),
                Column(name="revenue_treatment", read=cells.text(40)),
                Column(name="tax_class", read=cells.text(40)),
                Column(
                    name="destination",
                    read=cells.one_of("billing", "usage", "erp_sales_order"),
                    is_required=False,
                    default="billing",
                ),
                *_VALID,
            ),
            key=("crm_product", "currency"),
            ends=(("PRODUCT_UNMAPPED", "crm_product"),),
            whole=_price_fits,
        ),
        Table(
            name="bundles",
            title="Bundles",
            model=BundleMapping,
            columns=(
                Column(name="crm_product", read=cells.text(120), help="As it stands on the deal."),
                Column(name="parts", read=cells.listed(cells.text(120)), help="Products, a semicolon between them."),
                Column(
                    name="shares", read=cells.listed(cells.number), help="Percent, in the same order; together 100."
                ),
                *_VALID,
            ),
            key=("crm_product",),
            ends=(("PRODUCT_UNMAPPED", "crm_product"),),
            whole=_shares_are_whole,
        ),
        Table(
            name="countries",
            title="Countries",
            model=CountryMapping,
            columns=(
                Column(name="written", read=cells.text(120), help="As people wrote it."),
                Column(name="country", read=cells.matching(r"[A-Z]{2}", such_as="DE")),
                *_VALID,
            ),
            key=("written",),
            ends=(("COUNTRY_UNKNOWN", "written"),),
        ),
        Table(
            name="selling-companies",
            title="Selling companies",
            model=EntityMapping,
            columns=(
                Column(name="basis", read=cells.one_of(*EntityMapping.Basis.values)),
                Column(
                    name="country",
                    read=cells.matching(r"[A-Z]{2}|\*", such_as="DE or *"),
                    is_required=False,
                    default="",
                ),
                Column(name="key", read=cells.text(120), is_required=False, default=""),
                Column(name="entity", read=cells.entity, help="Our company's code."),
                *_VALID,
            ),
            key=("basis", "country", "key"),
            ends=(("ENTITY_ROUTE_MISSING", "key"), ("ENTITY_ROUTE_MISSING", "country")),
            whole=_one_key,
        ),
        Table(
            name="tax-registrations",
            title="Tax registrations",
            model=TaxRegistration,
            columns=(
                Column(name="entity", read=cells.entity, help="Our company's code."),
                Column(name="jurisdiction", read=_JURISDICTION),
                Column(name="standing", read=cells.one_of(*TaxRegistration.Standing.values)),
                Column(name="number", read=cells.text(40), is_required=False, default=""),
                Column(name="threshold", read=cells.price, is_required=False),
                Column(name="threshold_currency", read=cells.currency, is_required=False, default=""),
                *_VALID,
            ),
            key=("entity", "jurisdiction"),
            ends=(("NOT_REGISTERED", "jurisdiction"),),
            whole=_number_or_threshold,
        ),
        Table(
            name="tax-codes",
            title="Tax codes",
            model=TaxCode,
            columns=(
                Column(name="entity", read=cells.entity, help="Our company's code."),
                Column(name="jurisdiction", read=_JURISDICTION),
                Column(name="tax_class", read=cells.text(40)),
                Column(name="treatment", read=cells.one_of("standard", "reverse_charge", "exempt")),
                Column(name="percent", read=cells.number),
                Column(name="billing_code", read=cells.text(120), is_required=False, default=""),
                Column(name="erp_code", read=cells.text(120)),
                *_VALID,
            ),
            key=("entity", "jurisdiction", "tax_class", "treatment"),
            ends=(("TAX_CODE_MISSING", ""),),
            whole=_percent_fits,
        ),
        Table(
            name="tax-certificates",
            title="Exemption certificates",
            model=TaxCertificate,
            columns=(
                Column(name="customer_reference", read=_CUSTOMER),
                Column(name="jurisdiction", read=_JURISDICTION),
                Column(name="number", read=cells.text(60)),
                Column(name="valid_from", read=cells.day, help="First day it holds."),
                Column(name="valid_to", read=cells.day, help="First day it no longer holds."),
                Column(name="note", read=cells.text(300), is_required=False, default=""),
            ),
            key=("customer_reference", "jurisdiction"),
            ends=(("EXEMPTION_EXPIRED", ""),),
        ),
        Table(
            name="tax-numbers",
            title="Confirmed tax numbers",
            model=TaxIdCheck,
            columns=(
                Column(name="customer_reference", read=_CUSTOMER),
                Column(name="tax_id", read=cells.matching(r"[A-Z0-9]{4,60}", such_as="DE811128135")),
                Column(name="consultation", read=cells.text(60), help="The authority's own number of the check."),
                *_VALID,
            ),
            key=("customer_reference",),
            ends=(("VAT_ID_INVALID", "tax_id"),),
        ),
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
                *_VALID,
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
                *_VALID,
            ),
            key=("entity",),
            whole=_limits_fit,
        ),
        Table(
            name="rates",
            title="Exchange rates",
            model=ExchangeRate,
            columns=(
                Column(name="rate_type", read=cells.one_of(*ExchangeRate.RateType.values)),
                Column(name="from_currency", read=cells.currency),
                Column(name="to_currency", read=cells.currency),
                Column(name="rate", read=cells.number, help="Units of the second for one of the first."),
                Column(name="source", read=cells.text(60)),
                Column(name="as_of", read=cells.day),
                *_VALID,
            ),
            key=("rate_type", "from_currency", "to_currency"),
            ends=(("FX_RATE_MISSING", ""),),
            whole=_rate_fits,
        ),
    )
}
