"""What is given back: credit memos in part, in whole and after payment, and credits that are taken back."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.scenarios.business import FIRST_DAY, Business, Sold


@pytest.mark.slow  # make stories
def test_credits_lower_the_invoice_they_correct_and_the_rest_stays_on_account(
    open_business: Callable[[], Business],
) -> None:
    # given two customers with an invoice each, posted
    business = open_business()
    for name in ("Brightwater", "Coldbrook"):
        business.account(name)
    business.wins("Brightwater", Sold(product="GTX Basic", price="550"), Sold(product="MG Special", price="55"))
    business.wins("Coldbrook", Sold(product="GTX Basic", price="550"))
    business.live(until=FIRST_DAY + timedelta(days=1))
    (both,) = [row for row in business.invoices().values() if row["total"] == 60500]
    (one,) = [row for row in business.invoices().values() if row["total"] == 55000]
    # when part of the first is given back, line by line, and a part without naming a line
    dear = next(line for line in both["lines"]["data"] if line["amount"] == 55000)
    business.credits(
        both["id"],
        **{"lines[0][type]": "invoice_line_item", "lines[0][invoice_line_item]": dear["id"], "lines[0][amount]": 10000},
        reason="order_change",
    )
    business.credits(both["id"], amount=605)
    # then the ledger's invoice is open by that much less, and the sides agree
    posted = business.books("invoice")[f"invoice:stripe:{both['id']}"]
    assert Decimal(str(posted["amountRemaining"])) == Decimal("498.95")
    memos = business.books("creditMemo")
    assert sorted(Decimal(str(row["total"])) for row in memos.values()) == [Decimal("6.05"), Decimal("100")]
    business.ties()
    # when the second is credited wholly
    business.credits(one["id"], amount=55000, reason="duplicate")
    assert Decimal(str(business.books("invoice")[f"invoice:stripe:{one['id']}"]["amountRemaining"])) == 0
    business.ties()
    # when the rest of the first is paid, and then more is given back
    business.live(until=FIRST_DAY + timedelta(days=15))
    assert Decimal(str(business.books("invoice")[f"invoice:stripe:{both['id']}"]["amountRemaining"])) == 0
    late = business.credits(both["id"], amount=2000, credit_amount=2000)
    # then it stands on the customer's account
    memo = business.books("creditMemo")[f"credit_memo:stripe:{late['id']}"]
    assert (Decimal(str(memo["unapplied"])), Decimal(str(memo["applied"]))) == (Decimal("20"), 0)
    business.ties()
    assert not business.cases()


@pytest.mark.slow  # make stories
def test_a_credit_that_is_taken_back_is_owed_again(open_business: Callable[[], Business]) -> None:
    # given an invoice with a credit on it
    business = open_business()
    business.account("Brightwater")
    business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    business.live(until=FIRST_DAY + timedelta(days=1))
    (invoice,) = business.invoices()
    note = business.credits(invoice, amount=5000)
    business.ties()
    # when the credit is voided
    business.takes_back_credit(note["id"])
    # then all of the invoice is open again, and the credit memo keeps its number with nothing left of it
    assert Decimal(str(business.books("invoice")[f"invoice:stripe:{invoice}"]["amountRemaining"])) == Decimal("550")
    memo = business.books("creditMemo")[f"credit_memo:stripe:{note['id']}"]
    assert memo["tranId"] == note["number"] and Decimal(str(memo["unapplied"])) == 0
    business.ties()
    # and the customer pays the whole of it
    business.live(until=FIRST_DAY + timedelta(days=15))
    assert Decimal(str(business.books("invoice")[f"invoice:stripe:{invoice}"]["amountRemaining"])) == 0
    business.ties()
    assert not business.cases()
