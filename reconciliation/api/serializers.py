"""What the desk's API shows and takes."""

from rest_framework import serializers

from reconciliation import sentences
from reconciliation.api.texts import Text
from reconciliation.fixes import registry
from reconciliation.models import ApprovalQuestion, ApprovalRequest, ExceptionCase, FixRun
from sync.api.strict import Pattern, Truth
from sync.money_text import plain


class CaseOut(serializers.ModelSerializer):
    number = serializers.CharField()
    problem = serializers.CharField(source="problem.number")
    code = serializers.CharField(source="reason")
    title = serializers.SerializerMethodField()
    owner = serializers.CharField(source="get_team_display")
    tags = serializers.SlugRelatedField(slug_field="word", many=True, read_only=True)
    amount = serializers.SerializerMethodField()
    fixes = serializers.SerializerMethodField()

    class Meta:
        model = ExceptionCase
        fields = [
            "number",
            "problem",
            "code",
            "title",
            "owner",
            "status",
            "document",
            "customer_name",
            "reference",
            "correlation_id",
            "field",
            "value",
            "amount",
            "currency",
            "effective_on",
            "opened_at",
            "due_at",
            "occurrences",
            "tags",
            "resolution",
            "closing_note",
            "closed_at",
            "evidence",
            "version",
            "fixes",
        ]

    def get_title(self, case: ExceptionCase) -> str:
        return sentences.title(case)

    def get_amount(self, case: ExceptionCase) -> str | None:
        return plain(case.amount, case.currency) if case.amount is not None and case.currency else None

    def get_fixes(self, case: ExceptionCase) -> list[dict[str, str]]:
        return [{"name": fix.name, "label": fix.label, "needs": fix.kind} for fix in registry.for_case(case)]


class FixInputs(serializers.Serializer):
    inputs = serializers.DictField(child=Text(max_length=300, allow_blank=True), default=dict)


class FixOrder(FixInputs):
    sha256 = Pattern(r"^[0-9a-f]{64}\Z", help_text="sha256 of the preview that was shown")
    because = Text(max_length=400, allow_blank=True, default="")


class Decision(serializers.Serializer):
    because = Text(max_length=400, allow_blank=True, default="")
    code = Text(
        max_length=12, allow_blank=True, default="", help_text="Of the approver's authenticator, for large sums."
    )
    leave_out = serializers.ListField(
        child=Pattern(r"^EXC-[1-9][0-9]{0,17}\Z"),
        default=list,
        max_length=5_000,
        help_text="Approving a request of a whole problem: cases of its list this yes does not cover; then say why.",
    )


class Said(serializers.Serializer):
    """What is said about a request before it is decided."""

    text = Text(max_length=400, help_text="The question, the answer, or why it is handed on.")
    to = Text(
        max_length=150, allow_blank=True, default="", help_text="Whom it is handed to, by the name they sign in with."
    )


class QuestionOut(serializers.ModelSerializer):
    asked_by = serializers.CharField(source="asked_by.username")
    answered_by = serializers.CharField(source="answered_by.username", default=None, allow_null=True)

    class Meta:
        model = ApprovalQuestion
        fields = ["asked_by", "asked_at", "text", "answered_by", "answered_at", "answer"]


class ApprovalOut(serializers.ModelSerializer):
    number = serializers.CharField()
    asked_by = serializers.CharField(source="asked_by.username")
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    handed_to = serializers.CharField(source="handed_to.username", default=None, allow_null=True)
    questions = QuestionOut(many=True)
    said_yes = serializers.SerializerMethodField()
    left_out = serializers.SerializerMethodField()
    run = serializers.SerializerMethodField()

    class Meta:
        model = ApprovalRequest
        fields = [
            "number",
            "kind",
            "fix",
            "title",
            "status",
            "rule",
            "approvers_needed",
            "needs_proof",
            "counts_as",
            "counts_currency",
            "counts_because",
            "said_yes",
            "handed_to",
            "handed_because",
            "questions",
            "asked_by",
            "asked_at",
            "asked_because",
            "expires_at",
            "decided_by",
            "decided_at",
            "decided_because",
            "count",
            "totals",
            "change",
            "change_sha256",
            "preview",
            "left_out",
            "approved_totals",
            "run",
        ]

    def get_left_out(self, request: ApprovalRequest) -> list[str]:
        return [f"EXC-{pk}" for pk in sorted(request.left_out)]

    def get_said_yes(self, request: ApprovalRequest) -> list[str]:
        return [row.user.username for row in request.yeses.all()]

    def get_run(self, request: ApprovalRequest) -> int | None:
        run = FixRun.objects.filter(request=request).first()
        return run.pk if run else None


class RunOut(serializers.ModelSerializer):
    counts = serializers.SerializerMethodField()

    class Meta:
        model = FixRun
        fields = ["id", "fix", "status", "note", "started_at", "finished_at", "counts"]

    def get_counts(self, run: FixRun) -> dict[str, int]:
        counts: dict[str, int] = {}
        for status in run.items.values_list("status", flat=True):
            counts[status] = counts.get(status, 0) + 1
        return counts


class ControlOrder(serializers.Serializer):
    entity = Text(max_length=20)
    date = serializers.DateField(required=False, help_text="business date; today's of the entity without it")
    look_back = Truth(default=False, help_text="read again every date of the periods still open")
