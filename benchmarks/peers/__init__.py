"""Other people's comparers, each in a process and an environment of their own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from django.db import connection as database

from reconciliation.models import ControlStage
from reconciliation.models.controls import Side

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "bin" / "python"
NAMES = {"datacompy_on_polars": "datacompy on polars", "reladiff_in_postgres": "reladiff in PostgreSQL"}


def are_there() -> bool:
    """Whether their environment was set up."""
    return PYTHON.exists()


def give_tables(control: str) -> None:
    """Each side's lines as a table of its own, as such tools want them; no part of what is timed."""
    with database.cursor() as cursor:
        for side in Side:
            stages = list(ControlStage.objects.filter(control=control, side=side).values_list("pk", flat=True))
            cursor.execute(f"DROP TABLE IF EXISTS peer_{side}")
            cursor.execute(
                f"CREATE TABLE peer_{side} AS SELECT reference, hashtextextended(reference, 0) AS number,"
                " currency, net, tax, gross"
                " FROM reconciliation_controlline WHERE stage_id = ANY(%s)",
                [stages],
            )
            cursor.execute(f"ANALYZE peer_{side}")


def compare(name: str) -> dict[str, Any]:
    """Seconds, rows found to differ, and most MB held, by one of them; reading both sides included."""
    address = os.environ["DATABASE_URL"].replace("postgres://", "postgresql://", 1)
    done = subprocess.run(
        [str(PYTHON), str(HERE / f"{name}.py"), address, *(f"peer_{side}" for side in Side)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{NAMES[name]} failed: {done.stderr[-800:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
