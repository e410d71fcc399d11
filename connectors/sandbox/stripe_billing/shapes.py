"""Bodies of Stripe's objects (API 2026-10-28.endive): what the books keep, filled up to what the API shows."""

from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import ACCOUNT_ID, CLOCK, Account

LIST_LINES = 10


def _nulls(names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split())


_AUTOMATIC_TAX = {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None}
_ADDRESS_NULLS = _nulls("city country line1 line2 postal_code state")
_BILLING = {"address": _ADDRESS_NULLS, **_nulls("email name phone tax_id")}

DEFAULTS: dict[str, dict[str, Any]] = {
    "customer": {
        "object": "customer", "balance": 0, "delinquent": False, "livemode": False, "metadata": {},
        "next_invoice_sequence": 1, "preferred_locales": [], "tax_exempt": "none",
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None,
                             "rendering_options": None},
        **_nulls("address currency default_source description discount email name phone shipping test_clock"),
    },
    "product": {
        "object": "product", "active": True, "images": [], "livemode": False, "marketing_features": [], "metadata": {},
        "type": "service",
        **_nulls("default_price description package_dimensions shippable statement_descriptor tax_code unit_label url"),
    },
    "price": {
        "object": "price", "active": True, "billing_scheme": "per_unit", "livemode": False, "metadata": {},
        "tax_behavior": "unspecified", "type": "one_time",
        **_nulls("custom_unit_amount lookup_key nickname recurring tiers_mode transform_quantity unit_amount"),
    },
    "subscription_item": {
        "object": "subscription_item", "billing_thresholds": None, "discounts": [], "metadata": {}, "tax_rates": [],
    },
    "subscription": {
        "object": "subscription", "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": None},
        "billing_schedules": [], "cancel_at_period_end": False, "default_tax_rates": [], "discounts": [],
        "cancellation_details": {"comment": None, "feedback": None, "reason": None}, "livemode": False, "metadata": {},
        "invoice_settings": {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None,
                             "issuer": {"type": "self"}},
        "managed_payments": {"enabled": False},
        "payment_settings": {"payment_method_options": None, "payment_method_types": None,
                             "save_default_payment_method": "off"},
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        **_nulls(
            "application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at canceled_at "
            "customer_account days_until_due default_payment_method default_source description ended_at latest_invoice "
            "next_pending_invoice_item_invoice on_behalf_of pause_collection pending_invoice_item_interval "
            "pending_setup_intent pending_update schedule test_clock transfer_data trial_end trial_start"
        ),
    },
    "subscription_schedule": {
        "object": "subscription_schedule", "livemode": False, "metadata": {}, "pause_schedules": [],
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": None},
        **_nulls(
            "application canceled_at completed_at current_phase customer_account released_at released_subscription "
            "subscription test_clock"
        ),
    },
    "schedule_settings": {
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        **_nulls("application_fee_percent billing_thresholds default_payment_method on_behalf_of transfer_data"),
    },
    "schedule_phase": {
        "add_invoice_items": [], "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "default_tax_rates": [], "discounts": [],
        **_nulls(
            "application_fee_percent billing_thresholds default_payment_method on_behalf_of transfer_data trial "
            "trial_end"
        ),
    },
    "invoice": {
        "object": "invoice", "account_country": "US", "account_name": "Sandbox", "amount_overpaid": 0, "amount_paid": 0,
        "amount_paid_off_stripe": 0, "amount_shipping": 0, "attempt_count": 0, "attempted": False,
        "auto_advance": False, "automatic_tax": _AUTOMATIC_TAX, "customer_tax_ids": [], "default_tax_rates": [],
        "discounts": [], "issuer": {"type": "self"}, "livemode": False, "metadata": {},
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "post_payment_credit_notes_amount": 0, "pre_payment_credit_notes_amount": 0, "starting_balance": 0,
        "total_discount_amounts": [], "total_pretax_credit_amounts": [], "total_taxes": [],
        **_nulls(
            "account_tax_ids application automatically_finalizes_at custom_fields customer_account customer_address "
            "customer_email customer_name customer_phone customer_shipping default_payment_method default_source "
            "description due_date effective_at ending_balance footer from_invoice hosted_invoice_url invoice_pdf "
            "last_finalization_error latest_revision next_payment_attempt number on_behalf_of parent receipt_number "
            "rendering shipping_cost shipping_details statement_descriptor test_clock webhooks_delivered_at"
        ),
    },
    "line_item": {
        "object": "line_item", "discount_amounts": [], "discountable": True, "discounts": [], "livemode": False,
        "metadata": {}, "pretax_credit_amounts": [], "taxes": [], **_nulls("description subscription"),
    },
    "invoiceitem": {
        "object": "invoiceitem", "discountable": True, "discounts": [], "livemode": False, "metadata": {},
        "proration": False, "tax_rates": [],
        **_nulls("customer_account description invoice parent pricing proration_details test_clock"),
    },
    "tax_rate": {
        "object": "tax_rate", "effective_percentage": None, "flat_amount": None, "jurisdiction_level": None,
        "livemode": False, "rate_type": "percentage",
    },
    "invoice_payment": {"object": "invoice_payment", "amount_paid": None, "is_default": True, "livemode": False},
    "payment_intent": {
        "object": "payment_intent", "amount_capturable": 0, "amount_details": {"tip": {}}, "amount_received": 0,
        "capture_method": "automatic", "confirmation_method": "automatic", "livemode": False, "metadata": {},
        "payment_method_options": {}, "payment_method_types": ["card"],
        **_nulls(
            "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason customer "
            "customer_account description excluded_payment_method_types last_payment_error latest_charge "
            "managed_payments next_action on_behalf_of payment_method payment_method_configuration_details processing "
            "receipt_email review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix "
            "transfer_data transfer_group"
        ),
    },
    "charge": {
        "object": "charge", "amount_refunded": 0, "billing_details": _BILLING, "captured": True, "disputed": False,
        "calculated_statement_descriptor": "SANDBOX", "fraud_details": {}, "livemode": False, "metadata": {},
        "outcome": {"advice_code": None, "network_advice_code": None, "network_decline_code": None,
                    "network_status": "approved_by_network", "reason": None, "risk_level": "normal",
                    "seller_message": "Payment complete.", "type": "authorized"},
        "paid": True, "payment_method_details": {
            "card": {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit",
                     "last4": "4242", "network": "visa"},
            "type": "card",
        },
        "refunded": False, "status": "succeeded",
        **_nulls(
            "application application_fee application_fee_amount customer description failure_balance_transaction "
            "failure_code failure_message on_behalf_of payment_intent payment_method receipt_email receipt_number "
            "receipt_url review shipping source source_transfer statement_descriptor statement_descriptor_suffix "
            "transfer_data transfer_group"
        ),
    },
    "balance_transaction": {
        "object": "balance_transaction", "balance_type": "payments", "description": None, "exchange_rate": None,
        "fee": 0, "fee_details": [], "source": None,
    },
    "payout": {
        "object": "payout", "automatic": True, "description": "STRIPE PAYOUT", "destination": "ba_1SandboxQ2C",
        "livemode": False, "metadata": {}, "method": "standard", "source_type": "card", "type": "bank_account",
        "trace_id": {"status": "pending", "value": None},
        **_nulls("application_fee application_fee_amount failure_balance_transaction failure_code failure_message "
                 "original_payout payout_method reversed_by statement_descriptor"),
    },
    "refund": {
        "object": "refund", "metadata": {},
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        **_nulls("balance_transaction charge customer customer_account failure_balance_transaction payment_intent "
                 "payment_method reason receipt_number source_transfer_reversal transfer_reversal"),
    },
    "dispute": {
        "object": "dispute", "enhanced_eligibility_types": [], "livemode": False, "metadata": {},
        "network_reason_code": None, "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"}, "type": "card",
        },
    },
    "credit_note": {
        "object": "credit_note", "amount_shipping": 0, "discount_amount": 0, "discount_amounts": [], "livemode": False,
        "metadata": {}, "pretax_credit_amounts": [], "refunds": [], "total_taxes": [],
        **_nulls(
            "customer_account customer_balance_transaction memo out_of_band_amount reason shipping_cost voided_at"
        ),
    },
    "billing.meter": {
        "object": "billing.meter", "livemode": False, "dimension_payload_keys": None, "event_time_window": None,
        "status_transitions": {"deactivated_at": None},
    },
    "webhook_endpoint": {
        "object": "webhook_endpoint", "api_version": None, "application": None, "description": None, "livemode": False,
        "metadata": {}, "status": "enabled",
    },
    CLOCK: {"object": CLOCK, "livemode": False, "name": None, "status": "ready", "status_details": {}},
}  # fmt: skip


def render(account: Account, kind: str, document: Document) -> dict[str, Any]:
    """The full body of a document; nested parts may be the books' own, so it is to be sent, not changed."""
    if document.get("_deleted"):
        return {"id": document["id"], "object": kind, "deleted": True}
    body = {**DEFAULTS[kind], **{key: value for key, value in document.items() if key[0] != "_"}}
    special = _SPECIAL.get(kind)
    return special(account, document, body) if special else body


def listed(url: str, data: list[Any], *, more: bool = False) -> dict[str, Any]:
    """A list object around rendered bodies."""
    return {"object": "list", "data": data, "has_more": more, "url": url}


def plan_of(price: dict[str, Any]) -> dict[str, Any]:
    """The legacy plan that mirrors a recurring price."""
    recurring = price["recurring"]
    return {
        "id": price["id"], "object": "plan", "active": price["active"], "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"], "billing_scheme": price["billing_scheme"],
        "created": price["created"], "currency": price["currency"], "interval": recurring["interval"],
        "interval_count": recurring["interval_count"], "livemode": False, "metadata": price["metadata"],
        "meter": recurring["meter"], "nickname": price["nickname"], "product": price["product"], "tiers_mode": None,
        "transform_usage": None, "trial_period_days": None, "usage_type": recurring["usage_type"],
    }  # fmt: skip


def _subscription(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    items = []
    for item in document["items"]:
        stored = account.get("price", item["price"])
        assert stored is not None
        price = render(account, "price", stored)
        rates = [render(account, "tax_rate", account.need("tax_rate", key)) for key in item.get("tax_rates", [])]
        shown = {"price": price, "plan": plan_of(price), "tax_rates": rates}
        items.append({**DEFAULTS["subscription_item"], **item, **shown})
    body["items"] = {
        **listed(f"/v1/subscription_items?subscription={document['id']}", items), "total_count": len(items)
    }  # fmt: skip
    return body


def _schedule(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    defaults = document["default_settings"]
    invoices = _schedule_invoices(defaults["invoice_settings"])
    body["default_settings"] = {**DEFAULTS["schedule_settings"], **defaults, "invoice_settings": invoices}
    body["phases"] = [_schedule_phase(account, phase) for phase in document["phases"]]
    if document["status"] == "active":
        running = document["phases"][document["_phase"]]
        body["current_phase"] = {name: running[name] for name in ("start_date", "end_date")}
    return body


def _schedule_phase(account: Account, phase: Document) -> dict[str, Any]:
    items = []
    for item in phase["items"]:
        rates = [render(account, "tax_rate", account.need("tax_rate", key)) for key in item["tax_rates"]]
        shown = {"plan": item["price"], "tax_rates": rates, "discounts": [], "billing_thresholds": None}
        items.append({**item, **shown})
    invoices = phase["invoice_settings"]
    shown_invoices = _schedule_invoices(invoices) if invoices else None
    return {**DEFAULTS["schedule_phase"], **phase, "items": items, "invoice_settings": shown_invoices}


def _schedule_invoices(settings: Document) -> dict[str, Any]:
    return {**_nulls("account_tax_ids custom_fields description footer"), "issuer": {"type": "self"}, **settings}


def line(document: Document) -> dict[str, Any]:
    """One invoice line."""
    return {**DEFAULTS["line_item"], **document}


def _invoice(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    lines = document["lines"]
    url = f"/v1/invoices/{document['id']}/lines"
    body["lines"] = {
        **listed(url, [line(item) for item in lines[:LIST_LINES]], more=len(lines) > LIST_LINES),
        "total_count": len(lines),
    }
    return body


def _credit_note(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    lines = document["lines"]
    url = f"/v1/credit_notes/{document['id']}/lines"
    body["lines"] = listed(url, lines[:LIST_LINES], more=len(lines) > LIST_LINES)
    return body


def _charge(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    refunds = [render(account, "refund", refund) for refund in account.by("refund", "charge", document["id"])]
    body["refunds"] = listed(f"/v1/charges/{document['id']}/refunds", refunds[:LIST_LINES])
    return body


def _dispute(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    moved = [account.need("balance_transaction", key) for key in document.get("_moved", [])]
    body["balance_transactions"] = [render(account, "balance_transaction", one) for one in moved]
    return body


def _balance_transaction(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    now = account.now(document.get("_clock"))
    body["status"] = "available" if document["available_on"] <= now else "pending"
    return body


def _invoiceitem(account: Account, document: Document, body: dict[str, Any]) -> dict[str, Any]:
    del body["created"]  # the API calls it `date`
    rates = [account.need("tax_rate", key) for key in document.get("tax_rates") or ()]
    body["tax_rates"] = [render(account, "tax_rate", rate) for rate in rates]
    return body


_SPECIAL = {
    "invoiceitem": _invoiceitem,
    "subscription": _subscription,
    "subscription_schedule": _schedule,
    "invoice": _invoice,
    "credit_note": _credit_note,
    "charge": _charge,
    "dispute": _dispute,
    "balance_transaction": _balance_transaction,
}

ACCOUNT_BODY = {
    "id": ACCOUNT_ID, "object": "account", "business_type": "company", "charges_enabled": True, "country": "US",
    "default_currency": "usd", "details_submitted": True, "email": None, "payouts_enabled": True, "type": "standard",
    "settings": {"dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"}},
}  # fmt: skip
