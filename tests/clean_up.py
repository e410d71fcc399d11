"""Empties the database after a test that committed; what only a migration makes is made again only where it is gone.

Django's own way truncates every table and makes content types, permissions and roles anew, each time. Most tests touch
a tenth of the tables and none of those, so that is most of the time such a test takes.
"""

from functools import cache
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

#: tables that refuse to be emptied -> the trigger that does it
REFUSE_TRUNCATE = {
    "sync_journalentry": "journal_refuses_truncate",
    "sync_journalseal": "seal_refuses_truncate",
    "sync_journalwaiting": "waiting_refuses_truncate",
    "sync_journalcheck": "check_refuses_truncate",
}
#: what follows from the code alone and is there after every migration
MADE_BY_MIGRATION = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
#: rows deleted at once that are worth a VACUUM, or later tests would read over them
MANY = 2_000

_all_of_it = TransactionTestCase._fixture_teardown
#: what was in the tables made by a migration when everything was last made anew
_as_made: list[Any] = []


def clean_up(case: TransactionTestCase) -> None:
    """In place of what Django does after a test that commits."""
    if _as_made and _as_made == _made():
        _empty_what_holds_something()
        return
    _turn("DISABLE")
    try:
        _all_of_it(case)
    finally:
        _turn("ENABLE")
    _as_made[:] = _made()


def _turn(how: str) -> None:
    """The journal and its seals refuse TRUNCATE, and Django empties with nothing else."""
    with connection.cursor() as cursor:
        for table, trigger in REFUSE_TRUNCATE.items():
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {trigger}")


def _made() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT md5(string_agg(row::text, ',' ORDER BY row::text)) FROM {table} row"
                for table in MADE_BY_MIGRATION
            )
        )
        return cursor.fetchall()


def _empty_what_holds_something() -> None:
    """Deletes, without triggers and without looking at what refers to what: nothing of it stays."""
    many = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_which_hold_something())
        tables = [name for (name,) in cursor.fetchall()]
        if tables:
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table in tables:
            cursor.execute(f'DELETE FROM "{table}"')
            if cursor.rowcount > MANY:
                many.append(table)
    with connection.cursor() as cursor:
        for table in many:
            cursor.execute(f'VACUUM "{table}"')


@cache
def _which_hold_something() -> str:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"""(SELECT '{name}' FROM "{name}" LIMIT 1)""" for name in names if name not in MADE_BY_MIGRATION
    )
