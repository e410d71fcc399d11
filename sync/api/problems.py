"""The one shape of every refusal (RFC 9457), as the API's document shows it."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

PROBLEM = "application/problem+json"
_WORDS = {
    400: "Something in the call cannot be taken; each problem names its field.",
    401: "The call could not be proven to come from whom it names.",
    403: "Whoever calls may not do this.",
    404: "There is no such thing, or it is not for the caller.",
    405: "The address takes other methods.",
    406: "No answer in a wanted format exists.",
    408: "The body did not arrive in time.",
    409: "It has changed or is done already.",
    411: "The length of the body is not said.",
    413: "The body is too large.",
    415: "The body is compressed or of another type.",
    503: "The connection is not set up at the moment; send the same again later.",
}


class FieldProblem(serializers.Serializer):
    field = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class ApiProblem(serializers.Serializer):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FieldProblem(many=True)  # type: ignore[assignment]


def problems(*statuses: int) -> dict[Any, Any]:
    """Entries for `extend_schema(responses=...)`: these refusals, in our one shape."""
    return {(status, PROBLEM): OpenApiResponse(response=ApiProblem, description=_WORDS[status]) for status in statuses}
