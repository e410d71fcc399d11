"""All fixes by name, and which of them are on offer for a case."""

from reconciliation.fixes.fix import Fix
from reconciliation.fixes.mapping_fixes import MapCountry, MapProduct
from reconciliation.fixes.plain_fixes import ReadAgain, Reconnect, RunControl
from reconciliation.fixes.posting_fixes import CorrectInErp, PostAgain, PostInFirstOpenPeriod, TryAgain
from reconciliation.models import ExceptionCase, Problem
from reconciliation.ownership import ownership

FIXES: dict[str, Fix] = {
    fix.name: fix
    for fix in (
        MapProduct(),
        MapCountry(),
        PostAgain(),
        CorrectInErp(),
        PostInFirstOpenPeriod(),
        TryAgain(),
        Reconnect(),
        ReadAgain(),
        RunControl(),
    )
}


def for_case(case: ExceptionCase) -> list[Fix]:
    """What can be pressed on this case, the suggested one first."""
    found = [FIXES[name] for name in ownership(case.reason).fixes]
    # a delivery is sent again, a work item is read again: never the other way round
    if case.work_item_id or case.event_id:
        found = [FIXES["read_again"] if fix.name == "try_again" else fix for fix in found]
    return found


def for_problem(problem: Problem) -> list[Fix]:
    """What can be pressed for all cases of a problem at once."""
    return [FIXES[name] for name in ownership(problem.reason).fixes if FIXES[name].takes_problem]
