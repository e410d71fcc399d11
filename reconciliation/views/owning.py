"""Who owns what: the ownership rules, one tried on the open cases, and all of them asked again."""

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from reconciliation.approvals import Changed, Refused
from reconciliation.habits import owning
from reconciliation.habits.languages import number, spoken, written
from reconciliation.models import OwnershipRule
from reconciliation.sentences import SYSTEMS
from reconciliation.teams import Team
from reconciliation.views.page import page, refused, seen_by
from sync.models import LegalEntity
from sync.reasons import REASONS

SEES = ("reconciliation.view_ownershiprule", "reconciliation.view_exceptioncase")
_FIELDS = ("place", "reason", "entity", "system", "amount_from", "customer_name", "team")


def _reasons() -> list[tuple[str, str]]:
    found = ((one.code, spoken(one.title)) for one in REASONS.values())
    return [("", _("Any reason")), *sorted(found, key=lambda pair: pair[1])]


class TriedRule(forms.ModelForm):
    """A rule as it would be saved; nothing of it is kept."""

    reason = forms.ChoiceField(required=False, label=gettext_lazy("Reason"), choices=_reasons)
    entity = forms.ModelChoiceField(
        LegalEntity.objects.all(), required=False, label=gettext_lazy("Company"), empty_label=gettext_lazy("Any")
    )
    system = forms.ChoiceField(
        required=False,
        label=gettext_lazy("System"),
        choices=lambda: [("", _("Any")), *sorted(SYSTEMS.items())],
    )
    team = forms.ChoiceField(
        label=gettext_lazy("Team"), choices=lambda: [("", "—"), *((one.value, spoken(one.label)) for one in Team)]
    )

    class Meta:
        model = OwnershipRule
        fields = _FIELDS
        labels = {
            "place": pgettext_lazy("order of rules", "Place"),
            "amount_from": gettext_lazy("From amount"),
            "customer_name": gettext_lazy("Customer"),
        }
        widgets = {
            name: forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
            for name in ("place", "amount_from")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, one in self.fields.items():
            if self.errors.get(name):
                one.widget.attrs |= {"aria-invalid": "true", "aria-describedby": f"{name}-why"}


@require_safe
@seen_by(*SEES)
def ownership(request: HttpRequest) -> HttpResponse:
    """The rules, and what one would change where one is tried."""
    return _show(request)


@require_POST
@seen_by(*SEES)
def ownership_again(request: HttpRequest) -> HttpResponse:
    """Give open cases to the teams the rules of today say."""
    user = cast(AbstractUser, request.user)
    try:
        moved = owning.ask_again(user=user, sha256=request.POST.get("sha256", ""))
    except Refused as error:
        return refused(request, str(error))
    except Changed as error:
        return _show(request, status=409, again_error=str(error))
    text = ngettext("{count} case moved.", "{count} cases moved.", moved.count).format(count=number(moved.count))
    if moved.left:
        left = ngettext(
            "{count} stays for now: somebody works on it, or it changed hands.",
            "{count} stay for now: somebody works on them, or they changed hands.",
            moved.left,
        )
        text = f"{text} {left.format(count=number(moved.left))}"
    messages.success(request, text)
    return HttpResponseRedirect(reverse("desk:ownership") + "#again")


def _show(request: HttpRequest, *, status: int = 200, **given: Any) -> HttpResponse:
    user = cast(AbstractUser, request.user)
    may_move = user.has_perm(owning.MAY_MOVE)
    instead = request.GET.get("instead_of", "")
    is_number = instead.isascii() and instead.isdigit() and len(instead) <= 9
    instead_of = OwnershipRule.objects.filter(pk=int(instead)).first() if is_number else None
    asked = "team" in request.GET
    form = TriedRule(request.GET) if asked else TriedRule(initial={"place": 100}, instance=instead_of)
    tried = None
    if asked and form.is_valid():
        tried = owning.tried(form.instance, instead_of=instead_of.pk if instead_of else None)
    again, rules = owning.elsewhere(), OwnershipRule.objects.select_related("entity")
    return page(
        request,
        "portal/owning.html",
        title=_("Who owns what"),
        status=422 if asked and form.errors else status,
        rules=[(rule, _what(rule), _from(rule), _try_link(rule)) for rule in rules],
        form=form,
        instead_of=instead_of,
        tried=tried,
        tried_count=sum(move.count for move in tried) if tried is not None else 0,
        save_link=_save_link(form, instead_of) if tried is not None and may_move else "",
        again=again,
        again_count=sum(move.count for move in again),
        again_most=owning.MOST,
        sha256=owning.print_of(again),
        may_move=may_move,
        **given,
    )


def _what(rule: OwnershipRule) -> str:
    return spoken(REASONS[rule.reason].title) if rule.reason in REASONS else _("Any reason")


def _from(rule: OwnershipRule) -> str:
    """From which amount on, whatever the currency."""
    return "" if rule.amount_from is None else written(f"{rule.amount_from:,.2f}")


def _try_link(rule: OwnershipRule) -> str:
    values = {name: value for name, value in _values(rule).items() if value not in ("", None)}
    return f"?{urlencode({**values, 'instead_of': rule.pk})}#try"


def _save_link(form: TriedRule, instead_of: OwnershipRule | None) -> str:
    """The admin's form with these values filled in; an existing rule's own form, as it is."""
    if instead_of:
        return reverse("admin:reconciliation_ownershiprule_change", args=[instead_of.pk])
    values = {name: value for name, value in _values(form.instance).items() if value not in ("", None)}
    return f"{reverse('admin:reconciliation_ownershiprule_add')}?{urlencode(values)}"


def _values(rule: OwnershipRule) -> dict[str, Any]:
    return {name: rule.entity_id if name == "entity" else getattr(rule, name) for name in _FIELDS}
