"""The synchronous question of a seller's screen: would this deal be accepted? Every problem in one answer."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connectors.canonical import ContractLine, SubscriptionContract
from connectors.money import AmountError, amount, plain_text, quantity
from sync.api.problems import problems
from sync.api.strict import Pattern, Text
from sync.catalogue import reason
from sync.lookups import look_up
from sync.pipelines.closed_won_to_billing import CLOSED_WON_TO_BILLING
from sync.pipelines.flow import run

#: of amounts given as numbers; every one up to it is exact, whatever wrote it
LARGEST = 10**15
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}]})
class StrictAmount(serializers.Field):
    """An amount as text or number; its digits are checked against the currency later."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
            raise serializers.ValidationError("Give the amount as text such as '100.00'.")
        if not isinstance(data, str) and not -LARGEST <= data <= LARGEST:
            raise serializers.ValidationError("Give an amount of at most 15 digits.")
        return plain_text(data)

    def to_representation(self, value: Any) -> str:
        return str(value)


class DealLine(serializers.Serializer):
    product = Text(max_length=120)
    quantity = StrictAmount(default="1")
    amount = StrictAmount()


class Deal(serializers.Serializer):
    opportunity_id = Pattern(r"^[A-Za-z0-9]{18}\Z", help_text="18 characters")
    account_id = Pattern(r"^[A-Za-z0-9]{18}\Z", help_text="18 characters")
    close_date = serializers.DateField(help_text="YYYY-MM-DD")
    currency = Text(max_length=3, default="USD")
    amount = StrictAmount()
    approval_status = Text(max_length=60, required=False, allow_blank=True)
    order_form_date = serializers.DateField(required=False, allow_null=True)
    lines = serializers.ListField(child=DealLine(), allow_empty=True, max_length=500)

    def validate_close_date(self, value: date) -> date:
        return _sensible(value)

    def validate_order_form_date(self, value: date | None) -> date | None:
        return value and _sensible(value)


def _sensible(value: date) -> date:
    if not EARLIEST <= value < LATEST:
        raise serializers.ValidationError(f"Give a date between {EARLIEST} and {LATEST}.")
    return value


class Problem(serializers.Serializer):
    field = serializers.CharField()
    code = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()


class Verdict(serializers.Serializer):
    acceptable = serializers.BooleanField()
    waits_for = serializers.CharField(allow_blank=True)
    problems = Problem(many=True)


class DealCheck(APIView):
    """Would this deal be accepted as it stands? Nothing is stored."""

    authentication_classes = [OAuth2Authentication]
    permission_classes = [TokenHasScope]
    required_scopes = ["callbacks"]

    @extend_schema(
        request=Deal,
        responses={200: Verdict, **problems(400, 401, 403, 405, 406, 408, 413, 415)},
        tags=["callbacks"],
    )
    def post(self, request: Request) -> Response:
        deal = Deal(data=request.data)
        deal.is_valid(raise_exception=True)
        return Response(check(deal.validated_data))


def check(deal: dict[str, Any]) -> dict[str, Any]:
    """The same steps a won deal goes through, against the mappings in force; all problems at once."""
    problems: list[dict[str, str]] = []
    try:
        contract = _shape(deal)
    except AmountError as error:
        field, _, text = str(error).partition(": ")
        return {
            "acceptable": False,
            "waits_for": "",
            "problems": [
                {"field": field, "code": "CURRENCY_MISMATCH", "title": "Amount or currency not usable", "text": text}
            ],
        }
    passed = run(CLOSED_WON_TO_BILLING, contract, look_up([contract]))
    for problem in passed.problems:
        words = reason(problem.reason)
        problems.append(
            {
                "field": problem.field,
                "code": words.code,
                "title": words.title,
                "text": words.seller.format_map(_Blanks(value=problem.value, field=problem.field)),
            }
        )
    return {"acceptable": not problems, "waits_for": passed.waits_for, "problems": problems}


class _Blanks(dict):
    def __missing__(self, key: str) -> str:
        return "…"


def _quantity(text: str) -> Decimal:
    """How many are sold; what is taken back is a modification of its own. Raises AmountError."""
    found = quantity(text)
    if found < 0:
        raise AmountError(f"quantity: {found} is below zero")
    return found


def _shape(deal: dict[str, Any]) -> SubscriptionContract:
    starts, currency = deal["close_date"], deal["currency"]
    ends = starts + timedelta(days=364)
    blank = ContractLine(
        line_id="",
        crm_product="",
        description="",
        quantity=Decimal(1),
        unit_price=Decimal(0),
        amount=Decimal(0),
        list_amount=Decimal(0),
        discount=Decimal(0),
        starts_on=starts,
        ends_on=ends,
    )
    lines = tuple(
        replace(
            blank,
            line_id=str(place),
            crm_product=line["product"],
            amount=amount(line["amount"], currency),
            quantity=_quantity(line["quantity"]),
        )
        for place, line in enumerate(deal["lines"], start=1)
    )
    return SubscriptionContract(
        reference=f"contract:{deal['opportunity_id']}",
        version=1,
        correlation_id="",
        currency=currency,
        crm_opportunity_id=deal["opportunity_id"],
        customer_reference=f"customer:{deal['account_id']}",
        modification_kind="new",
        modification_number=1,
        record_revision=0,
        signed_on=starts,
        starts_on=starts,
        ends_on=ends,
        amount=amount(deal["amount"], currency),
        lines=lines,
        commitment=(
            ("is_won", "true"),
            ("approval", deal.get("approval_status") or ""),
            ("order_form_on", str(deal.get("order_form_date") or "")),
        ),
    )
