"""A worker's connection after the database died under it."""

from typing import Any

import psycopg
import pytest
from celery.signals import task_prerun
from django.db import OperationalError, connection

from q2c_portal import celery
from sync.models import Connection


def die() -> None:
    """What a restart of PostgreSQL does to a connection that lies idle."""
    connection.ensure_connection()
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], password=settings["PASSWORD"],
        dbname="postgres", autocommit=True,
    ) as other:  # fmt: skip
        assert connection.connection is not None
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])


def test_the_task_after_a_restart_of_the_database_works(transactional_db: Any) -> None:
    # given a connection that is dead and nobody has noticed
    die()
    # when the next task begins
    task_prerun.send(sender=celery.app, task_id="1", task=None, args=(), kwargs={})
    # then it has one that works
    assert Connection.objects.count() == 0


def test_without_that_it_would_not(transactional_db: Any) -> None:
    die()
    with pytest.raises(OperationalError):
        Connection.objects.count()
    connection.close()
