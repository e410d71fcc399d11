"""The demo can show what goes wrong: each reason of `seed_demo` comes from its real cause, through real servers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.management import call_command

from q2c_portal.local import pipeline
from q2c_portal.local.troubles.registry import TROUBLES
from reconciliation.models import ExceptionCase
from sync.reasons import REASONS
from tests.scenarios.conftest import AtWork


def test_every_trouble_is_of_a_reason_of_the_catalogue_and_there_once() -> None:
    reasons = [trouble.reason for trouble in TROUBLES]
    assert len(set(reasons)) == len(reasons) and set(reasons) <= set(REASONS)


@pytest.mark.slow  # make stories
def test_each_trouble_becomes_a_case_of_its_reason(
    start_sandboxes: Callable[..., dict[str, str]], open_company: Callable[..., AtWork]
) -> None:
    # given the demo's company after some days of business
    whole = pipeline.read(today=date.today())
    last = sorted(whole.won, key=lambda deal: (deal.closes_on, deal.key))[-6:]
    rows = replace(whole, deals=tuple(last))
    at_work = open_company(rows, urls=start_sandboxes("salesforce", "stripe", "netsuite"))
    at_work.live(until=rows.last_day + timedelta(days=1))
    # when everything goes wrong that we know how to let go wrong
    call_command("seed_demo")
    # then each has an open case, told in words with a next step
    open_now = ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN)
    found = set(open_now.values_list("reason", flat=True))
    assert {trouble.reason for trouble in TROUBLES} <= found
    assert all(case.team for case in open_now)
