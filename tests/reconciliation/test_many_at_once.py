"""One fix lets thousands of cases go as a background job, and its page says how far it is all the way.

RELEASED_CASES=5000 for the whole proof.
"""

import os
import re
import time

from django.test import Client

from reconciliation import approvals
from reconciliation.fixes import runner
from reconciliation.fixes.fix import Target
from reconciliation.models import ExceptionCase, FixItem, FixRun
from sync.models import ContractRecord
from tests.reconciliation.desk import MAPPING, approver, ask, billing_ops, unmapped
from tests.small_company import Company

CASES = int(os.environ.get("RELEASED_CASES", "450"))
_FINISHED = re.compile(r"(\d+) of (\d+) finished")


def test_thousands_of_cases_go_by_one_fix_and_its_page_says_how_far(company: Company) -> None:
    problem = unmapped(company, CASES)
    assert ExceptionCase.objects.filter(problem=problem, status="open").count() == CASES
    request = ask("map_product", Target(problem=problem), MAPPING, user=billing_ops())
    run = approvals.approve(request.pk, user=approver())
    client, said, began, slowest = Client(), [], time.perf_counter(), 0.0
    client.force_login(billing_ops())
    # the job goes on in steps, between them the engine works, and somebody looks at the page
    for _step in range(CASES):
        is_over = runner.advance(run.pk)
        asked = time.perf_counter()
        page = client.get(f"/runs/{run.pk}/progress").content.decode()
        slowest = max(slowest, time.perf_counter() - asked)
        found = _FINISHED.search(page)
        assert found and int(found[2]) == CASES
        said.append(int(found[1]))
        # asked again only while it goes on
        assert ('hx-trigger="every 2s"' in page) is not is_over
        under_way = FixItem.objects.filter(run=run, status=FixItem.Status.RELEASED).count()
        assert under_way <= runner.UNDER_WAY_AT_MOST
        if is_over:
            break
        company.settles()
    # one first, then more and more, and every one of them to its end
    assert said == sorted(said) and {0, 1, CASES} <= set(said)
    run.refresh_from_db()
    assert (run.status, run.note) == (FixRun.Status.DONE, f"{CASES} went through, 0 were refused.")
    assert set(run.items.values_list("status", flat=True)) == {FixItem.Status.SUCCEEDED}
    assert not ExceptionCase.objects.filter(status="open").exists()
    assert ContractRecord.objects.count() == CASES
    took = time.perf_counter() - began
    print(f"{CASES} cases in {took:.0f} s, {len(said)} steps; the page took {slowest * 1000:.0f} ms at worst")
