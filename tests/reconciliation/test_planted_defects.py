"""Every planted error is found, nothing else is, and its cause is named; a million lines a side by
`DEFECT_LINES=1000000 make test PYTEST="tests/reconciliation/test_planted_defects.py -s -n 0"`.
"""

import os
import resource
import time
from collections import Counter

from reconciliation.controls import runner
from reconciliation.models import Break, ExceptionCase
from reconciliation.models.controls import Side
from sync.models import LegalEntity
from tests.reconciliation.defects import CONTROL, DAYS, KINDS, Books, plant
from tests.small_company import FIRST_DAY, Company

LINES = int(os.environ.get("DEFECT_LINES", "20000"))
#: as many as a document in a thousand, and every kind a few times
COUNT = max(LINES // 1000, 5 * len(KINDS))


def test_all_planted_errors_are_found_with_their_cause_and_nothing_else(company: Company) -> None:
    other = LegalEntity.objects.get(pk=company.entity.pk)
    other.pk, other.code = None, "DE01"
    other.save()
    books = Books(
        entity=company.entity,
        other=other,
        sources={Side.LEFT: company.billing, Side.RIGHT: company.erp},
        lines=LINES,
        first=FIRST_DAY,
    )
    planted = list(plant(books, COUNT))
    assert len({one.kind for one in planted}) == len(KINDS)
    before, began = _memory(), time.monotonic()
    runner.compare_again(CONTROL, entity=company.entity)
    seconds, grown = time.monotonic() - began, _memory() - before

    rows = Break.objects.filter(entity=company.entity).values_list("reference", "kind", "cause")
    found = {reference: (reason, cause) for reference, reason, cause in rows}
    expected = {reference: (reason, cause) for one in planted for reference, reason, cause in one.breaks}
    missed, wrong = expected.keys() - found.keys(), found.keys() - expected.keys()
    named = sum(found.get(reference) == how for reference, how in expected.items())
    print(
        f"\n{LINES:,} lines a side over {DAYS} days, {COUNT:,} defects of {len(KINDS)} kinds, {len(expected):,} breaks:"
        f" recall {(len(expected) - len(missed)) / len(expected):.2%},"
        f" precision {len(found.keys() & expected.keys()) / len(found):.2%},"
        f" cause right {named / len(expected):.2%}, {seconds:.1f} s, +{grown} MB"
    )
    lacking = Counter(one.kind for one in planted if any(name in missed for name, _, _ in one.breaks))
    assert not missed, lacking
    assert not wrong, sorted(wrong)[:5]
    unnamed = Counter(one.kind for one in planted if any(found[name] != (kind, why) for name, kind, why in one.breaks))
    assert named / len(expected) >= 0.95, unnamed
    # each is a case of its own
    assert ExceptionCase.objects.filter(break_row__entity=company.entity, status="open").count() == len(found)


def _memory() -> int:
    """Most this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
