"""Brings together what does not meet by reference: what people matched first, then each rule in force, in the order of
the passes. Works on the table `different`, inside `matching.compared`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection as database
from django.db.models import Q

from connectors.money import minor_units
from reconciliation import functional
from reconciliation.controls.control import Control
from reconciliation.matches import grouping, passes_sql
from reconciliation.models import Match, MatchMember, MatchRule
from reconciliation.models.controls import Side
from sync.models import LegalEntity, MappingRow
from sync.money_text import plain

#: the order in which rules are asked: what leaves least to chance comes first
ORDER = (
    MatchRule.By.OTHER_KEY,
    MatchRule.By.TOLERANCE,
    MatchRule.By.POSTED_RATE,
    MatchRule.By.CUSTOMER_AMOUNT,
    MatchRule.By.GROUP,
)
_SQL = {
    MatchRule.By.OTHER_KEY: passes_sql.OTHER_KEY,
    MatchRule.By.TOLERANCE: passes_sql.TOLERANCE,
    MatchRule.By.POSTED_RATE: passes_sql.POSTED_RATE,
    MatchRule.By.CUSTOMER_AMOUNT: passes_sql.CUSTOMER_AMOUNT,
}
#: matches that keep a rule from finding the same documents again: people said no. One that ended by itself does not
SAID_NO = Q(status=Match.Status.REFUSED) | Q(status=Match.Status.ENDED, ended_by__isnull=False)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One side of one document that was brought together with others; gross in major units, signed."""

    side: str
    reference: str
    external_id: str
    label: str
    counterparty: str
    document_date: date
    currency: str
    gross: Decimal


@dataclass(kw_only=True)
class Met:
    """Documents brought together, by which pass, and whether that matches them or only suggests it."""

    number: int
    by: str
    rule_id: int | None
    match_id: int | None
    is_matched: bool
    members: list[Member] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        return sha256_of(self.members)

    @property
    def currency(self) -> str:
        """Of the left side; where nothing is on the left, of the right."""
        sides = sorted(self.members, key=lambda one: one.side != Side.LEFT)
        return sides[0].currency

    @property
    def difference(self) -> Decimal:
        """Left less right, of what is in one currency; across currencies there is no such sum."""
        if len({one.currency for one in self.members}) > 1:
            return Decimal(0)
        return sum((one.gross if one.side == Side.LEFT else -one.gross for one in self.members), Decimal(0))


def sha256_of(members: Sequence[Member | MatchMember]) -> str:
    """What a set of documents is known by: side, reference, currency and amount of each."""
    lines = sorted(f"{one.side}|{one.reference}|{one.currency}|{plain(one.gross, one.currency)}" for one in members)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def rules_of(control: Control, entity: LegalEntity) -> list[MatchRule]:
    """Approved rules in the order they are asked, of all times: each speaks of the documents of its own days."""
    rows = MatchRule.objects.filter(control=control.name, entity=entity, status=MappingRow.Status.APPROVED)
    return sorted(rows, key=place)


def place(rule: MatchRule) -> tuple[int, str, date]:
    """Where a rule stands among those of its control."""
    return ORDER.index(MatchRule.By(rule.by)), rule.currency, rule.valid_from


def begin(cursor: Any) -> None:
    """Nothing is brought together yet."""
    cursor.execute("DROP TABLE IF EXISTS met")
    cursor.execute(passes_sql.MET)


def bring_together(cursor: Any, control: Control, entity: LegalEntity, *, rules: Sequence[MatchRule]) -> None:
    """Take what people matched, then what each rule finds, out of what differs; what is matched shares a day."""
    cursor.execute(passes_sql.KEPT, {"control": control.name, "entity": entity.pk})
    for rule in rules:
        values = _values(rule, control, cursor)
        if rule.by == MatchRule.By.GROUP:
            _group(cursor, rule, values)
        else:
            cursor.execute(_SQL[MatchRule.By(rule.by)], values)
    if rules:
        _leave_refused(cursor, control, entity)
    cursor.execute(passes_sql.TOGETHER)


def _values(rule: MatchRule, control: Control, cursor: Any) -> dict[str, Any]:
    cursor.execute(passes_sql.CODES)
    codes = [code for (code,) in cursor.fetchall()]
    return {
        "by": rule.by,
        "rule": rule.pk,
        "alone": rule.matches_alone,
        "entity": rule.entity_id,
        "rates": functional.RATES,
        "rounded": functional.MOST_ROUNDED,
        "codes": codes,
        "units": [Decimal(1).scaleb(-minor_units(code)) for code in codes],
        **{
            name: getattr(rule, name)
            for name in ("valid_from", "valid_to", "currency", "days", "most", "percent", "cap")
        },
        **{column: column in control.compares for column in ("net", "tax", "gross")},
    }


def _group(cursor: Any, rule: MatchRule, values: dict[str, Any]) -> None:
    cursor.execute(passes_sql.LEFT_OVER, values)
    rows = cursor.fetchall()
    cursor.execute("SELECT coalesce(max(number), 0) FROM met")
    number, found = cursor.fetchone()[0], []
    for _, bucket in groupby(rows, key=itemgetter(0, 1)):
        documents = [
            grouping.Document(day=day, reference=reference, is_left=is_left, gross=gross)
            for _, _, reference, is_left, gross, day in bucket
        ]
        for group in grouping.groups(documents, size=rule.group_size, days=rule.days):
            number += 1
            alone = group.is_certain and rule.matches_alone
            found += [(one.reference, number, rule.by, rule.pk, alone) for one in group.documents]
    cursor.executemany("INSERT INTO met (reference, number, by, rule_id, alone) VALUES (%s, %s, %s, %s, %s)", found)


def _leave_refused(cursor: Any, control: Control, entity: LegalEntity) -> None:
    """What people refused, or took apart, a rule does not bring together again while the documents are the same."""
    rows = Match.objects.filter(SAID_NO, control=control.name, entity=entity)
    refused = set(rows.values_list("sha256", flat=True))
    if refused:
        numbers = [met.number for met in groups() if met.match_id is None and met.sha256 in refused]
        cursor.execute("DELETE FROM met WHERE number = ANY(%s)", [numbers])


def groups() -> Iterator[Met]:
    """What was brought together, group by group; only inside `matching.compared`."""
    with database.cursor() as cursor:
        cursor.execute(passes_sql.GROUPS)
        rows = cursor.fetchall()
    for (number, by, rule_id, match_id, alone), found in groupby(rows, key=itemgetter(0, 1, 2, 3, 4)):
        met = Met(number=number, by=by, rule_id=rule_id, match_id=match_id, is_matched=alone)
        for row in found:
            reference, day = row[5:7]
            for side, start in ((Side.LEFT, 7), (Side.RIGHT, 12)):
                currency, gross, external_id, label, counterparty = row[start : start + 5]
                if currency is not None:
                    met.members.append(
                        Member(
                            side=side.value,
                            reference=reference,
                            external_id=external_id,
                            label=label,
                            counterparty=counterparty,
                            document_date=day,
                            currency=currency,
                            gross=gross,
                        )
                    )
        yield met
