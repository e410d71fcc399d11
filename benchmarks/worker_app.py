"""The portal's task app as a worker of the benches loads it: with the instant ledger and a task that does nothing."""

from connectors import registry
from q2c_portal.celery import app

registry.OURS["instant"] = "benchmarks.instant:Instant"

EMPTY_QUEUE = "bench-empty"


@app.task(name="benchmarks.nothing")
def nothing() -> None:
    """Does nothing."""
