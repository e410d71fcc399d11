"""The queue as a file, for machines: what the page's export gives, with the same filters."""

from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from reconciliation.api.texts import Text
from reconciliation.api.views import Desk
from reconciliation.habits.exports import files, queue
from reconciliation.habits.exports.sheet import MOST, TooMany
from reconciliation.queue_filters import AGES, AMOUNTS, DUES, OWNERS, SORTS, STATES, Filters
from reconciliation.sentences import SYSTEMS
from reconciliation.teams import Team
from reconciliation.views.page import kept
from sync.api.problems import problems
from sync.models import LegalEntity
from sync.reasons import REASONS


def _choice(of: Any, text: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=sorted(of), required=False, help_text=text)


class CasesExportQuery(serializers.Serializer):
    """What the address may choose; what makes no sense is refused here, where nobody sees the filters that are on."""

    format = serializers.ChoiceField(choices=sorted(files.FORMS), default="csv", help_text="kind of file")
    view = serializers.ChoiceField(
        choices=["cases", "problems"], default="cases", help_text="one row per case, or per problem and currency"
    )
    sort = serializers.ChoiceField(choices=list(SORTS), default="due", help_text="order of the rows")
    team = _choice(Team.values, "team that owns the case")
    reason = _choice(REASONS, "reason code")
    system = _choice(SYSTEMS, "system the case is about")
    entity = Text(max_length=20, required=False, help_text="our company's code")
    age = _choice(AGES, "older than so many days")
    amount = _choice(AMOUNTS, "over at least this much, in the case's own currency")
    due = _choice(DUES, "late, or due today")
    owner = _choice(OWNERS, "taken by nobody")
    state = _choice(STATES, "came back, put off, or back from being put off")
    mine = serializers.ChoiceField(choices=["1"], required=False, help_text="taken by whoever asks")
    q = Text(max_length=100, required=False, help_text="search: a number, customer, document or id in any system")

    def validate_entity(self, code: str) -> str:
        if not LegalEntity.objects.filter(code=code).exists():
            raise serializers.ValidationError("There is no such legal entity.")
        return code


_FILES = {
    (200, content_type.split(";")[0]): OpenApiResponse(
        response=OpenApiTypes.BINARY, description=f"The whole view as {word}, of {MOST:,} rows at most."
    )
    for word, content_type in files.FORMS.values()
}


class CasesExport(Desk):
    """Open cases, or their problems, as one file: exactly what the queue shows with these filters."""

    # looking whether there is a file would otherwise be noted down as taking one
    http_method_names = ["get", "options"]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """The kind of file is asked for in the address; refusals are JSON, whatever file was wanted."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    @extend_schema(
        operation_id="cases_export",
        parameters=[CasesExportQuery],
        responses={**_FILES, **problems(400, 403, 405)},
        tags=["desk"],
    )
    def get(self, request: Request) -> HttpResponse:
        asked = CasesExportQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        chosen = asked.validated_data
        user = cast(AbstractUser, request.user)
        filters = Filters({name: value for name, value in chosen.items() if name != "format"})
        try:
            file = files.take(lambda: queue.draw_up(filters, user=user), form=chosen["format"], user=user)
        except TooMany as error:
            raise exceptions.ValidationError(str(error)) from error
        return kept(file.name, file.content, file.content_type)
