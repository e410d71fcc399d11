"""The desk for machines: problems, cases, fixes with preview, approvals, controls, the tie-out."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reconciliation import approval_questions, approvals, figures_problems, open_problems, second_factor, tie_out
from reconciliation.api.serializers import (
    ApprovalOut,
    CaseOut,
    ControlOrder,
    Decision,
    FixInputs,
    FixOrder,
    RunOut,
    Said,
)
from reconciliation.api.texts import Filters
from reconciliation.approval_parts import ReasonMissing
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.fixes.fix import Fix, InputError, NotPossible, Target
from reconciliation.fixes.registry import FIXES, for_case, for_problem
from reconciliation.models import ApprovalRequest, ExceptionCase, FixRun, Problem
from sync import clock
from sync.api.problems import problems
from sync.models import JournalBatchRecord, LegalEntity, RevenueEventRecord

#: what the desk's doors may answer instead
LOOKING = problems(400, 403, 404, 405, 406)
DOING = LOOKING | problems(408, 409, 413, 415)
ROWS = {"type": "array", "items": {"type": "object", "additionalProperties": {}}}


class Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


def needs(*permissions: str) -> type[BasePermission]:
    """Lets in whoever holds all of these permissions."""

    class Needs(BasePermission):
        def has_permission(self, request: Request, view: Any) -> bool:
            return bool(request.user and request.user.has_perms(permissions))

    return Needs


class Desk(APIView):
    """What the desk's doors share: people sign in; our words become answers."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [needs("reconciliation.view_exceptioncase")]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, approvals.Refused | second_factor.NotProven):
            exc = exceptions.PermissionDenied(str(exc))
        elif isinstance(exc, InputError):
            exc = exceptions.ValidationError({f"inputs.{exc.field_name}": exc.text})
        elif isinstance(exc, approvals.Changed | NotPossible):
            exc = Conflict(str(exc))
        elif isinstance(exc, ApprovalRequest.DoesNotExist):
            exc = Http404()
        return super().handle_exception(exc)


def _problem(number: int) -> Problem:
    problem = Problem.objects.filter(pk=number).first()
    if problem is None:
        raise Http404
    return problem


def _case(number: int) -> ExceptionCase:
    case = (
        ExceptionCase.objects.select_related(
            "problem", "work_item", "delivery", "break_row", "connection", "control_run", "entity"
        )
        .filter(pk=number)
        .first()
    )
    if case is None:
        raise Http404
    return case


class JournalMember(serializers.ModelSerializer):
    class Meta:
        model = RevenueEventRecord
        fields = ["reference", "schedule_reference", "arrangement_reference", "movement", "dated", "amount", "currency"]


@extend_schema_view(get=extend_schema(responses={200: JournalMember(many=True), **LOOKING}, tags=["desk"]))
class JournalMembers(Desk, ListAPIView):
    """Every movement a summarised journal stands for."""

    permission_classes = [needs("sync.view_journalbatchrecord")]
    serializer_class = JournalMember
    queryset = RevenueEventRecord.objects.none()

    def get_queryset(self) -> Any:
        batch = JournalBatchRecord.objects.filter(pk=self.kwargs["number"]).first()
        if batch is None:
            raise Http404
        return batch.events.all()


class Problems(Desk):
    """Open problems with count and money; `standing` is new, ongoing, growing, came back or put off."""

    @extend_schema(responses={200: ROWS, **LOOKING}, tags=["desk"])
    def get(self, request: Request) -> Response:
        rows = open_problems.open_problems()
        standings = figures_problems.standings(one.problem for one in rows)
        return Response([{**one.as_data(), "standing": standings[one.problem.pk].word} for one in rows])


class CaseFilter(Filters):
    class Meta(Filters.Meta):
        model = ExceptionCase
        fields = {
            "status": ["exact"],
            "reason": ["exact"],
            "team": ["exact"],
            "problem": ["exact"],
            "reference": ["exact"],
            "currency": ["exact"],
            "effective_on": ["gte", "lte"],
            "tags__word": ["exact"],
        }


@extend_schema_view(get=extend_schema(responses={200: CaseOut(many=True), **LOOKING}, tags=["desk"]))
class Cases(Desk, ListAPIView):
    """Cases, newest first; filter by status, code, owner team, problem."""

    serializer_class = CaseOut
    filterset_class = CaseFilter
    queryset = ExceptionCase.objects.select_related("problem").prefetch_related("tags")


@extend_schema_view(get=extend_schema(responses={200: CaseOut, **LOOKING}, tags=["desk"]))
class Case(Desk, RetrieveAPIView):
    serializer_class = CaseOut

    def get_object(self) -> ExceptionCase:
        return _case(self.kwargs["number"])


class _Fixing(Desk):
    def target(self, kind: str, number: int, name: str) -> tuple[Fix, Target]:
        """The fix and what it is applied to; a fix that is not on offer there does not exist."""
        fix = FIXES.get(name)
        if kind == "problems":
            problem = _problem(number)
            offered, target = for_problem(problem), Target(problem=problem)
        else:
            case = _case(number)
            offered, target = for_case(case), Target(problem=case.problem, case=case)
        if fix is None or fix not in offered:
            raise Http404
        return fix, target


class FixPreview(_Fixing):
    """What pressing would do, exactly; with the sha256 to send back."""

    @extend_schema(request=FixInputs, responses={200: OpenApiTypes.OBJECT, **DOING}, tags=["desk"])
    def post(self, request: Request, kind: str, number: int, name: str) -> Response:
        fix, target = self.target(kind, number, name)
        order = FixInputs(data=request.data)
        order.is_valid(raise_exception=True)
        return Response(approvals.prepare(fix, target, order.validated_data["inputs"], user=request.user).as_data())


class FixChoices(_Fixing):
    """What a fix asks for, prefilled where something is known."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, **LOOKING}, tags=["desk"])
    def get(self, request: Request, kind: str, number: int, name: str) -> Response:
        fix, target = self.target(kind, number, name)
        return Response(
            {
                "fix": fix.name,
                "label": fix.label,
                "needs": fix.kind,
                "inputs": [
                    {
                        "name": one.name,
                        "label": one.label,
                        "kind": one.kind,
                        "initial": one.initial,
                        "help": one.help,
                        "choices": [{"value": value, "label": label} for value, label in one.choices],
                    }
                    for one in fix.inputs(target)
                ],
            }
        )


class FixAsk(_Fixing):
    """Ask a second person to approve exactly what was previewed."""

    @extend_schema(request=FixOrder, responses={201: ApprovalOut, **DOING}, tags=["desk"])
    def post(self, request: Request, kind: str, number: int, name: str) -> Response:
        fix, target = self.target(kind, number, name)
        order = FixOrder(data=request.data)
        order.is_valid(raise_exception=True)
        asked = approvals.ask(
            fix,
            target,
            order.validated_data["inputs"],
            user=request.user,
            sha256=order.validated_data["sha256"],
            because=order.validated_data["because"],
        )
        return Response(ApprovalOut(asked).data, status=201)


class FixRunNow(_Fixing):
    """Run a fix that needs no second person."""

    @extend_schema(request=FixOrder, responses={201: RunOut, **DOING}, tags=["desk"])
    def post(self, request: Request, kind: str, number: int, name: str) -> Response:
        fix, target = self.target(kind, number, name)
        order = FixOrder(data=request.data)
        order.is_valid(raise_exception=True)
        run = approvals.start(
            fix, target, order.validated_data["inputs"], user=request.user, sha256=order.validated_data["sha256"]
        )
        return Response(RunOut(run).data, status=201)


class ApprovalFilter(Filters):
    class Meta(Filters.Meta):
        model = ApprovalRequest
        fields = ["status", "kind"]


_APPROVALS = ApprovalRequest.objects.select_related("asked_by", "decided_by", "handed_to").prefetch_related(
    "yeses__user", "questions__asked_by", "questions__answered_by"
)


@extend_schema_view(get=extend_schema(responses={200: ApprovalOut(many=True), **LOOKING}, tags=["desk"]))
class Approvals(Desk, ListAPIView):
    serializer_class = ApprovalOut
    filterset_class = ApprovalFilter
    queryset = _APPROVALS


@extend_schema_view(get=extend_schema(responses={200: ApprovalOut, **LOOKING}, tags=["desk"]))
class Approval(Desk, RetrieveAPIView):
    serializer_class = ApprovalOut
    queryset = _APPROVALS
    lookup_url_kwarg = "number"


class Decide(Desk):
    """Approve or refuse as the second person."""

    @extend_schema(request=Decision, responses={200: ApprovalOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int, word: str) -> Response:
        decision = Decision(data=request.data)
        decision.is_valid(raise_exception=True)
        because = decision.validated_data["because"]
        if word == "approve":
            code = decision.validated_data["code"]
            proved_at = second_factor.prove(request.user, code) if code else None
            leave_out = [int(case.removeprefix("EXC-")) for case in decision.validated_data["leave_out"]]
            try:
                approvals.approve(number, user=request.user, because=because, proved_at=proved_at, leave_out=leave_out)
            except ReasonMissing as error:
                raise exceptions.ValidationError({"because": str(error)}) from error
        elif word == "refuse":
            try:
                approvals.refuse(number, user=request.user, because=because)
            except ValueError as error:
                raise exceptions.ValidationError({"because": str(error)}) from error
        else:
            approvals.withdraw(number, user=request.user)
        return Response(ApprovalOut(ApprovalRequest.objects.get(pk=number)).data)


class TalkAbout(Desk):
    """Ask the asker something, answer it, or hand the request to another approver. Nothing is decided by it."""

    @extend_schema(request=Said, responses={200: ApprovalOut, **DOING}, tags=["desk"])
    def post(self, request: Request, number: int, word: str) -> Response:
        body = Said(data=request.data)
        body.is_valid(raise_exception=True)
        text, to = body.validated_data["text"], body.validated_data["to"]
        try:
            if word == "ask-back":
                approval_questions.ask_back(number, user=request.user, text=text)
            elif word == "answer":
                approval_questions.answer(number, user=request.user, text=text)
            else:
                approval_questions.hand_on(number, user=request.user, to=to, because=text)
        except ValueError as error:
            raise exceptions.ValidationError({"to" if word == "hand-on" else "text": str(error)}) from error
        return Response(ApprovalOut(_APPROVALS.get(pk=number)).data)


@extend_schema_view(get=extend_schema(responses={200: RunOut, **LOOKING}, tags=["desk"]))
class Run(Desk, RetrieveAPIView):
    serializer_class = RunOut
    queryset = FixRun.objects.all()
    lookup_url_kwarg = "number"


class TieOut(Desk):
    """Both legs, row by row; money as text."""

    @extend_schema(responses={200: ROWS, **LOOKING}, tags=["controls"])
    def get(self, request: Request) -> Response:
        return Response([row.as_data() for row in tie_out.rows()])


class MayRunControls(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and approvals.holds(request.user, "work_cases"))


class RunControl(Desk):
    """Ask one control again, as a new version."""

    permission_classes = [MayRunControls]

    @extend_schema(request=ControlOrder, responses={200: OpenApiTypes.OBJECT, **DOING}, tags=["controls"])
    def post(self, request: Request, name: str) -> Response:
        order = ControlOrder(data=request.data)
        order.is_valid(raise_exception=True)
        entity = LegalEntity.objects.filter(code=order.validated_data["entity"]).first()
        if entity is None:
            raise exceptions.ValidationError({"entity": "There is no such legal entity."})
        if name not in CONTROLS:
            raise Http404
        run = runner.run(
            name,
            entity=entity,
            business_date=order.validated_data.get("date") or clock.business_date(entity),
            look_back=order.validated_data["look_back"],
        )
        return Response(
            {
                "control": name,
                "date": run.business_date,
                "version": run.version,
                "status": run.status,
                "trouble": run.trouble,
                "totals": run.totals,
            }
        )
