"""The dashboards' figures for machines: counts as numbers, lengths in seconds, money as text with its currency."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation import figures_dashboards, figures_executive, figures_readiness
from reconciliation.api.views import LOOKING, Desk
from reconciliation.figures_dashboards import Took
from reconciliation.figures_spans import SPANS, Number, Span, span_of
from sync.money_text import plain


class SpanQuery(serializers.Serializer):
    span = serializers.ChoiceField(choices=list(SPANS), default="7d", help_text="how far back from now")


class _Figures(Desk):
    """A page of figures over a span of time."""

    figures: Callable[[Span], dict[str, Any]]

    @extend_schema(parameters=[SpanQuery], responses={200: OpenApiTypes.OBJECT, **LOOKING}, tags=["desk"])
    def get(self, request: Request) -> Response:
        query = SpanQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        span = span_of(query.validated_data["span"])
        return Response({"since": span.since, "until": span.until, **type(self).figures(span)})


class Operations(_Figures):
    """How the portal works: how long steps take, which calls fail, what ages, what closes by itself."""

    @staticmethod
    def figures(span: Span) -> dict[str, Any]:
        replays, endings = figures_dashboards.replays(span), figures_dashboards.endings(span)
        ages, oldest = figures_dashboards.queue_age(span.until)
        return {
            "steps": [_took(one) for one in figures_dashboards.latencies(span)],
            "calls": [
                {"connection": one.connection.code, "all": _count(one.total), "failed": _count(one.failed)}
                for one in figures_dashboards.calls(span)
            ],
            "replays": {**_count(replays.number), "events": replays.events},
            "breaks": [
                {
                    "age": one.age,
                    **_count(one.number),
                    "currency": one.currency,
                    "amount": plain(one.total, one.currency),
                }
                for one in figures_dashboards.unreconciled(span.until)
            ],
            "closed_cases": {
                "all": _count(endings.all),
                "by_themselves": _count(endings.by_itself),
                "ways": [{"way": words, **_count(number)} for words, number, *_ in endings.ways],
            },
            "time_to_resolve": [_took(one) for one in figures_dashboards.time_to_resolve(span)],
            "open_cases": [
                {
                    "age": one.words,
                    **_count(one.all),
                    "teams": [{"team": team, **_count(number)} for team, number in one.teams],
                }
                for one in ages
            ],
            "oldest_open_since": oldest,
        }


class Executive(_Figures):
    """Where the money stands: what is held, how old it is, how ready the close is, what went wrong and was caught."""

    @staticmethod
    def figures(span: Span) -> dict[str, Any]:
        accuracy = figures_executive.invoice_accuracy(span)
        return {
            "money_held": [
                {
                    "currency": one.currency,
                    "held": plain(one.all_total, one.currency),
                    "amount": plain(one.total, one.currency),
                    "trend": one.trend.word,
                }
                for one in figures_executive.money_held(span)
            ],
            "open_cases": [
                {
                    "age": one.words,
                    **_count(one.number),
                    "sums": [
                        {"currency": currency, "amount": plain(total, currency)} for currency, total in one.sums.items()
                    ],
                }
                for one in figures_executive.ageing(span).ages
            ],
            "close_readiness": [
                {
                    "entity": one.entity.code,
                    "period": str(one.period) if one.period else None,
                    "ready_percent": one.ready,
                    "controls": {"asked": one.asked, "green": one.green, "red": one.red, "not_run": one.not_run},
                    "documents": {"owed": one.documents, "in_ledger": one.in_ledger.count, "held": one.held.count},
                    "open_cases": one.blocked.count,
                    "open_breaks": one.breaks.count,
                }
                for one in figures_readiness.close_readiness()
            ],
            "invoices": {
                "all": _count(accuracy.total),
                "right": accuracy.right,
                "wrong": _count(accuracy.wrong),
                "ways": [{"way": way, **_count(number)} for way, number in accuracy.ways],
            },
            "leakage_caught": [
                {
                    "title": one.title,
                    **_count(one.number),
                    "currency": one.currency,
                    "amount": plain(one.total, one.currency) if one.currency else None,
                }
                for one in figures_executive.leakage(span)
            ],
            "top_causes": [
                {
                    "problem": one.row.problem.number,
                    "title": one.row.title,
                    "open": one.row.count,
                    "opened": one.opened.count,
                }
                for one in figures_executive.top_causes(span)
            ],
        }


def _count(number: Number) -> dict[str, Any]:
    """A count, and the page of the portal that lists exactly these rows."""
    return {"count": number.count, "rows": number.rows}


def _took(one: Took) -> dict[str, Any]:
    return {"what": one.title, **_count(one.number), "p50_seconds": _seconds(one.p50), "p95_seconds": _seconds(one.p95)}


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else round(value.total_seconds(), 3)
