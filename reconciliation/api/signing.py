"""Sign-off for machines: a month of a company, what a control would be signed for, preparing, signing, sending back."""

from datetime import date
from typing import Any

from django.db import IntegrityError
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation import figures_close, figures_sign_offs
from reconciliation.api.texts import Text
from reconciliation.api.views import DOING, LOOKING, Conflict, Desk, needs
from reconciliation.approvals import Refused, holds
from reconciliation.controls.registry import CONTROLS
from reconciliation.models import SignOff
from reconciliation.sign_offs import certificates, conditions, keeping, signing
from sync.models import LegalEntity

#: most days signed at once
LONGEST = 366


def _company(code: str) -> LegalEntity:
    company = LegalEntity.objects.filter(code=code).first()
    if company is None:
        raise serializers.ValidationError("There is no such legal entity.")
    return company


class MonthQuery(serializers.Serializer):
    entity = Text(max_length=20, help_text="code of the company")
    month = serializers.RegexField(r"^[0-9]{4}-(0[1-9]|1[0-2])$", help_text="such as 2026-10")

    validate_entity = staticmethod(_company)


class SpanQuery(serializers.Serializer):
    control = serializers.ChoiceField(choices=list(CONTROLS))
    entity = Text(max_length=20, help_text="code of the company")
    first = serializers.DateField(help_text="first day")
    last = serializers.DateField(help_text="last day; a year later at most")

    validate_entity = staticmethod(_company)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if not 0 <= (given["last"] - given["first"]).days <= LONGEST:
            raise serializers.ValidationError({"last": "Give a day on or after the first, a year later at most."})
        return given


class PrepareOrder(SpanQuery):
    note = Text(max_length=400, required=False, help_text="what the reviewer should know")


class ReviewOrder(serializers.Serializer):
    sha256 = Text(max_length=64, required=False, help_text="of the certificate that was seen; to sign")
    note = Text(max_length=400, required=False, help_text="to send back, what must be put right")


class SignOffOut(serializers.ModelSerializer):
    number = serializers.IntegerField(source="pk")
    entity = serializers.CharField(source="entity.code")
    prepared_by = serializers.CharField(source="prepared_by.username", allow_null=True, default=None)
    reviewed_by = serializers.CharField(source="reviewed_by.username", allow_null=True, default=None)

    class Meta:
        model = SignOff
        fields = ["number", "control", "entity", "starts_on", "ends_on", "version", "status", "prepared_by",
                  "reviewed_by", "suspended_because", "certificate_sha256"]  # fmt: skip


class LineOut(serializers.Serializer):
    control = serializers.CharField(source="control.name")
    title = serializers.CharField(source="control.title")
    is_key = serializers.BooleanField(source="control.is_key", help_text="only key controls must be signed")
    days = serializers.IntegerField(help_text="asked")
    not_run = serializers.IntegerField(help_text="days of these")
    certified = serializers.IntegerField(help_text="days signed one by one")
    open_breaks = serializers.IntegerField()
    sign_off = SignOffOut(allow_null=True)


class _Signing(Desk):
    permission_classes = [needs("reconciliation.view_signoff", "reconciliation.view_controlrun")]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, signing.CannotSign):
            exc = Conflict(str(exc))
        elif isinstance(exc, IntegrityError):
            exc = Conflict("Somebody else was faster, or you prepared this yourself. Look at it again.")
        return super().handle_exception(exc)


class SignOffs(_Signing):
    """Every control of a company's month and who signed it; and preparing one over some days."""

    @extend_schema(parameters=[MonthQuery], responses={200: LineOut(many=True), **LOOKING}, tags=["controls"])
    def get(self, request: Request) -> Response:
        query = MonthQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        first, last = figures_close.month_of(_first_of(query.validated_data["month"]))
        return Response(LineOut(figures_sign_offs.month(query.validated_data["entity"], first, last), many=True).data)

    @extend_schema(
        operation_id="sign_offs_prepare",
        request=PrepareOrder,
        responses={201: SignOffOut, **DOING},
        tags=["controls"],
    )
    def post(self, request: Request) -> Response:
        if not holds(request.user, "prepare_signoff"):
            raise Refused("Your role can look at sign-offs but not prepare them.")
        order = PrepareOrder(data=request.data)
        order.is_valid(raise_exception=True)
        given = order.validated_data
        row = signing.prepare(
            CONTROLS[given["control"]],
            entity=given["entity"],
            first=given["first"],
            last=given["last"],
            user=request.user,
            note=given.get("note", ""),
        )
        return Response(SignOffOut(row).data, status=201)


def _first_of(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise exceptions.ValidationError({"month": "Give a month such as 2026-10."}) from error


class Certificate(_Signing):
    """What would be signed for a control over some days, whether it may be, and its hash."""

    @extend_schema(parameters=[SpanQuery], responses={200: OpenApiTypes.OBJECT, **LOOKING}, tags=["controls"])
    def get(self, request: Request) -> Response:
        query = SpanQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        control, company, first, last = CONTROLS[given["control"]], given["entity"], given["first"], given["last"]
        live = keeping.of_span(control, company, first, last).filter(status__in=keeping.LIVE).first()
        drawn = live.certificate if live else certificates.draw_up(control, entity=company, first=first, last=last)
        checks = conditions.of(drawn, entity=company, policy=conditions.policy_of(company, on=last))
        return Response(
            {
                "certificate": drawn,
                "sha256": live.certificate_sha256 if live else certificates.sha256(drawn),
                "conditions": [{"title": one.title, "is_met": one.is_met, "words": one.words} for one in checks],
                "sign_off": SignOffOut(live).data if live else None,
            }
        )


class Review(_Signing):
    """Sign what another person prepared, exactly as it was seen; or send it back with what must be put right."""

    @extend_schema(request=ReviewOrder, responses={200: SignOffOut, **DOING}, tags=["controls"])
    def post(self, request: Request, number: int, word: str) -> Response:
        if not holds(request.user, "review_signoff"):
            raise Refused("Your role can look at sign-offs but not review them.")
        row = SignOff.objects.filter(pk=number).first()
        if row is None:
            raise Http404
        order = ReviewOrder(data=request.data)
        order.is_valid(raise_exception=True)
        sha256, note = order.validated_data.get("sha256", ""), order.validated_data.get("note", "")
        if word == "sign":
            if not sha256:
                raise exceptions.ValidationError({"sha256": "Give the hash of the certificate you have seen."})
            row = signing.review(row, user=request.user, sha256=sha256, note=note)
        else:
            if not note:
                raise exceptions.ValidationError({"note": "Say what must be put right."})
            row = signing.send_back(row, user=request.user, note=note)
        return Response(SignOffOut(row).data)
