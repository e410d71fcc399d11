"""Journals that people typed into the ERP on accounts where only our documents belong: each is looked at."""

from collections.abc import Sequence

from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding
from reconciliation.models import ControlLine as Staged
from reconciliation.models.controls import Side
from sync.models import LegalEntity
from sync.money_text import plain

NAME = "outside_journals"


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each account a journal moved; one that another took back, to the cent, is over with it."""
    standing: list[Staged] = []
    for line in readings.newest(NAME, entity, Side.RIGHT):
        taken_back = next((one for one in standing if _cancels(one, line)), None)
        if taken_back:
            standing.remove(taken_back)
        elif line.gross:
            standing.append(line)
    return [_finding(line) for line in standing]


def _cancels(one: Staged, other: Staged) -> bool:
    return (one.status, one.currency, one.gross) == (other.status, other.currency, -other.gross)


def _finding(line: Staged) -> Finding:
    return Finding(
        reference=line.reference,
        kind="OUTSIDE_JOURNAL",
        label=f"{line.label}, {line.status}",
        cause=line.status,
        currency=line.currency,
        dated=line.document_date,
        right={
            "external_id": line.external_id,
            "status": line.status,
            "gross": plain(line.gross, line.currency),
            "memo": line.counterparty,
        },
        difference=-line.gross,
    )


OUTSIDE_JOURNALS = Control(
    name=NAME,
    title="Nobody typed a journal on accounts that are ours",
    leg="",
    kind="journal",
    left_role="portal",
    left_kind="outside_journal",
    right_role="erp",
    right_kind="outside_journal",
    compares=(),
    date_basis="Posting date in the ERP",
    assertion="Existence, accuracy",
    left_reader=readings.none_of_ours,
    judges=findings,
)
