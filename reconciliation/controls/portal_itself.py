"""Listing: what the portal must be able to say of itself before anything it shows is believed.

Changes a source has and did not tell, lists that could not be read, controls that did not run, a journal that does not
verify, work that stands still without a case, and decisions of one person alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet

from reconciliation.controls.control import Control, Finding, Type
from reconciliation.controls.told import told
from reconciliation.models import ApprovalRequest, ExceptionCase, ReconcilingItem, SignOff
from reconciliation.teams import Team
from sync.models import Delivery, LegalEntity, WorkItem
from sync.states import Condition

TOLD = ("EVENT_GAP", "SOURCE_LIST_UNREADABLE", "CONTROL_NOT_RUN", "JOURNAL_BROKEN", "POISON")


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """What people are told of already, and rules of the portal's own that are broken: of those there are none."""
    return [*told(entity, *TOLD, of_all=True), *_without_case(entity), *_alone(entity)]


def _without_case(entity: LegalEntity) -> Iterator[Finding]:
    """Work and deliveries that stand still, and nobody is told of it."""
    mine = Q(entity=entity) | Q(entity=None)
    told_of = ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN)
    for model, target in ((WorkItem, "work_item"), (Delivery, "delivery")):
        known = told_of.exclude(**{target: None}).values(target)
        rows = model.objects.filter(mine, condition=Condition.BLOCKED).exclude(pk__in=known)
        for pk, reference in rows.order_by("pk").values_list("pk", "reference"):
            yield _broken(f"{target}:{pk}", reference, "it stands still, and no case tells of it")


def _alone(entity: LegalEntity) -> Iterator[Finding]:
    """What one person asked for and decided, whatever the database should have refused. A request for a fix may be of
    several companies, and counts for all.
    """
    # one's own request may be taken back
    asked = ApprovalRequest.objects.exclude(status=ApprovalRequest.Status.WITHDRAWN)
    items = ReconcilingItem.objects.filter(break_row__entity=entity)
    decided: tuple[tuple[str, QuerySet[Any], str], ...] = (
        ("approval", asked.filter(decided_by=F("asked_by")), "asked for and decided"),
        ("item", items.filter(decided_by=F("asked_by")), "proposed and accepted"),
        ("sign-off", SignOff.objects.filter(entity=entity, reviewed_by=F("prepared_by")), "prepared and reviewed"),
    )
    for name, rows, did in decided:
        for pk in rows.order_by("pk").values_list("pk", flat=True):
            yield _broken(f"{name}:{pk}", f"{name.capitalize()} {pk}", f"one person {did} it")


def _broken(reference: str, label: str, words: str) -> Finding:
    return Finding(reference=f"rule:{reference}"[:120], kind="RULE_BROKEN", label=label, cause=words)


PORTAL_ITSELF = Control(
    name="portal_itself",
    title="The portal keeps its own rules",
    leg="",
    kind="rule",
    left_role="portal",
    left_kind="rule",
    right_role="portal",
    right_kind="rule",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="As it stands",
    assertion="Completeness, existence",
    owner=Team.INTEGRATION,
    lists=findings,
)
