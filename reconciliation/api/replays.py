"""Having events read again, for machines: a dry run, and the same done with a reason."""

from typing import Any, cast

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation.api.texts import Text
from reconciliation.api.views import DOING, LOOKING, Conflict, Desk, needs
from reconciliation.habits import replays
from sync import replay


class ReplayQuery(serializers.Serializer):
    what = Text(max_length=200, required=False, help_text="tracking id, story, object, case (EXC-7) or problem (PRB-3)")
    since = Text(max_length=40, required=False, help_text="came in at or after this moment, in UTC")
    until = Text(max_length=40, required=False, help_text="and before this one; now where it is left out")


class ReplayOrder(ReplayQuery):
    because = Text(max_length=replays.LONGEST, help_text="why; it is kept in the journal")
    seen = serializers.IntegerField(min_value=0, help_text="`total` of the dry run; another number now is a conflict")


class ReplayOut(serializers.Serializer):
    """What it touches, and what it leaves alone."""

    until = serializers.CharField(allow_blank=True)
    total = serializers.IntegerField(help_text="events chosen")
    events = serializers.IntegerField(help_text="of these, read again")
    blocked_events = serializers.IntegerField(help_text="of these, stopped before")
    under_way = serializers.IntegerField(help_text="about to be read anyway")
    work_items = serializers.IntegerField()
    deliveries = serializers.IntegerField()
    held = serializers.IntegerField(help_text="their systems hold them: skipped")
    posted = serializers.IntegerField(help_text="of these, in a ledger: skipped")
    unfinished = serializers.IntegerField(help_text="on their way, or in a case: left as they are")


class Replays(Desk):
    """Events read once more; nothing is posted twice."""

    permission_classes = [needs("sync.replay_sourceevent")]

    @extend_schema(parameters=[ReplayQuery], responses={200: ReplayOut, **LOOKING}, tags=["desk"])
    def get(self, request: Request) -> Response:
        """A dry run: nothing is changed."""
        query = ReplayQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = _asked(query.validated_data)
        return Response(_out(asked, replay.plan(_choice(asked))))

    @extend_schema(request=ReplayOrder, responses={202: ReplayOut, **DOING}, tags=["desk"])
    def post(self, request: Request) -> Response:
        """Do what the dry run showed; the workers read them."""
        order = ReplayOrder(data=request.data)
        order.is_valid(raise_exception=True)
        asked = _asked(order.validated_data)
        given = order.validated_data
        try:
            touched = replays.run(
                _choice(asked), seen=given["seen"], because=given["because"], user=cast(User, request.user)
            )
        except replays.Changed as error:
            raise Conflict(f"{error} Make another dry run.") from error
        return Response(_out(asked, touched), status=202)


def _asked(given: dict[str, Any]) -> replays.Asked:
    asked = replays.asked({name: given.get(name, "") for name in ("what", "since", "until")})
    if asked.errors:
        raise exceptions.ValidationError(asked.errors)
    return asked


def _choice(asked: replays.Asked) -> replay.Choice:
    if asked.choice is None:
        raise exceptions.ValidationError({"what": "Say which events: by an id, or by the moments they came in."})
    return asked.choice


def _out(asked: replays.Asked, touched: replay.Plan) -> dict[str, Any]:
    return ReplayOut({"until": asked.until, "total": replays.total(touched), **vars(touched)}).data
