"""What a company's books in Tryton are made of: accounts, journals, items and periods, looked up once."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from connectors.errors import Misconfigured, Rejected
from connectors.tryton.mapping import Ids, Item
from connectors.tryton.rpc import SYSTEM, Rpc

Row = dict[str, Any]
PAGE_SIZE = 500


class Books:
    """Look-ups in one database. Ids do not change, so they are kept; states and balances are never kept."""

    def __init__(self, rpc: Rpc, *, settings: Mapping[str, Any]) -> None:
        self.rpc = rpc
        self.settings = settings
        self._kept: dict[tuple[str, ...], Any] = {}
        self._lock = threading.Lock()

    def rows(
        self,
        model: str,
        domain: list[Any],
        *,
        fields: tuple[str, ...],
        company: int | None = None,
        limit: int | None = None,
        offset: int = 0,
        order: list[Any] | None = None,
    ) -> list[Row]:
        """Records by Tryton's search domain."""
        context = {"company": company, "companies": [company]} if company else {}
        found = self.rpc.call(
            f"model.{model}.search_read", domain, offset, limit, order, list(fields), writes=False, context=context
        )
        return list(found)

    def pages(
        self, model: str, domain: list[Any], *, fields: tuple[str, ...], company: int
    ) -> Iterator[tuple[list[Row], int]]:
        """All records of a search, page by page, each with Tryton's own count of them all."""
        context = {"company": company, "companies": [company]}
        total = int(self.rpc.call(f"model.{model}.search_count", domain, writes=False, context=context))
        offset = 0
        while True:
            rows = self.rows(
                model, domain, fields=fields, company=company, limit=PAGE_SIZE, offset=offset, order=[["id", "ASC"]]
            )
            yield rows, total
            offset += len(rows)
            if len(rows) < PAGE_SIZE:
                return

    def company(self, entity: str) -> int:
        """The company of a legal entity: by the setting `companies` (id or name), else the only one."""
        name = str(self.settings.get("companies", {}).get(entity, ""))

        def look_up() -> int:
            domain: list[Any] = []
            if name:
                domain = [["id", "=", int(name)]] if name.isdigit() else [["party.name", "=", name]]
            found = self.rows("company.company", domain, fields=("rec_name",), limit=2)
            if len(found) != 1:
                raise Misconfigured(
                    f"tryton: {entity or 'the connection'} needs one company, not {len(found)}", system=SYSTEM
                )
            return int(found[0]["id"])

        return int(self._keep(("company", name), look_up))

    def company_currency(self, company: int) -> str:
        """ISO code of the currency a company keeps its books in."""

        def look_up() -> str:
            (row,) = self.rows("company.company", [["id", "=", company]], fields=("currency.code",))
            return str(row["currency."]["code"])

        return str(self._keep(("company_currency", str(company)), look_up))

    def ids(self, *, entity: str, currency: str, journal: str) -> Ids:
        """Company, currency, journal and receivable account. `journal` is `revenue`, or the code of one."""
        company = self.company(entity)
        return Ids(
            company=company,
            currency=self.currency(currency),
            journal=self._journal(journal),
            receivable=self.receivable(company),
        )

    def currency(self, code: str) -> int:
        """Raises Rejected for a currency Tryton does not have."""

        def look_up() -> int:
            found = self.rows("currency.currency", [["code", "=", code]], fields=("code",))
            if not found:
                raise Rejected(
                    f"Tryton has no currency {code}", reason="CURRENCY_MISMATCH", field="currency", value=code,
                    system=SYSTEM,
                )  # fmt: skip
            return int(found[0]["id"])

        return int(self._keep(("currency", code), look_up))

    def account(self, code: str, *, company: int) -> int:
        """A ledger account by its code. Raises Misconfigured where there is none."""
        domain = [["code", "=", code], ["company", "=", company], ["closed", "!=", True]]
        return int(self._keep(("account", code, str(company)), lambda: self._one("account.account", domain, code)))

    def _journal(self, name: str) -> int:
        domain = [["type", "=", "revenue"]] if name == "revenue" else [["code", "=", name]]
        return int(self._keep(("journal", name), lambda: self._one("account.journal", domain, name)))

    def receivable(self, company: int) -> int:
        """The account customers owe on: the setting's, else the only one there is. Raises Misconfigured."""
        if self.settings.get("receivable_account"):
            return self.account(str(self.settings["receivable_account"]), company=company)
        domain = [["type.receivable", "=", True], ["company", "=", company], ["closed", "!=", True]]
        return int(self._keep(("receivable", str(company)), lambda: self._one("account.account", domain, "receivable")))

    def country(self, code: str) -> int | None:
        """Raises Rejected for a country Tryton does not have; None for no country at all."""
        if not code:
            return None

        def look_up() -> int:
            found = self.rows("country.country", [["code", "=", code]], fields=("code",))
            if not found:
                raise Rejected(
                    f"Tryton has no country {code}",
                    reason="COUNTRY_UNKNOWN",
                    field="country",
                    value=code,
                    system=SYSTEM,
                )
            return int(found[0]["id"])

        return int(self._keep(("country", code), look_up))

    def item(self, code: str, *, company: int) -> Item:
        """A product by its code, with the revenue account of its category. Raises Rejected for an unknown one."""

        def look_up() -> Item:
            found = self.rows(
                "product.product", [["code", "=", code]], company=company,
                fields=("default_uom", "account_category.account_revenue"),
            ) if code else []  # fmt: skip
            if len(found) != 1:
                reason = "ITEM_UNKNOWN" if code else "PRODUCT_UNMAPPED"
                raise Rejected(
                    f"Tryton has {len(found)} products with the code {code!r}", reason=reason, field="product",
                    value=code, system=SYSTEM,
                )  # fmt: skip
            account = (found[0].get("account_category.") or {}).get("account_revenue")
            if not account:
                raise Rejected(
                    f"product {code} has no revenue account", reason="ITEM_UNKNOWN", field="account_revenue",
                    value=code, system=SYSTEM,
                )  # fmt: skip
            return Item(product_id=found[0]["id"], unit_id=found[0]["default_uom"], revenue_account_id=account)

        item = self._keep(("item", code, str(company)), look_up)
        assert isinstance(item, Item)
        return item

    def period(self, day: date, *, company: int) -> int:
        """The period of a day, open or not: Tryton itself refuses what may not be posted. Raises Rejected for none."""
        return int(self._period(day, company=company)["id"])

    def fiscal_year(self, day: date, *, company: int) -> int:
        """The fiscal year of a day. Raises Rejected for none."""
        return int(self._period(day, company=company)["fiscalyear"])

    def _period(self, day: date, *, company: int) -> Row:
        domain = [
            *(["company", "=", company], ["type", "=", "standard"]),
            *(["start_date", "<=", day], ["end_date", ">=", day]),
        ]
        found = self.rows("account.period", domain, fields=("fiscalyear",), company=company)
        if not found:
            raise Rejected(
                f"Tryton has no period for {day}",
                reason="PERIOD_CLOSED",
                field="date",
                value=day.isoformat(),
                system=SYSTEM,
            )
        return found[0]

    def _one(self, model: str, domain: list[Any], what: str) -> int:
        found = self.rows(model, domain, fields=("rec_name",), limit=1)
        if not found:
            raise Misconfigured(f"tryton: there is no {model} for {what!r}", system=SYSTEM)
        return int(found[0]["id"])

    def _keep(self, key: tuple[str, ...], look_up: Callable[[], Any]) -> Any:
        # Two threads may both look up at first; they find the same, and neither waits for the network of the other.
        if key not in self._kept:
            value = look_up()
            with self._lock:
                self._kept[key] = value
        return self._kept[key]
