"""The controls board, and the page of one control on one date."""

from datetime import date, timedelta
from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from reconciliation import approvals, figures_control_run, figures_controls, figures_sign_offs, sentences
from reconciliation.controls import runner
from reconciliation.controls.control import Control
from reconciliation.controls.registry import COMPARED, CONTROLS, first_day
from reconciliation.habits import titles
from reconciliation.habits.languages import day_text, spoken, within
from reconciliation.models import ControlRun, ReconcilingItem
from reconciliation.sign_offs import keeping
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, refused, seen_by
from sync import clock, journal
from sync.models import EntityRoute, LegalEntity

_ROLES = {
    "crm": gettext_noop("CRM"),
    "billing": gettext_noop("Billing"),
    "erp": gettext_noop("ERP"),
    "gateway": gettext_noop("Payment gateway"),
    "portal": gettext_noop("Portal"),
}


@require_safe
@seen_by("reconciliation.view_controlrun")
def controls(request: HttpRequest) -> HttpResponse:
    """Both legs in plain figures, and below them every control on every date."""
    entities, chosen, until = asked_board(request)
    boards = [figures_controls.matrix(one, until=until) for one in ([chosen] if chosen else entities)]
    newest = max((board.business_date for board in boards), default=None)
    last = min(until, newest) if until and newest else newest
    return page(
        request,
        "portal/controls_board.html",
        title=_("Controls"),
        entities=entities,
        chosen=chosen,
        boards=boards,
        tie_out=figures_controls.both_legs(entity=chosen),
        words=figures_controls.WORDS.values(),
        older=_page_link(chosen, last - timedelta(days=figures_controls.DATES)) if last else "",
        newer=_page_link(chosen, min(last + timedelta(days=figures_controls.DATES), newest))
        if last and newest and last < newest
        else "",
        exports=export_links("controls_export", query=board_query(chosen, until), of=_("every control, every day"))
        if boards
        else None,
    )


def asked_board(request: HttpRequest) -> tuple[list[LegalEntity], LegalEntity | None, date | None]:
    """All companies, the one that is chosen, and the last date asked for."""
    entities = list(LegalEntity.objects.all())
    chosen = next((one for one in entities if one.code == request.GET.get("entity")), None)
    return entities, chosen, _day(request.GET.get("to", ""))


def board_query(chosen: LegalEntity | None, until: date | None) -> str:
    """The query string of the board as it is asked for."""
    pairs = {"to": until.isoformat() if until else "", "entity": chosen.code if chosen else ""}
    return "?" + urlencode({name: value for name, value in pairs.items() if value})


def _page_link(entity: LegalEntity | None, until: date) -> str:
    return f"?to={until.isoformat()}" + (f"&entity={entity.code}" if entity else "")


@require_safe
@seen_by("reconciliation.view_controlrun")
def control_run(request: HttpRequest, control: str, entity: str, day: date) -> HttpResponse:
    """One control on one date: both readings, totals, explained items, breaks, versions."""
    asked, company = asked_for(control, entity)
    run = _version(asked, company, day, request.GET.get("v", ""))
    user = cast(AbstractUser, request.user)
    shown = figures_control_run.look(asked, entity=company, day=day, run=run, user=user)
    status = ControlRun.Status(run.status) if run else ControlRun.Status.NOT_RUN
    word, icon, tone = figures_controls.WORDS[status]
    why = ""
    if run is None:
        none = figures_controls.no_run(asked, day=day, start=first_day(company), today=clock.business_date(company))
        word, icon, tone, why = none.word, none.icon, none.tone, none.why
    elif status == ControlRun.Status.NOT_RUN:
        why = figures_controls.why_not_run(run)
    return page(
        request,
        "portal/control_run.html",
        title=f"{titles.control_title(asked.name)}, {day_text(day)}",
        crumbs=[(_("Controls"), reverse("desk:controls"))],
        control=asked,
        entity=company,
        day=day,
        run=run,
        shown=shown,
        word=word,
        icon=icon,
        tone=tone,
        why=why,
        trouble=run.trouble if run else "",
        left=_(side_name(company, asked.left_role, day)),
        right=_(side_name(company, asked.right_role, day)),
        may_propose=approvals.holds(cast(AbstractUser, request.user), approvals.ASK["money"]),
        kinds=ReconcilingItem.Kind.choices,
        may_run=approvals.holds(cast(AbstractUser, request.user), "work_cases"),
        is_newest=bool(run and shown.versions and run.pk == shown.versions[0].pk),
        sign_off=keeping.of_span(asked, company, day, day).first(),
        signing=figures_sign_offs.link_of(asked.name, company, day, day),
        matching=reverse("desk:matcher", args=[control, entity]) if control in COMPARED else "",
        again=reverse("desk:control_again", args=[control, entity, day]),
        exports=export_links(
            "breaks_export",
            control,
            entity,
            day,
            of=_("breaks of {control}, {day}").format(control=titles.control_title(asked.name), day=day_text(day)),
        ),
        is_due=day <= clock.business_date(company),
        previous=figures_controls.link_of(control, company, day - timedelta(days=1)),
        following=figures_controls.link_of(control, company, day + timedelta(days=1))
        if day < clock.business_date(company)
        else "",
    )


@require_POST
@seen_by("reconciliation.view_controlrun")
def control_again(request: HttpRequest, control: str, entity: str, day: date) -> HttpResponse:
    """Ask both sides again; the new answer is a new version, the old ones stay."""
    asked, company = asked_for(control, entity)
    user = cast(AbstractUser, request.user)
    if not approvals.holds(user, "work_cases"):
        return refused(request, _("Your role can look at controls but not run them."))
    if day > clock.business_date(company):
        said = _("{company} has not reached {day} yet; nothing is due for that date.")
        messages.error(request, said.format(company=company.code, day=day_text(day)))
    else:
        run = runner.run(asked.name, entity=company, business_date=day)
        figures_controls.forget()
        key = f"{run.control}@{run.business_date}v{run.version}"
        text = f"{user} ran {asked.title} for {company.code}, {day}, again: {run.get_status_display().lower()}."
        journal.note(
            [journal.Fact(action="control run by hand", object_kind="control", object_key=key, user=user, text=text)]
        )
        ran = run.status != ControlRun.Status.NOT_RUN
        say = messages.success if ran else messages.error
        say(
            request,
            _("Version {version}: {outcome}.").format(
                version=run.version, outcome=within(spoken(run.get_status_display()))
            )
            + ("" if ran else f" {figures_controls.why_not_run(run)}"),
        )
    return HttpResponseRedirect(reverse("desk:control_run", args=[control, entity, day]))


def asked_for(control: str, entity: str) -> tuple[Control, LegalEntity]:
    """The control and the company an address names; 404 in words where there is none."""
    if control not in CONTROLS:
        raise Http404(_("There is no such control."))
    company = LegalEntity.objects.filter(code=entity).first()
    if company is None:
        raise Http404(_("There is no such company."))
    return CONTROLS[control], company


def _version(control: Control, entity: LegalEntity, day: date, wanted: str) -> ControlRun | None:
    runs = ControlRun.objects.filter(control=control.name, entity=entity, business_date=day).order_by("-version")
    if not wanted:
        return runs.first()
    run = (
        runs.filter(version=int(wanted)).first() if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else None
    )
    if run is None:
        raise Http404(_("There is no such version of this run."))
    return run


def compared_again(control: str, entity: LegalEntity) -> str:
    """Compare once more what both sides said last, so that what people decided shows at once; the outcome in words."""
    run = runner.compare_again(control, entity=entity)
    figures_controls.forget()
    return _("The control was compared again: {outcome}.").format(outcome=within(spoken(run.get_status_display())))


def side_name(entity: LegalEntity, role: str, day: date) -> str:
    """The system that plays a role for a company, by its name; in English, as files keep it."""
    routes = EntityRoute.objects.filter(entity=entity, role=role, is_shadow=False, valid_from__lte=day).select_related(
        "connection"
    )
    route = routes.order_by("-valid_from").first()
    return sentences.system_name(route.connection.system) if route else _ROLES.get(role, role)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
