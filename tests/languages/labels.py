"""Texts kept in English and shown in the reader's language: choices, titles of reasons, controls, fixes and tables.

Code names them where they are kept; pages translate them as they show them (`reconciliation.habits.titles`, and the
filter `spoken` of templates), so that no file of code says them to gettext.
"""

from collections.abc import Iterator

from django.apps import apps

from reconciliation.controls.registry import CONTROLS
from reconciliation.fixes.registry import FIXES
from reconciliation.governance.tables import TABLES
from sync.reasons import REASONS

APPS = ("sync", "reconciliation")


def labels() -> Iterator[tuple[str, str]]:
    """Each text, and the file that keeps it."""
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            place = model.__module__.replace(".", "/") + ".py"
            for field in model._meta.get_fields():
                for _value, text in getattr(field, "flatchoices", ()):
                    yield str(text), place
    for reason in REASONS.values():
        for text in (reason.title, reason.cause, reason.holds_up):
            yield text, "sync/reasons.py"
    for control in CONTROLS.values():
        for text in (control.title, control.assertion, control.date_basis, control.cut_off, control.settles):
            yield text, "reconciliation/controls/registry.py"
    for fix in FIXES.values():
        yield fix.label, "reconciliation/fixes/registry.py"
    for table in TABLES.values():
        yield table.title, "reconciliation/governance/tables.py"
        for column in table.columns:
            if column.help:
                yield column.help, "reconciliation/governance/tables.py"
