"""All events people may be told of, in the order of the profile."""

from datetime import timedelta

from reconciliation.habits.notices import cases, decisions, digest, systems
from reconciliation.habits.notices.event import Event

EVENTS: dict[str, Event] = {
    event.code: event
    for event in (
        Event(
            code="named",
            title="Somebody hands you a case, or names you in a comment",
            because="you were named, and had not read it after a quarter of an hour",
            news=cases.named,
            wait=timedelta(minutes=15),
        ),
        Event(
            code="asked",
            title="A decision waits for you",
            because="you may decide it",
            news=decisions.asked,
        ),
        Event(
            code="decided",
            title="What you asked for was decided, or ran out",
            because="you asked for it",
            news=decisions.decided,
        ),
        Event(
            code="late",
            title="Cases you hold became late, or your team’s that nobody holds",
            because="you hold them, or your team does",
            news=cases.late,
        ),
        Event(
            code="back",
            title="A case you put off is back",
            because="you put it off",
            news=cases.back,
        ),
        Event(
            code="not_tied",
            title="A control of your team did not run, or leaves a difference",
            because="your team owns the control",
            news=systems.not_tied,
            # it is asked again within the hour, and may be in order then
            wait=timedelta(minutes=15),
        ),
        Event(
            code="paused",
            title="A connection is paused",
            because="your team looks after connections",
            news=systems.paused,
            wait=timedelta(minutes=5),
        ),
        Event(
            code="period",
            title="A period ends while cases are open",
            because="your team closes the books",
            news=systems.period_ends,
        ),
        Event(
            code=digest.CODE,
            title="Every working morning at eight: how the desk stands",
            because="you have a desk here",
            news=digest.mornings,
            stays=True,
        ),
    )
}
