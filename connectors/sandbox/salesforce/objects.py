"""The objects of the organisation: their fields, and the custom fields of our package."""

from dataclasses import dataclass
from functools import cached_property

from connectors.sandbox.salesforce.errors import not_found
from connectors.sandbox.salesforce.fields import Field, address, day, flag, link, money, pick, shown, text

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL", "CHF", "CAD", "AUD", "DKK", "SEK", "PLN")
#: stage, probability, forecast category
STAGES = (
    ("Prospecting", 10, "Pipeline"),
    ("Qualification", 10, "Pipeline"),
    ("Engaging", 20, "Pipeline"),
    ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline"),
    ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "BestCase"),
    ("Negotiation/Review", 90, "Forecast"),
    ("Closed Won", 100, "Closed"),
    ("Closed Lost", 0, "Omitted"),
)
WON, LOST = "Closed Won", "Closed Lost"


SYSTEM_FIELDS = (
    shown("Id", "id", length=18),
    shown("IsDeleted", "boolean"),
    shown("CreatedDate", "datetime"),
    Field("CreatedById", "reference", 18, createable=False, updateable=False, refers_to="User", parent="CreatedBy"),
    shown("LastModifiedDate", "datetime"),
    Field(
        "LastModifiedById",
        "reference",
        18,
        createable=False,
        updateable=False,
        refers_to="User",
        parent="LastModifiedBy",
    ),
    shown("SystemModstamp", "datetime"),
)
CURRENCY = pick("CurrencyIsoCode", *CURRENCIES, restricted=True, default="USD")
OWNER = link("OwnerId", "User")
SOURCE_KEY = text("Source_Key__c", 80, external_id=True, unique=True)


@dataclass(frozen=True)
class ObjectType:
    """One object: its key prefix and fields."""

    name: str
    prefix: str
    own_fields: tuple[Field, ...]
    deletable: bool = True

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {field.name: field for field in (*SYSTEM_FIELDS, *self.own_fields)}

    @cached_property
    def by_lower_name(self) -> dict[str, Field]:
        return {name.lower(): field for name, field in self.fields.items()}

    @cached_property
    def parents(self) -> dict[str, Field]:
        """Reference fields by the (lower-case) relation name that queries walk."""
        return {field.parent.lower(): field for field in self.fields.values() if field.refers_to}

    @cached_property
    def indexed(self) -> tuple[Field, ...]:
        """Fields that are looked up by value: references, external ids, unique fields, dates."""
        stamps = ("CreatedById", "LastModifiedById", "OwnerId")
        return tuple(
            field
            for field in self.fields.values()
            if (field.refers_to and field.name not in stamps)
            or (field.external_id or field.unique or field.type == "date")
        )

    @cached_property
    def plural(self) -> str:
        return {"Opportunity": "Opportunities", "PricebookEntry": "Price Book Entries"}.get(self.name, self.name + "s")


def _types(*types: ObjectType) -> dict[str, ObjectType]:
    return {kind.name: kind for kind in types}


OBJECTS: dict[str, ObjectType] = _types(
    ObjectType(
        "Account",
        "001",
        (
            text("Name", required=True),
            text("AccountNumber", 40),
            link("ParentId", "Account", "ChildAccounts"),
            OWNER,
            pick("Type", "Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other"),
            pick("Industry"),
            money("AnnualRevenue"),
            Field("NumberOfEmployees", "int", precision=8),
            text("YearStarted", 4),
            Field("Website", "url"),
            Field("Phone", "phone", 40),
            Field("Description", "textarea", 32000),
            *address("Billing"),
            *address("Shipping"),
            CURRENCY,
            shown("MasterRecordId", "reference", length=18, refers_to="Account", parent="MasterRecord"),
            SOURCE_KEY,
            text("Tax_Id__c", 60),
            text("Q2C_Status__c"),
            text("Q2C_Billing_Customer__c"),
            text("Q2C_ERP_Customer__c"),
            money("Q2C_Balance__c"),
            text("Q2C_Ageing__c"),
            text("Q2C_Collections__c"),
            text("Q2C_Renewal_Risk__c"),
            Field("Q2C_Link__c", "url"),
        ),
    ),
    ObjectType(
        "Contact",
        "003",
        (
            link("AccountId", "Account", "Contacts", cascades=True),
            text("FirstName", 40),
            text("LastName", 80, required=True),
            shown("Name"),
            Field("Email", "email", 80),
            Field("Phone", "phone", 40),
            text("Title", 128),
            OWNER,
            *address("Mailing"),
            CURRENCY,
            SOURCE_KEY,
        ),
    ),
    ObjectType(
        "Opportunity",
        "006",
        (
            link("AccountId", "Account", "Opportunities", cascades=True),
            text("Name", 120, required=True),
            Field("Description", "textarea", 32000),
            pick("StageName", *(name for name, *_ in STAGES), required=True, restricted=True),
            money("Amount"),
            Field("Probability", "percent", scale=0, precision=3),
            day("CloseDate", required=True),
            pick("Type", "New Business", "Existing Business", "Renewal"),
            text("NextStep"),
            pick("LeadSource"),
            shown("IsClosed", "boolean"),
            shown("IsWon", "boolean"),
            shown("ForecastCategory", "picklist"),
            CURRENCY,
            shown("HasOpportunityLineItem", "boolean"),
            link("Pricebook2Id", "Pricebook2"),
            OWNER,
            link("ContractId", "Contract"),
            link("SyncedQuoteId", "Quote"),
            SOURCE_KEY,
            pick("Approval_Status__c", "Not Submitted", "Pending", "Approved", "Rejected"),
            day("Order_Form_Date__c"),
            text("Sold_Product__c"),
            pick(
                "Modification__c",
                "New",
                "Amendment",
                "Upsell",
                "Downsell",
                "Co-Term",
                "Renewal",
                "Cancellation",
                "Suspension",
                "Reactivation",
                "Assignment",
            ),
            Field("Modification_Number__c", "double", precision=6, scale=0),
            link("Amends__c", "Opportunity", "Amendments__r"),
            day("Effective_Date__c"),
            day("Contract_End_Date__c"),
            Field("Contract_Term_Months__c", "double", precision=4, scale=0),
            Field("Free_Months__c", "double", precision=4, scale=0),
            pick("Billing_Frequency__c", "Annual in advance", "Prepaid", "Quarterly", "Monthly"),
            Field("Payment_Terms_Days__c", "double", precision=4, scale=0),
            Field("Removes__c", "textarea", 1000),
            flag("No_Credit__c"),
            text("PO_Number__c", 60),
            flag("PO_Required__c"),
            text("Selling_Entity__c"),
            link("Payer__c", "Account"),
            text("Q2C_Subscription__c"),
            text("Q2C_Billing_Status__c"),
            text("Q2C_Invoice_Number__c"),
            text("Q2C_Invoice_Status__c"),
            text("Q2C_Payment_Status__c"),
            text("Q2C_Collections__c"),
            Field("Q2C_Case__c", "textarea", 1000),
            Field("Q2C_Link__c", "url"),
        ),
    ),
    ObjectType(
        "OpportunityLineItem",
        "00k",
        (
            link(
                "OpportunityId", "Opportunity", "OpportunityLineItems", required=True, updateable=False, cascades=True
            ),
            Field("SortOrder", "int", precision=9),
            link("PricebookEntryId", "PricebookEntry", updateable=False),
            link("Product2Id", "Product2", updateable=False),
            shown("ProductCode"),
            shown("Name"),
            Field("Quantity", "double", precision=12, scale=2, required=True),
            Field("Discount", "percent", precision=5),
            money("UnitPrice"),
            money("TotalPrice"),
            shown("ListPrice", "currency"),
            day("ServiceDate"),
            text("Description"),
            CURRENCY,
            text("Product_Text__c"),
            link("Bill_To__c", "Account"),
            link("Ship_To__c", "Account"),
            day("Starts_On__c"),
            day("Ends_On__c"),
            SOURCE_KEY,
        ),
    ),
    ObjectType(
        "Product2",
        "01t",
        (
            text("Name", required=True),
            text("ProductCode"),
            Field("Description", "textarea", 4000),
            flag("IsActive"),
            pick("Family"),
            text("StockKeepingUnit", 180),
            pick("QuantityUnitOfMeasure"),
            CURRENCY,
            SOURCE_KEY,
        ),
    ),
    ObjectType(
        "Pricebook2",
        "01s",
        (
            text("Name", required=True),
            flag("IsActive"),
            shown("IsStandard", "boolean"),
            text("Description"),
        ),
    ),
    ObjectType(
        "PricebookEntry",
        "01u",
        (
            link("Pricebook2Id", "Pricebook2", "PricebookEntries", required=True, updateable=False, cascades=True),
            link("Product2Id", "Product2", "PricebookEntries", required=True, updateable=False, cascades=True),
            money("UnitPrice", required=True),
            flag("IsActive"),
            flag("UseStandardPrice"),
            shown("Name"),
            shown("ProductCode"),
            CURRENCY,
        ),
    ),
    ObjectType(
        "User",
        "005",
        (
            text("Username", 80, required=True, unique=True),
            text("FirstName", 40),
            text("LastName", 80, required=True),
            shown("Name"),
            Field("Email", "email", 128),
            text("Alias", 8),
            flag("IsActive", default=True),
            text("Department", 80),
            text("Division", 80),
            link("ManagerId", "User"),
            SOURCE_KEY,
        ),
        deletable=False,
    ),
    ObjectType(
        "Contract",
        "800",
        (
            link("AccountId", "Account", "Contracts", required=True),
            shown("ContractNumber", unique=True),
            pick("Status", "Draft", "InApproval", "Activated", restricted=True, default="Draft"),
            day("StartDate"),
            Field("ContractTerm", "int", precision=4),
            shown("EndDate", "date"),
            OWNER,
            CURRENCY,
            SOURCE_KEY,
        ),
    ),
    ObjectType(
        "Quote",
        "0Q0",
        (
            text("Name", required=True),
            shown("QuoteNumber", unique=True),
            flag("IsSyncing"),
            link("OpportunityId", "Opportunity", "Quotes", required=True, updateable=False, cascades=True),
            pick("Status", "Draft", "Needs Review", "Approved", "Presented", "Accepted", "Denied"),
            day("ExpirationDate"),
            money("GrandTotal"),
            OWNER,
            CURRENCY,
            SOURCE_KEY,
        ),
    ),
    ObjectType(
        "Order",
        "801",
        (
            link("AccountId", "Account", "Orders", required=True),
            shown("OrderNumber", unique=True),
            link("OpportunityId", "Opportunity", "Orders"),
            link("ContractId", "Contract", "Orders"),
            link("QuoteId", "Quote"),
            day("EffectiveDate", required=True),
            day("EndDate"),
            pick("Status", "Draft", "Activated", restricted=True, required=True),
            money("TotalAmount"),
            link("OriginalOrderId", "Order"),
            flag("IsReductionOrder"),
            OWNER,
            CURRENCY,
            SOURCE_KEY,
        ),
    ),
)
_BY_LOWER_NAME = {name.lower(): kind for name, kind in OBJECTS.items()}
BY_PREFIX = {kind.prefix: kind for kind in OBJECTS.values()}
#: (parent object, lower-case name of the subquery) -> child object and its reference field
CHILDREN: dict[tuple[str, str], tuple[ObjectType, Field]] = {
    (field.refers_to, field.children.lower()): (kind, field)
    for kind in OBJECTS.values()
    for field in kind.fields.values()
    if field.children
}


def find_type(name: str) -> ObjectType | None:
    return _BY_LOWER_NAME.get(name.lower())


def type_in_path(name: str) -> ObjectType:
    """Raises NOT_FOUND: an unknown object in a URL is a missing resource."""
    found = find_type(name)
    if found is None:
        raise not_found()
    return found
