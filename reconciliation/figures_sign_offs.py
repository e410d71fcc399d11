"""Every number of the sign-off pages: which controls of a month are signed, by whom, and what stands in the way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from reconciliation.controls.control import Control
from reconciliation.controls.registry import controls_of
from reconciliation.models import Break, ControlRun, SignOff
from reconciliation.sign_offs import certificates
from sync.models import AccountingPeriod, LegalEntity

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: how a control of a month stands -> (word, icon, tone)
MARKS = {
    "": (gettext_lazy("Not signed"), "pending", "warn"),
    SignOff.Status.PREPARED: (gettext_lazy("Waits for review"), "hourglass_top", "note"),
    SignOff.Status.SIGNED: (pgettext_lazy("sign-off", "Signed"), "task_alt", "good"),
    SignOff.Status.RETURNED: (gettext_lazy("Sent back"), "undo", "warn"),
    SignOff.Status.SUSPENDED: (gettext_lazy("Suspended"), "gpp_maybe", "stop"),
}

#: kind of an item in a certificate -> (word, icon, tone); in English, as a printed reconciliation has the words too
ITEMS = {
    certificates.TIMING: (gettext_noop("Timing"), "schedule", "wait"),
    certificates.ERROR: (gettext_noop("Error with a case"), "report", "warn"),
    certificates.UNEXPLAINED: (gettext_noop("Unexplained"), "error", "stop"),
    certificates.ACCEPTED: (gettext_noop("Accepted by two people"), "handshake", "note"),
    certificates.MATCHED: (gettext_noop("Within an approved rule"), "handshake", "good"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One control of a month; only key controls must be signed."""

    control: Control
    sign_off: SignOff | None
    link: str
    #: days asked, not run, with a difference, and certified or signed one by one
    days: int
    not_run: int
    certified: int
    open_breaks: int

    @property
    def mark(self) -> tuple["StrOrPromise", str, str]:
        if self.sign_off is None and not self.control.is_key:
            return (_("Not needed"), "remove", "none")
        return MARKS[self.sign_off.status if self.sign_off else ""]


def link_of(control: str, entity: LegalEntity, first: date, last: date) -> str:
    return reverse("desk:sign_off", args=[control, entity.code, first, last])


def month(entity: LegalEntity, first: date, last: date) -> list[Line]:
    """Every control of a company over a month, key controls first; all is read at once."""
    controls = controls_of(entity)
    span = {"entity": entity, "business_date__range": (first, last)}
    statuses: dict[tuple[str, date], str] = {}
    for row in ControlRun.objects.filter(**span).order_by("version").only("control", "business_date", "status"):
        statuses[row.control, row.business_date] = row.status
    not_run = Counter(name for (name, _day), status in statuses.items() if status == ControlRun.Status.NOT_RUN)
    signed = SignOff.objects.filter(entity=entity, starts_on=first, ends_on=last)
    newest = {row.control: row for row in signed.select_related("prepared_by", "reviewed_by").order_by("version")}
    daily = SignOff.objects.filter(entity=entity, status=SignOff.Status.SIGNED, starts_on__range=(first, last))
    certified = Counter(
        daily.filter(ends_on__lte=last)
        .exclude(pk__in=[row.pk for row in newest.values()])
        .values_list("control", flat=True)
    )
    of_month = Q(document_date__range=(first, last)) | Q(found_in__business_date__range=(first, last))
    broken = Break.objects.filter(of_month, entity=entity, healed_at=None).order_by().values("control")
    breaks = dict(broken.annotate(n=Count("pk")).values_list("control", "n"))
    asked = {control.name: certificates.days_asked(control, entity, first, last) for control in controls}
    found = [
        Line(
            control=control,
            sign_off=newest.get(control.name),
            link=link_of(control.name, entity, first, last),
            days=len(asked[control.name]),
            not_run=not_run[control.name] + sum((control.name, day) not in statuses for day in asked[control.name]),
            certified=certified[control.name],
            open_breaks=breaks.get(control.name, 0),
        )
        for control in controls
    ]
    return sorted(found, key=lambda line: not line.control.is_key)


def signed(spans: Sequence[tuple[LegalEntity, date, date]]) -> dict[tuple[LegalEntity, date, date], set[str]]:
    """Names of the controls that are signed for exactly these days, per company and days; all asked at once."""
    found: dict[tuple[LegalEntity, date, date], set[str]] = {span: set() for span in spans}
    by_key = {(entity.pk, first, last): (entity, first, last) for entity, first, last in spans}
    wanted = Q(pk__in=[])
    for entity, first, last in spans:
        wanted |= Q(entity=entity, starts_on=first, ends_on=last)
    rows = SignOff.objects.filter(wanted, status=SignOff.Status.SIGNED)
    for entity_id, first, last, control in rows.values_list("entity", "starts_on", "ends_on", "control"):
        found[by_key[entity_id, first, last]].add(control)
    return found


def initials(entity: LegalEntity, first: date, last: date) -> dict[tuple[str, date], str]:
    """By control and day: the initials of who prepared and who reviewed it (`AB/CD`), alone or within its month; or
    what else became of it.
    """
    rows = SignOff.objects.filter(entity=entity, starts_on__lte=last, ends_on__gte=first)
    rows = rows.exclude(status=SignOff.Status.RETURNED).select_related("prepared_by", "reviewed_by")
    found: dict[tuple[str, date], str] = {}
    # what is suspended is told only where nothing newer stands in its place
    for row in sorted(rows, key=lambda row: (row.status != SignOff.Status.SUSPENDED, row.prepared_at)):
        who = "/".join(_initials(person) for person in (row.prepared_by, row.reviewed_by))
        text = _("suspended") if row.status == SignOff.Status.SUSPENDED else _("by rule") if row.rule_id else who
        day = max(row.starts_on, first)
        while day <= min(row.ends_on, last):
            found[row.control, day] = text
            day += timedelta(days=1)
    return found


def _initials(person: AbstractUser | None) -> str:
    if person is None:
        return "–"
    words = (person.get_full_name() or person.get_username()).replace(".", " ").split()
    return "".join(word[:1].upper() for word in words)[:3]


def unsigned(lines: Sequence[Line]) -> int:
    """Key controls of a month that two people have not signed, or whose signature is suspended."""
    return sum(line.mark != MARKS[SignOff.Status.SIGNED] for line in lines if line.control.is_key)


def months_of(entity: LegalEntity, *, today: date) -> list[AccountingPeriod]:
    """Periods of the receivables that have begun, the newest first; at most a year of them."""
    rows = AccountingPeriod.objects.filter(entity=entity, module="ar", starts_on__lte=today)
    return list(rows.order_by("-starts_on")[:12])
