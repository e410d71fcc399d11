"""Services as sales orders in the sandbox: once, at their amount, in their subsidiary's list, in no ledger."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import httpx
import pytest

from connectors.canonical import SalesOrder, SalesOrderLine
from connectors.errors import Rejected
from tests.connectors.netsuite.conftest import ACCOUNT
from tests.connectors.netsuite.test_against_sandbox import connect, fresh_books, ready  # noqa: F401 - fixtures

DAY = date(2026, 11, 10)


@pytest.fixture
def order() -> SalesOrder:
    line = SalesOrderLine(
        line_id="1", description="Implementation", quantity=Decimal(3), net=Decimal("100.01"), starts_on=DAY,
        ends_on=date(2027, 2, 9), erp_item="PLAT-FEE", arrangement="arrangement:006",
    )  # fmt: skip
    return SalesOrder(
        reference="order:006", version=1, correlation_id="story", legal_entity="", currency="USD",
        contract_reference="contract:006", master_reference="contract:006", customer_reference=f"customer:{ACCOUNT}",
        ordered_on=DAY, starts_on=DAY, ends_on=date(2027, 2, 9), net=Decimal("100.01"), po_number="PO 7",
        lines=(line,),
    )  # fmt: skip


def test_an_order_sent_twice_is_one_order_and_in_no_ledger(ready, parcel, order):  # noqa: F811
    connector, known = ready
    # when it is sent twice, the second time with more
    first = connector.deliver(parcel(order, known=known))
    more = replace(order, version=2, net=Decimal("200.02"), lines=(*order.lines, replace(order.lines[0], line_id="2")))
    second = connector.deliver(parcel(more, known={**known, order.reference: first.external_id}))
    # then it is one, with the lines of the second
    assert first.external_id == second.external_id and not second.posted
    (found,) = connector.find(kind="sales_order", reference=order.reference, known={})
    assert found.held["net"] == "200.02" and found.held["currency"] == "USD" and not found.posted
    (page,) = connector.list_day(kind="sales_order", entity="1", day=DAY)
    assert [(line.reference, line.net, line.currency) for line in page.lines] == [
        ("order:006", Decimal("200.02"), "USD")
    ]
    assert not list(connector.list_day(kind="invoice", entity="1", day=DAY))[0].lines


def test_an_order_for_nobody_is_refused_as_that(ready, parcel, order):  # noqa: F811
    connector, _ = ready
    with pytest.raises(Rejected) as raised:
        connector.deliver(parcel(order))
    assert raised.value.reason == "ERP_CUSTOMER_MISSING"


def test_each_subsidiary_lists_its_own(sandbox, ready, parcel, order, customer):  # noqa: F811
    # given a second subsidiary, whose first currency is another
    connector, known = ready
    made = {"name": "Second", "currency": {"id": "4"}, "parent": {"id": "1"}, "externalId": "DE01"}
    connector._call("POST", "/services/rest/record/v1/subsidiary", writes=True, body=made)
    (own_id,) = [row["id"] for row in httpx.get(f"{sandbox}/_sandbox/books/subsidiary").json() if row["id"] != "1"]
    connector.setup.settings["subsidiaries"] = {"US01": "1", "DE01": own_id}
    connector.setup.settings["currencies"] = {"USD": "1", "EUR": "4"}
    item = {"items": [{"id": "1"}, {"id": own_id}]}
    connector._call(
        "PATCH", "/services/rest/record/v1/serviceSaleItem/eid:PLAT-FEE", writes=True, body={"subsidiary": item}
    )
    other = replace(customer, reference="customer:002", crm_account_id="002", legal_entity="DE01", currency="EUR")
    known[other.reference] = connector.deliver(parcel(other)).external_id
    # when each company orders, the second in its customer's other currency
    connector.deliver(parcel(replace(order, legal_entity="US01"), known=known))
    theirs = replace(order, reference="order:007", legal_entity="DE01", customer_reference="customer:002")
    connector.deliver(parcel(theirs, known=known))
    # then each lists its own orders and its own customers
    listed = {
        entity: [
            line.reference
            for kind in ("sales_order", "customer")
            for page in connector.list_day(kind=kind, entity=entity, day=DAY)
            for line in page.lines
        ]
        for entity in ("1", own_id, "DE01")
    }
    theirs_alone = ["order:007", "customer:002"]
    assert listed == {"1": ["order:006", f"customer:{ACCOUNT}"], own_id: theirs_alone, "DE01": theirs_alone}
