"""The task app: nudges on six queues, and the timetable."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.conf import settings
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "q2c_portal.settings")

app = Celery("q2c_portal")
app.conf.update(settings.CELERY)
# Celery's Django glue closes the database connection after every task unless told how often it may be kept.
app.conf.update(CELERY_DB_REUSE_MAX=1000)


@task_prerun.connect
def let_go_of_dead_connections(**_: Any) -> None:
    """What Django does before each request: without it a worker whose database was restarted fails every task of
    its next thousands, because of the line above.
    """
    close_old_connections()


app.autodiscover_tasks(["sync", "reconciliation"])

from q2c_portal.schedule import ROUTES, TIMETABLE  # noqa: E402 - needs the app

app.conf.beat_schedule = TIMETABLE
app.conf.task_routes = ROUTES
app.conf.task_default_queue = "ingest"
