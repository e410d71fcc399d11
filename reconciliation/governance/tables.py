"""The tables people keep by file; those of policies are beside this."""

from decimal import Decimal

from reconciliation.governance import cells
from reconciliation.governance.answer_table import ANSWERS
from reconciliation.governance.cells import CellError, Column
from reconciliation.governance.policy_tables import POLICY_TABLES
from reconciliation.governance.table import VALID, Table, Values
from sync.models import (
    BundleMapping,
    CountryMapping,
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

_JURISDICTION = cells.matching(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", such_as="DE or US-NY")
_CUSTOMER = cells.matching(r"customer:[A-Za-z0-9]{15,18}", such_as="customer:0015g00000AbCdEAAV")
_CURRENCY = Column(name="currency", read=cells.currency)


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
                *VALID,
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
                *VALID,
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
                *VALID,
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
                *VALID,
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
                *VALID,
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
                *VALID,
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
                *VALID,
            ),
            key=("customer_reference",),
            ends=(("VAT_ID_INVALID", "tax_id"),),
        ),
        *POLICY_TABLES,
        ANSWERS,
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
                *VALID,
            ),
            key=("rate_type", "from_currency", "to_currency"),
            ends=(("FX_RATE_MISSING", ""),),
            whole=_rate_fits,
        ),
    )
}
