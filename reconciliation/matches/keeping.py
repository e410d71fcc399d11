"""Keeps what an asking brought together: new finds are written down, what no longer holds is ended, with the reason."""

from collections.abc import Sequence

from django.contrib.auth.models import User

from reconciliation.controls.control import Control
from reconciliation.matches import cascade
from reconciliation.matches.cascade import Met
from reconciliation.models import ControlRun, Match, MatchMember
from sync import clock, journal

LIVE = (Match.Status.SUGGESTED, Match.Status.PROPOSED, Match.Status.IN_FORCE)
NO_LONGER = "Its documents are no longer what they were, or meet by themselves now."


def keep(run: ControlRun, control: Control) -> None:
    """Bring the kept matches to what this asking brought together; only inside `matching.compared`."""
    rows = Match.objects.select_for_update().filter(control=control.name, entity=run.entity, status__in=LIVE)
    live = list(rows)
    met = list(cascade.groups())
    by_people = {one.match_id for one in met if one.match_id}
    by_rule = {(one.sha256, one.is_matched): one for one in met if one.match_id is None}
    kept = {(row.sha256, row.status == Match.Status.IN_FORCE): row for row in live if row.by != Match.PEOPLE}
    people = [row for row in live if row.by == Match.PEOPLE and row.pk not in by_people]
    over = [*people, *(row for key, row in kept.items() if key not in by_rule)]
    _end(over)
    _write([one for key, one in by_rule.items() if key not in kept], run)


def _end(rows: Sequence[Match]) -> None:
    """What was only suggested goes without a word; what was matched is said."""
    if not rows:
        return
    suggested = [row.pk for row in rows if row.status == Match.Status.SUGGESTED]
    Match.objects.filter(pk__in=suggested).delete()
    ended = [row for row in rows if row.status != Match.Status.SUGGESTED]
    if not ended:
        return
    Match.objects.filter(pk__in=[row.pk for row in ended]).update(
        status=Match.Status.ENDED, ended_at=clock.now(), ended_because=NO_LONGER
    )
    MatchMember.objects.filter(match__in=ended).update(is_taken=False)
    journal.note([fact("match ended", row, f"{row.number} ended. {NO_LONGER}") for row in ended])


def _write(met: Sequence[Met], run: ControlRun) -> None:
    now = clock.now()
    rows = Match.objects.bulk_create(
        Match(
            control=run.control,
            entity=run.entity,
            by=one.by,
            rule_id=one.rule_id,
            status=Match.Status.IN_FORCE if one.is_matched else Match.Status.SUGGESTED,
            currency=one.currency,
            difference=one.difference,
            sha256=one.sha256,
            found_in=run,
            found_at=now,
        )
        for one in met
    )
    MatchMember.objects.bulk_create(
        [member for row, one in zip(rows, met, strict=True) for member in members_of(row, one.members)],
        batch_size=2000,
    )
    matched = [row for row in rows if row.status == Match.Status.IN_FORCE]
    journal.note([fact("matched by rule", row, f"{row.number}: {row.get_by_display()}.") for row in matched])


def members_of(row: Match, members: Sequence[cascade.Member]) -> list[MatchMember]:
    """The documents of a match, taken where it is in force or waits for a second person."""
    return [
        MatchMember(
            match=row,
            control=row.control,
            entity_id=row.entity_id,
            is_taken=row.status in (Match.Status.PROPOSED, Match.Status.IN_FORCE),
            **vars(one),
        )
        for one in members
    ]


def fact(action: str, row: Match, text: str, *, user: User | None = None) -> journal.Fact:
    """A line of the trail about a match."""
    return journal.Fact(
        action=action,
        object_kind="match",
        object_key=row.number,
        text=text[:400],
        details={"control": row.control, "sha256": row.sha256},
        user=user,
    )
