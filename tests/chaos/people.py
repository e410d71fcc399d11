"""The people of the story: they see cases and press what is offered, always two of them where money or rules move."""

from datetime import timedelta

from django.contrib.auth.models import User

from reconciliation import approvals
from reconciliation.fixes.fix import Fix, InputError, NotPossible, Target
from reconciliation.fixes.registry import FIXES
from reconciliation.models import ApprovalRequest, ExceptionCase, Problem
from sync import clock, closing, connections
from sync.models import AccountingPeriod, Connection
from tests.chaos.company import Company
from tests.chaos.remotes import Stage

#: reason -> (fix, who asks)
PRESSED = {
    "PERIOD_CLOSED": ("post_in_first_open_period", "preparer"),
    "UNKNOWN_OUTCOME": ("try_again", "preparer"),
    "TARGET_UNAVAILABLE": ("try_again", "preparer"),
    "AMOUNT_MISMATCH": ("try_again", "preparer"),
    "DUPLICATE_AT_TARGET": ("try_again", "preparer"),
    "ERP_CUSTOMER_MISSING": ("try_again", "preparer"),
    "DIMENSION_MISSING": ("try_again", "preparer"),
    "VOID_NOT_ALLOWED": ("post_reversal", "preparer"),
}
#: what a tick of people's work takes on at most
AT_ONCE = 25


class People:
    """They come by every few minutes."""

    def __init__(self, stage: Stage, company: Company) -> None:
        self.stage, self.company = stage, company
        self.fixed = 0
        self._closing: list[AccountingPeriod] = []

    def start(self) -> None:
        self.stage.world.every(timedelta(minutes=5), "people", self.come_by)

    def come_by(self) -> None:
        with self.stage.boundaries.closed():
            self._sign_in_again()
            self._map_products()
            self._settle_doubles()
            self._close_months()
            self._press()

    def begin_to_close(self, erp: str, month: str) -> None:
        """Step one of closing a month in the portal; `come_by` tries step two until nothing is under way."""
        with self.stage.boundaries.closed():
            for period in AccountingPeriod.objects.filter(connection__code=erp, external_id=month, own_state="open"):
                try:
                    closing.begin_close(period, user=self._user("preparer"))
                except closing.NotNow:
                    continue
                self._closing.append(period)

    def _close_months(self) -> None:
        for period in list(self._closing):
            if not closing.finish_close(period, user=self._user("approver")):
                self._closing.remove(period)
                self.stage.shelf[period.connection.code].closed_by_portal.add(period.external_id)

    def _user(self, part: str) -> User:
        return User.objects.get(username=self.company.people[part])

    def _sign_in_again(self) -> None:
        for row in Connection.objects.exclude(health__paused_at=None):
            self.stage.shelf[row.code].refuses_login = False
            connections.resume(row, note="Signed in again", user=self._user("support"))

    def _map_products(self) -> None:
        for problem in Problem.objects.filter(reason="PRODUCT_UNMAPPED", cases__status="open").distinct():
            fix = FIXES["map_product"]
            inputs = {one.name: one.initial for one in fix.inputs(Target(problem=problem))}
            inputs["product"] = f"Basic {problem.value.split()[-1]}"
            self._ask_and_approve(fix, Target(problem=problem), inputs, "billing ops")

    def _settle_doubles(self) -> None:
        """Somebody looks at the remote and takes out what was entered by hand."""
        for books in self.stage.shelf.values():
            for several in books.records.values():
                several[:] = [one for one in several if one.by == "portal"] or several

    def _press(self) -> None:
        cases = ExceptionCase.objects.filter(status="open", reason__in=PRESSED).exclude(delivery=None)
        for case in cases.select_related("problem").order_by("pk")[:AT_ONCE]:
            name, asker = PRESSED[case.reason]
            # nobody sets right what no case has told them of
            for books in self.company.erps.values() if case.reason == "DIMENSION_MISSING" else ():
                books.refusing.discard(case.delivery.reference)
            self._ask_and_approve(FIXES[name], Target(problem=case.problem, case=case), {}, asker)

    def _ask_and_approve(self, fix: Fix, target: Target, inputs: dict[str, str], asker: str) -> None:
        user = self._user(asker)
        try:
            preview = approvals.prepare(fix, target, inputs, user=user)
            request = approvals.ask(fix, target, inputs, user=user, sha256=preview.sha256, because="as shown")
            # large sums, and many of one asker, need more than one
            for name in ("approver", "second_approver", "third_approver"):
                if approvals.approve(request.pk, user=self._user(name), proved_at=clock.now()) is not None:
                    break
            self.fixed += 1
        except (NotPossible, InputError, approvals.Refused, approvals.Changed):
            # next time round; a person would read why
            ApprovalRequest.objects.filter(status=ApprovalRequest.Status.PENDING, problem=target.problem).update(
                status=ApprovalRequest.Status.WITHDRAWN
            )
