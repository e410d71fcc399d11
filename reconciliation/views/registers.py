"""Registers: what finance and auditors read list by list, company by company and month by month."""

import calendar
from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from reconciliation import figures_registers
from reconciliation.figures_registers import REGISTERS
from reconciliation.views.page import page, page_number, seen_by
from sync import clock
from sync.models import LegalEntity

#: lines on one page
PAGE = 100


@require_safe
@seen_by("reconciliation.view_signoff")
def register(request: HttpRequest, name: str = next(iter(REGISTERS))) -> HttpResponse:
    """One register of one company; without a choice, the first of the first, for the month that goes on."""
    if name not in REGISTERS:
        raise Http404("There is no such register.")
    entities = list(LegalEntity.objects.all())
    chosen = next((one for one in entities if one.code == request.GET.get("entity")), entities[0] if entities else None)
    if chosen is None:
        return page(request, "portal/register.html", title="Registers", register=REGISTERS[name], chosen=None)
    today = clock.business_date(chosen)
    first = _month(request.GET.get("month", "")) or today.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    found = REGISTERS[name]
    shown = figures_registers.show(found, chosen, first, min(last, today) if found.as_it_stands else last)
    pages = max(-(-len(shown.rows) // PAGE), 1)
    number = min(page_number(request), pages)
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    return page(
        request,
        "portal/register.html",
        title="Registers",
        registers=REGISTERS.values(),
        register=found,
        entities=entities,
        chosen=chosen,
        shown=shown,
        rows=shown.rows[(number - 1) * PAGE : number * PAGE],
        count=len(shown.rows),
        number=number,
        pages=pages,
        address=f"?entity={chosen.code}&month={first:%Y-%m}&",
        first=first,
        today=today,
        older=f"?entity={chosen.code}&month={before:%Y-%m}",
        newer=f"?entity={chosen.code}&month={after:%Y-%m}" if after <= today else "",
    )


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
