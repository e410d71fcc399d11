"""Texts kept in English and shown in the reader's language: choices, titles of reasons, controls, fixes and tables.

Code names them where they are kept; pages translate them as they show them (`reconciliation.habits.titles`, and the
filter `spoken` of templates), so that no file of code says them to gettext.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps

from reconciliation.controls.registry import CONTROLS
from reconciliation.fixes.registry import FIXES
from reconciliation.governance.tables import TABLES
from sync.reasons import REASONS

APPS = ("sync", "reconciliation")
ROOT = Path(__file__).resolve().parents[2]


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
        if fix.rule:
            yield fix.rule, "reconciliation/fixes/registry.py"
    yield from _words_of_writes()
    for table in TABLES.values():
        yield table.title, "reconciliation/governance/tables.py"
        for column in table.columns:
            if column.help:
                yield column.help, "reconciliation/governance/tables.py"


def _words_of_writes() -> Iterator[tuple[str, str]]:
    """What a fix says of a write in words of its own: small ones, so that no name of a product is taken for one."""
    for path in sorted((ROOT / "reconciliation" / "fixes").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "Write":
                for part in call.keywords:
                    value = part.value.value if isinstance(part.value, ast.Constant) else None
                    if part.arg != "system" and isinstance(value, str) and value and value[0].islower():
                        yield value, path.relative_to(ROOT).as_posix()
