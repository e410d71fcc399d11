"""Ownership rules for machines: which team each fits, a rule tried on the open cases, and the rules asked again."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation.api.texts import Text
from reconciliation.api.views import DOING, LOOKING, Desk, needs
from reconciliation.habits import owning
from reconciliation.models import OwnershipRule
from reconciliation.teams import Team
from sync.models import LegalEntity
from sync.reasons import REASONS


class RuleOut(serializers.ModelSerializer):
    """A rule; what is empty fits everything, and the first by place that fits counts."""

    entity = serializers.CharField(source="entity.code", allow_null=True, default=None)

    class Meta:
        model = OwnershipRule
        fields = ["id", "place", "reason", "entity", "system", "amount_from", "customer_name", "team", "is_active"]


class MoveOut(serializers.Serializer):
    """Open cases that would be another team's."""

    from_team = serializers.CharField(source="source", help_text="code of the team whose they are")
    to_team = serializers.CharField(source="target", help_text="code of the team whose they would be")
    count = serializers.IntegerField()
    totals = serializers.DictField(
        source="sums", child=serializers.CharField(), help_text="currency -> amounts added up without their signs"
    )


class RulesOut(serializers.Serializer):
    rules = RuleOut(many=True)
    elsewhere = MoveOut(many=True, help_text="open cases that are another team's than the rules of now say")
    sha256 = serializers.CharField(help_text="of these; to be given when the rules are asked again")


class RuleQuery(serializers.Serializer):
    """A rule as it would be saved; nothing of it is kept."""

    place = serializers.IntegerField(min_value=0, max_value=32_767, default=100)
    reason = serializers.ChoiceField(choices=sorted(REASONS), required=False, help_text="any, where it is left out")
    entity = Text(max_length=20, required=False, help_text="code of a company; any, where it is left out")
    system = Text(max_length=40, required=False, help_text="name of a connector, such as netsuite")
    amount_from = serializers.DecimalField(max_digits=20, decimal_places=4, required=False)
    customer_name = Text(max_length=200, required=False, help_text="the exact name")
    team = serializers.ChoiceField(choices=Team.choices)
    instead_of = serializers.IntegerField(
        min_value=1, max_value=2**31, required=False, help_text="id of a rule it would replace"
    )

    def validate_entity(self, code: str) -> LegalEntity:
        found = LegalEntity.objects.filter(code=code).first()
        if found is None:
            raise serializers.ValidationError("There is no company of this code.")
        return found


class AgainOrder(serializers.Serializer):
    sha256 = Text(max_length=64, help_text="`sha256` of the list as it was read; another list now is a conflict")


class AgainOut(serializers.Serializer):
    count = serializers.IntegerField(help_text="cases that moved")
    left = serializers.IntegerField(help_text="cases that stay for now: somebody works on them")


class Rules(Desk):
    """The ownership rules, and the open cases that are another team's than they say."""

    permission_classes = [needs("reconciliation.view_ownershiprule")]

    @extend_schema(responses={200: RulesOut, **LOOKING}, tags=["desk"])
    def get(self, request: Request) -> Response:
        moves = owning.elsewhere()
        rules = OwnershipRule.objects.select_related("entity")
        return Response(RulesOut({"rules": rules, "elsewhere": moves, "sha256": owning.print_of(moves)}).data)


class RuleTry(Desk):
    """What a rule would move; nothing is saved and nothing moves."""

    permission_classes = [needs("reconciliation.view_ownershiprule")]

    @extend_schema(parameters=[RuleQuery], responses={200: MoveOut(many=True), **LOOKING}, tags=["desk"])
    def get(self, request: Request) -> Response:
        query = RuleQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = dict(query.validated_data)
        instead_of = given.pop("instead_of", None)
        return Response(MoveOut(owning.tried(OwnershipRule(**given), instead_of=instead_of), many=True).data)


class RulesAgain(Desk):
    """Give open cases to the team the rules of now say; what somebody handed over stays where it is."""

    permission_classes = [needs(owning.MAY_MOVE)]

    @extend_schema(request=AgainOrder, responses={200: AgainOut, **DOING}, tags=["desk"])
    def post(self, request: Request) -> Response:
        order = AgainOrder(data=request.data)
        order.is_valid(raise_exception=True)
        moved = owning.ask_again(user=request.user, sha256=order.validated_data["sha256"])
        return Response(AgainOut(moved).data)
