"""Before a decision: an approver asks the asker something, or hands the request to another approver.

Neither decides anything: the request waits as before, expires when it would have, and whoever may decide it still may.
"""

from django.contrib.auth.models import AbstractUser, User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from reconciliation.approvals import APPROVE, Refused, decidable, note, why_not
from reconciliation.models import ApprovalQuestion, ApprovalRequest
from reconciliation.who import by_name, full_name, holders, person_of
from sync import clock

#: characters of a question, an answer, or what is said to whom a request is handed
LONGEST = 400


def ask_back(request_id: int, *, user: AbstractUser, text: str) -> ApprovalQuestion:
    """Ask the asker. One question at a time. Raises Refused; ValueError without words."""
    words = _words(text, _("Write what you want to know; the asker reads it."))
    try:
        with transaction.atomic():
            request = decidable(request_id, user)
            question = ApprovalQuestion.objects.create(
                request=request, asked_by=person_of(user), asked_at=clock.now(), text=words
            )
            note("asked back", request, user, f"{user} asked about {request.number}: {words}")
            return question
    except IntegrityError as error:
        raise Refused(_("A question about this waits for its answer already.")) from error


def answer(request_id: int, *, user: AbstractUser, text: str) -> ApprovalQuestion:
    """Answer the open question as the person who asked for the change. Raises Refused; ValueError without words."""
    words = _words(text, _("Write your answer; the approver reads it before deciding."))
    with transaction.atomic():
        request = ApprovalRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
        if request.asked_by_id != user.pk:
            raise Refused(_("Only the person who asked for this answers questions about it."))
        question = request.questions.filter(answered_at__isnull=True).first()
        if question is None or request.status != ApprovalRequest.Status.PENDING:
            raise Refused(_("No question about this waits for an answer."))
        question.answered_by, question.answered_at, question.answer = person_of(user), clock.now(), words
        question.save(update_fields=["answered_by", "answered_at", "answer"])
        note("answered", request, user, f"{user} answered about {request.number}: {words}")
        return question


def hand_on(request_id: int, *, user: AbstractUser, to: str, because: str) -> ApprovalRequest:
    """Hand it to another approver, by the name they sign in with. Raises Refused; ValueError without a reason or where
    they may not decide it: never to the asker.
    """
    words = _words(because, _("Say why you hand it on; whoever gets it reads that first."))
    with transaction.atomic():
        request = decidable(request_id, user)
        other = User.objects.filter(username=to).exclude(pk=user.pk).first()
        if other is None:
            raise ValueError(_("Choose an approver of the list: somebody else who may decide this."))
        if reason := _why_not_to(request, other):
            raise ValueError(_("{person} may not decide this: {reason}").format(person=full_name(other), reason=reason))
        request.handed_to, request.handed_by, request.handed_because = other, person_of(user), words
        request.save(update_fields=["handed_to", "handed_by", "handed_because"])
        note("handed on", request, user, f"{user} handed {request.number} to {other}: {words}")
        return request


def approvers(request: ApprovalRequest, *, beside: AbstractUser) -> list[User]:
    """Everybody else who may decide it now, by name."""
    rows = by_name(holders(APPROVE[request.kind]).exclude(pk=beside.pk))
    return [user for user in rows if not _why_not_to(request, user)]


def _why_not_to(request: ApprovalRequest, other: User) -> str:
    if request.asked_by_id == other.pk:
        return _("they asked for it.")
    return why_not(request, other)


def _words(text: str, missing: str) -> str:
    words = text.strip()
    if not words:
        raise ValueError(missing)
    return words[:LONGEST]
