"""Seals the journal: gives each committed entry its number and its link in the chain, within a minute.

Business transactions insert their entries unchained, so that none waits for another. What waits for a seal stands in
a table of its own, filled by a trigger on the journal. Looking for entries without a seal instead would either read all
history every time, or remember how far it got; and as ids are given before the commit, an entry may become visible
below any such mark. The table is as long as what waits, whatever the journal's length.
"""

from django.db import connection as database
from django.db import transaction

from sync import chain, clock
from sync.models import JournalSeal, JournalWaiting
from sync.models.journal import NOTHING

#: entries sealed in one transaction
BATCH = 1000
#: numbers of advisory locks are told apart by their last digit: sweeper 1, business time 2, alarms 3
_LOCK = 7_281_944_004
_WAITING = f"""
SELECT {chain.COLUMNS} FROM sync_journalwaiting w JOIN sync_journalentry e ON e.id = w.entry_id
ORDER BY w.entry_id LIMIT %s
"""  # noqa: S608 - columns of our own


def seal_due(*, limit: int = 20_000) -> int:
    """Seal what waits, the lowest id first; how many. One sealer at a time; others return at once.

    An entry that is committed late, below ids that are sealed already, simply comes later in the chain.
    """
    done = 0
    while done < limit:
        sealed = _seal(min(BATCH, limit - done))
        done += sealed
        if sealed < BATCH:
            break
    return done


def _seal(limit: int) -> int:
    """Seal one batch, all of it or nothing."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_WAITING, [limit])
        entries = [chain.Entry(*row) for row in cursor.fetchall()]
        if not entries:
            return 0
        last = JournalSeal.objects.order_by("-number").first()
        number, sha256 = (last.number, last.sha256) if last else (0, NOTHING)
        now, seals = clock.now(), []
        for entry in entries:
            number, previous = number + 1, sha256
            sha256 = chain.digest(previous, chain.line(number, now, entry))
            seals.append(
                JournalSeal(number=number, entry_id=entry.id, previous_sha256=previous, sha256=sha256, sealed_at=now)
            )
        JournalSeal.objects.bulk_create(seals)
        JournalWaiting.objects.filter(entry__in=[entry.id for entry in entries]).delete()
    return len(entries)
