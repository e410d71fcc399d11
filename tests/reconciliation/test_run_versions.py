"""Two runs of one control and date that begin at the same moment are two versions."""

from collections.abc import Callable
from typing import Any

from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase, Match
from tests.paper_erp import Books
from tests.reconciliation.test_matching_passes import By, document, rule, show
from tests.small_company import DAY, Company


def test_runs_that_begin_at_the_same_moment_have_versions_of_their_own(committed_company: Company, in_threads) -> None:
    entity = committed_company.entity
    answers = in_threads(lambda _: runner.run("invoices", entity=entity, business_date=DAY), list(range(6)))
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert sorted(ControlRun.objects.values_list("version", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_comparisons_at_the_same_moment_write_breaks_and_matches_down_once(
    committed_company: Company, paper: Callable[[str], Books], in_threads: Any
) -> None:
    show(paper("billing"), document("a", "100.00"), document("z", "5.00", customer="Borealis"))
    show(paper("erp"), document("b", "100.00"))
    rule(committed_company, By.CUSTOMER_AMOUNT)
    entity = committed_company.entity
    answers = in_threads(lambda _: runner.run("invoices", entity=entity, business_date=DAY), list(range(6)))
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert (Break.objects.count(), ExceptionCase.objects.count(), Match.objects.count()) == (1, 1, 1)
