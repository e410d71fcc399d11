"""Accounting periods: months one may or may not post into."""

from calendar import monthrange
from datetime import date

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import THE_SYSTEM, Archive
from connectors.sandbox.netsuite.refusals import Refusal

#: kinds whose posting the receivables lock stops as well
RECEIVABLES = frozenset({"invoice", "creditMemo", "customerPayment"})


def seed_periods(archive: Archive, *, first_year: int, years: int) -> None:
    """Twelve open months for each year; the year and quarter rows NetSuite also has are not posting periods."""
    for year in range(first_year, first_year + years):
        parent = _add(archive, name=f"FY {year}", start=date(year, 1, 1), end=date(year, 12, 31), year=True)
        for month in range(1, 13):
            start = date(year, month, 1)
            end = date(year, month, monthrange(year, month)[1])
            _add(archive, name=start.strftime("%b %Y"), start=start, end=end, parent=parent)


def _add(archive: Archive, *, name: str, start: date, end: date, year: bool = False, parent: str = "") -> str:
    document: Document = {
        "id": archive.new_id("accountingPeriod"),
        "periodName": name,
        "startDate": start.isoformat(),
        "endDate": end.isoformat(),
        "isPosting": not year,
        "isAdjust": False,
        "isQuarter": False,
        "isYear": year,
        "isInactive": False,
        "closed": False,
        "arLocked": False,
        "apLocked": False,
        "allLocked": False,
        "payrollLocked": False,
        "allowNonGLChanges": False,
        "perBookPeriodClosing": False,
        "fiscalCalendar": {"id": "1", "refName": "Standard Fiscal Calendar"},
    }
    if parent:
        document["parent"] = {"id": parent}
    archive.save("accountingPeriod", document, author=THE_SYSTEM, quietly=True)
    return str(document["id"])


class Periods:
    """Finds the period of a day. The list is read again whenever a period changes."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._months: dict[str, Document] | None = None

    def forget(self) -> None:
        self._months = None

    def of_day(self, day: str) -> Document | None:
        """The posting period a day (ISO) belongs to."""
        if self._months is None:
            self._months = {
                period["startDate"][:7]: period
                for period in self._archive.rows("accountingPeriod")
                if period["isPosting"] and not period.get("isAdjust") and not period.get("isInactive")
            }
        period = self._months.get(day[:7])
        return period if period and period["startDate"] <= day <= period["endDate"] else None

    def assign(self, document: Document, *, moved: bool, strict: bool) -> None:
        """Give a transaction its posting period. Raises Refusal when the day has none or a named one does not fit.

        `moved` says the date changed without a period being named; `strict` is the account preference that
        forbids dates outside the named period.
        """
        named = None if moved else document.get("postingPeriod")
        if named:
            period = self._archive.get("accountingPeriod", named["id"])
            fits = period and period["startDate"] <= document["tranDate"] <= period["endDate"]
            if not period or not period["isPosting"] or (strict and not fits):
                raise Refusal("outside_period", path="tranDate")
        else:
            period = self.of_day(document["tranDate"])
            if period is None:
                raise Refusal("outside_period", path="tranDate")
        document["postingPeriod"] = {"id": period["id"]}

    def is_open(self, kind: str, document: Document) -> bool:
        """Whether a kind of transaction may still change the ledger in the period it has."""
        period = self._archive.get("accountingPeriod", document["postingPeriod"]["id"])
        if period is None or period.get("closed") or period.get("allLocked"):
            return False
        return not (period.get("arLocked") and kind in RECEIVABLES)

    def allows_other_changes(self, document: Document) -> bool:
        """Whether changes that leave the ledger alone are welcome in a period that is not open."""
        period = self._archive.get("accountingPeriod", document["postingPeriod"]["id"])
        return bool(period and period.get("allowNonGLChanges"))
