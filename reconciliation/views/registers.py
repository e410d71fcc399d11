"""Registers: what finance and auditors read list by list, company by company and month by month."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reconciliation import figures_registers
from reconciliation.figures_registers import REGISTERS, Register
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, page_number, seen_by
from sync import clock
from sync.models import LegalEntity

#: lines on one page
PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an address asks for: a register of a company for the days of a month."""

    register: Register
    entity: LegalEntity
    first: date
    last: date
    today: date

    @property
    def query(self) -> str:
        return f"?entity={self.entity.code}&month={self.first:%Y-%m}"

    @property
    def until(self) -> date:
        """The last day that counts: what stands now is no older and no newer than today."""
        return min(self.last, self.today) if self.register.as_it_stands else self.last


def asked_for(request: HttpRequest, name: str) -> Asked | None:
    """Without a choice, the first company and the month that goes on; None while there is no company."""
    if name not in REGISTERS:
        raise Http404(_("There is no such register."))
    entities = list(LegalEntity.objects.all())
    chosen = next((one for one in entities if one.code == request.GET.get("entity")), entities[0] if entities else None)
    if chosen is None:
        return None
    today = clock.business_date(chosen)
    first = _month(request.GET.get("month", "")) or today.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return Asked(register=REGISTERS[name], entity=chosen, first=first, last=last, today=today)


@require_safe
@seen_by("reconciliation.view_signoff")
def register(request: HttpRequest, name: str = next(iter(REGISTERS))) -> HttpResponse:
    """One register of one company and month."""
    asked = asked_for(request, name)
    if asked is None:
        return page(request, "portal/register.html", title=_("Registers"), register=REGISTERS[name], chosen=None)
    shown = figures_registers.show(asked.register, asked.entity, asked.first, asked.until)
    pages = max(-(-len(shown.lines) // PAGE), 1)
    number = min(page_number(request), pages)
    before, after = asked.first - timedelta(days=1), asked.last + timedelta(days=1)
    company = f"?entity={asked.entity.code}&month="
    return page(
        request,
        "portal/register.html",
        title=_("Registers"),
        registers=REGISTERS.values(),
        register=asked.register,
        entities=LegalEntity.objects.all(),
        chosen=asked.entity,
        shown=shown,
        rows=shown.rows((number - 1) * PAGE, number * PAGE),
        count=len(shown.lines),
        number=number,
        pages=pages,
        address=f"{asked.query}&",
        first=asked.first,
        today=asked.today,
        older=f"{company}{before:%Y-%m}",
        newer=f"{company}{after:%Y-%m}" if after <= asked.today else "",
        exports=export_links("register_export", name, query=asked.query, of=_("this register")),
    )


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
