"""Tax is decided by approved rows, charged by billing, carried line by line, and posted as it was charged."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.controls import runner
from sync.models import InvoiceLineRecord, LegalEntity, ProductMapping, TaxCode, TaxRegistration, WorkItem
from tests.scenarios.branches import common
from tests.scenarios.business import FIRST_DAY, Business, Sold


@pytest.mark.slow  # make stories
def test_a_sale_stops_for_its_tax_until_people_decide_and_is_then_charged_and_posted_with_it(
    open_business: Callable[..., Business],
) -> None:
    # given a taxed product, and a company that is not registered where it is used
    business = open_business()
    business.customers_pay_after(2)
    ProductMapping.objects.filter(crm_product="GTX Basic").update(tax_class="software")
    rate = business.stripe.post(
        "tax_rates", display_name="Sales tax", percentage="8.875", inclusive="false", country="US", state="NY"
    )
    business.account("Harbour", BillingState="NY")
    business.wins("Harbour", Sold(product="GTX Basic", price="550.02"), Sold(product="MG Special", price="55"))
    (case,) = business.cases()
    assert (case.reason, case.value) == ("NOT_REGISTERED", "US-NY")
    # when finance registers, and then names the code
    entity = LegalEntity.objects.get()
    shared: dict[str, Any] = {"entity": entity, "jurisdiction": "US-NY", **common(FIRST_DAY)}
    TaxRegistration(standing="registered", number="NY-1", **shared).save()
    again(business)
    (case,) = business.cases()
    assert (case.reason, case.value) == ("TAX_CODE_MISSING", "software in US-NY")
    TaxCode(
        tax_class="software",
        treatment="standard",
        percent=Decimal("8.875"),
        billing_code=rate["id"],
        erp_code="10",
        **shared,
    ).save()
    again(business)
    business.live(until=FIRST_DAY + timedelta(days=1))
    # then the invoice is charged with it, and stands in the ERP with the same tax under the ERP's own code
    (invoice,) = business.books("invoice").values()
    assert (Decimal(invoice["taxTotal"]), Decimal(invoice["total"])) == (Decimal("48.81"), Decimal("653.83"))
    lines = {line.billing_product: line for line in InvoiceLineRecord.objects.all()}
    assert (lines["gtx-basic"].tax, lines["gtx-basic"].tax_code) == (Decimal("48.81"), "10")
    assert lines["mg-special"].tax == 0
    business.ties()
    business.live(until=FIRST_DAY + timedelta(days=3))
    (invoice,) = business.books("invoice").values()
    assert Decimal(invoice["amountRemaining"]) == 0
    business.ties()
    business.quiet()
    # and recomputed by our rows it is the same, until somebody writes another percentage into them
    through = business.today - timedelta(days=1)
    assert runner.run("tax_recomputed", entity=entity, business_date=through).status == "tied"
    TaxCode.objects.update(percent=Decimal("8.5"))
    runner.run("tax_recomputed", entity=entity, business_date=through)
    (case,) = business.cases()
    assert (case.reason, case.amount) == ("TAX_OFF_THE_RULES", Decimal("2.06"))
    assert case.document.endswith("charged 48.81, by our rows 46.75")
    # nothing was changed by it: the books still tie
    business.ties()
    TaxCode.objects.update(percent=Decimal("8.875"))
    assert runner.run("tax_recomputed", entity=entity, business_date=through).status == "tied"
    business.quiet()


def again(business: Business) -> None:
    """What stopped runs once more."""
    WorkItem.objects.filter(condition="blocked").update(condition="due")
    business.rest()
