"""Two changes of a contract that want one number, side by side: all that each says, field by field and line by line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from connectors.canonical import AS_BEFORE, EVERGREEN, NO_END
from reconciliation.figures_case import Cell
from reconciliation.habits.languages import day_text, money, written
from reconciliation.models import ExceptionCase
from sync.models import CustomerRecord
from sync.taken_numbers import REASON, record_of_item

Subject = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Beside:
    """One change that was carried, or came first, and one that came late."""

    first_name: str
    late_name: str
    cells: list[Cell]


def beside(case: ExceptionCase) -> list[Beside]:
    """For a case over a number that is taken: each late change beside the one that has the number; else nothing."""
    if case.reason != REASON or case.work_item is None:
        return []
    first, late = case.work_item.subject, case.evidence.get("late", {})
    names = _customers([first, *late.values()])
    return [
        Beside(
            first_name=_("Has the number: {record}").format(record=record_of_item(case.work_item)),
            late_name=_("Came late: {record}").format(record=record),
            cells=[*_fields(first, subject, names), *_lines(first, subject, names)],
        )
        for record, subject in late.items()
    ]


# -- words ----------------------------------------------------------------------------------------------
_KINDS = {
    "new": pgettext_lazy("kind of change", "New contract"),
    "amendment": pgettext_lazy("kind of change", "Amendment"),
    "upsell": pgettext_lazy("kind of change", "Upsell"),
    "downsell": pgettext_lazy("kind of change", "Downsell"),
    "co_term": pgettext_lazy("kind of change", "Co-term"),
    "renewal": pgettext_lazy("kind of change", "Renewal"),
    "cancellation": pgettext_lazy("kind of change", "Cancellation"),
    "suspension": pgettext_lazy("kind of change", "Suspension"),
    "reactivation": pgettext_lazy("kind of change", "Reactivation"),
    "assignment": pgettext_lazy("kind of change", "Assignment"),
}
_FREQUENCIES = {
    "annual_in_advance": gettext_lazy("Annual in advance"),
    "prepaid": gettext_lazy("Prepaid"),
    "quarterly": gettext_lazy("Quarterly"),
    "monthly": gettext_lazy("Monthly"),
}


def _customers(subjects: Sequence[Subject]) -> dict[str, str]:
    wanted = {
        value
        for subject in subjects
        for one in (subject, *subject.get("lines", ()))
        for name, value in one.items()
        if name.endswith("_reference") and value
    }
    return dict(CustomerRecord.objects.filter(reference__in=wanted).values_list("reference", "name"))


def _yes(value: Any) -> str:
    return _("yes") if value else _("no")


def _day(value: Any) -> str:
    if not value:
        return ""
    return _("no end") if value == NO_END.isoformat() else day_text(date.fromisoformat(value))


def _months(value: Any) -> str:
    if value == AS_BEFORE:
        return _("as before")
    return ngettext("{n} month", "{n} months", value).format(n=value)


def _term(value: Any) -> str:
    return _("no end") if value == EVERGREEN else _months(value)


def _days(value: Any) -> str:
    return _("as before") if value == AS_BEFORE else ngettext("{n} day", "{n} days", value).format(n=value)


def _fact(name: str) -> Callable[[Subject, Mapping[str, str]], str]:
    return lambda subject, names: str(dict(subject.get("commitment", ())).get(name, ""))


def _of(name: str, told: Callable[[Any], Any] = str) -> Callable[[Subject, Mapping[str, str]], str]:
    return lambda subject, names: str(told(subject.get(name)) if subject.get(name) is not None else "")


def _who(name: str) -> Callable[[Subject, Mapping[str, str]], str]:
    def told(subject: Subject, names: Mapping[str, str]) -> str:
        reference = str(subject.get(name, ""))
        return f"{names[reference]} ({reference.partition(':')[2]})" if reference in names else reference

    return told


def _amount(subject: Subject, names: Mapping[str, str]) -> str:
    return money(Decimal(subject["amount"]), subject["currency"])


def _frequency(value: str) -> str:
    return str(_FREQUENCIES.get(value, value)) if value else _("as before")


#: name of the fact in the shape -> its label, and how it is told
FIELDS: dict[str, tuple[Any, Callable[[Subject, Mapping[str, str]], str]]] = {
    "crm_opportunity_id": (gettext_lazy("Opportunity"), _of("crm_opportunity_id")),
    "name": (gettext_lazy("Name"), _of("name")),
    "modification_number": (gettext_lazy("Number of the change"), _of("modification_number")),
    "modification_kind": (gettext_lazy("Kind of change"), _of("modification_kind", lambda one: _KINDS.get(one, one))),
    "signed_on": (gettext_lazy("Signed on"), _of("signed_on", _day)),
    "effective_on": (gettext_lazy("Holds from"), _of("effective_on", _day)),
    "starts_on": (gettext_lazy("Starts on"), _of("starts_on", _day)),
    "ends_on": (gettext_lazy("Ends on"), _of("ends_on", _day)),
    "term_months": (gettext_lazy("Term"), _of("term_months", _term)),
    "amount": (gettext_lazy("Amount"), _amount),
    "free_months": (gettext_lazy("Free months"), _of("free_months", _months)),
    "billing_frequency": (gettext_lazy("Billed"), _of("billing_frequency", _frequency)),
    "payment_terms_days": (gettext_lazy("Payment terms"), _of("payment_terms_days", _days)),
    "po_number": (gettext_lazy("Purchase order"), _of("po_number")),
    "po_required": (gettext_lazy("Purchase order required"), _of("po_required", _yes)),
    "removes": (gettext_lazy("Takes away"), _of("removes", ", ".join)),
    "credits_unused": (gettext_lazy("Credits what is not used"), _of("credits_unused", _yes)),
    "customer_reference": (gettext_lazy("Billed to"), _who("customer_reference")),
    "sold_to_reference": (gettext_lazy("Sold to"), _who("sold_to_reference")),
    "ship_to_reference": (gettext_lazy("Used by"), _who("ship_to_reference")),
    "payer_reference": (gettext_lazy("Paid by"), _who("payer_reference")),
    "signatory": (gettext_lazy("Signed by our company"), _of("signatory")),
    "commitment": (gettext_lazy("Stage"), _fact("stage")),
    "approval": (gettext_lazy("Approval"), _fact("approval")),
    "order_form_on": (gettext_lazy("Order form dated"), _fact("order_form_on")),
}


def _fields(first: Subject, late: Subject, names: Mapping[str, str]) -> list[Cell]:
    return [
        _cell(str(label), told(first, names), told(late, names))
        for label, told in FIELDS.values()
        if told(first, names) or told(late, names)
    ]


def _cell(label: str, first: str, late: str) -> Cell:
    return Cell(label=label, left=first or _("not there"), right=late or _("not there"), differs=first != late)


def _lines(first: Subject, late: Subject, names: Mapping[str, str]) -> list[Cell]:
    """The products of both: those of one code side by side, in the order of the change that has the number."""
    left, right = _by_product(first), _by_product(late)
    cells = []
    for product in dict.fromkeys((*left, *right)):
        ours, theirs = left.get(product, []), right.get(product, [])
        for place in range(max(len(ours), len(theirs))):
            cells.append(
                _cell(
                    product,
                    _line(ours[place], first, names) if place < len(ours) else "",
                    _line(theirs[place], late, names) if place < len(theirs) else "",
                )
            )
    return cells


def _by_product(subject: Subject) -> dict[str, list[Subject]]:
    found: dict[str, list[Subject]] = {}
    for line in subject.get("lines", ()):
        found.setdefault(line["crm_product"], []).append(line)
    return found


def _line(line: Subject, subject: Subject, names: Mapping[str, str]) -> str:
    """`2 × 550.00 = USD 1,100.00, list price USD 1,200.00, 13 May 2026 to 12 May 2027`."""
    currency = subject["currency"]
    words = _("{quantity} × {price} = {amount}, list price {listed}, {first} to {last}").format(
        quantity=written(f"{Decimal(line['quantity']).normalize():f}"),
        price=written(f"{Decimal(line['unit_price']):,f}"),
        amount=money(Decimal(line["amount"]), currency),
        listed=money(Decimal(line["list_amount"]), currency),
        first=_day(line["starts_on"]),
        last=_day(line["ends_on"]),
    )
    dates = _(" (dates of its own)") if line.get("own_dates") else ""
    user = _who("ship_to_reference")(line, names)
    text = f"{line['description']}: {words}{dates}" if line["description"] else f"{words}{dates}"
    return _("{line}, used by {customer}").format(line=text, customer=user) if user else text
