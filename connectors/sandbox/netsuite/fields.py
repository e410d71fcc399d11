"""The record types the sandbox knows: their fields, their line lists, their ids and their names in SuiteQL.

Kinds of field: text, date, stamp, money (exact, in the record's currency), number (exact), whole, flag, code (an entry
of a vendor list), open (kept as sent), ref:<record type>. Money and numbers rest in the books as text.
"""

from dataclasses import dataclass, field

Fields = dict[str, str]
CUSTOM = ("custbody", "custcol", "custentity", "custitem", "custrecord", "cseg")


@dataclass(frozen=True)
class Lines:
    """A sublist. `key` is the field by which a PATCH finds the line it means."""

    key: str
    fields: Fields


@dataclass(frozen=True)
class Record:
    """One record type. `number` is the field people know it by; `sql_type` the transaction type in SuiteQL."""

    label: str
    fields: Fields
    lines: dict[str, Lines] = field(default_factory=dict)
    read_only: frozenset[str] = frozenset()
    number: str = ""
    sql_type: str = ""
    prefix: str = ""
    series: str = ""
    first_id: int = 1001
    #: may be created, changed and deleted over REST
    writable: bool = True


def _kinds(**groups: str) -> Fields:
    return {name: kind for kind, names in groups.items() for name in names.split()}


_DIMENSIONS: Fields = {"department": "ref:department", "class": "ref:classification", "location": "ref:location"}
_BODY: Fields = {
    **_kinds(
        text="externalId tranId transactionNumber memo",
        date="tranDate",
        stamp="createdDate lastModifiedDate",
        number="exchangeRate",
        code="status customForm approvalStatus nexus",
    ),
    "subsidiary": "ref:subsidiary",
    "currency": "ref:currency",
    "postingPeriod": "ref:accountingPeriod",
    **_DIMENSIONS,
}
_BODY_READ_ONLY = frozenset("id links createdDate lastModifiedDate status transactionNumber".split())

ITEM_LINES = Lines(
    "line",
    {
        **_kinds(
            text="description taxDetailsReference",
            number="quantity rate taxRate1",
            whole="line lineUniqueKey orderLine revRecTermInMonths",
            money="amount grossAmt tax1Amt",
            date="revRecStartDate revRecEndDate",
            code="price revRecSchedule subscription subscriptionLine",
            flag="deferRevRec doNotCreateRevenueElement",
        ),
        "item": "ref:item",
        "taxCode": "ref:salesTaxItem",
        "account": "ref:account",
        "orderDoc": "ref:salesOrder",
        **_DIMENSIONS,
    },
)
TAX_LINES = Lines(
    "line",
    _kinds(
        text="taxDetailsReference",
        whole="line",
        code="taxType taxCode",
        number="taxRate",
        money="netAmount grossAmount taxBasis taxAmount",
    ),
)
APPLY_LINES = Lines(
    "doc",
    {
        **_kinds(
            flag="apply",
            money="amount due total",
            date="applyDate",
            text="refNum currency type createdFrom",
            whole="line",
        ),
        "doc": "ref:transaction",
    },
)
CREDIT_LINES = Lines("doc", {**APPLY_LINES.fields, **_kinds(date="creditDate", text="appliedTo")})
JOURNAL_LINES = Lines(
    "line",
    {
        **_kinds(
            text="memo scheduleType",
            money="debit credit tax1Amt grossAmt residual",
            flag="eliminate",
            whole="line",
            date="startDate endDate",
            code="schedule revenueRecognitionRule",
        ),
        "account": "ref:account",
        "entity": "ref:customer",
        "taxCode": "ref:salesTaxItem",
        **_DIMENSIONS,
    },
)

_SALE: Fields = {
    **_BODY,
    **_kinds(
        text="otherRefNum email billAddress message",
        date="dueDate startDate endDate saasCommitmentStartDate saasCommitmentEndDate",
        money="subtotal discountTotal taxTotal total",
        flag="taxDetailsOverride toBeEmailed toBePrinted",
        open="billingAddress shippingAddress",
    ),
    "entity": "ref:customer",
    "terms": "ref:term",
    "account": "ref:account",
    "createdFrom": "ref:transaction",
}
_SALE_READ_ONLY = _BODY_READ_ONLY | frozenset("subtotal discountTotal taxTotal total".split())
_SALE_LINES = {"item": ITEM_LINES, "taxDetails": TAX_LINES}
_LIST = {**_kinds(text="externalId name", flag="isInactive includeChildren", stamp="lastModifiedDate")}
_TRANSACTION_IDS = {"series": "transaction", "first_id": 8001}

RECORDS: dict[str, Record] = {
    "customer": Record(
        "Customer",
        {
            **_kinds(
                text=(
                    "externalId entityId companyName firstName lastName email phone url comments vatRegNumber"
                    " altName fax accountNumber"
                ),
                flag="isPerson isInactive taxable unsubscribe",
                stamp="dateCreated lastModifiedDate",
                money="balance overdueBalance unbilledOrders creditLimit",
                code="customForm entityStatus category salesRep priceLevel emailPreference language creditHoldOverride",
                open="defaultAddress billingAddress",
            ),
            "subsidiary": "ref:subsidiary",
            "currency": "ref:currency",
            "terms": "ref:term",
            "parent": "ref:customer",
            "receivablesAccount": "ref:account",
            "taxItem": "ref:salesTaxItem",
        },
        {
            "currencyList": Lines(
                "currency",
                {**_kinds(money="balance overdueBalance", flag="overrideCurrencyFormat"), "currency": "ref:currency"},
            ),
            "addressBook": Lines(
                "id",
                _kinds(
                    whole="id",
                    text="label addressId",
                    flag="defaultBilling defaultShipping isResidential",
                    open="addressBookAddress",
                ),
            ),
        },
        frozenset("id links dateCreated lastModifiedDate balance overdueBalance unbilledOrders altName".split()),
        number="entityId",
        prefix="CUST",
        series="entity",
        first_id=1001,
    ),
    "invoice": Record(
        "Invoice",
        {**_SALE, **_kinds(money="amountPaid amountRemaining recognizedRevenue deferredRevenue", code="revenueStatus")},
        _SALE_LINES,
        _SALE_READ_ONLY
        | frozenset("amountPaid amountRemaining recognizedRevenue deferredRevenue revenueStatus".split()),
        number="tranId",
        sql_type="CustInvc",
        prefix="INV",
        **_TRANSACTION_IDS,  # type: ignore[arg-type]
    ),
    "creditMemo": Record(
        "Credit Memo",
        {**_SALE, **_kinds(money="amountPaid amountRemaining applied unapplied", flag="autoApply")},
        {**_SALE_LINES, "apply": APPLY_LINES},
        _SALE_READ_ONLY | frozenset("amountPaid amountRemaining applied unapplied".split()),
        number="tranId",
        sql_type="CustCred",
        prefix="CM",
        **_TRANSACTION_IDS,  # type: ignore[arg-type]
    ),
    "customerPayment": Record(
        "Payment",
        {
            **_BODY,
            **_kinds(
                text="checkNumber",
                money="payment applied unapplied balance pending total",
                flag="autoApply",
                code="undepFunds paymentOption paymentMethod",
            ),
            "customer": "ref:customer",
            "arAcct": "ref:account",
            "account": "ref:account",
        },
        {"apply": APPLY_LINES, "credit": CREDIT_LINES, "deposit": Lines("doc", APPLY_LINES.fields)},
        _BODY_READ_ONLY | frozenset("applied unapplied balance pending total".split()),
        number="tranId",
        sql_type="CustPymt",
        prefix="PYMT",
        **_TRANSACTION_IDS,  # type: ignore[arg-type]
    ),
    "customerRefund": Record(
        "Customer Refund",
        {
            **_BODY,
            **_kinds(
                text="checkNumber address",
                money="total balance",
                flag="cleared toBePrinted",
                date="clearedDate",
                code="paymentOption paymentOperation",
            ),
            "customer": "ref:customer",
            "arAcct": "ref:account",
            "account": "ref:account",
        },
        {"apply": APPLY_LINES, "deposit": Lines("doc", APPLY_LINES.fields)},
        _BODY_READ_ONLY | frozenset("total balance".split()),
        number="tranId",
        sql_type="CustRfnd",
        prefix="RFND",
        **_TRANSACTION_IDS,  # type: ignore[arg-type]
    ),
    "journalEntry": Record(
        "Journal",
        {
            **_BODY,
            **_kinds(
                flag="approved isReversal reversalDefer isBookSpecific void",
                date="reversalDate",
                text="reversalEntry",
                code="accountingBook",
            ),
            "toSubsidiary": "ref:subsidiary",
        },
        {"line": JOURNAL_LINES},
        _BODY_READ_ONLY,
        number="tranId",
        sql_type="Journal",
        prefix="JE",
        **_TRANSACTION_IDS,  # type: ignore[arg-type]
    ),
    "salesOrder": Record(
        "Sales Order",
        {**_SALE, **_kinds(code="orderStatus", date="shipDate")},
        _SALE_LINES,
        _SALE_READ_ONLY,
        number="tranId",
        sql_type="SalesOrd",
        prefix="SO",
        **_TRANSACTION_IDS,  # type: ignore[arg-type]
    ),
    "accountingPeriod": Record(
        "Accounting Period",
        {
            **_kinds(
                text="periodName externalId",
                date="startDate endDate",
                stamp="closedOnDate lastModifiedDate",
                code="fiscalCalendar",
                flag=(
                    "isPosting isAdjust isQuarter isYear isInactive closed arLocked apLocked allLocked"
                    " payrollLocked allowNonGLChanges perBookPeriodClosing"
                ),
            ),
            "parent": "ref:accountingPeriod",
        },
        number="periodName",
        series="accountingPeriod",
        first_id=201,
        writable=False,
    ),
    "subsidiary": Record(
        "Subsidiary",
        {
            **_LIST,
            **_kinds(text="legalName", code="country", flag="isElimination"),
            "currency": "ref:currency",
            "parent": "ref:subsidiary",
        },
        number="name",
        series="subsidiary",
    ),
    "department": Record(
        "Department", {**_LIST, "parent": "ref:department", "subsidiary": "open"}, number="name", series="department"
    ),
    "classification": Record(
        "Class", {**_LIST, "parent": "ref:classification", "subsidiary": "open"}, number="name", series="classification"
    ),
    "location": Record(
        "Location", {**_LIST, "parent": "ref:location", "subsidiary": "open"}, number="name", series="location"
    ),
    "currency": Record(
        "Currency",
        {
            **_LIST,
            **_kinds(
                text="symbol displaySymbol", whole="currencyPrecision", number="exchangeRate", flag="isBaseCurrency"
            ),
        },
        number="name",
        series="currency",
    ),
    "term": Record(
        "Term", {**_LIST, **_kinds(whole="daysUntilNetDue", flag="preferred")}, number="name", series="term"
    ),
    "currencyRate": Record(
        "Currency Exchange Rate",
        {
            **_LIST,
            **_kinds(number="exchangeRate", date="effectiveDate"),
            "baseCurrency": "ref:currency",
            "transactionCurrency": "ref:currency",
        },
        series="currencyRate",
    ),
    "account": Record(
        "Account",
        {
            **_LIST,
            **_kinds(text="acctNumber acctName description", code="acctType", money="balance"),
            "parent": "ref:account",
            "currency": "ref:currency",
            "subsidiary": "open",
        },
        number="acctNumber",
        series="account",
    ),
    "salesTaxItem": Record(
        "Tax Code",
        {
            **_LIST,
            **_kinds(text="itemId description", number="rate"),
            "taxAccount": "ref:account",
            "subsidiary": "open",
        },
        number="itemId",
        series="salesTaxItem",
    ),
    "serviceSaleItem": Record(
        "Service Item",
        {
            **_kinds(
                text="externalId itemId displayName description salesDescription",
                flag="isInactive includeChildren isFulfillable",
                stamp="createdDate lastModifiedDate",
                money="rate",
                code=(
                    "customForm taxSchedule revenueRecognitionRule revRecForecastRule createRevenuePlansOn"
                    " revenueAllocationGroup"
                ),
            ),
            "incomeAccount": "ref:account",
            "deferredRevenueAccount": "ref:account",
            "department": "ref:department",
            "class": "ref:classification",
            "location": "ref:location",
        },
        {"subsidiary": Lines("id", _kinds(text="id refName externalId"))},
        frozenset("id links createdDate lastModifiedDate".split()),
        number="itemId",
        series="item",
        first_id=501,
    ),
}

#: names under which one look-up covers several record types
ALIASES: dict[str, tuple[str, ...]] = {
    "item": ("serviceSaleItem",),
    "transaction": ("invoice", "creditMemo", "customerPayment", "customerRefund", "journalEntry", "salesOrder"),
}
TRANSACTIONS = ALIASES["transaction"]
TYPE_OF_SQL = {RECORDS[kind].sql_type: kind for kind in TRANSACTIONS}


def is_custom(name: str) -> bool:
    """Custom fields and segments belong to the account, not to the record type: kept as sent."""
    return name.startswith(CUSTOM)
