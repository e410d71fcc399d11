"""Parameters of one call, read with the types, names and complaints Stripe has for them."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sandbox.stripe_billing.errors import StripeError, missing, unknown

RANGES = {"gt", "gte", "lt", "lte"}


class Params:
    """Nested request values; `allowed` names everything the endpoint takes, anything else is refused."""

    def __init__(self, values: dict[str, Any], allowed: Iterable[str], *, prefix: str = "") -> None:
        self.values = values
        self.prefix = prefix
        surplus = [self.name(key) for key in values if key not in set(allowed) | {"expand"}]
        if surplus:
            raise unknown(surplus)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def name(self, key: str) -> str:
        """The full name as the client wrote it: items[0][price]."""
        return f"{self.prefix}[{key}]" if self.prefix else key

    def text(self, key: str, default: str | None = None) -> str | None:
        """A string; the empty string unsets and reads as None."""
        value = self.values.get(key, default)
        if isinstance(value, (dict, list)):
            raise StripeError("Invalid string: it must be a plain value.", param=self.name(key))
        return value if value != "" else None

    def required(self, key: str) -> str:
        """A string that must be there and not empty."""
        if key not in self.values:
            raise missing(self.name(key))
        value = self.text(key)
        if value is None:
            raise StripeError(
                f"You passed an empty string for '{self.name(key)}'. We assume empty values are an attempt to unset "
                f"a parameter; however '{self.name(key)}' cannot be unset.",
                code="parameter_invalid_empty",
                param=self.name(key),
            )
        return value

    def integer(self, key: str, default: int | None = None, *, least: int | None = None) -> int | None:
        value = self.text(key)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            raise StripeError(
                f"Invalid integer: {value}", code="parameter_invalid_integer", param=self.name(key)
            ) from None
        if least is not None and number < least:
            raise StripeError(
                f"This value must be greater than or equal to {least}.",
                code="parameter_invalid_integer",
                param=self.name(key),
            )
        return number

    def timestamp(self, key: str) -> int | None:
        return self.integer(key, least=0)

    def decimal(self, key: str) -> Decimal | None:
        """A decimal in minor units with at most 12 places."""
        value = self.text(key)
        if value is None:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        exponent = number.as_tuple().exponent
        if not number.is_finite() or (isinstance(exponent, int) and exponent < -12):
            raise StripeError(f"Invalid decimal: {value}; at most 12 places are allowed.", param=self.name(key))
        return number

    def boolean(self, key: str, default: bool = False) -> bool:
        value = self.text(key)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise StripeError(f"Invalid boolean: {value}", param=self.name(key))
        return value == "true"

    def choice(self, key: str, options: Iterable[str], default: str | None = None) -> str | None:
        value = self.text(key, default)
        names = list(options)
        if value is not None and value not in names:
            raise StripeError(
                f"Invalid {self.name(key)}: must be one of {', '.join(names[:-1])}, or {names[-1]}",
                param=self.name(key),
            )
        return value

    def child(self, key: str, allowed: Iterable[str]) -> "Params | None":
        """A nested object, None when it was not sent."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise StripeError("Invalid object", param=self.name(key))
        return Params(value, allowed, prefix=self.name(key))

    def children(self, key: str, allowed: Iterable[str]) -> "list[Params]":
        """A list of nested objects."""
        value = self.values.get(key)
        if value is None or value == "":
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise StripeError("Invalid array", param=self.name(key))
        names = list(allowed)
        return [Params(item, names, prefix=f"{self.name(key)}[{index}]") for index, item in enumerate(value)]

    def texts(self, key: str) -> list[str]:
        value = self.values.get(key, [])
        if isinstance(value, str):
            return [value] if value else []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise StripeError("Invalid array", param=self.name(key))
        return value

    def metadata(self, old: dict[str, str] | None = None, key: str = "metadata") -> dict[str, str]:
        """The merged metadata: an empty value removes its key, an empty string instead of the hash removes all."""
        given = self.values.get(key)
        if given is None:
            return dict(old or {})
        if given == "":
            return {}
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise StripeError("Invalid metadata: must be a hash of strings.", param=self.name(key))
        merged = {**(old or {}), **given}
        merged = {name: value for name, value in merged.items() if value != ""}
        for name, value in merged.items():
            if len(name) > 40 or len(value) > 500 or len(merged) > 50:
                raise StripeError(
                    "Metadata takes up to 50 keys of up to 40 characters with values of up to 500 characters.",
                    param=f"{self.name(key)}[{name}]",
                )
        return merged

    def span(self, key: str) -> tuple[int | None, int | None]:
        """A time filter (`created=…` or `created[gte]=…`) as the half-open range [from, before)."""
        if isinstance(self.values.get(key), str):
            exact = self.timestamp(key)
            return (None, None) if exact is None else (exact, exact + 1)
        child = self.child(key, RANGES)
        if child is None:
            return None, None
        given = {name: child.timestamp(name) for name in child.values}
        bounds = {name: at for name, at in given.items() if at is not None}
        starts = [at + (name == "gt") for name, at in bounds.items() if name in ("gt", "gte")]
        ends = [at + (name == "lte") for name, at in bounds.items() if name in ("lt", "lte")]
        return max(starts, default=None), min(ends, default=None)
