"""What people do with a case of their own accord, for machines: take it, put it off, bring it back, hand it over,
comment on it, tag it; and reverse what was done.
"""

from typing import Any

from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation.api.texts import Text
from reconciliation.api.views import DOING, LOOKING, Conflict, Desk
from reconciliation.approvals import Refused, holds
from reconciliation.cases import Conflict as CaseConflict
from reconciliation.habits import acting, handing, mentions, snoozes, tags, undo
from reconciliation.models import CaseAct, CaseComment, CaseTag, ExceptionCase, Snooze
from reconciliation.teams import Team

#: comments in one answer
COMMENTS = 200


class _OfCase(Desk):
    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, CaseConflict):
            exc = Conflict(str(exc))
        elif isinstance(exc, ExceptionCase.DoesNotExist | CaseAct.DoesNotExist):
            exc = Http404()
        return super().handle_exception(exc)


# -- put off ------------------------------------------------------------------------------------------
class SnoozeOrder(serializers.Serializer):
    until = serializers.DateTimeField(help_text="when the case comes back, at most 30 days from now")
    because = Text(max_length=400)
    on_comment = serializers.BooleanField(default=False, help_text="also back when somebody else comments on it")
    on_repeat = serializers.BooleanField(default=False, help_text="also back when it happens again")


class SnoozeOut(serializers.ModelSerializer):
    case = serializers.CharField(source="case.number")
    by = serializers.CharField(source="by.username")

    class Meta:
        model = Snooze
        fields = ["case", "until", "because", "by", "at", "on_comment", "seen", "ended_at"]


class CaseSnooze(_OfCase):
    """Put a case off until a moment; its owner and due time stay."""

    @extend_schema(request=SnoozeOrder, responses={201: SnoozeOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        order = SnoozeOrder(data=request.data)
        order.is_valid(raise_exception=True)
        try:
            row = snoozes.snooze(number, user=request.user, **order.validated_data)
        except ValueError as error:
            raise exceptions.ValidationError({"until": str(error)}) from error
        return Response(SnoozeOut(row).data, status=201)


class CaseWake(_OfCase):
    """Bring a case back to the queue."""

    @extend_schema(request=None, responses={204: None, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        snoozes.wake(number, user=request.user)
        return Response(status=204)


# -- hand over ----------------------------------------------------------------------------------------
class HandOrder(serializers.Serializer):
    team = serializers.ChoiceField(choices=Team.choices, required=False, help_text="another team")
    person = Text(max_length=150, required=False, help_text="a colleague, by the name they sign in with")
    because = Text(max_length=300, help_text="what whoever gets it reads first")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("team" in given) == ("person" in given):
            raise serializers.ValidationError({"team": "Give either a team or a person."})
        return given


class HandOut(serializers.ModelSerializer):
    case = serializers.CharField(source="number")
    assignee = serializers.CharField(source="assignee.username", allow_null=True, default=None)

    class Meta:
        model = ExceptionCase
        fields = ["case", "team", "assignee", "due_at", "version"]


class CaseHandOver(_OfCase):
    """Hand a case to another team or to a colleague; its due time stays."""

    @extend_schema(request=HandOrder, responses={200: HandOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        order = HandOrder(data=request.data)
        order.is_valid(raise_exception=True)
        given = order.validated_data
        kind = "team" if "team" in given else "person"
        handing.may_hand(request.user)
        try:
            to = handing.recipient(f"{kind}:{given[kind]}", user=request.user)
            row = handing.hand(number, to=to, because=given["because"], user=request.user)
        except ValueError as error:
            raise exceptions.ValidationError({kind: str(error)}) from error
        return Response(HandOut(row).data)


class CaseGiveBack(_OfCase):
    """Nobody has the case any more; its team still owns it."""

    @extend_schema(request=None, responses={200: HandOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        row = handing.give_back(number, user=request.user)
        return Response(HandOut(row).data)


class CaseTake(_OfCase):
    """Make a case mine for a while, to work on it."""

    @extend_schema(request=None, responses={200: HandOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        return Response(HandOut(handing.take(number, user=request.user)).data)


# -- reverse ------------------------------------------------------------------------------------------
class ActOut(serializers.ModelSerializer):
    case = serializers.CharField(source="case.number")
    number = serializers.IntegerField(source="pk")
    by = serializers.CharField(source="by.username")

    class Meta:
        model = CaseAct
        fields = ["case", "number", "action", "text", "by", "at", "reversed_at"]


class CaseActs(_OfCase):
    """What people did to an open case and may be reversed, the newest first."""

    @extend_schema(responses={200: ActOut(many=True), **LOOKING}, tags=["desk"])
    def get(self, request: Request, number: int) -> Response:
        acting.may_work(request.user, "reverse what was done to them")
        case = ExceptionCase.objects.get(pk=number)
        return Response(ActOut(undo.reversible(case), many=True).data)


class CaseReverse(_OfCase):
    """Put a case back to where it stood before this was done; refused where something else was done since."""

    @extend_schema(request=None, responses={200: ActOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int, act: int) -> Response:
        return Response(ActOut(undo.reverse(act, case_id=number, user=request.user)).data)


# -- comments -----------------------------------------------------------------------------------------
class CommentOrder(serializers.Serializer):
    text = Text(max_length=4000, help_text="@ and a name tells that colleague of it")


class CommentOut(serializers.ModelSerializer):
    case = serializers.CharField(source="case.number")
    by = serializers.CharField(source="user.username")

    class Meta:
        model = CaseComment
        fields = ["case", "by", "at", "text"]


class CommentSaid(serializers.Serializer):
    comment = CommentOut()
    told = serializers.ListField(child=serializers.CharField(), help_text="who reads of it, by their sign-in names")
    untold = serializers.ListField(child=serializers.CharField(), help_text="whom it could not tell, and why, in words")


class CaseComments(_OfCase):
    """What was said about a case, the newest first; and saying something."""

    @extend_schema(responses={200: CommentOut(many=True), **LOOKING}, tags=["desk"])
    def get(self, request: Request, number: int) -> Response:
        case = ExceptionCase.objects.get(pk=number)
        rows = case.comments.select_related("case", "user").order_by("-at", "-pk")[:COMMENTS]
        return Response(CommentOut(rows, many=True).data)

    @extend_schema(request=CommentOrder, responses={201: CommentSaid, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        if not holds(request.user, "add_casecomment"):
            raise Refused("Your role can read comments but not write them.")
        order = CommentOrder(data=request.data)
        order.is_valid(raise_exception=True)
        said = mentions.comment(number, user=request.user, text=order.validated_data["text"])
        told = [person.username for person in said.told]
        out = {"comment": said.comment, "told": told, "untold": said.untold}
        return Response(CommentSaid(out).data, status=201)


# -- tags ---------------------------------------------------------------------------------------------
class TagOrder(serializers.Serializer):
    add = serializers.ListField(child=Text(max_length=30), default=list, max_length=tags.MOST)
    remove = serializers.ListField(child=Text(max_length=30), default=list, max_length=tags.MOST)


class TagsOut(serializers.Serializer):
    tags = serializers.ListField(child=serializers.CharField())


class CaseTags(_OfCase):
    """Put words of the team's own on a case, or take them off."""

    @extend_schema(request=TagOrder, responses={200: TagsOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        order = TagOrder(data=request.data)
        order.is_valid(raise_exception=True)
        given = order.validated_data
        with transaction.atomic():
            for word in given["remove"]:
                tags.take_off(number, word=word, user=request.user)
            if given["add"] or not given["remove"]:
                try:
                    tags.put(number, text=" ".join(given["add"]), user=request.user)
                except ValueError as error:
                    raise exceptions.ValidationError({"add": str(error)}) from error
        words = CaseTag.objects.filter(case=number).values_list("word", flat=True)
        return Response({"tags": list(words)})
