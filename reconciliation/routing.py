"""Reason, entity, system, customer and amount -> team; nobody's case is integration support's."""

from decimal import Decimal

from reconciliation.models import OwnershipRule
from reconciliation.ownership import ownership
from reconciliation.teams import Team


class Rules:
    """The database rules, read once per batch of cases."""

    def __init__(self) -> None:
        self.rules = list(OwnershipRule.objects.filter(is_active=True))

    def team(
        self, *, reason: str, entity_id: int | None, system: str, customer_name: str, amount: Decimal | None
    ) -> Team:
        """The first rule that fits wins; without one, the reason's own team."""
        for rule in self.rules:
            if rule.reason and rule.reason != reason:
                continue
            if rule.entity_id and rule.entity_id != entity_id:
                continue
            if rule.system and rule.system != system:
                continue
            if rule.customer_name and rule.customer_name != customer_name:
                continue
            if rule.amount_from is not None and (amount is None or amount < rule.amount_from):
                continue
            return Team(rule.team)
        return ownership(reason).team
