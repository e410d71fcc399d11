"""Joins both sides document by document, as one set; a reference that stands on one of them more than once, by line."""

from typing import Any

from reconciliation import matching_sql
from reconciliation.controls.control import Control

#: for the rest of a transaction, no plan is too small to be shared out
EVERY_CORE = "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0"
#: temporary tables of a comparison
_TABLES = "left_readings, twice, joined, different, met"


def join(cursor: Any, control: Control, values: dict[str, Any]) -> None:
    """Make `joined` and `different` of the readings in force; `values` are those of `matching.compared`."""
    clear(cursor)
    cursor.execute(
        "CREATE TEMP TABLE left_readings ON COMMIT DROP AS SELECT id AS stage_id, business_date"
        " FROM reconciliation_controlstage WHERE id = ANY(%(left_stages)s)",
        values,
    )
    # whole sets are joined here, often right after they were loaded and before anything knows their size
    cursor.execute("SET LOCAL enable_nestloop = off")
    # and by every core there is: a control is asked a few times a day, and people wait for what it says
    cursor.execute(EVERY_CORE)
    cursor.execute(_joined(control), values)
    cursor.execute("ANALYZE joined")
    _tell(cursor, values)
    cursor.execute(matching_sql.TOLD_APART, values)
    if cursor.fetchone()[0]:
        return
    cursor.execute("DROP TABLE joined, different")
    cursor.execute(matching_sql.TWICE, values)
    cursor.execute(_joined(control, once=matching_sql.NOT_TWICE), values)
    cursor.execute(matching_sql.PAIRED.format(differs=matching_sql.DIFFERS), values)
    cursor.execute("ANALYZE joined")
    _tell(cursor, values)
    cursor.execute(matching_sql.NUMBERED, values)


def _tell(cursor: Any, values: dict[str, Any]) -> None:
    # how many pairs differ is known by now: few are looked up by their keys
    cursor.execute("SET LOCAL enable_nestloop = on")
    cursor.execute(matching_sql.DIFFERENT, values)
    cursor.execute("SET LOCAL enable_nestloop = off")


def clear(cursor: Any) -> None:
    """Nothing is compared any more."""
    cursor.execute(f"DROP TABLE IF EXISTS {_TABLES}")


def _joined(control: Control, *, once: str = "") -> str:
    # pairs that agree in a column have one sum of it
    sums = {
        f"right_{column}": f"{'left' if column in control.compares else 'right'}_{column}"
        for column in ("net", "tax", "gross")
    }
    return matching_sql.JOINED.format(differs=matching_sql.DIFFERS, once=once, **sums)
