"""Hands contracts and their changes to Stripe: which calls, in which order, each under a key of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.canonical import SubscriptionContract
from connectors.errors import Rejected
from connectors.interface import Parcel
from connectors.stripe_billing import arranging, changes, contracts, phases, rebilling, terms
from connectors.stripe_billing.transport import SYSTEM, Api


@dataclass(frozen=True, kw_only=True)
class Carrying:
    """What a contract is handed over with."""

    api: Api
    zone: ZoneInfo
    days_until_due: int
    #: a record by its path, None where Stripe does not have it; `expand` names what it is read together with
    get: Callable[..., dict[str, Any] | None]
    #: the idempotency key of a parcel, or of one of its calls by content
    key: Callable[..., str]

    def put(self, contract: SubscriptionContract, parcel: Parcel) -> dict[str, Any]:
        """The subscription afterwards. Raises the outbound errors."""
        held = parcel.known.get(parcel.reference)
        is_change = contract.modification_number > 1 and contract.modification_kind != "new"
        if held:
            return (self._change if is_change else self._keep)(contract, held, parcel)
        if is_change:
            raise terms.refused(contract, field="known", text="what is to be changed is not in Stripe")
        customer = parcel.known.get(contract.customer_reference)
        if not customer:
            raise Rejected(
                f"{contract.customer_reference} has no customer in Stripe yet",
                field="customer_reference",
                value=contract.customer_reference,
                system=SYSTEM,
            )
        wanted = contracts.subscription_parameters(
            contract,
            billing_customer=customer,
            days_until_due=self.days_until_due,
            zone=self.zone,
            today=parcel.today,
        )
        if phases.is_scheduled(contract):
            return self._set_up(contract, wanted, parcel)
        # what comes later than a boundary is anchored at another one: another request, under a key of its own
        is_fixed = wanted["billing_cycle_anchor"] == wanted.get("cancel_at")
        return self.api.post(
            "/v1/subscriptions", wanted, key=self.key(parcel) if is_fixed else self.key(parcel, wanted)
        )

    def _set_up(self, contract: SubscriptionContract, wanted: Mapping[str, Any], parcel: Parcel) -> dict[str, Any]:
        """The subscription of the first stretch, its schedule, and then its version: what was begun is gone on with."""
        record = self._begun(contract, str(wanted["customer"]))
        if record is None:
            record = self.api.post("/v1/subscriptions", wanted, key=self.key(parcel, wanted))
        self._arrange(contract, record["id"], parcel)
        done = {"metadata": {"q2c_version": str(contract.version)}}
        path = f"/v1/subscriptions/{quote(record['id'], safe='')}"
        return self.api.post(path, done, key=self.key(parcel, {"of": record["id"], **done}))

    def _begun(self, contract: SubscriptionContract, customer: str) -> dict[str, Any] | None:
        """A subscription under the contract's name that was not wholly set up."""
        for page in self.api.pages("/v1/subscriptions", customer=customer):
            for record in page:
                ours = record.get("metadata") or {}
                if ours.get("q2c_reference") == contract.reference and contracts.version_of(record) == 0:
                    return record
        return None

    def _arrange(self, contract: SubscriptionContract, held: str, parcel: Parcel) -> None:
        """Put the subscription under a schedule where later stretches have other prices, and state its phases."""
        record = self._whole(contract, held)
        if not arranging.is_needed(contract, record, zone=self.zone):
            return
        if not record.get("schedule"):
            attach = {"from_subscription": held}
            self.api.post("/v1/subscription_schedules", attach, key=self.key(parcel, attach))
            record = self._whole(contract, held)
        wanted = arranging.parameters(contract, record, zone=self.zone)
        if wanted is not None:
            self._tell_schedule(record["schedule"]["id"], wanted, parcel)

    def _tell_schedule(self, schedule: str, wanted: Mapping[str, Any], parcel: Parcel, *, verb: str = "") -> None:
        path = f"/v1/subscription_schedules/{quote(schedule, safe='')}{verb}"
        self.api.post(path, wanted, key=self.key(parcel, {"path": path, **wanted}))

    def _whole(self, contract: SubscriptionContract, held: str) -> dict[str, Any]:
        """The subscription with its schedule. Raises Rejected where it is gone."""
        record = self.get(f"/v1/subscriptions/{quote(held, safe='')}", expand=arranging.WHOLE)
        if record is None:
            raise terms.refused(contract, field="known", value=held, text=f"{held} is not in Stripe any more")
        return record

    def _change(self, contract: SubscriptionContract, held: str, parcel: Parcel) -> dict[str, Any]:
        """Write what the change leaves to be written, call by call, from what Stripe holds now."""
        path = f"/v1/subscriptions/{quote(held, safe='')}"
        record = self._whole(contract, held)
        if (contracts.version_of(record) or 0) >= contract.version:
            return record
        *steps, last = changes.calls(contract, record, zone=self.zone, today=parcel.today)
        since = rebilling.begins(contract, record, zone=self.zone, today=parcel.today)
        corrects = rebilling.is_due(contract, record, since=since)
        if contract.modification_kind == "reactivation":
            while steps:
                self._call(steps.pop(0), record, parcel)
        try:
            if corrects and self._correct_earlier(contract, record, parcel, since=since):
                # the change of the running period bills them with it; where nothing changes there they need an invoice
                if not any(call.params.get("proration_behavior") == "always_invoice" for call in (*steps, last)):
                    self._bill_pending(record, parcel)
            for call in steps:
                self._call(call, record, parcel)
            self._arrange(contract, held, parcel)
            return self.api.post(path, last.params, key=self.key(parcel, {"method": last.method, **last.params}))
        except Rejected:
            if corrects:
                self._take_back(contract, record, parcel)
            raise

    def _call(self, call: changes.Call, record: Mapping[str, Any], parcel: Parcel) -> None:
        if call.method in ("release", "schedule"):
            verb = "/release" if call.method == "release" else ""
            self._tell_schedule(record["schedule"]["id"], call.params, parcel, verb=verb)
            return
        path, key = f"/v1/subscriptions/{quote(record['id'], safe='')}", {"method": call.method, **call.params}
        if call.method == "delete":
            self._issue_drafts(record["id"], parcel)
            self.api.delete(path, key=self.key(parcel, key))
        else:
            self.api.post(path, call.params, key=self.key(parcel, key))

    def _correct_earlier(
        self, contract: SubscriptionContract, record: Mapping[str, Any], parcel: Parcel, *, since: int
    ) -> bool:
        """Credit and charge again what was billed for time it changes; whether any of it waits for an invoice."""
        made = {rebilling.name_of(row): row for row in self._corrections(contract, record)}
        waits = any(not row.get("invoice") for row in made.values())
        for wanted in rebilling.items(
            contract, record, self._billed(contract, record, since=since), since=since, zone=self.zone
        ):
            if rebilling.name_of(wanted) not in made:
                self.api.post("/v1/invoiceitems", wanted, key=self.key(parcel, wanted))
                waits = True
        return waits

    def _corrections(self, contract: SubscriptionContract, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The invoice items this change has made so far."""
        pages = self.api.pages("/v1/invoiceitems", customer=record["customer"])
        rows = [row for page in pages for row in page]
        return [row for row in rows if (row.get("metadata") or {}).get("q2c_change") == rebilling.tag(contract)]

    def _take_back(self, contract: SubscriptionContract, record: Mapping[str, Any], parcel: Parcel) -> None:
        """The change was refused: corrections nobody was billed for yet must not wait for the next invoice."""
        for row in self._corrections(contract, record):
            if not row.get("invoice"):
                path = f"/v1/invoiceitems/{quote(row['id'], safe='')}"
                self.api.delete(path, key=self.key(parcel, {"delete": row["id"]}))

    def _billed(
        self, contract: SubscriptionContract, record: Mapping[str, Any], *, since: int
    ) -> list[rebilling.Billed]:
        """What was billed for the time since a moment, in the order in which it was."""
        found: list[rebilling.Billed] = []
        for page in self.api.pages("/v1/invoices", subscription=record["id"]):
            for invoice in page:
                lines = invoice["lines"]["data"]
                if invoice["lines"].get("has_more"):
                    path = f"/v1/invoices/{quote(invoice['id'], safe='')}/lines"
                    lines = [line for part in self.api.pages(path) for line in part]
                found += rebilling.read(contract, invoice, lines, since=since)
        # Stripe lists the newest first
        return found[::-1]

    def _bill_pending(self, record: Mapping[str, Any], parcel: Parcel) -> None:
        wanted = {
            "customer": record["customer"],
            "subscription": record["id"],
            "pending_invoice_items_behavior": "include",
            "collection_method": "send_invoice",
            "days_until_due": record.get("days_until_due") or self.days_until_due,
            "auto_advance": "true",
        }
        self.api.post("/v1/invoices", wanted, key=self.key(parcel, {"pending": record["id"], **wanted}))

    def _issue_drafts(self, held: str, parcel: Parcel) -> None:
        """Issue what would be issued within the hour: a cancellation stops the drafts of its subscription for good."""
        for page in self.api.pages("/v1/invoices", subscription=held, status="draft"):
            for draft in page:
                path = f"/v1/invoices/{quote(draft['id'], safe='')}/finalize"
                self.api.post(path, {}, key=self.key(parcel, {"method": "finalize", "invoice": draft["id"]}))

    def _keep(self, contract: SubscriptionContract, held: str, parcel: Parcel) -> dict[str, Any]:
        """A newer version of a contract that is billed already: the same terms are noted, others need an amendment."""
        path = f"/v1/subscriptions/{quote(held, safe='')}"
        record: Mapping[str, Any] | None = self.get(path)
        if record is None or not contracts.same_terms(record, contract, zone=self.zone):
            raise Rejected(
                f"{contract.reference} is billed by {held} on other terms; a change needs an amendment",
                reason="DUPLICATE_SUBSCRIPTION",
                field="known",
                value=held,
                system=SYSTEM,
            )
        changed = {"metadata": contracts.contract_metadata(contract, zone=self.zone)}
        return self.api.post(path, changed, key=self.key(parcel))
