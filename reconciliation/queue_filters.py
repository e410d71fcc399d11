"""How the queue is narrowed, searched, sorted and paged, from what stands in the address."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser
from django.db.models import DecimalField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Abs, Coalesce
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation import figures_problems
from reconciliation.habits import absences, snoozes, tags
from reconciliation.habits.languages import month_text, spoken
from reconciliation.models import CaseTag, ExceptionCase
from reconciliation.sentences import SYSTEMS, system_name
from reconciliation.teams import Team
from sync import clock
from sync.catalogue import reason
from sync.models import ExternalIdentity, InvoiceRecord, LegalEntity, WorkItem
from sync.reasons import REASONS
from sync.states import Condition

AGES = {
    "1": gettext_lazy("older than a day"),
    "3": gettext_lazy("older than 3 days"),
    "7": gettext_lazy("older than a week"),
    "30": gettext_lazy("older than 30 days"),
}
AMOUNTS = {
    "1000": gettext_lazy("1,000 and more"),
    "10000": gettext_lazy("10,000 and more"),
    "100000": gettext_lazy("100,000 and more"),
}
OWNERS = {"nobody": gettext_lazy("Taken by nobody")}
DUES = {"late": gettext_lazy("late"), "today": gettext_lazy("due today")}
STATES = {
    "growing": gettext_lazy("of a growing problem"),
    "regressed": gettext_lazy("came back"),
    "snoozed": gettext_lazy("put off"),
    "back": gettext_lazy("back from being put off"),
}
SORTS = {
    "due": gettext_lazy("Due first"),
    "amount": gettext_lazy("Largest first"),
    "oldest": gettext_lazy("Oldest first"),
}
#: sort -> columns of the key a page starts after; `-` is descending
_KEYS = {"due": ("due_at", "-size", "pk"), "amount": ("-size", "due_at", "pk"), "oldest": ("opened_at", "pk")}
_NAMES = (
    *("team", "reason", "system", "entity", "age", "amount", "due", "owner", "state"),
    *("currency", "period", "tag", "customer"),
)
#: what each of these is called where it is on
_LABELS = {
    "team": gettext_lazy("Team"),
    "reason": gettext_lazy("Reason"),
    "system": gettext_lazy("System"),
    "entity": gettext_lazy("Entity"),
    "age": gettext_lazy("Age"),
    "amount": gettext_lazy("Amount"),
    "due": gettext_lazy("Due"),
    "owner": gettext_lazy("Owner"),
    "state": gettext_lazy("State"),
    "currency": gettext_lazy("Currency"),
    "period": gettext_lazy("Period"),
    "tag": gettext_lazy("Tag"),
    "customer": gettext_lazy("Customer"),
}
#: months of documents offered to choose from
MONTHS = 13
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter that is on, and the address without it."""

    text: str
    without: str


class _Months:
    """Every month there is, as an address names one: `2026-11`."""

    def __contains__(self, text: str) -> bool:
        return bool(_MONTH.fullmatch(text)) and not text.startswith("0000")


class Filters:
    """What is chosen. What makes no sense is left out, never an error."""

    def __init__(self, chosen: dict[str, str]) -> None:
        allowed: dict[str, Any] = {
            "team": Team.values,
            "reason": REASONS,
            "system": SYSTEMS,
            "age": AGES,
            "amount": AMOUNTS,
            "due": DUES,
            "owner": OWNERS,
            "state": STATES,
            "period": _Months(),
        }
        chosen = {name: value.replace("\x00", "") for name, value in chosen.items()}
        self.values = {
            name: chosen[name]
            for name in _NAMES
            if chosen.get(name) and chosen[name] in allowed.get(name, (chosen[name],))
        }
        self.mine = chosen.get("mine") == "1"
        self.text = chosen.get("q", "").strip()[:100]
        self.sort = chosen["sort"] if chosen.get("sort") in SORTS else "due"
        self.flat = chosen.get("view") == "cases"

    @classmethod
    def of(cls, query: str) -> "Filters":
        """What an address of the queue chooses."""
        return cls(QueryDict(query.lstrip("?")).dict())

    def __bool__(self) -> bool:
        return bool(self.values or self.mine or self.text)

    def apply(self, rows: QuerySet[ExceptionCase], *, user: AbstractUser) -> QuerySet[ExceptionCase]:
        """The open cases that fit."""
        chosen = self.values
        for name, lookup in (
            ("team", "team"),
            ("reason", "reason"),
            ("system", "problem__system"),
            ("entity", "entity__code"),
            ("currency", "currency"),
            ("customer", "customer_reference"),
        ):
            if name in chosen:
                rows = rows.filter(**{lookup: chosen[name]})
        if "age" in chosen:
            rows = rows.filter(opened_at__lt=clock.now() - timedelta(days=int(chosen["age"])))
        if "amount" in chosen:
            rows = rows.annotate(absolute=Abs("amount")).filter(absolute__gte=Decimal(chosen["amount"]))
        if "due" in chosen:
            now = clock.now()
            tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            late = Q(due_at__lt=now)
            rows = rows.filter(late if chosen["due"] == "late" else Q(due_at__gte=now, due_at__lt=tomorrow))
        if "period" in chosen:
            first = date.fromisoformat(f"{chosen['period']}-01")
            last = first.replace(day=monthrange(first.year, first.month)[1])
            rows = rows.filter(effective_on__range=(first, last))
        if "tag" in chosen:
            rows = rows.filter(Exists(CaseTag.objects.filter(case=OuterRef("pk"), word=chosen["tag"])))
        if "owner" in chosen:
            rows = rows.filter(Q(assignee=None) | Q(claimed_until__lt=clock.now()))
        if self.mine:
            rows = rows.filter(assignee__in=absences.hands_of(user))
        rows = self._by_state(rows)
        return rows.filter(matching(self.text)) if self.text else rows

    def _by_state(self, rows: QuerySet[ExceptionCase]) -> QuerySet[ExceptionCase]:
        """Cases put off are seen only where somebody looks for them, or for a text."""
        match self.values.get("state"):
            case "snoozed":
                return snoozes.asleep(rows)
            case "back":
                return snoozes.back(rows)
            case "growing":
                return snoozes.awake(rows.filter(problem__in=figures_problems.growing()))
            case "regressed":
                return snoozes.awake(rows.filter(regressed=True))
        return rows if self.text else snoozes.awake(rows)

    def address(self, **changes: str | None) -> str:
        """The query string with these changes."""
        pairs = {
            **self.values,
            "mine": "1" if self.mine else "",
            "q": self.text,
            "view": "cases" if self.flat else "",
            "sort": "" if self.sort == "due" else self.sort,
        }
        pairs.update({name: value or "" for name, value in changes.items()})
        return "?" + urlencode({name: value for name, value in pairs.items() if value})

    def chips(self) -> list[Chip]:
        """What is on, in words, each with a way out."""
        found = [
            Chip(text=f"{_LABELS[name]}: {self._word(name, value)}", without=self.address(**{name: None}))
            for name, value in self.values.items()
        ]
        if self.mine:
            found.append(Chip(text=_("Taken by me"), without=self.address(mine=None)))
        if self.text:
            found.append(Chip(text=_("Search: {text}").format(text=self.text), without=self.address(q=None)))
        return found

    def _word(self, name: str, value: str) -> str:
        words = {
            "team": lambda: spoken(Team(value).label),
            "reason": lambda: spoken(reason(value).title),
            "system": lambda: system_name(value),
            "age": lambda: str(AGES[value]),
            "amount": lambda: str(AMOUNTS[value]),
            "due": lambda: str(DUES[value]),
            "owner": lambda: str(OWNERS[value]),
            "state": lambda: str(STATES[value]),
            "period": lambda: month_text(date.fromisoformat(f"{value}-01")),
            "customer": lambda: _customer(value),
        }
        return words[name]() if name in words else value

    def choices(self) -> list[dict[str, Any]]:
        """The selects of the filter form."""
        lists: dict[str, tuple[str, list[tuple[str, str]]]] = {
            "team": (_("Team"), [(value, spoken(label)) for value, label in Team.choices]),
            "reason": (
                _("Reason"),
                sorted(((code, spoken(row.title)) for code, row in REASONS.items()), key=lambda pair: pair[1]),
            ),
            "system": (_("System"), list(SYSTEMS.items())),
            "entity": (_("Entity"), [(row.code, row.name) for row in LegalEntity.objects.all()]),
            "age": (_("Age"), _shown(AGES)),
            "amount": (_("Amount"), _shown(AMOUNTS)),
            "due": (_("Due"), _shown(DUES, large=True)),
            "owner": (_("Owner"), _shown(OWNERS)),
            "state": (_("State"), _shown(STATES, large=True)),
            "currency": (_("Currency"), [(code, code) for code in _currencies()]),
            "period": (_("Dated in"), _months()),
            "tag": (_("Tag"), [(word, word) for word in tags.in_use()]),
        }
        return [
            {"name": name, "label": label, "options": options, "value": self.values.get(name, "")}
            for name, (label, options) in lists.items()
        ]


def _shown(words: Mapping[str, Promise], *, large: bool = False) -> list[tuple[str, str]]:
    """Choices in the language of who reads; `large` where they begin with a capital."""
    return [(name, capfirst(str(text)) if large else str(text)) for name, text in words.items()]


def _currencies() -> list[str]:
    """Those of open cases."""
    rows = ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN).exclude(currency="").order_by("currency")
    return list(rows.values_list("currency", flat=True).distinct())


def _months() -> list[tuple[str, str]]:
    """The last thirteen, the newest first."""
    day, out = clock.now().date().replace(day=1), []
    for _month in range(MONTHS):
        out.append((f"{day:%Y-%m}", month_text(day)))
        day = (day - timedelta(days=1)).replace(day=1)
    return out


def _customer(reference: str) -> str:
    """A customer as people know them."""
    rows = ExceptionCase.objects.filter(customer_reference=reference).exclude(customer_name="")
    return rows.values_list("customer_name", flat=True).first() or reference


def matching(text: str) -> Q:
    """Cases that a text may mean: a case or problem number, a customer, a document, an id in any system."""
    number = re.fullmatch(r"(EXC|PRB)-(\d{1,15})", text, re.IGNORECASE)
    if number:
        return Q(pk=int(number[2])) if number[1].upper() == "EXC" else Q(problem_id=int(number[2]))
    references = set(ExternalIdentity.objects.filter(external_id=text).values_list("reference", flat=True)[:20])
    references |= set(
        InvoiceRecord.objects.filter(Q(number__iexact=text) | Q(billing_id=text)).values_list("reference", flat=True)[
            :20
        ]
    )
    # a deal that waits is found at the case it waits for
    waits = WorkItem.objects.filter(condition=Condition.WAITING).filter(
        Q(reference__endswith=f":{text}") | Q(reference__in=references)
    )
    references |= set(waits.values_list("waits_for", flat=True)[:20])
    return (
        Q(customer_name__icontains=text)
        | Q(document__icontains=text)
        | Q(value__icontains=text)
        | Q(reference=text)
        | Q(reference__endswith=f":{text}")
        | Q(reference__in=references)
        | Q(correlation_id=text)
    )


# -- pages that need no count -------------------------------------------------------------------------
def page_of(
    rows: QuerySet[ExceptionCase], *, sort: str = "due", after: str = "", size: int = 50
) -> tuple[list[ExceptionCase], str]:
    """One page of cases that begins after a key; and the key of the next page, empty at the end."""
    keys = _KEYS.get(sort, _KEYS["due"])
    nothing = Value(Decimal(-1), output_field=DecimalField(max_digits=20, decimal_places=4))
    rows = rows.annotate(size=Coalesce(Abs("amount"), nothing)).order_by(*keys)
    start = _start(keys, after)
    if start is not None:
        rows = rows.filter(start)
    # the keys alone are sorted; whole rows are read for one page only
    names = [key.lstrip("-") for key in keys]
    found = list(rows.values_list(*names)[: size + 1])
    place = names.index("pk")
    ids = [row[place] for row in found[:size]]
    whole = ExceptionCase.objects.select_related("problem", "assignee", "entity").prefetch_related("tags").in_bulk(ids)
    shown = [whole[pk] for pk in ids if pk in whole]
    return shown, "|".join(_text(value) for value in found[size - 1]) if len(found) > size else ""


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _start(keys: tuple[str, ...], after: str) -> Q | None:
    parts = after.split("|")
    if len(parts) != len(keys):
        return None
    values: dict[str, Any] = {}
    try:
        for key, part in zip(keys, parts, strict=True):
            name = key.lstrip("-")
            values[name] = (
                parse_datetime(part) if name.endswith("_at") else int(part) if name == "pk" else Decimal(part)
            )
    except (ValueError, InvalidOperation):
        return None
    if None in values.values() or any(
        isinstance(value, Decimal) and not value.is_finite() for value in values.values()
    ):
        return None
    condition, same = Q(), Q()
    for key in keys:
        name = key.lstrip("-")
        condition |= same & Q(**{f"{name}__{'lt' if key.startswith('-') else 'gt'}": values[name]})
        same &= Q(**{name: values[name]})
    return condition
