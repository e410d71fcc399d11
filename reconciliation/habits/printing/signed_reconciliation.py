"""A signed reconciliation as one paper a controller files: what was compared, what it came to, and who signed it.

Everything in it is the certificate as it was signed; only a suspension, and what two people accepted, is looked up.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction

from reconciliation import figures_sign_offs
from reconciliation.controls.registry import CONTROLS
from reconciliation.habits import outgoing
from reconciliation.habits.outgoing import File
from reconciliation.habits.printing.letters import EXPLANATION
from reconciliation.habits.printing.paper import Column, Paper
from reconciliation.models import ReconcilingItem, SignOff
from reconciliation.sentences import moment
from reconciliation.sign_offs import certificates, keeping
from reconciliation.who import full_name
from sync.catalogue import reason
from sync.models import LegalEntity
from sync.money_text import money

#: most items printed, and days named; the certificate holds all
MOST, _MOST_DAYS = 1000, 31
_WORDS = {
    SignOff.Status.PREPARED: ("Prepared, not reviewed yet", "A second person must review and sign it."),
    SignOff.Status.SIGNED: ("Signed", ""),
    SignOff.Status.RETURNED: ("Sent back", "The reviewer did not agree; it is not signed."),
    SignOff.Status.SUSPENDED: ("SUSPENDED", ""),
}
_SUMS = (
    ("explained", "explained by open cases and accepted items"),
    ("held", "held until a known time"),
    ("in_flight", "in flight"),
)


def take(row: SignOff, *, left: str, right: str, user: AbstractUser) -> File:
    """Print a sign-off and note down who took it; `left` and `right` are the two systems by name."""
    named = keeping.name_of(CONTROLS[row.control], row.entity, row.starts_on, row.ends_on)
    with transaction.atomic():
        return outgoing.noted(
            draw(row, left=left, right=right),
            name=f"reconciliation-{row.control}-{row.entity.code}-{row.starts_on}-{row.ends_on}-v{row.version}.pdf",
            content_type=outgoing.PDF,
            action="sign-off printed",
            about=("sign_off", f"SGN-{row.pk}"),
            user=user,
            text=f"{full_name(user)} took {named}, version {row.version}, as PDF.",
            details={"certificate_sha256": row.certificate_sha256, "status": row.status},
        )


def draw(row: SignOff, *, left: str, right: str) -> bytes:
    """The paper; the same sign-off in the same state gives the same bytes."""
    said = row.certificate
    days = f"{_day(said['from'])} to {_day(said['to'])}" if said["from"] != said["to"] else _day(said["from"])
    title = f"{said['title']}, {said['entity']}, {days}"
    paper = Paper(
        title=f"Reconciliation: {title}",
        head=f"Reconciliation: {title}, version {row.version}",
        foot=f"Certificate SHA-256 {row.certificate_sha256}",
        at=(row.reviewed_at or row.prepared_at).astimezone(UTC),
    )
    paper.title_line(f"Reconciliation: {said['title']}")
    word, text = _WORDS[SignOff.Status(row.status)]
    paper.banner(word, text or _how(row), is_loud=not row.is_live)
    paper.facts(
        [
            ("Company", f"{said['company']} ({said['entity']})"),
            ("Period", days),
            ("Control", f"{said['title']}. It shows: {said['assertion'][:1].lower()}{said['assertion'][1:]}."),
            ("Compared", f"{left} (left) against {right} (right), by {said['date_basis']}"),
            ("Rule version", str(said["rule_version"])),
            ("Version of this sign-off", str(row.version)),
            ("Certificate SHA-256", row.certificate_sha256),
        ]
    )
    _people(paper, row)
    _totals(paper, said, left, right)
    _items(paper, row)
    _days(paper, said)
    _readings(paper, said, left, right)
    paper.heading("How to check this paper")
    paper.words(
        "The certificate hash is the SHA-256 of the certificate's JSON text: keys in order, no spaces, UTF-8. The"
        " certificate itself is in the evidence pack of these days (sign_offs.jsonl), and on the page of this sign-off:"
        f" {settings.PORTAL_URL}{figures_sign_offs.link_of(row.control, row.entity, row.starts_on, row.ends_on)}"
    )
    if paper.lacks_letters:
        paper.words(EXPLANATION)
    return bytes(paper.output())


def _how(row: SignOff) -> str:
    """By whom it was signed, or since when and why that no longer holds."""
    if row.status != SignOff.Status.SUSPENDED:
        return f"By {_signers(row)}." if row.reviewed_by else "By an approved rule, without a person."
    at = f" since {_both(row.suspended_at, row.entity)}" if row.suspended_at else ""
    return (
        f"This no longer holds{at}: {row.suspended_because}. It must be prepared and reviewed again; what follows is"
        " what had been signed."
    )


def _signers(row: SignOff) -> str:
    return " and ".join(full_name(person) for person in (row.prepared_by, row.reviewed_by) if person)


def _both(at: datetime, entity: LegalEntity) -> str:
    return f"{_utc(at)} UTC ({moment(at, entity)})"


def _people(paper: Paper, row: SignOff) -> None:
    paper.heading("Who prepared and who reviewed")
    if row.rule:
        paper.words(
            f"Nobody: it certified itself on {_both(row.prepared_at, row.entity)} under the approved policy of"
            f" {row.rule}, because nothing lay between the sides."
        )
        return
    rows = [("Prepared by", row.prepared_by, row.prepared_at, row.prepared_note)]
    if row.reviewed_by and row.reviewed_at:
        did = "Sent back by" if row.status == SignOff.Status.RETURNED else "Reviewed and signed by"
        rows.append((did, row.reviewed_by, row.reviewed_at, row.reviewed_note))
    paper.listing(
        [
            Column(title="", width=30),
            Column(title="Name", width=44),
            Column(title="When (UTC)", width=32),
            Column(title="On the company's clock", width=36),
            Column(title="Note", width=38),
        ],
        [
            (did, f"{full_name(who)} ({who.get_username()})" if who else "", _utc(at), moment(at, row.entity), note)
            for did, who, at, note in rows
        ],
    )
    if not row.reviewed_by:
        paper.words("Nobody has reviewed it yet.")


def _totals(paper: Paper, said: dict[str, Any], left: str, right: str) -> None:
    paper.heading("Both sides, each currency for itself")
    if not said["totals"]:
        control = CONTROLS[said["control"]]
        paper.words(
            "Neither side has a document of these days."
            if control.is_compared
            else "This control lists what it finds; it has no sums of its own."
        )
        return
    paper.listing(
        [
            Column(title="Currency", width=20),
            Column(title="What", width=90),
            Column(title="Documents", width=25, is_number=True),
            Column(title="Amount", width=45, is_number=True),
        ],
        [line for code, one in said["totals"].items() for line in _proof(code, one, left, right)],
        strong=("Difference", "Unexplained"),
    )


def _proof(code: str, one: dict[str, str], left: str, right: str) -> Iterator[tuple[str, str, str, str]]:
    """One currency, line below line: left less right is what is explained, held, in flight and unexplained."""
    amounts = {name: Decimal(one[name]) for name in ("left", "right", "explained", "held", "in_flight", "unexplained")}
    yield code, left, f"{int(one['left_count']):,}", money(amounts["left"], code)
    yield code, f"less {right}", f"{int(one['right_count']):,}", money(amounts["right"], code)
    yield code, "Difference", "", money(amounts["left"] - amounts["right"], code)
    for name, words in _SUMS:
        yield code, f"of it {words}", "", money(amounts[name], code)
    yield code, "Unexplained", "", money(amounts["unexplained"], code)


def _items(paper: Paper, row: SignOff) -> None:
    paper.heading("What lies between the sides")
    items = row.certificate["items"]
    if not items:
        paper.words("Nothing.")
        return
    accepted = _accepted(row)
    paper.listing(
        [
            Column(title="Document", width=37),
            Column(title="Dated", width=19),
            Column(title="What", width=26),
            Column(title="Kind, and last day", width=30),
            Column(title="Case", width=15),
            Column(title="Taken on by", width=24),
            Column(title="Amount", width=29, is_number=True),
        ],
        [
            (
                ", ".join(filter(None, [one["label"] or one["reference"], one["counterparty"]])),
                _day(one["dated"]),
                reason(one["what"]).title,
                _kind(one, accepted),
                one["case"] or "–",
                # certificates of before it was said
                one.get("taken_on_by") or "–",
                money(Decimal(one["amount"]), one["currency"]),
            )
            for one in items[:MOST]
        ],
    )
    if len(items) > MOST:
        paper.words(
            f"These are the first {MOST:,} of {len(items):,}. The sums above cover all, and the certificate, whose hash"
            " stands on every page, lists all."
        )


def _kind(one: dict[str, str], accepted: dict[tuple[str, Decimal], ReconcilingItem]) -> str:
    word = figures_sign_offs.ITEMS[one["kind"]][0]
    item = accepted.get((one["reference"], Decimal(one["amount"])))
    if item is None or one["kind"] != certificates.ACCEPTED:
        return word
    until = f", until {item.expected_on:%d %b %Y}" if item.expected_on else ""
    return f"{word}: {item.number}, {item.get_kind_display()[:1].lower()}{item.get_kind_display()[1:]}{until}"


def _accepted(row: SignOff) -> dict[tuple[str, Decimal], ReconcilingItem]:
    """What two people had accepted when this was drawn up, by document and amount; the newest counts."""
    found = ReconcilingItem.objects.filter(
        break_row__control=row.control,
        break_row__entity=row.entity,
        decided_at__lte=row.prepared_at,
        status__in=(ReconcilingItem.Status.ACCEPTED, ReconcilingItem.Status.ENDED),
    ).select_related("break_row")
    return {(item.break_row.reference, item.amount): item for item in found.order_by("decided_at", "pk")}


def _days(paper: Paper, said: dict[str, Any]) -> None:
    paper.heading("Days it answers for")
    days = said["days"]
    missing = [_day(one["date"]) for one in days if not one["was_read"]]
    words = "one day" if len(days) == 1 else f"{len(days)} days"
    if not days:
        paper.words("None: the company was not connected yet.")
    elif not missing:
        paper.words(f"All of them were asked: {words}.")
    else:
        more = f" and {len(missing) - _MOST_DAYS} more" if len(missing) > _MOST_DAYS else ""
        paper.words(f"Of {words}, these were not read: {', '.join(missing[:_MOST_DAYS])}{more}.")


def _readings(paper: Paper, said: dict[str, Any], left: str, right: str) -> None:
    paper.heading("What was read")
    if not said["readings"]:
        paper.words("This control reads no system's list.")
        return
    paper.listing(
        [
            Column(title="Date", width=19),
            Column(title="Side", width=22),
            Column(title="From", width=30),
            Column(title="Lines", width=14, is_number=True),
            Column(title="SHA-256 of the lines", width=95),
        ],
        [
            (
                _day(one["date"]),
                left if one["side"] == "left" else right,
                one["from"],
                f"{one['lines']:,}",
                one["sha256"],
            )
            for one in said["readings"]
        ],
        size=7,
    )


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%d %b %Y}"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %Y %H:%M:%S}"
