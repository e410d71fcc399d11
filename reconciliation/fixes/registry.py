"""All fixes by name, and which of them are on offer for a case."""

from reconciliation import approval_parts
from reconciliation.fixes.answer_fixes import ClassifyAnswer
from reconciliation.fixes.cash_fixes import ApplyCash, LeaveAsItIs, RefundRest
from reconciliation.fixes.contract_fixes import BillFromToday, CreditAndRebill, KeepSigned
from reconciliation.fixes.dispute_fixes import CreditLostDispute, GiveUpDispute
from reconciliation.fixes.document_fixes import ApproveWriteOff, PostInvoiceFirst, PostOnAccount, PostReversal
from reconciliation.fixes.fix import Fix
from reconciliation.fixes.mapping_fixes import MapCountry, MapProduct
from reconciliation.fixes.owing import OwesOne
from reconciliation.fixes.plain_fixes import ReadAgain, Reconnect, RunControl
from reconciliation.fixes.posting_fixes import (
    BillLateUsage,
    CorrectInErp,
    PostAgain,
    PostInFirstOpenPeriod,
    PostsAgain,
    TryAgain,
)
from reconciliation.fixes.routing_fixes import SayWhoSells
from reconciliation.fixes.withholding_fixes import BookWithholding, KeepCertificate
from reconciliation.models import ApprovalRequest, ExceptionCase, Problem
from reconciliation.models.cases import TARGETS
from reconciliation.ownership import ownership

FIXES: dict[str, Fix] = {
    fix.name: fix
    for fix in (
        MapProduct(),
        MapCountry(),
        SayWhoSells(),
        PostAgain(),
        CorrectInErp(),
        PostInFirstOpenPeriod(),
        TryAgain(),
        ClassifyAnswer(),
        BillLateUsage(),
        Reconnect(),
        ReadAgain(),
        RunControl(),
        ApproveWriteOff(),
        PostReversal(),
        PostOnAccount(),
        PostInvoiceFirst(),
        ApplyCash(),
        RefundRest(),
        GiveUpDispute(),
        CreditLostDispute(),
        BookWithholding(),
        KeepCertificate(),
        LeaveAsItIs(),
        KeepSigned(),
        CreditAndRebill(),
        BillFromToday(),
    )
}


def for_case(case: ExceptionCase) -> list[Fix]:
    """What can be pressed on this case, the suggested one first."""
    # what was approved for the others is in force: one that was left out only has to go through it
    yes = approval_parts.left_out_of(case)
    let_go = [FIXES["read_again"]] if yes and yes.request.kind == ApprovalRequest.Kind.CONFIGURATION else []
    return list(dict.fromkeys([*let_go, *_helping(case)]))


def _helping(case: ExceptionCase) -> list[Fix]:
    if case.connection_id:
        return [FIXES["reconnect"]]
    found = [FIXES[name] for name in ownership(case.reason).fixes]
    # a delivery is sent again, a work item or event is read again, and a difference is neither
    if case.work_item_id or case.event_id:
        found = [FIXES["read_again"] if isinstance(fix, PostsAgain) else fix for fix in found]
    elif case.delivery_id:
        # what was refused is not money left over: it is sent again, or not
        found = [fix for fix in found if not isinstance(fix, OwesOne | LeaveAsItIs)]
        found = [FIXES["try_again"] if isinstance(fix, ReadAgain) else fix for fix in found]
    elif case.break_row_id:
        found = [fix for fix in found if not isinstance(fix, ReadAgain | TryAgain | OwesOne | LeaveAsItIs)]
    if not case.delivery_id:
        # what was read has no answer of a system to its name
        found = [fix for fix in found if not isinstance(fix, ClassifyAnswer)]
    carried = case.work_item is not None and case.work_item.state in KeepSigned.CARRIED
    # what was carried is kept as signed or not; what was not carried yet is read again, and nothing else
    found = [fix for fix in found if isinstance(fix, KeepSigned) == carried or case.reason not in KeepSigned.REASONS]
    return found


def for_problem(problem: Problem) -> list[Fix]:
    """What can be pressed for all cases of a problem at once."""
    open_cases = problem.cases.filter(status=ExceptionCase.Status.OPEN).order_by("pk")
    examples = [open_cases.filter(**{f"{cause}__isnull": False}).first() for cause in TARGETS]
    offers = [_helping(case) for case in examples if case is not None]
    # what has several kinds of causes is offered what helps each of them
    return [
        fix
        for fix in (dict.fromkeys(offers[0]) if offers else [])
        if fix.takes_problem and all(fix in others for others in offers)
    ]
