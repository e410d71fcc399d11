"""What matching rules would come to, tried on what both sides said last, before anybody approves them."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciliation import matching
from reconciliation.controls.control import Control
from reconciliation.controls.registry import CONTROLS
from reconciliation.matches import cascade
from reconciliation.matches.cascade import Met
from reconciliation.models import MatchRule
from sync.models import LegalEntity


def would_match(drafts: Sequence[MatchRule]) -> Iterator[tuple[Control, LegalEntity, Met]]:
    """What these rules would bring together beside those in force; writes nothing."""
    ordered = sorted(drafts, key=_place)
    for (control_name, _), rows in groupby(ordered, key=_place):
        fresh = list(rows)
        control, entity = CONTROLS[control_name], fresh[0].entity
        rules = [rule for rule in cascade.rules_of(control, entity) if not _is_replaced(rule, fresh)]
        both = sorted([*rules, *fresh], key=cascade.place)
        with matching.compared(control, entity=entity, rules=both):
            found = [met for met in cascade.groups() if met.rule_id is None and met.match_id is None]
        for met in found:
            yield control, entity, met


def _place(rule: MatchRule) -> tuple[str, str]:
    return rule.control, rule.entity.code


def _is_replaced(rule: MatchRule, fresh: Sequence[MatchRule]) -> bool:
    """Whether a draft takes the place of this rule: the same question, asked from its own first day on."""
    for draft in fresh:
        if (draft.by, draft.currency) == (rule.by, rule.currency):
            rule.valid_to = draft.valid_from if rule.valid_to is None else min(rule.valid_to, draft.valid_from)
            return rule.valid_to <= rule.valid_from
    return False
