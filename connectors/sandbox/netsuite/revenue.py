"""Advanced Revenue Management: arrangements, elements and plans NetSuite makes by itself out of approved documents.

A revenue arrangement is a transaction (type RevArrng) that posts nothing; each of its elements stands for one line of
its source, and each element has an actual plan whose planned revenue says what belongs to which period. NetSuite
updates arrangements in the background, every three hours; here they follow at once. Nobody can write them over REST.
Amounts of plans are in the base currency of the subsidiary. Straight-line by exact days: an amount per day of the
service, rounded in each period, and the last period takes the rest. Without fair values nothing is allocated between
elements. Sources: docs.oracle.com NetSuite help, "Revenue Arrangement Management", "Updating Revenue Arrangements";
Records Browser, "Revenue Recognition Plan".
"""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.amounts import amount, precision, rounded, text
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.fields import RECORDS
from connectors.sandbox.netsuite.ledger import is_deferred
from connectors.sandbox.netsuite.periods import Periods
from connectors.sandbox.netsuite.tables import day, flag

KIND = "revenueArrangement"
#: tables an account without the feature does not have
TABLES = frozenset({"revenueelement", "revenueplan", "revenueplanplannedrevenue"})
SOURCES = {"invoice": 1, "creditMemo": -1}


class RevenueManagement:
    """Keeps arrangements in line with their sources, where the account has the feature."""

    def __init__(self, archive: Archive, periods: Periods, settings: Callable[[], dict[str, Any]]) -> None:
        self._archive = archive
        self._periods = periods
        self._settings = settings
        #: source -> its arrangement
        self._made: dict[str, str] = {}

    @property
    def is_on(self) -> bool:
        return bool(self._settings()["revenue_management"])

    def load(self) -> None:
        """Mirror every arrangement, as after a start."""
        self._made = {document["source"]: document["id"] for document in self._archive.books.rows(KIND)}
        for own in self._made.values():
            self.mirror(own)

    def follow(self, kind: str, source: Document) -> None:
        """Bring the arrangement of a source in line with it; a source that recognises nothing later has none."""
        if kind not in SOURCES or not self.is_on:
            return
        lines = [
            line
            for line in source["item"]["items"]
            if source["posts"] and is_deferred(line, self._archive.get("item", line["item"]["id"]) or {})
        ]
        old = self._of(source["id"])
        if not lines:
            self.forget(source["id"])
            return
        own = old["id"] if old else self._archive.new_id("invoice")
        known = {element["line"]: element for element in old["elements"]} if old else {}
        document: Document = {
            "id": own,
            "tranId": f"RA{own}",
            "source": source["id"],
            "sourceText": f"{RECORDS[kind].label} #{source[RECORDS[kind].number]}",
            "sourceType": kind,
            "tranDate": source["tranDate"],
            "entity": (source.get("entity") or {}).get("id"),
            "subsidiary": source["subsidiary"]["id"],
            "currency": source["currency"]["id"],
            "exchangeRate": source["exchangeRate"],
            "elements": [
                self._element(line, source, sign=SOURCES[kind], old=known.get(int(line["line"]))) for line in lines
            ],
        }
        self._archive.books.put(KIND, own, document)
        self._made[source["id"]] = own
        self.mirror(own)

    def forget(self, source: str) -> None:
        """A source is gone, and its arrangement with it."""
        old = self._of(source)
        if old is not None:
            self._archive.books.delete(KIND, old["id"])
            del self._made[source]
            self._clear(old)

    def _of(self, source: str) -> Document | None:
        own = self._made.get(source)
        return self._archive.books.get(KIND, own) if own else None

    # -- elements and plans -------------------------------------------------------------------------
    def _element(self, line: Document, source: Document, *, sign: int, old: Document | None) -> Document:
        starts = line.get("revRecStartDate") or source["tranDate"]
        ends = line.get("revRecEndDate") or starts
        digits = self._base_digits(source["subsidiary"]["id"])
        base = rounded(sign * amount(line, "amount") * Decimal(source["exchangeRate"]), digits=digits)
        number = self._archive.books.next_number
        return {
            "id": old["id"] if old else str(number("revenueelement")),
            "plan": old["plan"] if old else str(number("revenueplan")),
            "line": int(line["line"]),
            "item": line["item"]["id"],
            "quantity": str(line["quantity"]),
            "salesAmount": text(base, digits=digits),
            "startDate": starts,
            "endDate": ends,
            "planned": [
                {"id": str(number("plannedrevenue")), "period": period, "amount": text(part, digits=digits)}
                for period, part in self._planned(base, date.fromisoformat(starts), date.fromisoformat(ends), digits)
            ],
        }

    def _planned(self, base: Decimal, starts: date, ends: date, digits: int) -> list[tuple[str, Decimal]]:
        """Period by period; nothing where a period of the service was never set up."""
        days, found, first, left = (ends - starts).days + 1, [], starts, base
        while first <= ends:
            period = self._periods.of_day(first.isoformat())
            if period is None:
                return []
            last = min(date.fromisoformat(period["endDate"]), ends)
            part = left if last == ends else rounded(base * ((last - first).days + 1) / days, digits=digits)
            found.append((period["id"], part))
            left -= part
            first = last + timedelta(days=1)
        return found

    def _base(self, subsidiary: str) -> Document:
        own = self._archive.get("subsidiary", subsidiary) or {}
        return self._archive.get("currency", own.get("currency", {"id": "1"})["id"]) or {}

    def _base_digits(self, subsidiary: str) -> int:
        return precision(self._archive, str(self._base(subsidiary).get("id", "1")))

    # -- SuiteQL ------------------------------------------------------------------------------------
    def mirror(self, key: str) -> None:
        """Write an arrangement's rows anew."""
        document = self._archive.books.get(KIND, key)
        if document is None:
            return
        self._clear(document)
        tables, own = self._archive.tables, document["id"]
        tables.put(
            "transaction",
            {
                **{name.lower(): document[name] for name in ("id", "tranId", "entity", "currency", "exchangeRate")},
                "type": "RevArrng",
                "recordtype": "revenuearrangement",
                "abbrevtype": "RA",
                "trandate": day(document["tranDate"]),
                "posting": "F",
                "voided": "F",
                "trandisplayname": f"Revenue Arrangement #{document['tranId']}",
            },
        )
        symbol = self._base(document["subsidiary"]).get("symbol")
        for element in document["elements"]:
            tables.put(
                "transactionline",
                {
                    "transaction": own,
                    "id": element["line"],
                    "uniquekey": int(own) * 1000 + element["line"],
                    "mainline": "F",
                    "taxline": "F",
                    "item": element["item"],
                    "subsidiary": document["subsidiary"],
                    "revenueelement": element["id"],
                },
            )
            total = sum((Decimal(one["amount"]) for one in element["planned"]), Decimal(0))
            dates = {"revrecstartdate": day(element["startDate"]), "revrecenddate": day(element["endDate"])}
            tables.put(
                "revenueelement",
                {
                    "id": element["id"],
                    "recordnumber": f"RE{element['id']}",
                    "revenuearrangement": own,
                    "source": document["sourceText"],
                    "sourcerecordtype": document["sourceType"].lower(),
                    "elementdate": day(document["tranDate"]),
                    "currency": symbol,
                    "exchangerate": document["exchangeRate"],
                    "salesamount": element["salesAmount"],
                    "discountedsalesamount": element["salesAmount"],
                    **{name: element[name] for name in ("item", "quantity")},
                    **{name: document[name] for name in ("entity", "subsidiary")},
                    **dates,
                },
            )
            tables.put(
                "revenueplan",
                {
                    "id": element["plan"],
                    "recordnumber": f"RP{element['plan']}",
                    "createdfrom": element["id"],
                    "item": element["item"],
                    "amount": format(total, "f"),
                    "revenueplantype": "ACTUAL",
                    "revenueplancurrency": symbol,
                    "statusfordisplay": "Not Started",
                    "holdrevenuerecognition": "F",
                    "exchangerate": document["exchangeRate"],
                    **dates,
                },
            )
            for one in element["planned"]:
                row = {"id": one["id"], "revenueplan": element["plan"], "plannedperiod": one["period"]}
                tables.put("revenueplanplannedrevenue", {**row, "amount": one["amount"], "isrecognized": flag(False)})

    def _clear(self, document: Document) -> None:
        tables = self._archive.tables
        tables.take_out("transaction", "id", document["id"])
        tables.take_out("transactionline", "transaction", document["id"])
        tables.take_out("revenueelement", "revenuearrangement", document["id"])
        for element in document["elements"]:
            tables.take_out("revenueplan", "id", element["plan"])
            tables.take_out("revenueplanplannedrevenue", "revenueplan", element["plan"])
