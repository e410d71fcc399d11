"""Four facts that stand in the way of taxing a sale, each from its own cause; what was charged is only checked."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import Address
from connectors.money import minor_units
from sync import clock
from sync.models import (
    ContractRecord,
    LegalEntity,
    TaxCertificate,
    TaxCode,
    TaxIdCheck,
    TaxRegistration,
    WorkItem,
)
from sync.taxes import agrees, tax_on
from tests.small_company import DAY, Company, account_id, customer, deal

pytestmark = pytest.mark.django_db
CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"])


@pytest.fixture
def taxed(company: Company) -> Company:
    """A company in Germany, registered there, with a taxed product and its codes."""
    LegalEntity.objects.filter(pk=company.entity.pk).update(country="DE")
    company.entity.refresh_from_db()
    company.map_product("Cloud", name="Cloud", tax_class="software")
    keep(company, TaxRegistration, jurisdiction="DE", standing="registered", number="DE1")
    code(company, "DE", "standard", "19")
    return company


def keep(company: Company, model: type, **values: object) -> None:
    entity = {} if "customer_reference" in values else {"entity": company.entity}
    model.objects.create(  # type: ignore[attr-defined]
        **{"valid_from": date(2025, 1, 1), **entity, **values}, status="approved", drafted_by=company.drafter,
        drafted_at=clock.now(), approved_by=company.approver, approved_at=clock.now(),
    )  # fmt: skip


def code(company: Company, place: str, treatment: str, percent: str, **values: object) -> None:
    billing = f"txr_{place}" if Decimal(percent) else ""
    keep(
        company, TaxCode, jurisdiction=place, tax_class="software", treatment=treatment, percent=Decimal(percent),
        billing_code=billing, erp_code=f"{place}-{treatment}", **values,
    )  # fmt: skip


def sold(company: Company, number: int = 1, **of: object) -> WorkItem:
    company.hears(customer(number, **of))
    (item,) = company.hears(deal(number, of=number, product="Cloud"))
    company.settles()
    item.refresh_from_db()
    return item


def stop(item: WorkItem) -> tuple[str, str]:
    assert item.condition == "blocked", item.condition
    (only,) = item.blocks.all()
    return only.reason, only.value


def treatment(number: int = 1) -> tuple[str, Decimal, str]:
    (line,) = ContractRecord.objects.get(customer_reference=f"customer:{account_id(number)}").lines.all()
    return line.tax_treatment, line.tax_percent, line.tax_code


def test_a_sale_at_home_is_taxed_by_the_code_in_force(taxed: Company) -> None:
    assert sold(taxed, country="Germany").condition == "settled"
    assert treatment() == ("standard", Decimal(19), "txr_DE")


def test_without_a_code_a_sale_cannot_be_billed_until_there_is_one(taxed: Company) -> None:
    TaxCode.objects.all().delete()
    assert stop(sold(taxed, country="Germany")) == ("TAX_CODE_MISSING", "software in DE")
    # a code from the day after supply on is no code for it
    code(taxed, "DE", "standard", "19", valid_from=DAY + timedelta(days=1))
    assert stop(sold(taxed, 2, country="Germany"))[0] == "TAX_CODE_MISSING"


def test_where_we_are_not_registered_nothing_is_taxed_by_itself(taxed: Company) -> None:
    assert stop(sold(taxed, country="Switzerland")) == ("NOT_REGISTERED", "CH")
    # people decide: below the threshold it is sold untaxed, and watched
    keep(
        taxed, TaxRegistration, jurisdiction="CH", standing="below_threshold", threshold=Decimal(100_000),
        threshold_currency="CHF",
    )  # fmt: skip
    sold(taxed, 2, country="Switzerland")
    assert treatment(2) == ("not_registered", Decimal(0), "")


def test_untaxed_sales_count_towards_the_threshold_of_their_year_and_then_people_decide_again(taxed: Company) -> None:
    keep(
        taxed, TaxRegistration, jurisdiction="CH", standing="below_threshold", threshold=Decimal("200.00"),
        threshold_currency="USD",
    )  # fmt: skip
    for number in (1, 2):
        assert sold(taxed, number, country="Switzerland").condition == "settled"
    # 200 of 200 are sold: the next one stops, one of the next year does not
    assert stop(sold(taxed, 3, country="Switzerland")) == ("NOT_REGISTERED", "CH")
    taxed.hears(deal(4, of=3, product="Cloud", signed_on=date(2027, 1, 4)))
    taxed.settles()
    assert ContractRecord.objects.filter(customer_reference=f"customer:{account_id(3)}").count() == 1


def test_no_reverse_charge_without_a_number_confirmed_at_the_day_of_supply(taxed: Company) -> None:
    code(taxed, "FR", "reverse_charge", "0")
    company_of_france = {"country": "France", "tax_id": "FR40303265045"}
    assert stop(sold(taxed, **company_of_france)) == ("VAT_ID_INVALID", "FR40303265045")
    for number, values in {
        # another number was confirmed; or it was confirmed too late; or the check had run out
        2: {"tax_id": "FR00000000000"},
        3: {"valid_from": DAY + timedelta(days=1)},
        4: {"valid_to": DAY},
    }.items():
        reference = f"customer:{account_id(number)}"
        keep(taxed, TaxIdCheck, **{"customer_reference": reference, "tax_id": "FR40303265045", "consultation": "1",
                                   **values})  # fmt: skip
        assert stop(sold(taxed, number, **company_of_france))[0] == "VAT_ID_INVALID", number
    keep(taxed, TaxIdCheck, customer_reference=f"customer:{account_id(5)}", tax_id="FR40303265045", consultation="2")
    sold(taxed, 5, **company_of_france)
    assert treatment(5) == ("reverse_charge", Decimal(0), "")


def test_a_certificate_holds_to_its_last_day_and_then_people_are_asked(taxed: Company) -> None:
    code(taxed, "DE", "exempt", "0")
    for number, ends in ((1, DAY + timedelta(days=1)), (2, DAY)):
        keep(
            taxed, TaxCertificate, customer_reference=f"customer:{account_id(number)}", jurisdiction="DE",
            number=f"EX-{number}", valid_to=ends,
        )  # fmt: skip
    sold(taxed, 1, country="Germany")
    assert treatment(1) == ("exempt", Decimal(0), "")
    reason, value = stop(sold(taxed, 2, country="Germany"))
    assert reason == "EXEMPTION_EXPIRED" and value.startswith("EX-2")
    # a new certificate makes it good
    keep(
        taxed, TaxCertificate, customer_reference=f"customer:{account_id(2)}", jurisdiction="DE", number="EX-3",
        valid_from=DAY, valid_to=DAY + timedelta(days=365),
    )  # fmt: skip
    taxed.hears(deal(3, of=2, product="Cloud"))
    assert {line.tax_treatment for row in ContractRecord.objects.all() for line in row.lines.all()} == {"exempt"}


def test_states_tax_for_themselves(taxed: Company) -> None:
    keep(taxed, TaxRegistration, jurisdiction="US-NY", standing="registered", number="NY-1")
    code(taxed, "US-NY", "standard", "8.875")
    sold(taxed, address=Address(country="United States", state="ny"))
    assert treatment() == ("standard", Decimal("8.875"), "txr_US-NY")
    assert stop(sold(taxed, 2, address=Address(country="United States", state="NJ"))) == ("NOT_REGISTERED", "US-NJ")


def test_products_that_are_never_taxed_need_no_rows(company: Company) -> None:
    company.sells(1)
    assert treatment() == ("", Decimal(0), "")


@pytest.mark.parametrize(
    "values",
    [
        {"treatment": "exempt", "percent": Decimal(5), "billing_code": "x"},
        {"treatment": "standard", "percent": Decimal(5), "billing_code": ""},
        {"treatment": "standard", "percent": Decimal(100), "billing_code": "x"},
    ],
)
def test_the_database_refuses_codes_that_make_no_sense(company: Company, values: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        keep(company, TaxCode, jurisdiction="DE", tax_class="software", erp_code="1", **values)


@given(
    minor=st.integers(-(10**10), 10**10), currency=CURRENCIES, percent=st.decimals(min_value=0, max_value=99, places=4)
)
def test_recomputed_tax_is_exact_to_the_minor_unit_and_tolerates_one(
    minor: int, currency: str, percent: Decimal
) -> None:
    digits = minor_units(currency)
    net, unit = Decimal(minor).scaleb(-digits), Decimal(1).scaleb(-digits)
    tax = tax_on(net, percent, currency)
    assert tax == (net * percent / 100).quantize(unit, rounding=ROUND_HALF_UP)
    assert tax_on(-net, percent, currency) == -tax
    assert agrees(tax + unit, net=net, percent=percent, currency=currency)
    assert agrees(tax - unit, net=net, percent=percent, currency=currency)
    assert not agrees(tax + 2 * unit, net=net, percent=percent, currency=currency)
