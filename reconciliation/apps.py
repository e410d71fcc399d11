"""The answering room as a Django app; it listens to sync's news."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    verbose_name = "Answering"

    def ready(self) -> None:
        from reconciliation import receivers  # noqa: F401 - connects them
