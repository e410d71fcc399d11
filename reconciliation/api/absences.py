"""Being away and standing in, for machines: one's own absences."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation.api.texts import Text
from reconciliation.api.views import DOING, LOOKING, Desk
from reconciliation.habits import absences
from reconciliation.models import Absence


class AbsenceOrder(serializers.Serializer):
    first = serializers.DateField(help_text="first day, in one's own zone")
    last = serializers.DateField(help_text="last day, included")
    stands_in = Text(max_length=150, required=False, help_text="a colleague, by the name they sign in with")


class AbsenceOut(serializers.ModelSerializer):
    number = serializers.IntegerField(source="pk")
    stands_in = serializers.CharField(source="stands_in.username", allow_null=True, default=None)

    class Meta:
        model = Absence
        fields = ["number", "first", "last", "stands_in", "ended_at"]


class Absences(Desk):
    """Those under way and those to come; and saying one."""

    @extend_schema(responses={200: AbsenceOut(many=True), **LOOKING}, tags=["desk"])
    def get(self, request: Request) -> Response:
        rows = absences.coming(request.user, on=absences.today(request.user))
        return Response(AbsenceOut(rows, many=True).data)

    @extend_schema(request=AbsenceOrder, responses={201: AbsenceOut, **DOING}, tags=["desk"])
    def post(self, request: Request) -> Response:
        order = AbsenceOrder(data=request.data)
        order.is_valid(raise_exception=True)
        given = {"stands_in": "", **order.validated_data}
        try:
            row = absences.say(user=request.user, **given)
        except absences.NotSaid as error:
            raise exceptions.ValidationError({error.field: str(error)}) from error
        return Response(AbsenceOut(row).data, status=201)


class Back(Desk):
    """It is over, or will not be."""

    @extend_schema(request=None, responses={200: AbsenceOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int) -> Response:
        try:
            row = absences.take_back(number, user=request.user)
        except Absence.DoesNotExist as error:
            raise Http404 from error
        return Response(AbsenceOut(row).data)
