"""Addresses source systems call."""

from django.urls import path

from sync.api.callbacks import SalesforceEvents, SalesforceOutboundMessage, StripeWebhook, Tracking
from sync.api.deal_check import DealCheck
from sync.api.usage import UsageEvents

urlpatterns = [
    path("callbacks/salesforce/<slug:code>/events", SalesforceEvents.as_view(), name="salesforce-events"),
    path(
        "callbacks/salesforce/<slug:code>/outbound/<slug:secret>",
        SalesforceOutboundMessage.as_view(),
        name="salesforce-outbound",
    ),
    path("callbacks/stripe/<slug:code>", StripeWebhook.as_view(), name="stripe-webhook"),
    path("usage/events", UsageEvents.as_view(), name="usage-events"),
    path("deals/check", DealCheck.as_view(), name="deal-check"),
    path("events/<uuid:tracking_id>", Tracking.as_view(), name="tracking"),
]
