"""Tax rates in the Stripe sandbox: charged line by line, shown on the invoice by rate, never changed."""

from decimal import Decimal

import pytest

from connectors.sandbox.books import Books
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.taxes import create_tax_rate, taxes_of, totals_of


class Quiet:
    """Sends nothing."""

    def __getattr__(self, name):
        return lambda *_, **__: None


@pytest.fixture
def account(tmp_path) -> Account:
    made = Account(Books(None), Quiet(), lambda: {"enabled_events": [], "webhook_url": None})
    made.reload()
    return made


def rate(account: Account, **values: str) -> dict:
    return create_tax_rate(account, Call({"display_name": "VAT", "percentage": "19", "inclusive": "false", **values}))


def test_a_rate_shows_what_it_was_made_of(account):
    made = rate(account, country="DE", percentage="8.875")
    assert made["object"] == "tax_rate" and made["id"].startswith("txr_")
    assert (made["percentage"], made["inclusive"], made["country"], made["active"]) == (8.875, False, "DE", True)


@pytest.mark.parametrize("percentage", ["-1", "100.1", "1.00001"])
def test_a_percentage_out_of_bounds_is_refused(account, percentage):
    with pytest.raises(StripeError):
        rate(account, percentage=percentage)


def test_tax_is_added_to_a_line_or_is_within_it(account):
    added, within = rate(account)["id"], rate(account, inclusive="true")["id"]
    (one,) = taxes_of(account, 10_001, [added])
    assert (one["amount"], one["taxable_amount"], one["tax_behavior"]) == (1900, 10_001, "exclusive")
    (two,) = taxes_of(account, 11_900, [within])
    assert (two["amount"], two["taxable_amount"], two["tax_behavior"]) == (1900, 10_000, "inclusive")


def test_an_invoice_shows_its_taxes_by_rate(account):
    key = rate(account)["id"]
    lines = [{"taxes": taxes_of(account, amount, [key])} for amount in (50, 50)]
    (total,) = totals_of(lines)
    # each line is rounded by itself
    assert total["amount"] == 20 and Decimal(total["taxable_amount"]) == 100
