"""Reconciling for machines: breaks, matches and reconciling items."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation import reconciling_items
from reconciliation.api.texts import Filters, Text, TextFilter
from reconciliation.api.views import DOING, LOOKING, Conflict, Desk, needs
from reconciliation.cases import Conflict as CaseConflict
from reconciliation.controls.registry import COMPARED, CONTROLS
from reconciliation.matches import people
from reconciliation.matches.people import CannotMatch
from reconciliation.models import Break, Match, MatchMember, ReconcilingItem
from reconciliation.reconciling_items import CannotAccept
from sync.models import LegalEntity
from sync.money_text import plain


class _Reconciling(Desk):
    permission_classes = [needs("reconciliation.view_controlrun")]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, CannotMatch | CannotAccept | CaseConflict):
            exc = Conflict(str(exc))
        elif isinstance(exc, Match.DoesNotExist | ReconcilingItem.DoesNotExist | Break.DoesNotExist):
            exc = Http404()
        return super().handle_exception(exc)


# -- breaks -------------------------------------------------------------------------------------------
class BreakOut(serializers.ModelSerializer):
    entity = serializers.CharField(source="entity.code")
    difference = serializers.SerializerMethodField(help_text="left less right, gross, signed, in major units")
    looks_like = serializers.CharField(source="cause")

    class Meta:
        model = Break
        fields = [
            "id",
            "control",
            "entity",
            "kind",
            "reference",
            "label",
            "counterparty",
            "document_date",
            "currency",
            "difference",
            "left",
            "right",
            "looks_like",
            "cause_with",
            "found_at",
            "healed_at",
        ]

    def get_difference(self, row: Break) -> str:
        return plain(row.difference, row.currency)


class BreakFilter(Filters):
    entity = TextFilter(field_name="entity__code", help_text="our company's code")
    state = django_filters.ChoiceFilter(choices=[("open", "Open"), ("healed", "Healed")], method="by_state")

    class Meta(Filters.Meta):
        model = Break
        fields = ["control", "kind", "reference"]

    def by_state(self, rows: QuerySet[Break], name: str, value: str) -> QuerySet[Break]:
        return rows.filter(healed_at__isnull=value == "open")


@extend_schema_view(get=extend_schema(responses={200: BreakOut(many=True), **LOOKING}, tags=["controls"]))
class Breaks(_Reconciling, ListAPIView):
    """Breaks, newest first; those still open have no `healed_at`."""

    serializer_class = BreakOut
    filterset_class = BreakFilter
    queryset = Break.objects.select_related("entity")


# -- matches ------------------------------------------------------------------------------------------
class MemberOut(serializers.ModelSerializer):
    gross = serializers.SerializerMethodField(help_text="signed, in major units")

    class Meta:
        model = MatchMember
        fields = ["side", "reference", "external_id", "label", "counterparty", "document_date", "currency", "gross"]

    def get_gross(self, row: MatchMember) -> str:
        return plain(row.gross, row.currency)


class MatchOut(serializers.ModelSerializer):
    number = serializers.CharField()
    entity = serializers.CharField(source="entity.code")
    difference = serializers.SerializerMethodField(help_text="left less right; what a tolerance let pass")
    members = MemberOut(many=True)
    asked_by = serializers.CharField(source="asked_by.username", default=None, allow_null=True)
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    undo_asked_by = serializers.CharField(source="undo_asked_by.username", default=None, allow_null=True)

    class Meta:
        model = Match
        fields = [
            "number",
            "control",
            "entity",
            "by",
            "status",
            "currency",
            "difference",
            "members",
            "found_at",
            "asked_by",
            "asked_because",
            "decided_by",
            "decided_because",
            "undo_asked_by",
            "undo_because",
            "ended_because",
        ]

    def get_difference(self, row: Match) -> str:
        return plain(row.difference, row.currency)


class MatchOrder(serializers.Serializer):
    control = serializers.ChoiceField(choices=COMPARED, help_text="whose documents are compared one by one")
    entity = Text(max_length=20, help_text="our company's code")
    references = serializers.ListField(child=Text(max_length=120), min_length=2, max_length=200)
    because = Text(max_length=400)


class Because(serializers.Serializer):
    because = Text(max_length=400, allow_blank=True, default="")


_MATCHES = Match.objects.select_related("entity", "asked_by", "decided_by", "undo_asked_by").prefetch_related("members")


class MatchFilter(Filters):
    class Meta(Filters.Meta):
        model = Match
        fields = ["control", "entity__code", "status", "by"]


class Matches(_Reconciling, ListAPIView):
    """Suggestions, proposals and matches; and putting documents together for a second person."""

    serializer_class = MatchOut
    filterset_class = MatchFilter
    queryset = _MATCHES

    @extend_schema(responses={200: MatchOut(many=True), **LOOKING}, tags=["controls"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="matches_propose", request=MatchOrder, responses={201: MatchOut, **DOING}, tags=["controls"]
    )
    def post(self, request: Request) -> Response:
        order = MatchOrder(data=request.data)
        order.is_valid(raise_exception=True)
        given = order.validated_data
        entity = LegalEntity.objects.filter(code=given["entity"]).first()
        if entity is None:
            raise exceptions.ValidationError({"entity": "There is no such legal entity."})
        row = people.propose(
            CONTROLS[given["control"]],
            entity=entity,
            references=given["references"],
            user=request.user,
            because=given["because"],
        )
        return Response(MatchOut(_MATCHES.get(pk=row.pk)).data, status=201)


class MatchAct(_Reconciling):
    """What people do with a match; the control is compared with the next asking, or at once on its page."""

    @extend_schema(request=Because, responses={200: MatchOut, **DOING}, tags=["controls"])
    def post(self, request: Request, number: int, word: str) -> Response:
        order = Because(data=request.data)
        order.is_valid(raise_exception=True)
        because = order.validated_data["because"]
        acts: dict[str, Callable[[], object]] = {
            "take-up": lambda: people.take_up(number, user=request.user, because=because),
            "approve": lambda: people.approve(number, user=request.user, because=because),
            "refuse": lambda: people.refuse(number, user=request.user, because=because),
            "withdraw": lambda: people.withdraw(number, user=request.user),
            "ask-undo": lambda: people.ask_undo(number, user=request.user, because=because),
            "undo": lambda: people.undo(number, user=request.user),
            "keep": lambda: people.keep_together(number, user=request.user),
        }
        acts[word]()
        return Response(MatchOut(_MATCHES.get(pk=number)).data)


# -- reconciling items --------------------------------------------------------------------------------
class ItemOut(serializers.ModelSerializer):
    number = serializers.CharField()
    item_kind = serializers.CharField(source="kind")
    amount = serializers.SerializerMethodField(help_text="left less right, gross, signed, in major units")
    asked_by = serializers.CharField(source="asked_by.username")
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)

    class Meta:
        model = ReconcilingItem
        fields = [
            "number",
            "break_row",
            "item_kind",
            "status",
            "amount",
            "currency",
            "expected_on",
            "asked_by",
            "asked_because",
            "decided_by",
            "decided_because",
            "ended_because",
        ]

    def get_amount(self, row: ReconcilingItem) -> str:
        return plain(row.amount, row.currency)


class ItemOrder(serializers.Serializer):
    break_id = serializers.IntegerField(min_value=1, max_value=2**62, help_text="`id` of the break")
    item_kind = serializers.ChoiceField(choices=ReconcilingItem.Kind.choices)
    expected_on = serializers.DateField(required=False, allow_null=True, default=None)
    because = Text(max_length=400)


_ITEMS = ReconcilingItem.objects.select_related("asked_by", "decided_by")


class ItemFilter(Filters):
    class Meta(Filters.Meta):
        model = ReconcilingItem
        fields = ["status", "kind", "break_row"]


class Items(_Reconciling, ListAPIView):
    """What people say differences are; and proposing one for a second person."""

    serializer_class = ItemOut
    filterset_class = ItemFilter
    queryset = _ITEMS

    @extend_schema(responses={200: ItemOut(many=True), **LOOKING}, tags=["controls"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="reconciling_items_propose",
        request=ItemOrder,
        responses={201: ItemOut, **DOING},
        tags=["controls"],
    )
    def post(self, request: Request) -> Response:
        order = ItemOrder(data=request.data)
        order.is_valid(raise_exception=True)
        given = order.validated_data
        row = reconciling_items.propose(
            given["break_id"],
            kind=given["item_kind"],
            expected_on=given["expected_on"],
            user=request.user,
            because=given["because"],
        )
        return Response(ItemOut(_ITEMS.get(pk=row.pk)).data, status=201)


class ItemAct(_Reconciling):
    """Accept, refuse or take back."""

    @extend_schema(request=Because, responses={200: ItemOut, **DOING}, tags=["controls"])
    def post(self, request: Request, number: int, word: str) -> Response:
        order = Because(data=request.data)
        order.is_valid(raise_exception=True)
        because = order.validated_data["because"]
        if word == "accept":
            reconciling_items.accept(number, user=request.user, because=because)
        elif word == "refuse":
            reconciling_items.refuse(number, user=request.user, because=because)
        else:
            reconciling_items.withdraw(number, user=request.user)
        return Response(ItemOut(_ITEMS.get(pk=number)).data)
