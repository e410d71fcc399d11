"""Products that only troubles sell: as one the company has, with another tax class or currency."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from q2c_portal.local.troubles.stage import Stage
from sync import clock
from sync.models import MappingRow, ProductMapping

LIKE = "GTX Plus Basic"


def approved(stage: Stage) -> dict[str, Any]:
    """What a row of a table people keep has, drafted and approved by two of the demo's people, in force for a year."""
    return {
        "status": MappingRow.Status.APPROVED,
        "valid_from": stage.today - timedelta(days=365),
        "drafted_by": User.objects.get(username="finance.preparer"),
        "drafted_at": clock.now(),
        "approved_by": User.objects.get(username="finance.approver"),
        "approved_at": clock.now(),
        "note": "Demo",
    }


def put_on_sale(
    stage: Stage, name: str, *, tax_class: str = "zero", currency: str = "USD", destination: str = "billing"
) -> None:
    """The CRM sells it, and its mapping is approved. Safe to repeat."""
    if ProductMapping.objects.filter(crm_product=name).exists():
        return
    like = ProductMapping.objects.filter(crm_product=LIKE).first()
    assert like is not None
    same = ("product_name", "list_price", "billing_product", "erp_item", "revenue_treatment")
    row = {field: getattr(like, field) for field in same}
    ProductMapping(
        crm_product=name, tax_class=tax_class, currency=currency, destination=destination, **row, **approved(stage)
    ).save()
    named = {"Name": name, "ProductCode": name, "Family": "GTX", "IsActive": True}
    (product,) = stage.salesforce.create("Product2", [named])
    book = stage.salesforce.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1")[0]["Id"]
    price = {"UnitPrice": str(like.list_price), "CurrencyIsoCode": currency, "IsActive": True}
    stage.salesforce.create("PricebookEntry", [{"Pricebook2Id": book, "Product2Id": product, **price}])
