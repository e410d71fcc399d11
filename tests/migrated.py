"""A database made from the migrations once per server: whoever needs an empty one copies it.

Migrating takes half a minute of the processor, nearly all of it Django's own rendering of old models; copying takes a
second. It goes when the throw-away server goes.
"""

import inspect
from collections.abc import Callable
from functools import cache
from hashlib import sha256

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader


def template() -> str:
    """Its name."""
    name = f"q2c_migrated_{migrations_sha256()[:16]}"
    made_once(name, lambda: _migrate(name))
    return name


def made_once(name: str, make: Callable[[], None]) -> None:
    """This database is there as a template, made by the first who asks while the others wait."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name])
        if not cursor.fetchone():
            make()
            # only what was made to the end is called a template
            cursor.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE true')
        cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def _migrate(name: str) -> None:
    own, test = connection.settings_dict["NAME"], connection.settings_dict["TEST"]
    before = dict(test)
    test.update(NAME=name, TEMPLATE=None)
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        connection.close()
    finally:
        test.update(before)
        settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = own


@cache
def migrations_sha256() -> str:
    """Of the text of every migration, ours and others'."""
    loader = MigrationLoader(None)
    found = sha256()
    for app, name in sorted(loader.disk_migrations):
        found.update(f"{app}.{name}".encode())
        found.update(inspect.getsource(inspect.getmodule(type(loader.disk_migrations[app, name]))).encode())  # type: ignore[arg-type]
    return found.hexdigest()
