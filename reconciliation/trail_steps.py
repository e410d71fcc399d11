"""Where one object stands on its way to one system: seven steps, and its condition in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from reconciliation import sentences
from reconciliation.habits import titles
from reconciliation.habits.languages import moment_text
from reconciliation.models import ExceptionCase
from sync.calendar import WINDOW_SHUT
from sync.models import Delivery, WorkItem
from sync.states import ORDER, Condition, Lifecycle


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of the seven: done, stopped or waiting here, still ahead, or not used by this system."""

    label: str
    #: done, stopped, next, ahead, unused
    mark: str
    #: the mark as people read it, so that nothing hangs on colour
    words: str
    icon: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A condition in words. Tones: good, wait, doubt, stop, plain."""

    text: str
    tone: str
    icon: str
    case: ExceptionCase | None = None
    link: str = ""


_MARKS = {
    "done": ("done", "check_circle"),
    "stopped": ("stopped before this", "block"),
    "next": ("comes next", "schedule"),
    "ahead": ("ahead", "radio_button_unchecked"),
    "unused": ("not used here", "remove"),
}


def steps(item: WorkItem | None, delivery: Delivery | None) -> tuple[Step, ...]:
    """The seven steps of one version of one object on its way to one system."""
    row = delivery or item
    assert row is not None
    reached = ORDER[Lifecycle(row.state)]
    times = _times(item, delivery)
    unused = _unused(item, delivery)
    gone = row.condition in (Condition.WITHDRAWN, Condition.SUPERSEDED)
    out: list[Step] = []
    is_next = not gone
    for state in Lifecycle:
        if state in unused and times.get(state) is None:
            mark = "unused"
        elif ORDER[state] <= reached:
            mark = "done"
        elif is_next:
            mark = "stopped" if row.condition == Condition.BLOCKED else "next"
            is_next = False
        else:
            mark = "ahead"
        words, icon = _MARKS[mark]
        out.append(
            Step(label=state.label, mark=mark, words=words, icon=icon, at=times.get(state) if mark == "done" else None)
        )
    return tuple(out)


def _times(item: WorkItem | None, delivery: Delivery | None) -> dict[str, datetime | None]:
    times: dict[str, datetime | None] = {}
    if item:
        times[Lifecycle.RECEIVED] = item.event.received_at
        times[Lifecycle.VALIDATED] = item.validated_at
        times[Lifecycle.TRANSFORMED] = item.transformed_at
    if delivery:
        times.setdefault(Lifecycle.TRANSFORMED, delivery.created_at)
        times[Lifecycle.DELIVERED] = delivery.delivered_at
        if ORDER[Lifecycle(delivery.state)] >= ORDER[Lifecycle.ACKNOWLEDGED]:
            times[Lifecycle.ACKNOWLEDGED] = delivery.delivered_at
        times[Lifecycle.POSTED] = delivery.posted_at
        times[Lifecycle.RECONCILED] = delivery.reconciled_at
    return times


def _unused(item: WorkItem | None, delivery: Delivery | None) -> frozenset[str]:
    """Only a ledger posts; what we say to the CRM was never received and no control compares it."""
    kind = delivery.kind if delivery else ""
    unused = set()
    if delivery and (delivery.role != "erp" or kind == "customer"):
        unused.add(Lifecycle.POSTED)
    if item and not delivery and item.flow in ("customer_sync", "closed_won_to_billing"):
        unused.add(Lifecycle.POSTED)
    if kind == "feedback":
        unused |= {Lifecycle.RECEIVED, Lifecycle.VALIDATED, Lifecycle.RECONCILED}
    return frozenset(unused)


def standing(
    row: WorkItem | Delivery, *, cases: Mapping[tuple[str, int], ExceptionCase], waits: Mapping[str, tuple[str, str]]
) -> Standing:
    """What a row waits for, in words. `cases`: open ones by target and id; `waits`: reference -> (name, link)."""
    target = "delivery" if isinstance(row, Delivery) else "work_item"
    case = cases.get((target, row.pk))
    system = sentences.system_name(row.target.system) if isinstance(row, Delivery) else _("the portal")
    match row.condition:
        case Condition.WAITING:
            name, link = waits.get(row.waits_for, (row.waits_for, ""))
            return Standing(
                text=_("Waiting for {name}.").format(name=name), tone="wait", icon="hourglass_empty", link=link
            )
        case Condition.IN_DOUBT if isinstance(row, Delivery) and row.awaits_posting_since:
            text = _("{system} has accepted it and not posted it yet. We ask again at {at} UTC.")
            text = text.format(system=system, at=f"{row.due_at:%H:%M}")
            return Standing(text=text, tone="wait", icon="hourglass_top", case=case)
        case Condition.IN_DOUBT:
            text = _(
                "In doubt: we do not know yet whether {system} took it. We look it up at {at} UTC. "
                "Do not create it by hand."
            ).format(system=system, at=f"{row.due_at:%H:%M}")
            return Standing(text=text, tone="doubt", icon="help", case=case)
        case Condition.HELD:
            until = row.held_until if isinstance(row, Delivery) else None
            why = (
                " " + _("Then its daily posting window opens.")
                if getattr(row, "held_because", "") == WINDOW_SHUT
                else ""
            )
            text = _("Held until {moment}.").format(moment=moment(until)) + why if until else _("Held.")
            return Standing(text=text, tone="wait", icon="pause_circle")
        case Condition.BLOCKED:
            why = titles.title(case) if case else titles.reason_title(getattr(row, "blocked_reason", ""))
            return Standing(text=_("Blocked: {why}.").format(why=why), tone="stop", icon="block", case=case)
        case Condition.CLAIMED:
            return Standing(text=_("Under way now."), tone="wait", icon="sync")
        case Condition.SUPERSEDED:
            return Standing(text=_("Replaced by a newer version."), tone="plain", icon="history")
        case Condition.WITHDRAWN:
            return Standing(text=_("Withdrawn."), tone="plain", icon="undo")
        case Condition.SETTLED:
            return _settled(row, system, case)
        case _:
            again = isinstance(row, Delivery) and row.attempts
            text = _("Due again at {at} UTC.") if again else _("Due at {at} UTC.")
            return Standing(text=text.format(at=moment_text(row.due_at, year=False)), tone="wait", icon="schedule")


def _settled(row: WorkItem | Delivery, system: str, case: ExceptionCase | None) -> Standing:
    if case:
        return Standing(
            text=_("{system} has it, and a control found: {why}.").format(system=system, why=titles.title(case)),
            tone="stop",
            icon="report",
            case=case,
        )
    if not isinstance(row, Delivery):
        return Standing(text=_("Checked and mapped."), tone="good", icon="check_circle")
    match row.state:
        case Lifecycle.RECONCILED:
            text = _("In {system}, and a control found both sides equal.")
        case Lifecycle.POSTED:
            text = _("Posted in {system}; the next control compares both sides.")
        case _:
            text = _("{system} has it.")
    return Standing(text=text.format(system=system), tone="good", icon="check_circle")


def moment(at: datetime | None) -> str:
    """A time as the portal prints it, in UTC."""
    return f"{moment_text(at)} UTC" if at else ""
