"""What stops a deal because of tax or currency: nobody registered there, no code, no rate."""

from datetime import timedelta
from typing import Any

from q2c_portal.local.troubles import products
from q2c_portal.local.troubles.stage import Stage
from q2c_portal.local.troubles.trouble import Trouble
from sync.models import TaxCertificate, TaxRegistration

TAXED, IN_REAIS = "GTX Plus Basic taxed", "GTX Plus Basic BR"


def _taxed(stage: Stage, customer: str, **fields: Any) -> str:
    """An open deal of a new customer for the taxed product."""
    products.put_on_sale(stage, TAXED, tax_class="standard")
    stage.account(customer, **fields)
    stage.rest()
    return stage.open_deal(customer, stage.line(product=TAXED, price="1096.00"))


def no_rate(stage: Stage) -> None:
    """A deal in Brazilian reais; nobody has given a rate for them."""
    products.put_on_sale(stage, IN_REAIS, currency="BRL")
    deal = stage.sell("Esteio Moinhos", stage.line(product=IN_REAIS, price="2900.00"), CurrencyIsoCode="BRL")
    stage.invoice_of(deal)
    stage.rest()


def nobody_registered(stage: Stage) -> None:
    stage.win(_taxed(stage, "Basalt Roofing", country="Canada"))


def no_code(stage: Stage) -> None:
    TaxRegistration.objects.get_or_create(
        entity=stage.world.entity, jurisdiction="US", defaults={"number": "12-3456789", **products.approved(stage)}
    )
    stage.win(_taxed(stage, "Cedar Kitchens"))


def exemption_over(stage: Stage) -> None:
    deal = _taxed(stage, "Dune Charity")
    TaxCertificate.objects.create(
        customer_reference=f"customer:{stage.accounts['Dune Charity']}", jurisdiction="US", number="EX-2211",
        **{**products.approved(stage), "valid_to": stage.today - timedelta(days=1)},
    )  # fmt: skip
    stage.win(deal)


TROUBLES = (
    Trouble(reason="FX_RATE_MISSING", story="a sale in a currency without a rate", cause=no_rate),
    Trouble(
        reason="NOT_REGISTERED", story="a sale where the company is not registered for tax", cause=nobody_registered
    ),
    Trouble(reason="TAX_CODE_MISSING", story="a taxed product without a tax code", cause=no_code),
    Trouble(reason="EXEMPTION_EXPIRED", story="an exemption ended yesterday", cause=exemption_over),
)
