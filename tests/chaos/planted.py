"""Bugs to plant, one at a time: a harness that does not find them proves nothing.

A bug is a change of the product's own source text, made in memory; where the text is no longer there the bug cannot
be planted and says so, so that this table keeps up with the code. A few live in the database.
"""

import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from django.db import connection

OURS = ("sync", "reconciliation", "connectors", "q2c_portal")
#: what may be under a test that must fail: the simulator, or a test by name
SIMULATOR = "simulator"


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One bug, and what must catch it."""

    name: str
    #: in words, for the table
    says: str
    #: module:function (or module:Class.method, or module:CONSTANT)
    place: str = ""
    old: str = ""
    new: str = ""
    #: statements for the database instead of, or beside, the change of source
    sql: tuple[str, ...] = ()
    #: SIMULATOR, CRASH_POINTS or a test's id
    caught_by: str = SIMULATOR
    #: under these faults and with so many flows, within 200 seeds
    faults: str = "all"
    flows: int = 10


CRASH_POINTS = "crash points"
BUGS: tuple[Planted, ...] = (
    Planted(
        name="no unique key",
        says="An event is stored as often as it comes",
        place="sync.inbox:take_in",
        old="ON CONFLICT (connection_id, source_event_id) DO NOTHING",
        new="",
        sql=("ALTER TABLE sync_sourceevent DROP CONSTRAINT event_taken_in_once",),
        faults="order",
    ),
    Planted(
        name="answer before commit",
        says="The caller hears 200 before its event is stored",
        place="sync.api.callbacks:Callback.take",
        old="return inbound, inbox.take_in(",
        new="return inbound, _answered_early(",
        faults="all",
    ),
    Planted(
        name="blind retry on timeout",
        says="What was not answered is sent again without looking it up",
        place="sync.results:_fail",
        old="    row.condition = Condition.IN_DOUBT\n",
        new="    row.condition, row.due_at = Condition.DUE, now + timedelta(seconds=5)\n    return None\n",
        faults="timeouts",
    ),
    Planted(
        name=">= for > in a version",
        says="The version that is there counts as older than the same version",
        place="sync.outcomes:judged",
        old="held.version < row.version",
        new="held.version <= row.version",
        faults="timeouts",
    ),
    Planted(
        name="fence not checked",
        says="A worker that lost its lease writes its result all the same",
        place="sync.outbox:settle",
        old="ours = now_row.fence == claim.delivery.fence and",
        new="ours = True or",
        caught_by="tests/sync/test_outbox.py",
    ),
    Planted(
        name="swallowed exception",
        says="An event that breaks the reader is called read",
        place="sync.reading:_record",
        old="            _count_crash(event, found)\n            continue",
        new="            event.condition = Condition.SETTLED\n            event.save()\n            continue",
        caught_by="tests/sync/test_reading.py",
    ),
    Planted(
        name="money as floats",
        says="Amounts pass through binary floats",
        place="connectors.canonical.written:_rebuild",
        old="return Decimal(value)",
        new="return Decimal(float(value))",
        faults="none",
    ),
    Planted(
        name="no TRUNCATE trigger",
        says="The trail can be emptied",
        sql=("DROP TRIGGER IF EXISTS journal_refuses_truncate ON sync_journalentry",),
        caught_by="tests/sync/test_journal.py",
    ),
    Planted(
        name="self-approval",
        says="Who asks may approve",
        place="reconciliation.approvals:why_not",
        old="if request.asked_by_id == user.pk:",
        new="if False:",
        caught_by="tests/reconciliation/test_approvals.py",
    ),
    Planted(
        name="cached permission",
        says="A role that was taken away still counts",
        place="reconciliation.approvals:holds",
        old="return held.filter(group__user=user).exists()",
        new="return _REMEMBERED.setdefault((user.pk, permission), held.filter(group__user=user).exists())",
        caught_by="tests/reconciliation/test_approvals.py",
    ),
    Planted(
        name="claim without lease",
        says="What a dead worker held is never found again",
        place="sync.outbox:_CLAIM",
        old="lease_until = %(lease)s,",
        new="lease_until = %(lease)s + interval '10 years',",
        caught_by=CRASH_POINTS,
    ),
    Planted(
        name="retry on a refusal",
        says="A document the ERP refused is sent again and again",
        place="sync.results:_fail",
        old="if isinstance(error, Rejected):",
        new="if isinstance(error, Rejected):\n        row.condition = Condition.DUE\n"
        "        row.due_at = clock.now() + timedelta(minutes=10)\n        return None\n    if False:",
        faults="people",
    ),
    Planted(
        name="naive local time",
        says="A company's day is the server's day",
        place="sync.clock:business_date",
        old="now().astimezone(entity.zone).date()",
        new="now().date()",
        caught_by="tests/sync/test_business_date.py",
    ),
    Planted(
        name="sweeper off by one",
        says="The oldest lost delivery is passed over",
        place="sync.sweeper:_doubt_lost_deliveries",
        old="[:500]",
        new="[1:500]",
        caught_by=CRASH_POINTS,
    ),
    Planted(
        name="JPY times 100",
        says="Every currency has two decimals",
        place="connectors.money:minor_units",
        old="return MINOR_UNITS.get(currency, 2)",
        new="return 2",
        caught_by="tests/connectors/test_money.py",
    ),
    Planted(
        name="lost Retry-After",
        says="A target that asked for time is called all the same",
        place="sync.connections:rest",
        old="until = clock.now() + min(",
        new="until = clock.now() - min(",
        faults="throttling",
    ),
    Planted(
        name="signature over parsed body",
        says="The signature is checked over the body as we would write it",
        place="connectors.stripe_billing.webhook:check_signature",
        old='signed = stamp.encode() + b"." + body',
        new='signed = stamp.encode() + b"." + json.dumps(json.loads(body or b"0"), sort_keys=True).encode()',
        caught_by="tests/connectors/stripe_billing/test_webhook.py",
    ),
    Planted(
        name="comparison that tells",
        says="Signatures are compared letter by letter",
        place="connectors.stripe_billing.webhook:check_signature",
        old="hmac.compare_digest(expected, signature)",
        new="(expected == signature)",
        caught_by="tests/connectors/stripe_billing/test_webhook.py",
    ),
    Planted(
        name="trail outside the transaction",
        says="The fact is committed before its line in the trail",
        place="sync.results:write",
        old="journal.note(_facts(target, [(claim.delivery, receipt) for claim, receipt in told]))",
        new="facts = _facts(target, [(claim.delivery, receipt) for claim, receipt in told])\n"
        "    transaction.on_commit(lambda: journal.note(facts))",
        caught_by=CRASH_POINTS,
    ),
    Planted(
        name="batch acknowledged as one",
        says="A batch is answered as its first event was",
        place="sync.inbox:take_in",
        old='"ids": list(first),',
        new='"ids": list(first)[:1],',
        caught_by="tests/sync/test_inbox.py",
    ),
)
BY_NAME = {one.name: one for one in BUGS}
_REMEMBERED: dict[Any, Any] = {}


@contextmanager
def bug(name: str) -> Iterator[None]:
    """Run with this bug in the product; an empty name plants nothing. Raises LookupError naming those that exist."""
    if not name:
        yield
        return
    if name not in BY_NAME:
        raise LookupError(f"No bug is called {name!r}; there are {', '.join(BY_NAME)}.")
    one = BY_NAME[name]
    for statement in one.sql:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    if not one.place:
        yield
        return
    with changed(one):
        yield


@contextmanager
def changed(one: Planted) -> Iterator[None]:
    module_name, _, path = one.place.partition(":")
    module = importlib.import_module(module_name)
    *owners, last = path.split(".")
    owner: Any = module
    for part in owners:
        owner = getattr(owner, part)
    real = inspect.getattr_static(owner, last)
    if isinstance(real, str):
        with mock.patch.object(owner, last, _replaced(one, real)):
            yield
        return
    function: Callable[..., Any] = real.__func__ if isinstance(real, staticmethod) else real
    source = _replaced(one, textwrap.dedent(inspect.getsource(function)))
    scope: dict[str, Any] = {}
    extras = {"_REMEMBERED": _REMEMBERED, "_answered_early": _answered_early}
    for key, value in extras.items():
        module.__dict__.setdefault(key, value)
    exec(compile(source, f"planted: {one.name}", "exec"), module.__dict__, scope)  # noqa: S102 - our own text
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(owner, last, scope[function.__name__]))
        # others may have it by name
        for other in [one for name, one in sys.modules.items() if name.startswith(OURS)]:
            if other is not owner and vars(other).get(last) is real:
                stack.enter_context(mock.patch.object(other, last, scope[function.__name__]))
        yield


def _replaced(one: Planted, source: str) -> str:
    found = source.count(one.old)
    if found != 1:
        raise LookupError(
            f"{one.name}: {one.old!r} stands {found} times in {one.place}; the table must follow the code."
        )
    return source.replace(one.old, one.new)


def _answered_early(row: Any, events: Any, **given: Any) -> list[Any]:
    """Says all is well and stores it a moment later, if there is a later."""
    from sync import inbox
    from tests.chaos.remotes import stage

    world = stage().world
    world.after(world.seconds(0.1, 2), "deferred", lambda: inbox.take_in(row, events, **given))
    return [inbox.Taken(event_id=one.event_id, tracking_id="", is_new=True, conflicts=False) for one in events]


__all__ = ["BUGS", "BY_NAME", "CRASH_POINTS", "SIMULATOR", "Planted", "bug", "changed"]
