"""What a register is: a company's list of documents of one kind, with what an auditor asks of each, and sums."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from reconciliation.habits.languages import money
from sync.models import CustomerRecord, LegalEntity

ZERO = Decimal(0)

#: every title and heading, for the catalogue of languages
_HEADINGS = (
    gettext_lazy("Given back and given up"),
    gettext_lazy("Disputes"),
    gettext_lazy("Late postings"),
    gettext_lazy("Tax by code and place"),
    gettext_lazy("Age"),
    gettext_lazy("Amount"),
    gettext_lazy("Approved by"),
    gettext_lazy("Code"),
    gettext_lazy("Crosses"),
    gettext_lazy("Customer"),
    gettext_lazy("Cut-off"),
    gettext_lazy("Date"),
    gettext_lazy("Dispute"),
    gettext_lazy("Disputed"),
    gettext_lazy("Document"),
    gettext_lazy("Documents"),
    gettext_lazy("Net"),
    gettext_lazy("On account"),
    gettext_lazy("Opened"),
    gettext_lazy("Own date"),
    gettext_lazy("Place"),
    gettext_lazy("Posted on"),
    gettext_lazy("Reason"),
    gettext_lazy("Since"),
    gettext_lazy("State"),
    gettext_lazy("Tax"),
    gettext_lazy("Treatment"),
    gettext_lazy("Why"),
    gettext_lazy("Withdrawn now"),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One document or sum; words and money (major units of its currency) under the register's headings."""

    words: Mapping[str, str]
    money: Mapping[str, Decimal]
    currency: str
    #: where the first word leads: correlation id of its trail
    trail: str = ""


#: the lines of a company from one day to another, both included; what stands as it is now looks at the last one only
Find = Callable[[LegalEntity, date, date], Sequence[Line]]


@dataclass(frozen=True, kw_only=True)
class Register:
    """One list: what it shows, under which headings, and how it is found."""

    name: str
    #: title and headings are in English, as files have them and lines name their words by; a page shows its reader's
    title: str
    lead: str | Promise
    words: tuple[str, ...]
    money: tuple[str, ...]
    find: Find
    #: headings whose words are dates
    days: tuple[str, ...] = ()
    #: heading by whose words sums are told apart, beside the currency
    sums_by: str = ""
    #: shows what stands now, not what happened in a month
    as_it_stands: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A register as a page shows it: lines, and sums of all of them per currency, never across."""

    register: Register
    lines: Sequence[Line]
    #: currency, what the sum is of where sums are told apart, and the sum under each heading of money
    sums: Sequence[tuple[str, str, Sequence[str]]] = field(default_factory=list)

    def rows(self, start: int, end: int) -> list[tuple[Line, list[tuple[str, str]], list[tuple[str, str]]]]:
        """These lines, each with its (heading, words) and (heading, amount with its currency)."""
        return [
            (
                line,
                [(head, line.words.get(head, "")) for head in self.register.words],
                [(head, money(line.money[head], line.currency)) for head in self.register.money],
            )
            for line in self.lines[start:end]
        ]


def show(register: Register, entity: LegalEntity, first: date, last: date) -> Shown:
    """The register of a company for these days."""
    lines = register.find(entity, first, last)
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.currency, line.words.get(register.sums_by, "")), []).append(line)
    sums = [
        (currency, group, [money(sum((line.money[head] for line in mine), ZERO), currency) for head in register.money])
        for (currency, group), mine in sorted(groups.items())
    ]
    return Shown(register=register, lines=lines, sums=sums)


def customers(references: Sequence[str]) -> dict[str, str]:
    """Names by reference, in one query; a customer we do not know is named by its reference."""
    known = dict(CustomerRecord.objects.filter(reference__in=set(references)).values_list("reference", "name"))
    return {reference: known.get(reference) or reference.partition(":")[2] or "–" for reference in references}
