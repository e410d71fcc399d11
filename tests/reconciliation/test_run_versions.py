"""Two runs of one control and date that begin at the same moment are two versions."""

from reconciliation.controls import runner
from reconciliation.models import ControlRun
from tests.small_company import DAY, Company


def test_runs_that_begin_at_the_same_moment_have_versions_of_their_own(committed_company: Company, in_threads) -> None:
    entity = committed_company.entity
    answers = in_threads(lambda _: runner.run("invoices", entity=entity, business_date=DAY), list(range(6)))
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert sorted(ControlRun.objects.values_list("version", flat=True)) == [1, 2, 3, 4, 5, 6]
