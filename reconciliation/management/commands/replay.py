"""manage.py replay: read events once more; without --run it only says what that would touch."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation.models import ExceptionCase, Problem
from sync import reading, replay, work


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError("give a moment such as 2026-05-14T09:30 (UTC).") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise ArgumentTypeError("give the tracking id of an event.") from error


class Command(BaseCommand):
    help = (
        "Read events again; what was carried stays, nothing is posted twice. Says what it would touch; --run does it."
        " Posting something once more is a fix with approval, on its case."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--event", action="append", type=_uuid, default=[], help="tracking id; may be repeated")
        parser.add_argument("--object", action="append", default=[], help="reference, e.g. contract:0065g00000KwyWt")
        parser.add_argument("--correlation", action="append", default=[], help="correlation id of a story")
        parser.add_argument("--problem", help="number of a problem, e.g. PRB-12: all its open cases")
        parser.add_argument("--since", type=_moment, help="taken in at or after this moment (UTC)")
        parser.add_argument("--until", type=_moment, help="taken in before this moment (UTC)")
        parser.add_argument("--run", action="store_true", help="do it; without this nothing is changed")
        parser.add_argument("--by", help="who asks for it: a user name; needed with --run")
        parser.add_argument("--here", action="store_true", help="read them in this process, not by the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        choice = self._choice(options)
        try:
            touched = replay.plan(choice)
        except ValueError as error:
            raise CommandError(str(error)) from error
        for line in touched.lines():
            self.stdout.write(line)
        if not options["run"]:
            self.stdout.write("Nothing was changed. Repeat it with --run --by NAME to do it.")
            return
        user = User.objects.filter(username=options["by"] or "", is_active=True).first()
        if user is None:
            raise CommandError("--by: give the user name of whoever asks for it; it is written in the journal.")
        replay.run(choice, user=user)
        if options["here"]:
            while reading.read_due() or work.work_due():
                pass
        self.stdout.write("Done." if options["here"] else "The workers read them now.")

    def _choice(self, options: dict[str, Any]) -> replay.Choice:
        words = [f"{name} {value}" for name in ("event", "object", "correlation") for value in options[name]]
        words += [f"{name} {options[name]}" for name in ("problem", "since", "until") if options[name]]
        cases = self._cases(options["problem"]) if options["problem"] else []
        return replay.Choice(
            tracking_ids=options["event"],
            references=options["object"],
            correlation_ids=options["correlation"],
            work_items=[
                item
                for case in cases
                if (item := case.work_item_id or (case.delivery.work_item_id if case.delivery else None))
            ],
            events=[case.event_id for case in cases if case.event_id],
            since=options["since"],
            until=options["until"],
            words=", ".join(words),
        )

    def _cases(self, number: str) -> list[ExceptionCase]:
        key = number.upper().removeprefix("PRB-")
        problem = Problem.objects.filter(pk=key).first() if key.isascii() and key.isdigit() else None
        if problem is None:
            raise CommandError(f"--problem: there is no problem {number}.")
        cases = list(
            ExceptionCase.objects.filter(problem=problem, status=ExceptionCase.Status.OPEN).select_related("delivery")
        )
        if not any(case.work_item_id or case.event_id or case.delivery_id for case in cases):
            raise CommandError(f"--problem: no open case of {problem.number} stands on an event.")
        return cases
