"""What a contract's shape needs before it is billed: dates and free months that fit, and what its company does with
changes dated back.
"""

from dataclasses import replace

from connectors.canonical import AS_BEFORE, SubscriptionContract
from connectors.segments import SegmentError, changes_over_time, segments
from sync.errors import StepError
from sync.models import DocumentPolicy
from sync.pipelines.commitment import SELL_NOTHING
from sync.pipelines.flow import Lookups

Backdated = DocumentPolicy.BackdatedChanges


def have_dates_that_fit(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """What is billed for a part of the term lies within it, whole months from its first day, and leaves no gap."""
    if contract.modification_kind in SELL_NOTHING or contract.free_months == AS_BEFORE:
        return contract
    billed = replace(contract, lines=tuple(line for line in contract.lines if line.destination == "billing"))
    if billed.lines and changes_over_time(billed):
        try:
            segments(billed)
        except SegmentError as error:
            raise StepError("PRICES_OVER_TIME_UNCLEAR", field="Line dates", value=str(error)) from error
    return contract


def note_what_is_done_with_changes_dated_back(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """The policy of the selling company on the day both agreed; without one such a change stops and people decide."""
    entity = lookups.entities.get(contract.legal_entity)
    if entity is None or contract.modification_number == 1:
        return contract
    decided = lookups.tables.document_policy(entity, on=contract.signed_on).backdated_changes
    return replace(contract, backdating="" if decided == Backdated.STOP else decided)
