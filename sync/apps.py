"""The carrying room as a Django app; its clock is the database's."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from sync import clock


class SyncConfig(AppConfig):
    name = "sync"
    verbose_name = "Carrying"

    def ready(self) -> None:
        connection_created.connect(clock.ask_database, dispatch_uid="sync_machine_time")
