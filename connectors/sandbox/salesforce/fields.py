"""Field types: what a value of each looks like in a request, in the books and in an answer."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.ids import long_id

NUMBERS = frozenset({"currency", "double", "percent", "int"})
TEXTS = frozenset({"string", "textarea", "picklist", "email", "phone", "url"})
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class Field:
    """One field of an object, as describe tells it and as writes are checked."""

    name: str
    type: str = "string"
    length: int = 255
    scale: int = 2
    precision: int = 18
    required: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = False
    refers_to: str = ""
    #: the name queries use to walk to the record referred to
    parent: str = ""
    #: the name subqueries of the parent use for the records that refer to it
    children: str = ""
    #: what happens to this record when the one referred to is deleted
    cascades: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    default: Any = None

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def label(self) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name.removesuffix("__c").replace("_", " "))


def instant(moment: datetime) -> str:
    """A moment as the books hold it and REST shows it: UTC with milliseconds."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def parse_instant(text: str) -> datetime:
    """Raises ValueError. Takes Z, +00:00 and +0000; a blank where a plus sign was lost in a URL is forgiven."""
    text = re.sub(r" (\d\d:?\d\d)$", r"+\1", text.strip())
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _mistyped(field: Field, value: Any) -> SalesforceError:
    kind = (
        {True: "VALUE_TRUE", False: "VALUE_FALSE"}.get(value, "VALUE_STRING")
        if isinstance(value, bool)
        else (
            "START_OBJECT"
            if isinstance(value, dict)
            else "START_ARRAY"
            if isinstance(value, list)
            else "VALUE_STRING"
            if isinstance(value, str)
            else "VALUE_NUMBER"
        )
    )
    return SalesforceError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {kind} value {value}"
        " or request may be missing a required field at [line:1, column:2]",
        [field.name],
    )


def _number(field: Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str | float):
        raise _mistyped(field, value)
    try:
        number = Decimal(str(value))
        # NaN and the infinities are numbers to Decimal, but not to Salesforce.
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise _mistyped(field, value) from None
    scale = 0 if field.type == "int" else field.scale
    if number.adjusted() >= field.precision - scale and number:
        raise SalesforceError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label()}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    return str(number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _text(field: Field, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _mistyped(field, value)
    text = str(value).strip() if field.type != "textarea" else str(value)
    if len(text) > field.length:
        raise SalesforceError(
            "STRING_TOO_LONG",
            f"{field.label()}: data value too large: {text[:300]} (max length={field.length})",
            [field.name],
        )
    if not text:
        return None
    if field.restricted and text not in field.values:
        raise SalesforceError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label()}: bad value for restricted picklist field: {text}",
            [field.name],
        )
    if field.type == "email" and not EMAIL.fullmatch(text):
        raise SalesforceError("INVALID_EMAIL_ADDRESS", f"{field.label()}: invalid email address: {text}", [field.name])
    return text


def to_books(field: Field, value: Any) -> Any:
    """A value from a request as the books hold it: numbers as exact text, instants in UTC. Raises SalesforceError."""
    if value is None:
        if field.type == "boolean":
            raise _mistyped(field, value)
        return None
    if field.type in NUMBERS:
        return None if value == "" else _number(field, value)
    if field.type == "boolean":
        if value in (True, False, "true", "false"):
            return value in (True, "true")
        raise _mistyped(field, value)
    if field.type in ("reference", "id"):
        if value == "":
            return None
        known = long_id(value)
        if known is None:
            raise SalesforceError("MALFORMED_ID", f"{field.label()}: id value of incorrect type: {value}", [field.name])
        return known
    if field.type in ("date", "datetime"):
        if value == "":
            return None
        try:
            if not isinstance(value, str):
                raise ValueError(value)
            return date.fromisoformat(value[:10]).isoformat() if field.type == "date" else instant(parse_instant(value))
        except ValueError:
            raise _mistyped(field, value) from None
    return _text(field, value)


def to_json(field: Field, value: Any) -> Any:
    """A value of the books as an answer shows it: Salesforce writes JSON numbers, whatever that does to precision."""
    if value is None:
        return False if field.type == "boolean" else None
    if field.type in NUMBERS:
        return int(Decimal(value)) if field.type == "int" else float(value)
    return value


# -- fields by kind, as objects are made of them -----------------------------------------------------
def text(name: str, length: int = 255, **more: Any) -> Field:
    return Field(name, "string", length, **more)


def money(name: str, **more: Any) -> Field:
    return Field(name, "currency", **more)


def flag(name: str, **more: Any) -> Field:
    return Field(name, "boolean", **{"default": False, **more})


def day(name: str, **more: Any) -> Field:
    return Field(name, "date", **more)


def pick(name: str, *values: str, **more: Any) -> Field:
    return Field(name, "picklist", values=values, **more)


def link(name: str, to: str, children: str = "", **more: Any) -> Field:
    parent = name.removesuffix("Id") if not name.endswith("__c") else name[:-1] + "r"
    return Field(name, "reference", 18, refers_to=to, parent=more.pop("parent", parent), children=children, **more)


def shown(name: str, kind: str = "string", **more: Any) -> Field:
    """A field the organisation fills in itself."""
    return Field(name, kind, createable=False, updateable=False, **more)


def address(prefix: str) -> list[Field]:
    return [
        Field(f"{prefix}Street", "textarea", 255),
        text(f"{prefix}City", 40),
        text(f"{prefix}State", 80),
        text(f"{prefix}PostalCode", 20),
        text(f"{prefix}Country", 80),
    ]
