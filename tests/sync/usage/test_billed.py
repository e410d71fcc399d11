"""The control on usage: what was counted, priced and invoiced, against billing's own word of it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from connectors.canonical import Invoice
from connectors.interface import ControlLine
from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.usage import billed, intake
from tests.paper_erp import books
from tests.small_company import DAY, Company
from tests.sync.usage.conftest import event, works


def reported(*quantities: str) -> None:
    intake.take_in("one", [event(quantity) for quantity in quantities])
    works()


def told(company: Company, *, short: Decimal = Decimal(0), of: str = "") -> list[ControlLine]:
    """What billing shows: the same as the events say, one of them short of an amount."""
    found = [
        replace(one, net=one.net - short, gross=one.gross - short) if one.reference.endswith(of) and short else one
        for one in billed.lines(company.entity, DAY)
    ]
    books("billing").lists["usage"] = [replace(one, document_date=DAY) for one in found]
    return found


def asked(company: Company) -> ControlRun:
    return runner.run("usage_billed", entity=company.entity, business_date=DAY)


def test_use_that_billing_counted_short_is_found_with_its_money(metered: Company) -> None:
    # given a thousand calls at half a cent, counted and priced the same on both sides
    reported("400", "600")
    (line,) = told(metered)
    assert (line.reference.rpartition(":")[2], line.net) == ("open", Decimal("5.00"))
    assert asked(metered).status == ControlRun.Status.TIED
    # when billing shows ten calls less
    told(metered, short=Decimal("0.05"), of=":open")
    # then it is a case over that money, until billing has them
    assert asked(metered).status == ControlRun.Status.OPEN_EXCEPTIONS
    found = Break.objects.get()
    assert (found.reference, found.kind, found.difference) == (line.reference, "AMOUNT_MISMATCH", Decimal("0.05"))
    assert ExceptionCase.objects.get().team == "finance"
    told(metered)
    assert asked(metered).status == ControlRun.Status.TIED
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_an_invoice_that_rated_less_than_was_counted_is_found(
    metered: Company, bill_usage: Callable[..., Invoice]
) -> None:
    # given a month that was invoiced in full
    reported("1000")
    bill_usage("10000", "5.00")
    works()
    frozen = [one for one in told(metered) if not one.reference.endswith(":open")]
    assert [one.net for one in frozen] == [Decimal("5.00")]
    assert asked(metered).status == ControlRun.Status.TIED
    # when billing's invoice shows two cents less for it
    told(metered, short=Decimal("0.02"), of=frozen[0].reference)
    # then that period is the break
    asked(metered)
    found = Break.objects.get(healed_at=None)
    assert (found.reference, found.difference) == (frozen[0].reference, Decimal("0.02"))
