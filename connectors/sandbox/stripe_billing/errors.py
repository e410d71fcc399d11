"""Refusals in the words and shapes of Stripe's error body."""

from typing import Any

DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """A request that Stripe answers with an error body.

    `saved` says whether the answer is kept under the request's idempotency key: only answers of an
    execution that really began are (docs.stripe.com/api/idempotent_requests).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        saved: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.saved = saved
        self.error: dict[str, Any] = {**more}
        if code:
            self.error["code"] = code
            self.error["doc_url"] = DOCS + code.replace("_", "-")
        self.error["message"] = message
        if param:
            self.error["param"] = param
        self.error["type"] = type


def no_such(kind: str, key: str, *, param: str | None = None) -> StripeError:
    """A missing object: 404 when it was named in the path (`param` None or "id"), 400 when in a parameter."""
    name = {"test_helpers.test_clock": "test clock", "payment_intent": "payment_intent"}.get(kind, kind)
    in_path = param is None
    return StripeError(
        f"No such {name}: '{key}'", status=404 if in_path else 400, code="resource_missing", param=param or "id"
    )


def missing(param: str) -> StripeError:
    """A required parameter that was not sent."""
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(params: list[str]) -> StripeError:
    """Parameters this endpoint does not have."""
    word = "parameter" if len(params) == 1 else "parameters"
    return StripeError(f"Received unknown {word}: {', '.join(params)}", code="parameter_unknown", param=params[0])


def rate_limited() -> StripeError:
    """Too many requests in this second."""
    return StripeError(
        "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.",
        status=429,
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": "global-rate"},
    )


def locked(what: str) -> StripeError:
    """Another request or process holds the object."""
    return StripeError(
        f"This object cannot be accessed right now because another API request or Stripe process is currently "
        f"accessing it ({what}). If you see this error intermittently, retry the request.",
        status=429,
        code="lock_timeout",
    )


def internal_error() -> StripeError:
    """Stripe's own failure; it is saved under the idempotency key and replayed."""
    return StripeError(
        "An unknown error occurred. If this problem persists, please contact support.",
        status=500,
        type="api_error",
        saved=True,
    )
