"""Sign-offs as they are kept: days that certify themselves, and suspending what was signed and no longer holds."""

from datetime import date

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q, QuerySet

from reconciliation.controls.control import Control
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import Break, ControlRun, ControlStage, SignOff, SignOffPolicy
from reconciliation.sign_offs import certificates, conditions
from reconciliation.sign_offs.certificates import Certificate
from reconciliation.who import full_name, person_of
from sync import clock, journal
from sync.models import LegalEntity

LIVE = (SignOff.Status.PREPARED, SignOff.Status.SIGNED)
#: most changes named in the words of a suspension; the journal holds all
NAMED = 4


def certify_day(run: ControlRun) -> SignOff | None:
    """A day on which nothing at all lies between the sides certifies itself, where an approved rule says so."""
    control = CONTROLS[run.control]
    policy = conditions.policy_of(run.entity, on=run.business_date)
    by_rule = policy.pk and policy.tied_days == SignOffPolicy.TiedDays.RULE
    if not by_rule or run.status == ControlRun.Status.NOT_RUN or not control.is_key:
        return None
    day = run.business_date
    with transaction.atomic():
        one_at_a_time(run.entity)
        if of_span(control, run.entity, day, day).filter(status__in=LIVE).exists():
            return None
        certificate = certificates.draw_up(control, entity=run.entity, first=day, last=day)
        if not conditions.is_plain(certificate) or not _is_ready(certificate, run.entity):
            return None
        row = keep(control, run.entity, day, day, certificate, rule=policy, status=SignOff.Status.SIGNED)
        note_down(row, action="sign-off by rule", user=None, words=f"By the rule of {policy} the portal certified")
    return row


def hold_against(run: ControlRun) -> list[SignOff]:
    """Look at every live sign-off of days this asking read again or found otherwise; those that no longer hold are
    suspended, and returned.
    """
    if run.status == ControlRun.Status.NOT_RUN:
        return []
    control = CONTROLS[run.control]
    found = set(Break.objects.filter(found_in=run).values_list("document_date", flat=True))
    suspended = []
    for row in _concerned(run, control, found).order_by("pk"):
        if control.is_compared and not _may_have_changed(row, found):
            continue
        with transaction.atomic():
            locked = SignOff.objects.select_for_update(of=("self",)).select_related("entity").get(pk=row.pk)
            if locked.status in LIVE and not holds_still(locked):
                suspended.append(locked)
    return suspended


def of_span(control: Control, entity: LegalEntity, first: date, last: date) -> QuerySet[SignOff]:
    """Every version of the sign-off of these days, the newest first."""
    rows = SignOff.objects.filter(control=control.name, entity=entity, starts_on=first, ends_on=last)
    return rows.select_related("entity", "rule", "prepared_by", "reviewed_by").order_by("-version")


def name_of(control: Control, entity: LegalEntity, first: date, last: date) -> str:
    """`Invoices, US01, May 2026`."""
    days = f"{first:%d %b %Y}" if first == last else f"{first:%d %b} to {last:%d %b %Y}"
    return f"{control.title}, {entity.code}, {days}"


def _concerned(run: ControlRun, control: Control, found: set[date]) -> QuerySet[SignOff]:
    """Live sign-offs this asking may have something to say of: by the days it read and the days of what it found. What
    a listing finds may concern any of them.
    """
    live = SignOff.objects.filter(control=run.control, entity=run.entity_id, status__in=LIVE)
    if not control.is_compared:
        return live if found else live.none()
    days = Q(ends_on__gte=run.looked_back_to or run.business_date, starts_on__lte=run.business_date)
    for day in found:
        days |= Q(starts_on__lte=day, ends_on__gte=day)
    return live.filter(days)


def _may_have_changed(row: SignOff, found: set[date]) -> bool:
    """Cheap: by the hashes of the readings, without comparing anything."""
    stages = ControlStage.objects.filter(
        control=row.control,
        entity=row.entity_id,
        business_date__range=(row.starts_on, row.ends_on),
        is_current=True,
    )
    values = stages.values_list("business_date", "side", "sha256")
    now = {(day.isoformat(), side, sha256) for day, side, sha256 in values}
    return now != certificates.hashes(row.certificate["readings"]) or any(
        row.starts_on <= day <= row.ends_on for day in found
    )


def holds_still(row: SignOff) -> bool:
    """Compare with what both sides say now; suspends what does not hold."""
    control = CONTROLS[row.control]
    now = certificates.draw_up(control, entity=row.entity, first=row.starts_on, last=row.ends_on)
    changes = certificates.what_changed(row.certificate, now)
    row.checked_at = clock.now()
    if not changes:
        row.save(update_fields=["checked_at"])
        return True
    more = f"; and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
    row.suspended_because = ("; ".join(changes[:NAMED]) + more)[:600]
    row.status, row.suspended_at = SignOff.Status.SUSPENDED, row.checked_at
    row.save(update_fields=["status", "suspended_at", "suspended_because", "checked_at"])
    signed = (
        ", ".join(full_name(person) for person in (row.prepared_by, row.reviewed_by) if person) or "an approved rule"
    )
    note_down(
        row,
        action="sign-off suspended",
        user=None,
        words=f"What {signed} signed no longer holds ({row.suspended_because}). Suspended:",
        details={"changes": changes},
    )
    return False


def _is_ready(certificate: Certificate, entity: LegalEntity) -> bool:
    policy = conditions.policy_of(entity, on=date.fromisoformat(certificate["to"]))
    return all(one.is_met for one in conditions.of(certificate, entity=entity, policy=policy))


def one_at_a_time(entity: LegalEntity) -> None:
    LegalEntity.objects.select_for_update(no_key=True, of=("self",)).get(pk=entity.pk)


def keep(
    control: Control, entity: LegalEntity, first: date, last: date, certificate: Certificate, **values: object
) -> SignOff:
    now = clock.now()
    return SignOff.objects.create(
        control=control.name,
        entity=entity,
        starts_on=first,
        ends_on=last,
        version=of_span(control, entity, first, last).count() + 1,
        certificate=certificate,
        certificate_sha256=certificates.sha256(certificate),
        prepared_at=now,
        checked_at=now,
        **values,
    )


def note_down(
    row: SignOff, *, action: str, user: AbstractUser | None, words: str, details: dict[str, object] | None = None
) -> None:
    name = name_of(CONTROLS[row.control], row.entity, row.starts_on, row.ends_on)
    journal.note(
        [
            journal.Fact(
                action=action,
                object_kind="sign_off",
                object_key=f"SGN-{row.pk}",
                user=person_of(user) if user else None,
                text=f"{words} {name}, version {row.version}."[:400],
                details={"certificate_sha256": row.certificate_sha256, "note": row.reviewed_note or row.prepared_note}
                | (details or {}),
            )
        ]
    )
