"""Going anywhere from one field: numbers, ids, customers, pages, views and records, as far as a person may see them.

It is asked while somebody types. So it looks where an index leads, and leaves the long look to Find and to the queue.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser
from django.db.models import Model, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from connectors.salesforce.ids import full_id, is_id
from reconciliation import sentences, trail_finder
from reconciliation.habits import pages, saved_views
from reconciliation.habits.languages import KEPT_IN, money
from reconciliation.models import ApprovalRequest, ExceptionCase, Problem
from sync.models import (
    CreditMemoRecord,
    CustomerRecord,
    Delivery,
    ExternalIdentity,
    InvoiceRecord,
    SourceEvent,
    WorkItem,
)

#: choices shown of one kind
MOST = 8
#: shorter than that is no id of any system
SHORTEST_ID = 4
_NUMBER = re.compile(r"(EXC|PRB|APR)[- ]?(\d{1,18})", re.IGNORECASE)
#: beginning of a number -> its table, what one needs to open it, icon
_NUMBERED: dict[str, tuple[type[Model], str, str]] = {
    "EXC": (ExceptionCase, pages.CASES, "inbox"),
    "PRB": (Problem, "reconciliation.view_problem", "inbox"),
    "APR": (ApprovalRequest, "reconciliation.view_approvalrequest", "how_to_reg"),
}
#: how references of ours begin where the rest is an id people have at hand
_BEGINNINGS = ("", "contract:", "customer:", "invoice:stripe:", "payment:stripe:", "allocation:stripe:")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One thing to go to."""

    title: str
    link: str
    icon: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Choices of one kind."""

    name: str
    choices: Sequence[Choice]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a text may mean to a person."""

    groups: Sequence[Group]
    #: whether something goes by this text, beside the ways to look further
    is_known: bool


def offer(text: str, *, user: AbstractUser, records: Iterable[tuple[str, str, str]] = ()) -> Offer:
    """Where this text may lead. `records`: name, address and room of the tables a person may look at."""
    text = " ".join(text.replace("\x00", "").split())[:100]
    sees_cases = user.has_perm(pages.CASES)
    groups = [
        Group(name=_("Cases, customers and ids"), choices=_found(text, user=user) if sees_cases and text else []),
        Group(name=_("Pages"), choices=_pages(text, user=user)),
        Group(name=_("Views of the queue"), choices=_views(text, user=user) if sees_cases else []),
        Group(name=_("Records"), choices=_records(text, records)),
    ]
    is_known = any(group.choices for group in groups)
    if text and sees_cases:
        groups.append(Group(name=_("Look further"), choices=_further(text)))
    return Offer(groups=[group for group in groups if group.choices], is_known=is_known)


def _found(text: str, *, user: AbstractUser) -> list[Choice]:
    number = _NUMBER.fullmatch(text)
    if number:
        return _by_number(number[1].upper(), int(number[2]), user=user)
    if len(text) >= SHORTEST_ID and re.search(r"\d", text):
        return _by_id(text)
    return _customers(text)


def _by_number(kind: str, key: int, *, user: AbstractUser) -> list[Choice]:
    model, needed, icon = _NUMBERED[kind]
    # what is not there would be looked for under all other names as well
    if not user.has_perm(needed) or not model._default_manager.filter(pk=key).exists():
        return []
    return [
        Choice(title=one.title, link=one.link, icon=icon, note=one.because)
        for one in trail_finder.find(f"{kind}-{key}")
    ]


def _by_id(text: str) -> list[Choice]:
    """Open cases and trails of what any system calls so; only whole ids, as indexes find them."""
    named = {text, full_id(text)} if is_id(text) else {text}
    references = {f"{beginning}{name}" for beginning in _BEGINNINGS for name in named}
    known = ExternalIdentity.objects.filter(external_id__in=named).order_by().values_list("reference")
    documents = (
        model.objects.filter(number=text).values_list("reference") for model in (InvoiceRecord, CreditMemoRecord)
    )
    references |= {reference for (reference,) in known.union(*(rows.order_by() for rows in documents))[: MOST * 2]}
    items = WorkItem.objects.exclude(correlation_id="").order_by().values_list("correlation_id")
    told = SourceEvent.objects.filter(object_id__in=named).order_by("-pk").values("pk")[:MOST]
    about = items.filter(reference__in=references).union(
        items.filter(event__in=told),
        items.filter(correlation_id__in=named),
        Delivery.objects.exclude(correlation_id="")
        .filter(reference__in=references)
        .order_by()
        .values_list("correlation_id"),
    )
    trails = [correlation_id for (correlation_id,) in about[:MOST]]
    return [*_open_cases(trails), *_trails(trails)][:MOST]


def _open_cases(trails: Sequence[str]) -> list[Choice]:
    rows = ExceptionCase.objects.filter(correlation_id__in=trails, status=ExceptionCase.Status.OPEN)
    return [
        Choice(
            title=sentences.title(case), link=f"/x/{case.number}", icon="inbox", note=_note(case.number, case.document)
        )
        for case in rows.select_related("problem").order_by("due_at", "pk")[:MOST]
    ]


def _trails(trails: Sequence[str]) -> list[Choice]:
    rows = (
        WorkItem.objects.filter(correlation_id__in=trails).order_by("correlation_id", "-pk").distinct("correlation_id")
    )
    found = []
    for row in rows:
        is_customer = row.correlation_id.startswith("customer:")
        name = row.customer_name or row.title
        found.append(
            Choice(
                title=(_("Customer {name}") if is_customer else _("Deal of {name}")).format(name=name),
                link=f"/t/{row.correlation_id}",
                icon="account_tree",
                note=_note(_("Its whole trail"), "" if is_customer else money(row.amount, row.currency)),
            )
        )
    return found


def _note(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _customers(text: str) -> list[Choice]:
    """Customers whose names begin so; written as typed or with capitals, which is how the index finds them."""
    if len(text) < 2:
        return []
    begins = Q()
    for written in {text, text.capitalize(), text.title(), text.upper()}:
        begins |= Q(name__startswith=written)
    rows = CustomerRecord.objects.filter(begins).order_by("name").values_list("name", "correlation_id")[:MOST]
    return [
        Choice(
            title=_("Customer {name}").format(name=name),
            link=f"/t/{correlation_id}",
            icon="account_tree",
            note=_("Its whole trail"),
        )
        for name, correlation_id in rows
    ]


def _pages(text: str, *, user: AbstractUser) -> list[Choice]:
    places = pages.PLACES + pages.BENEATH if text else pages.PLACES
    return [
        Choice(title=str(place.title), link=link, icon=place.icon)
        for place, link in pages.open_to(user, places)
        if _fits(text, _known_as(place))
    ]


def _known_as(place: pages.Place) -> str:
    """Words a page goes by: in the reader's language, and in English, which whoever is trained on it types."""
    with override(KEPT_IN):
        kept = f"{place.title} {place.also}"
    return f"{place.title} {place.also} {kept}"


def _views(text: str, *, user: AbstractUser) -> list[Choice]:
    queue = reverse("desk:queue")
    return [
        Choice(title=view.name, link=queue + view.query, icon="filter_list", note=view.by)
        for view in saved_views.views_of(user)
        if _fits(text, view.name)
    ][:MOST]


def _records(text: str, records: Iterable[tuple[str, str, str]]) -> list[Choice]:
    """Tables, only by name: there are too many to list them all."""
    if len(text) < 2:
        return []
    fitting = [Choice(title=name, link=link, icon="table_rows", note=room) for name, link, room in records]
    return [one for one in fitting if _fits(text, one.title)][:MOST]


def _further(text: str) -> list[Choice]:
    asked = urlencode({"q": text})
    return [
        Choice(
            title=_("Search the queue for “{text}”").format(text=text),
            link=f"{reverse('desk:queue')}?{asked}",
            icon="search",
        ),
        Choice(
            title=_("Find “{text}” in all systems").format(text=text),
            link=f"{reverse('desk:find')}?{asked}",
            icon="travel_explore",
        ),
    ]


def _fits(text: str, words: str) -> bool:
    """Whether each word typed begins one of these words."""
    known = words.casefold().split()
    return all(any(word.startswith(typed) for word in known) for typed in text.casefold().split())
