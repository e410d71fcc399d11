"""Preparing, reviewing, sending back. Two different people sign: a database constraint carries that, and this explains
it.
"""

from datetime import date
from typing import NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from reconciliation.approvals import holds
from reconciliation.controls.control import Control
from reconciliation.models import SignOff
from reconciliation.sign_offs import certificates, conditions
from reconciliation.sign_offs.certificates import Certificate
from reconciliation.sign_offs.keeping import (
    LIVE,
    holds_still,
    keep,
    name_of,
    note_down,
    of_span,
    one_at_a_time,
)
from reconciliation.who import full_name, person_of
from sync import clock
from sync.models import LegalEntity


class CannotSign(ValueError):
    """It may not be signed so, or not by this person; the message says why, for people."""


def _refuse(text: str) -> NoReturn:
    raise CannotSign(text)


def prepare(
    control: Control, *, entity: LegalEntity, first: date, last: date, user: AbstractUser, note: str = ""
) -> SignOff:
    """State what a control came to over these days, for another person to review. Raises CannotSign."""
    if not holds(user, "prepare_signoff"):
        _refuse("Your role can look at sign-offs but not prepare them.")
    if last < first:
        _refuse("The last day is before the first.")
    with transaction.atomic():
        one_at_a_time(entity)
        if of_span(control, entity, first, last).filter(status__in=LIVE).exists():
            _refuse(f"{name_of(control, entity, first, last)} is prepared or signed already.")
        certificate = certificates.draw_up(control, entity=entity, first=first, last=last)
        _be_ready(certificate, entity)
        _not_be_alone(certificate, entity, user)
        row = keep(control, entity, first, last, certificate, prepared_by=user, prepared_note=note[:400])
        note_down(row, action="sign-off prepared", user=user, words=f"{full_name(user)} prepared")
    return row


def review(sign_off: SignOff, *, user: AbstractUser, sha256: str, note: str = "") -> SignOff:
    """Sign what another person prepared, exactly as it was shown: `sha256` is the certificate the reviewer saw.

    Where it no longer holds it is suspended instead. Raises CannotSign.
    """
    if not holds(user, "review_signoff"):
        _refuse("Your role can look at sign-offs but not sign them.")
    with transaction.atomic():
        row = _waiting(sign_off, user)
        if row.certificate_sha256 != sha256:
            _refuse("What you saw is not what is to be signed any more. Look at it again.")
        held = holds_still(row)
        if held:
            _be_ready(row.certificate, row.entity)
            row.status, row.reviewed_by, row.reviewed_at = SignOff.Status.SIGNED, person_of(user), clock.now()
            row.reviewed_note = note[:400]
            row.save(update_fields=["status", "reviewed_by", "reviewed_at", "reviewed_note"])
            note_down(row, action="sign-off signed", user=user, words=f"{full_name(user)} reviewed and signed")
    if not held:
        _refuse(f"It was suspended: {row.suspended_because}. It must be prepared again.")
    return row


def send_back(sign_off: SignOff, *, user: AbstractUser, note: str) -> SignOff:
    """The reviewer does not agree, and says why. Raises CannotSign."""
    if not holds(user, "review_signoff"):
        _refuse("Your role can look at sign-offs but not review them.")
    if not note.strip():
        _refuse("Say what must be put right.")
    with transaction.atomic():
        row = _waiting(sign_off, user)
        row.status, row.reviewed_by, row.reviewed_at = SignOff.Status.RETURNED, person_of(user), clock.now()
        row.reviewed_note = note.strip()[:400]
        row.save(update_fields=["status", "reviewed_by", "reviewed_at", "reviewed_note"])
        note_down(
            row, action="sign-off sent back", user=user, words=f"{full_name(user)} sent back: {row.reviewed_note}:"
        )
    return row


def _be_ready(certificate: Certificate, entity: LegalEntity) -> None:
    policy = conditions.policy_of(entity, on=date.fromisoformat(certificate["to"]))
    open_ = [one for one in conditions.of(certificate, entity=entity, policy=policy) if not one.is_met]
    if open_:
        _refuse("Not ready: " + "; ".join(f"{one.title[:1].lower()}{one.title[1:]} – {one.words}" for one in open_))


def _not_be_alone(certificate: Certificate, entity: LegalEntity, user: AbstractUser) -> None:
    own = conditions.resolved_alone(user, certificate, entity=entity)
    if own:
        _refuse(f"You ended {', '.join(own[:5])} yourself, without a second person. Somebody else must prepare.")


def _waiting(sign_off: SignOff, user: AbstractUser) -> SignOff:
    row = SignOff.objects.select_for_update(of=("self",)).select_related("entity", "prepared_by").get(pk=sign_off.pk)
    if row.status != SignOff.Status.PREPARED:
        _refuse(f"It does not wait for a review: it is {row.get_status_display().lower()}.")
    if row.prepared_by_id == user.pk:
        _refuse("You prepared this; another person must review it.")
    return row
