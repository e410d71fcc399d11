"""Audit: how far the trail is sealed, anchored and verified, and who did what; who may do what; samples."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reconciliation import figures_access, figures_audit, figures_sample
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, seen_by
from sync import clock

#: what auditors and configuration admins hold, and people of the desk do not
REVIEWS = "reconciliation.view_approvalpolicy"
#: longest seed
_SEED = 40


@require_safe
@seen_by("sync.view_journalentry")
def audit(request: HttpRequest) -> HttpResponse:
    """The standing of the chain, and the journal narrowed from the address."""
    filters = figures_audit.Filters(request.GET.dict())
    before = request.GET.get("before", "")
    rows, after = figures_audit.entries(filters, before=before)
    return page(
        request,
        "portal/audit.html",
        title=_("Audit"),
        shown=figures_audit.standing(),
        filters=filters,
        rows=rows,
        exports=export_links("audit_export", query=filters.address(), of=_("these entries of the journal")),
        first=filters.address() if before else "",
        next=filters.address(before=after) if after else "",
    )


@require_safe
@seen_by(REVIEWS)
def access(request: HttpRequest) -> HttpResponse:
    """Everybody's roles, and which of their rights must not meet in one person."""
    people = figures_access.people()
    return page(
        request,
        "portal/audit_access.html",
        title=_("Who may do what"),
        crumbs=[(_("Audit"), reverse("desk:audit"))],
        people=people,
        machines=figures_access.machines(),
        conflicts=sum(bool(one.conflicts) for one in people),
        remarks=sum(bool(one.remarks) for one in people),
        exports=export_links("access_export", of=_("this review")),
    )


@require_safe
@seen_by(REVIEWS)
def sample(request: HttpRequest) -> HttpResponse:
    """A sample by the address: `of`, `first`, `last`, `seed`, `size`; without a seed, a form with a fresh one."""
    asked = Asked.of(request.GET.dict())
    return page(
        request,
        "portal/audit_sample.html",
        title=_("Draw a sample"),
        crumbs=[(_("Audit"), reverse("desk:audit"))],
        asked=asked,
        populations=figures_sample.POPULATIONS.values(),
        most=figures_sample.MOST,
        drawn=asked.draw() if asked.is_ready else None,
        exports=export_links("sample_export", query=asked.query, of=_("this sample")),
    )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an auditor typed; what cannot be read is said at its field."""

    population: figures_sample.Population
    first: date
    last: date
    seed: str
    size: int
    is_ready: bool
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Asked":
        """Read the fields; what is left out has a usual value: the last 30 days, 25 items, a seed by chance."""
        given = {name: value.replace("\x00", "").strip() for name, value in given.items()}
        errors: dict[str, str] = {}
        today = clock.now().date()
        days = {"first": today - timedelta(days=30), "last": today}
        for name in days:
            if text := given.get(name):
                try:
                    days[name] = date.fromisoformat(text)
                except ValueError:
                    errors[name] = _("Give a date such as 2026-05-14.")
        if not errors and days["first"] > days["last"]:
            errors["last"] = _("This day is before the first one. Give a later one.")
        text = given.get("size") or str(figures_sample.USUAL)
        size = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
        if not 1 <= size <= figures_sample.MOST:
            errors["size"] = _("Give a number from 1 to {most}.").format(most=figures_sample.MOST)
        populations = list(figures_sample.POPULATIONS.values())
        found = figures_sample.POPULATIONS.get(given.get("of", ""))
        if given.get("of") and found is None:
            errors["of"] = _("Choose one of the list.")
        seed = given.get("seed", "")[:_SEED]
        return cls(
            population=found or populations[0],
            **days,
            seed=seed or f"{secrets.randbelow(10**8):08}",
            size=size or figures_sample.USUAL,
            is_ready=bool(seed and found) and not errors,
            errors=errors,
        )

    def draw(self) -> figures_sample.Sample:
        """The sample; only where everything could be read."""
        return figures_sample.draw(self.population, first=self.first, last=self.last, seed=self.seed, size=self.size)

    @property
    def query(self) -> str:
        """The same sample as an address."""
        pairs = {"of": self.population.name, "first": self.first, "last": self.last}
        return "?" + urlencode({**pairs, "seed": self.seed, "size": self.size})
