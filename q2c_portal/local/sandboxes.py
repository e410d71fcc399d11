"""The demo's own clients of the sandboxes: what an administrator and the outside world would do there."""

import time
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx

from connectors.netsuite.signing import MachineSignIn

API = "/services/data/v65.0"
#: sandboxes' fixed credentials; they guard nothing but sample data on loopback
SALESFORCE_CLIENT = ("q2c-sandbox-client", "q2c-sandbox-secret")
STRIPE_KEY, STRIPE_READ_KEY = "sk_test_q2c", "rk_test_readonly"


class Sandbox:
    """One sandbox server and its control paths."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(base_url=self.url, timeout=120, trust_env=False)

    def settings(self, **values: Any) -> dict[str, Any]:
        return self._checked(self.http.patch("/_sandbox/settings", json=values)).json()

    def see_settings(self) -> dict[str, Any]:
        return self._checked(self.http.get("/_sandbox/settings")).json()

    def health(self) -> dict[str, Any]:
        return self._checked(self.http.get("/_sandbox/health")).json()

    def books(self, kind: str) -> list[dict[str, Any]]:
        return self._checked(self.http.get(f"/_sandbox/books/{kind}")).json()

    def edit(self, kind: str, key: str, **values: Any) -> None:
        self._checked(self.http.patch(f"/_sandbox/books/{kind}/{key}", json=values))

    def remove(self, kind: str, key: str) -> None:
        self._checked(self.http.delete(f"/_sandbox/books/{kind}/{key}"))

    @staticmethod
    def _checked(response: httpx.Response) -> httpx.Response:
        if response.is_error:
            raise RuntimeError(
                f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:600]}"
            )
        return response


class SalesforceAdmin(Sandbox):
    """Loads and works the CRM as sellers and administrators do, through its REST API."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        answer = self._checked(
            self.http.post(
                "/services/oauth2/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": SALESFORCE_CLIENT[0],
                    "client_secret": SALESFORCE_CLIENT[1],
                },
            )
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def query(self, soql: str) -> list[dict[str, Any]]:
        answer = self._checked(self.http.get(f"{API}/query", params={"q": soql})).json()
        rows = answer["records"]
        while not answer["done"]:
            answer = self._checked(self.http.get(answer["nextRecordsUrl"])).json()
            rows += answer["records"]
        return rows

    def create(self, kind: str, records: list[dict[str, Any]]) -> list[str]:
        """New records in collections of 200; their ids, in order."""
        return self._collect("POST", f"{API}/composite/sobjects", kind, records)

    def update(self, kind: str, records: list[dict[str, Any]]) -> list[str]:
        return self._collect("PATCH", f"{API}/composite/sobjects", kind, records)

    def _collect(self, method: str, path: str, kind: str, records: list[dict[str, Any]]) -> list[str]:
        ids = []
        for start in range(0, len(records), 200):
            part = [{"attributes": {"type": kind}, **record} for record in records[start : start + 200]]
            answer = self._checked(self.http.request(method, path, json={"allOrNone": True, "records": part})).json()
            failed = [one for one in answer if not one["success"]]
            if failed:
                raise RuntimeError(f"Salesforce refused {kind}: {failed[0]['errors']}")
            ids += [one["id"] for one in answer]
        return ids


class StripeWorld(Sandbox):
    """What happens at Stripe without us: products are set up, time passes, customers pay."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.http.headers["Authorization"] = f"Bearer {STRIPE_KEY}"

    def post(self, path: str, **form: Any) -> dict[str, Any]:
        return self._checked(self.http.post(f"/v1/{path}", data=form)).json()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._checked(self.http.get(f"/v1/{path}", params=params)).json()

    def advance(self, clock: str, to: datetime) -> None:
        """Let Stripe's test clock reach an instant, if it is not past it already; back when it has."""
        if self.time_of(clock) >= int(to.timestamp()):
            return
        self.post(f"test_helpers/test_clocks/{clock}/advance", frozen_time=int(to.timestamp()))
        while self.get(f"test_helpers/test_clocks/{clock}")["status"] != "ready":
            time.sleep(0.02)

    def time_of(self, clock: str) -> int:
        return self.get(f"test_helpers/test_clocks/{clock}")["frozen_time"]


class NetSuiteAdmin(Sandbox):
    """Sets up the ERP as its administrator does: items, periods."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        seen = self.see_settings()
        base = f"{self.url}/services/rest/auth/oauth2/v1/token"
        sign_in = MachineSignIn(
            client_id="demo-client",
            certificate_id="demo-certificate",
            private_key=seen["private_keys"]["demo-certificate"],
            token_url=base,
        )
        token = self._checked(self.http.post(base, data=sign_in.form())).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def void_payment(self, key: str) -> None:
        """The bank took a payment back: somebody voids it at the screen."""
        self.edit("customerPayment", key, voided=True)

    def item(self, code: str, name: str, *, subsidiaries: Sequence[str] = ("1",)) -> None:
        """An item for sale whose revenue is deferred. Safe to repeat."""
        self._checked(
            self.http.put(
                f"/services/rest/record/v1/serviceSaleItem/eid:{code}",
                json={
                    "itemId": name,
                    "displayName": name,
                    "incomeAccount": {"id": "400"},
                    "deferredRevenueAccount": {"id": "220"},
                    "subsidiary": {"items": [{"id": key} for key in subsidiaries]},
                },
            )
        )

    def expense_item(self, code: str, name: str, *, account: str) -> None:
        """An item whose account is an expense, for what is written off. Safe to repeat."""
        self._checked(
            self.http.put(
                f"/services/rest/record/v1/serviceSaleItem/eid:{code}",
                json={
                    "itemId": name,
                    "displayName": name,
                    "incomeAccount": {"id": account},
                    "subsidiary": {"items": [{"id": "1"}]},
                },
            )
        )

    def subsidiary(self, code: str, name: str, *, currency: str, country: str) -> str:
        """A further company of the account, below the first one; its id. Safe to repeat."""
        path = f"/services/rest/record/v1/subsidiary/eid:{code}"
        self._checked(
            self.http.put(
                path,
                json={
                    "name": name,
                    "legalName": name,
                    "currency": {"id": currency},
                    "country": {"id": country},
                    "parent": {"id": "1"},
                },
            )
        )
        return str(self._checked(self.http.get(path)).json()["id"])

    def rate(self, of: str, to: str, value: Decimal, *, since: date) -> None:
        """What the ERP's own table gives one unit of a currency in another, by their ids there. Safe to repeat."""
        path = f"/services/rest/record/v1/currencyRate/eid:{of}-{to}-{since}"
        pair = {"transactionCurrency": {"id": of}, "baseCurrency": {"id": to}}
        body = {**pair, "exchangeRate": str(value), "effectiveDate": since.isoformat()}
        self._checked(self.http.put(path, json=body))

    def close_before(self, day: date) -> None:
        """Close every posting month that ended before a day: the company begins with its past closed."""
        for period in self._posting_months():
            if period["endDate"] < day.isoformat() and not period.get("closed"):
                self.edit("accountingPeriod", period["id"], closed=True)

    def _posting_months(self) -> list[dict[str, Any]]:
        return [
            one
            for one in self.books("accountingPeriod")
            if one.get("isPosting") and not one.get("isQuarter") and not one.get("isYear")
        ]

    def close_month(self, day: date) -> bool:
        """Close the posting month a day lies in; True when it was open."""
        for period in self._posting_months():
            if period["startDate"] <= day.isoformat() <= period["endDate"]:
                if period.get("closed"):
                    return False
                self.edit("accountingPeriod", period["id"], closed=True)
                return True
        return False
