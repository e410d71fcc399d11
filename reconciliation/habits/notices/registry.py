"""All events people may be told of, in the order of the profile."""

from datetime import timedelta

from django.utils.translation import gettext_noop

from reconciliation.habits.notices import cases, decisions, digest, following, systems, watching
from reconciliation.habits.notices.event import Event

EVENTS: dict[str, Event] = {
    event.code: event
    for event in (
        Event(
            code="named",
            title=gettext_noop("Somebody hands you a case, or names you in a comment"),
            because="you were named, and had not read it after a quarter of an hour",
            news=cases.named,
            wait=timedelta(minutes=15),
        ),
        Event(
            code="asked",
            title=gettext_noop("A decision waits for you"),
            because="you may decide it",
            news=decisions.asked,
            in_rooms=gettext_noop("A decision waits for somebody of the team"),
        ),
        Event(
            code="decided",
            title=gettext_noop("What you asked for was decided, or ran out"),
            because="you asked for it",
            news=decisions.decided,
        ),
        Event(
            code="talked",
            title=gettext_noop("A question about what you asked for, its answer, or a decision handed to you"),
            because="it was said to you",
            news=decisions.talked,
        ),
        Event(
            code="late",
            title=gettext_noop("Cases you hold became late, or your team’s that nobody holds"),
            because="you hold them, or your team does",
            news=cases.late,
            in_rooms=gettext_noop("Cases of the team became late"),
        ),
        Event(
            code="back",
            title=gettext_noop("A case you put off is back"),
            because="you put it off",
            news=cases.back,
        ),
        Event(
            code="not_tied",
            title=gettext_noop("A control of your team did not run, or leaves a difference"),
            because="your team owns the control",
            news=systems.not_tied,
            in_rooms=gettext_noop("A control of the team did not run, or leaves a difference"),
            # it is asked again within the hour, and may be in order then
            wait=timedelta(minutes=15),
        ),
        Event(
            code="paused",
            title=gettext_noop("A connection is paused"),
            because="your team looks after connections",
            news=systems.paused,
            in_rooms=gettext_noop("A connection is paused"),
            wait=timedelta(minutes=5),
        ),
        Event(
            code="period",
            title=gettext_noop("A period ends while cases are open"),
            because="your team closes the books",
            news=systems.period_ends,
            in_rooms=gettext_noop("A period ends while cases are open"),
        ),
        Event(
            code="watched",
            title=gettext_noop("Somebody did something to a case you watch, at most once an hour"),
            because="you watch the case",
            news=watching.news,
        ),
        Event(
            code="view",
            title=gettext_noop("New cases in a view you follow, at most once an hour"),
            because="you follow this view of the queue",
            news=following.news,
            remember=following.remember,
        ),
        Event(
            code="room",
            title=gettext_noop("A room takes no messages"),
            because="you may change where teams are told",
            news=systems.silent_rooms,
            # it may have been asleep
            wait=timedelta(minutes=15),
        ),
        Event(
            code=digest.CODE,
            title=gettext_noop("Every working morning at eight: how the desk stands"),
            because="you have a desk here",
            news=digest.mornings,
            in_rooms=gettext_noop("Every working morning at eight: how the desk stands"),
            stays=True,
        ),
    )
}

#: what rooms may hear of
FOR_ROOMS = {code: event for code, event in EVENTS.items() if event.in_rooms}
