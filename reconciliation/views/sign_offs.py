"""Sign-off: the controls of a month and who signed them; and one control with its certificate, signed here."""

from datetime import date, timedelta
from decimal import Decimal
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from reconciliation import figures_close, figures_sign_offs
from reconciliation.approvals import holds
from reconciliation.controls.control import Control
from reconciliation.controls.registry import CONTROLS
from reconciliation.figures_sign_offs import ITEMS, MARKS
from reconciliation.habits import titles
from reconciliation.habits.languages import money
from reconciliation.habits.printing import signed_reconciliation
from reconciliation.models import EvidencePack, SignOff
from reconciliation.sign_offs import certificates, conditions, keeping, signing
from reconciliation.views.controls import side_name
from reconciliation.views.languages import as_kept
from reconciliation.views.page import kept, page, seen_by, typed
from sync import clock
from sync.models import LegalEntity

_SEEN = ("reconciliation.view_signoff", "reconciliation.view_controlrun")
#: most items a page lists; the certificate holds all
MOST = 300


@require_safe
@seen_by(*_SEEN)
def sign_offs(request: HttpRequest) -> HttpResponse:
    """A company's month: every control, how it stands, who prepared and who reviewed."""
    entities = list(LegalEntity.objects.all())
    chosen = next((one for one in entities if one.code == request.GET.get("entity")), entities[0] if entities else None)
    if chosen is None:
        return page(request, "portal/sign_offs.html", title=_("Sign-off"), entities=[], chosen=None)
    today = clock.business_date(chosen)
    periods = figures_sign_offs.months_of(chosen, today=today)
    first, last = _month(request.GET.get("month", ""), today)
    row = next((one for one in periods if one.starts_on == first), None)
    last = row.ends_on if row else last
    lines = figures_sign_offs.month(chosen, first, last)
    return page(
        request,
        "portal/sign_offs.html",
        title=_("Sign-off"),
        entities=entities,
        chosen=chosen,
        first=first,
        last=last,
        today=today,
        periods=periods,
        lines=lines,
        unsigned=figures_sign_offs.unsigned(lines),
        keys=sum(line.control.is_key for line in lines),
        policy=conditions.policy_of(chosen, on=last),
        packs=EvidencePack.objects.filter(entity=chosen, starts_on=first, ends_on=min(last, today))[:10],
        pack_to=min(last, today),
        may_take=request.user.has_perm("reconciliation.view_evidencepack"),
        may_make=holds(cast(AbstractUser, request.user), "make_evidencepack"),
        limit=money(conditions.policy_of(chosen, on=last).error_limit, chosen.functional_currency),
    )


@require_safe
@seen_by(*_SEEN)
def sign_off(request: HttpRequest, control: str, entity: str, first: date, last: date) -> HttpResponse:
    """One control over some days: what would be signed, whether it may be, and every version of the signature."""
    return _show(request, *_found(control, entity, first, last), first, last)


@require_GET
@seen_by(*_SEEN)
def sign_off_paper(
    request: HttpRequest, control: str, entity: str, first: date, last: date, version: int
) -> HttpResponse:
    """One version of the signature as a paper to be filed."""
    asked, company = _found(control, entity, first, last)
    row = keeping.of_span(asked, company, first, last).filter(version=version).first()
    if row is None:
        raise Http404(_("There is no such version of this sign-off."))
    left, right = (side_name(company, role, last) for role in (asked.left_role, asked.right_role))
    with as_kept():
        paper = signed_reconciliation.take(row, left=left, right=right, user=cast(AbstractUser, request.user))
    return kept(paper.name, paper.content, paper.content_type)


@require_POST
@seen_by(*_SEEN)
def sign_off_act(request: HttpRequest, control: str, entity: str, first: date, last: date, do: str) -> HttpResponse:
    """Prepare, sign or send back; what stands against it is said in words."""
    asked, company = _found(control, entity, first, last)
    user, note = cast(AbstractUser, request.user), typed(request, "note")
    try:
        said = _ACTS[do](asked, company, first, last, user, note, request.POST.get("sha256", ""))
    except signing.CannotSign as error:
        messages.error(request, str(error))
        return _show(request, asked, company, first, last, note=note, status=409)
    except IntegrityError:
        messages.error(request, _("Somebody else was faster, or you prepared this yourself. Look at it again."))
        return _show(request, asked, company, first, last, note=note, status=409)
    messages.success(request, said)
    return HttpResponseRedirect(figures_sign_offs.link_of(control, company, first, last))


def _prepare(
    control: Control, company: LegalEntity, first: date, last: date, user: AbstractUser, note: str, sha256: str
) -> str:
    signing.prepare(control, entity=company, first=first, last=last, user=user, note=note)
    return _("Prepared. Another person reviews and signs it.")


def _sign(
    control: Control, company: LegalEntity, first: date, last: date, user: AbstractUser, note: str, sha256: str
) -> str:
    signing.review(_waiting(control, company, first, last), user=user, sha256=sha256, note=note)
    return _("Signed.")


def _send_back(
    control: Control, company: LegalEntity, first: date, last: date, user: AbstractUser, note: str, sha256: str
) -> str:
    signing.send_back(_waiting(control, company, first, last), user=user, note=note)
    return _("Sent back; the preparer reads what you wrote.")


_ACTS = {"prepare": _prepare, "sign": _sign, "return": _send_back}


def _waiting(control: Control, company: LegalEntity, first: date, last: date) -> SignOff:
    row = keeping.of_span(control, company, first, last).filter(status=SignOff.Status.PREPARED).first()
    if row is None:
        raise signing.CannotSign(_("Nothing waits for a review here."))
    return row


def _show(
    request: HttpRequest,
    control: Control,
    company: LegalEntity,
    first: date,
    last: date,
    *,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    user = cast(AbstractUser, request.user)
    versions = list(keeping.of_span(control, company, first, last))
    live = next((row for row in versions if row.is_live), None)
    certificate = live.certificate if live else certificates.draw_up(control, entity=company, first=first, last=last)
    policy = conditions.policy_of(company, on=last)
    checks = conditions.of(certificate, entity=company, policy=policy)
    # shown in months where the month is signed; a day stands beside its control's own page
    month_first, month_last = figures_close.month_of(first)
    return page(
        request,
        "portal/sign_off.html",
        title=keeping.name_of(control, company, first, last),
        status=status,
        crumbs=[(_("Sign-off"), f"{reverse('desk:sign_offs')}?entity={company.code}&month={month_first:%Y-%m}")],
        control=control,
        entity=company,
        first=first,
        last=last,
        is_month=(first, last) == (month_first, month_last),
        live=live,
        newest=versions[0] if versions else None,
        versions=[(row, MARKS[row.status]) for row in versions],
        mark=MARKS[versions[0].status if versions else ""],
        certificate=certificate,
        sha256=live.certificate_sha256 if live else certificates.sha256(certificate),
        totals=[(code, _sums(one, code)) for code, one in certificate["totals"].items()],
        items=[_shown(item) for item in certificate["items"][:MOST]],
        items_left=max(len(certificate["items"]) - MOST, 0),
        left=_(side_name(company, control.left_role, last)),
        right=_(side_name(company, control.right_role, last)),
        checks=checks,
        is_ready=all(one.is_met for one in checks),
        policy=policy,
        may_prepare=holds(user, "prepare_signoff"),
        may_review=holds(user, "review_signoff"),
        is_own=bool(live and live.prepared_by_id == user.pk),
        note=note,
    )


def _shown(item: dict[str, str]) -> dict[str, object]:
    word, icon, tone = ITEMS[item["kind"]]
    return {
        **item,
        "word": _(word),
        "icon": icon,
        "tone": tone,
        "title": titles.reason_title(item["what"]),
        "sum": money(Decimal(item["amount"]), item["currency"]),
        "day": date.fromisoformat(item["dated"]),
    }


def _sums(one: dict[str, str], code: str) -> dict[str, str]:
    amounts = {name: Decimal(one[name]) for name in ("left", "right", "explained", "held", "in_flight", "unexplained")}
    shown = {name: money(amount, code) for name, amount in amounts.items()}
    return {
        **shown,
        "difference": money(amounts["left"] - amounts["right"], code),
        **{name: one[name] for name in ("left_count", "right_count")},
    }


def _month(text: str, today: date) -> tuple[date, date]:
    """The month asked for; else the last one that is over."""
    try:
        return figures_close.month_of(date.fromisoformat(f"{text}-01"))
    except ValueError:
        return figures_close.month_of(today.replace(day=1) - timedelta(days=1))


def _found(control: str, entity: str, first: date, last: date) -> tuple[Control, LegalEntity]:
    if control not in CONTROLS:
        raise Http404(_("There is no such control."))
    company = LegalEntity.objects.filter(code=entity).first()
    if company is None:
        raise Http404(_("There is no such company."))
    if last < first or (last - first).days > 366:
        raise Http404(_("These days are no span that is signed."))
    return CONTROLS[control], company
