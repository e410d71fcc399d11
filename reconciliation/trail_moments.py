"""The timeline of a trail: every call, attempt, block and journal entry, oldest first."""

from dataclasses import dataclass
from datetime import datetime

from reconciliation import sentences
from reconciliation.models import ApprovalRequest, ExceptionCase
from reconciliation.trail_reading import Trail
from sync.models import Attempt, JournalEntry

#: most rows of one kind the timeline reads
MOST = 300


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing that happened."""

    at: datetime
    actor: str
    text: str
    tone: str = "plain"
    icon: str = "circle"
    #: the other system's own words and ids, for the closed block
    technical: tuple[tuple[str, str], ...] = ()
    link: str = ""


_OUTCOMES: dict[str, tuple[str, str, str]] = {
    Attempt.Outcome.SENT: ("no answer yet", "wait", "sync"),
    Attempt.Outcome.RECEIPT: ("{system} took it", "good", "check_circle"),
    Attempt.Outcome.ADOPTED: ("{system} had it already; we took over what it holds", "good", "check_circle"),
    Attempt.Outcome.NOT_FOUND: ("we looked it up and {system} does not have it", "plain", "search"),
    Attempt.Outcome.UNAVAILABLE: ("{system} could not be reached; nothing was written", "wait", "cloud_off"),
    Attempt.Outcome.UNKNOWN: (
        "{system} gave no answer; it is looked up before anything is sent again",
        "doubt",
        "help",
    ),
    Attempt.Outcome.REJECTED: ("{system} refused it", "stop", "block"),
    Attempt.Outcome.MISCONFIGURED: ("{system} refused our sign-in or set-up", "stop", "key_off"),
    Attempt.Outcome.CRASHED: ("a failure of ours", "stop", "error"),
    Attempt.Outcome.LATE: ("an answer came too late and was not acted on", "plain", "history"),
}


def moments(trail: Trail) -> list[Moment]:
    """Everything that happened to a trail, oldest first; ties in the order event, attempt, journal."""
    found: list[Moment] = []
    for event in trail.events:
        system = sentences.system_name(event.connection.system)
        kind = event.kind.replace("_", " ").replace(".", " ")
        how = {"callback": "called us", "poll": "was asked", "replay": "was replayed"}.get(event.via, "spoke")
        found.append(
            Moment(
                at=event.received_at,
                actor=system,
                icon="call_received",
                text=f"{system} {how} about {kind} {event.object_id}. {event.outcome}".strip(),
                technical=(
                    ("Tracking id", str(event.tracking_id)),
                    ("Event id", event.source_event_id),
                    ("SHA-256", event.body_sha256),
                ),
            )
        )
    found += _attempts(trail)
    keys = [case.number for case in trail.cases]
    entries = JournalEntry.objects.filter(correlation_id=trail.correlation_id).order_by("at", "pk")[:MOST]
    # approvals of a whole problem speak of no single deal, yet they moved this one
    requests = ApprovalRequest.objects.filter(problem__in={case.problem_id for case in trail.cases})
    keys += [f"APR-{pk}" for pk in requests.values_list("pk", flat=True)[:MOST]]
    other = JournalEntry.objects.filter(object_kind__in=["case", "approval"], object_key__in=keys).exclude(
        correlation_id=trail.correlation_id
    )[:MOST]
    for entry in (*entries, *other):
        found.append(
            Moment(
                at=entry.at,
                actor=entry.actor,
                text=entry.text,
                icon="person" if entry.user_id else "edit_note",
                technical=tuple((name, str(value)) for name, value in entry.details.items()),
                link=f"/x/{entry.object_key}"
                if entry.object_kind == "case"
                else f"/approvals/{entry.object_key}"
                if entry.object_kind == "approval"
                else "",
                tone="stop" if entry.action == "case opened" else "good" if entry.action == "case closed" else "plain",
            )
        )
    for row in trail.deliveries:
        if row.reconciled_at:
            text = f"{row.title or row.reference}: a control found both sides equal."
            found.append(Moment(at=row.reconciled_at, actor="Control", text=text, tone="good", icon="balance"))
    return sorted(found, key=lambda one: one.at)


def _attempts(trail: Trail) -> list[Moment]:
    rows = {row.pk: row for row in trail.deliveries}
    out = []
    for attempt in Attempt.objects.filter(delivery__in=list(rows)).order_by("started_at", "pk")[:MOST]:
        row = rows[attempt.delivery_id]
        system = sentences.system_name(row.target.system)
        did = "was looked up" if attempt.verb == "find" else "was sent"
        words, tone, icon = _OUTCOMES[attempt.outcome]
        text = f"{row.title or row.reference} {did}: {words.format(system=system)}."
        technical = [
            ("Request key", attempt.request_key),
            ("Round", str(attempt.round)),
            ("Generation", str(attempt.generation)),
        ]
        if attempt.http_status:
            technical.append(("HTTP status", str(attempt.http_status)))
        if attempt.finished_at:
            technical.append(("Answered", f"{attempt.finished_at:%d %b %Y %H:%M:%S} UTC"))
        if attempt.text:
            technical.append((f"{system}'s own words", attempt.text[:2000]))
        if row.external_id and attempt.outcome in (Attempt.Outcome.RECEIPT, Attempt.Outcome.ADOPTED):
            technical.append((f"Id in {system}", row.external_id))
        out.append(
            Moment(at=attempt.started_at, actor="Portal", text=text, tone=tone, icon=icon, technical=tuple(technical))
        )
    return out


def case_links(trail: Trail) -> list[ExceptionCase]:
    """Cases of a trail, open ones first."""
    return sorted(trail.cases, key=lambda case: (case.status != ExceptionCase.Status.OPEN, case.pk))
