"""Ask, approve, refuse: bound to the hash of the change; asker and approver differ, superusers too."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser, Permission
from django.db import IntegrityError, transaction
from django.utils import translation

from reconciliation import approval_parts, approval_tiers, second_factor
from reconciliation.fixes import runner
from reconciliation.fixes.fix import Fix, NotPossible, Preview, Target, sha256_of
from reconciliation.fixes.registry import FIXES
from reconciliation.habits.languages import KEPT_IN
from reconciliation.models import ApprovalPolicy, ApprovalRequest, ApprovalYes, ExceptionCase, FixRun
from sync import clock, journal
from sync.models import ContractLineRecord, MappingRow, ProductMapping


class Refused(PermissionError):
    """This person may not do this; the message says why and who may."""


class ProofNeeded(Refused):
    """This person may, once they have given a second factor."""


class Changed(ValueError):
    """What would be done is no longer what was shown."""


ASK = {"money": "ask_money", "configuration": "ask_configuration", "none": "work_cases"}
APPROVE = {"money": "approve_money", "configuration": "approve_configuration"}


def holds(user: AbstractUser, permission: str) -> bool:
    """Whether a person has a permission through a role. A superuser's implied rights do not count here."""
    if not user.is_active or user.is_superuser:
        return False
    held = Permission.objects.filter(content_type__app_label="reconciliation", codename=permission)
    return held.filter(group__user=user).exists()


def may_ask(user: AbstractUser, fix: Fix) -> bool:
    """Whether a person's role may ask for this fix."""
    return holds(user, fix.asked_with or ASK[fix.kind])


def policy() -> ApprovalPolicy:
    """The policy in force; version 1 is made from the defaults on first use."""
    found = ApprovalPolicy.objects.filter(in_force_from__lte=clock.now()).order_by("-version").first()
    return found or ApprovalPolicy.objects.get_or_create(version=1, defaults={"in_force_from": clock.now()})[0]


def prepare(fix: Fix, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
    """What pressing would do. Raises Refused, InputError, NotPossible."""
    if not (holds(user, "work_cases") or may_ask(user, fix)):
        raise Refused("Your role can look at cases but not prepare fixes.")
    return fix.preview(target, inputs, user=user)


def start(fix: Fix, target: Target, inputs: dict[str, str], *, user: AbstractUser, sha256: str) -> FixRun:
    """Run a fix that needs no second person. Raises Refused, Changed, InputError, NotPossible."""
    if fix.kind != "none":
        raise Refused("This fix needs a second person; ask for approval.")
    preview = prepare(fix, target, inputs, user=user)
    _unchanged(preview, sha256)
    with transaction.atomic():
        return runner.begin(fix, target, inputs, user=user, request=None)


def ask(
    fix: Fix, target: Target, inputs: dict[str, str], *, user: AbstractUser, sha256: str, because: str = ""
) -> ApprovalRequest:
    """Ask for a second person's yes to exactly what was previewed. Raises Refused, Changed, InputError, NotPossible."""
    if fix.kind == "none":
        raise NotPossible("This fix needs no second person; run it.")
    if not may_ask(user, fix):
        raise Refused("Your role may not ask for this. Hand the case to the team that owns it.")
    # what is kept is in English whoever asks; the change, and so its hash, has no words
    with translation.override(KEPT_IN):
        preview = fix.preview(target, inputs, user=user)
    _unchanged(preview, sha256)
    rules, now = policy(), clock.now()
    entity = approval_tiers.entity_of(target)
    weight = approval_tiers.weigh(
        preview.totals,
        kind=fix.kind,
        asker=user.pk,
        customer=approval_tiers.customer_of(target),
        entity=entity,
        policy=rules,
    )
    try:
        with transaction.atomic():
            request = ApprovalRequest.objects.create(
                kind=fix.kind,
                fix=fix.name,
                title=_title(fix, target),
                problem=target.problem,
                case=target.case,
                inputs=inputs,
                change=preview.change,
                change_sha256=preview.sha256,
                preview=preview.as_data(),
                count=preview.count,
                totals=preview.totals,
                rule=fix.rule,
                policy=rules,
                entity=entity,
                approvers_needed=weight.needed,
                needs_proof=weight.needs_proof,
                counts_as=weight.amount,
                counts_currency=weight.currency,
                counts_because=weight.because,
                asked_by=user,
                asked_at=now,
                asked_because=because[:400],
                expires_at=now + timedelta(hours=rules.valid_for_hours),
            )
            note("asked for approval", request, user, f"{user} asked for {request.number}: {request.title}.")
            return request
    except IntegrityError as error:
        raise NotPossible("The same change already waits for approval.") from error


def approve(
    request_id: int,
    *,
    user: AbstractUser,
    because: str = "",
    proved_at: datetime | None = None,
    leave_out: Collection[int] = (),
) -> FixRun | None:
    """Say yes as another person than the asker. The fix runs at once where no further yes is needed; nothing, while one
    is. `proved_at` is when this person last gave a second factor; `leave_out` the keys of cases of the list this yes
    does not cover: what runs is what all approvers said yes to. Raises Refused (ProofNeeded), Changed, NotPossible;
    ReasonMissing where some are left out and nobody says why.
    """
    outdated: Changed | None = None
    with transaction.atomic():
        request = decidable(request_id, user)
        left_out = approval_parts.left_out_with(request, leave_out, because)
        fix, target = FIXES[request.fix], approval_parts.target_of(request, left_out)
        try:
            now_shown = fix.preview(target, request.inputs, user=request.asked_by)
            _kept_as_asked(request)
            _unchanged(now_shown, sha256_of(fix.part(request.change, now_shown.change)))
        except (Changed, NotPossible) as error:
            request.status = ApprovalRequest.Status.OUTDATED
            request.save(update_fields=["status"])
            note("request outdated", request, None, f"{request.number} is outdated: {error}")
            outdated = Changed(f"Something changed since this was prepared: {error} Review again.")
        else:
            now = clock.now()
            proved = proved_at if proved_at and now - proved_at <= second_factor.STANDS else None
            if request.needs_proof and proved is None:
                raise ProofNeeded("A sum of this size needs your second factor. Give the code of your authenticator.")
            ApprovalYes.objects.create(
                request=request,
                user=user,
                said_at=now,
                proved_at=proved,
                because=because.strip()[:400],
                left_out=sorted(leave_out),
            )
            said, but = request.yeses.count(), approval_parts.but_for(request, left_out)
            if said < request.approvers_needed:
                of = f"{said} of {request.approvers_needed} approvers"
                note("one yes", request, user, f"{user} said yes to {request.number}, {of}: {request.title}.{but}")
                return None
            request.status, request.decided_by = ApprovalRequest.Status.APPROVED, user
            request.decided_at, request.decided_because = now, because.strip()[:400]
            request.approved_totals = approval_parts.totals_without(request, left_out)
            request.save(update_fields=["status", "decided_by", "decided_at", "decided_because", "approved_totals"])
            note("approved", request, user, f"{user} approved {request.number}: {request.title}.{but}")
            return runner.begin(fix, target, request.inputs, user=user, request=request)
    raise outdated


def still_needed(request: ApprovalRequest) -> int:
    """How many more people must say yes."""
    return request.approvers_needed - ApprovalYes.objects.filter(request=request).count()


def refuse(request_id: int, *, user: AbstractUser, because: str) -> ApprovalRequest:
    """Say no, with a reason. Raises Refused; ValueError without a reason."""
    if not because.strip():
        raise ValueError("Say why you refuse; the asker reads it.")
    with transaction.atomic():
        request = decidable(request_id, user)
        request.status, request.decided_by = ApprovalRequest.Status.REFUSED, user
        request.decided_at, request.decided_because = clock.now(), because.strip()[:400]
        request.save(update_fields=["status", "decided_by", "decided_at", "decided_because"])
        note("refused", request, user, f"{user} refused {request.number}: {because.strip()}")
        return request


def withdraw(request_id: int, *, user: AbstractUser) -> ApprovalRequest:
    """Take one's own request back. Raises Refused."""
    with transaction.atomic():
        request = ApprovalRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
        if request.asked_by_id != user.pk or request.status != ApprovalRequest.Status.PENDING:
            raise Refused("Only the person who asked can withdraw a request that is still waiting.")
        request.status = ApprovalRequest.Status.WITHDRAWN
        request.save(update_fields=["status"])
        note("withdrawn", request, user, f"{user} withdrew {request.number}.")
        return request


def why_not(request: ApprovalRequest, user: AbstractUser) -> str:
    """Why this person may not decide this request; empty when they may."""
    if request.status != ApprovalRequest.Status.PENDING:
        decided = f" by {request.decided_by.get_full_name() or request.decided_by}" if request.decided_by else ""
        return f"Already {request.get_status_display().lower()}{decided}."
    if request.expires_at <= clock.now():
        return "The request has expired; it must be asked again."
    if request.asked_by_id == user.pk:
        return "You asked for this; another approver must decide."
    if user.is_superuser:
        return "A superuser may not approve; sign in with a role that may."
    if not holds(user, APPROVE[request.kind]):
        return "Your role may not approve this."
    if request.yeses.filter(user=user.pk).exists():
        return "You said yes already; another approver must too."
    if user.pk in _involved(request):
        return "You drafted a mapping this document went through; another approver must decide."
    return ""


def decidable(request_id: int, user: AbstractUser) -> ApprovalRequest:
    """The request, locked, where this person may decide it. Raises Refused."""
    request = (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("asked_by", "problem", "case")
        .get(pk=request_id)
    )
    reason = why_not(request, user)
    if reason:
        raise Refused(reason)
    return request


def _involved(request: ApprovalRequest) -> set[int]:
    """People who drafted a product mapping in the chain of the documents a money fix would move."""
    if request.kind != ApprovalRequest.Kind.MONEY:
        return set()
    chains = ExceptionCase.objects.filter(pk__in=[*request.members, request.case_id]).exclude(correlation_id="")
    lines = ContractLineRecord.objects.filter(contract__correlation_id__in=chains.values("correlation_id"))
    products = lines.values_list("crm_product", flat=True).distinct()
    rows = ProductMapping.objects.filter(crm_product__in=list(products), status=MappingRow.Status.APPROVED)
    return set(rows.values_list("drafted_by_id", flat=True))


def _kept_as_asked(request: ApprovalRequest) -> None:
    if sha256_of(request.change) != request.change_sha256:
        raise Changed("the change is no longer the one that was asked for.")


def _unchanged(preview: Preview, sha256: str) -> None:
    if preview.sha256 != sha256:
        raise Changed("the change is no longer the one that was shown.")


def _title(fix: Fix, target: Target) -> str:
    what = target.case.document if target.case else target.problem.value
    return f"{fix.label}: {what}"[:200] if what else fix.label


def note(action: str, request: ApprovalRequest, user: AbstractUser | None, text: str) -> None:
    """Keep in the journal what was done with a request."""
    journal.note(
        [
            journal.Fact(
                action=action,
                object_kind="approval",
                object_key=request.number,
                user=user,
                text=text,
                correlation_id=request.case.correlation_id if request.case else "",
                details={
                    "change_sha256": request.change_sha256,
                    "policy": request.policy.version,
                    "totals": request.totals,
                    "approvers_needed": request.approvers_needed,
                },
            )
        ]
    )
