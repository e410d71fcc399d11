"""Rows that keep a history are written so that they keep it: no statement of ours goes past django-simple-history."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from sync import bulk
from sync.models import Connection

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("sync", "reconciliation", "q2c_portal")
#: what writes rows without their `save`; deleting by a queryset tells django-simple-history
PAST_HISTORY = ("update", "bulk_create", "bulk_update", "aupdate", "abulk_create", "abulk_update", "_raw_delete")
WITH_HISTORY: dict[str, Any] = {
    model.__name__: model for model in apps.get_models() if hasattr(model._meta, "simple_history_manager_attribute")
}
RAW = re.compile(r"\b(?:UPDATE|INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|COPY)\s+(?:ONLY\s+)?\"?(\w+)", re.IGNORECASE)
TABLES = {model._meta.db_table for model in WITH_HISTORY.values()}
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


def _root(node: ast.AST) -> str:
    """The name an expression begins with: `Connection` of Connection.objects.filter(...)[:5]."""
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """What stands in a function itself, and not in a function within it."""
    todo: list[ast.AST] = list(scope.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            todo.extend(ast.iter_child_nodes(node))


def _meant(scope: Scope) -> dict[str, str]:
    """Local name -> the model with history it was made from: rows = Connection.objects.filter(...)."""
    names = {name: name for name in WITH_HISTORY}
    for _ in range(3):
        for node in _own_nodes(scope):
            if isinstance(node, ast.Assign) and _root(node.value) in names:
                names |= {one.id: names[_root(node.value)] for one in node.targets if isinstance(one, ast.Name)}
    return names


def writes_past_history(source: str) -> Iterator[str]:
    """Every statement of a source that writes a row with history and leaves none."""
    tree = ast.parse(source)
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in (tree, *scopes):
        names = _meant(scope)
        for node in _own_nodes(scope):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PAST_HISTORY:
                model = WITH_HISTORY.get(names.get(_root(node.func.value), ""))
                kept_out = getattr(getattr(model, "history", None), "model", None)
                unkept = set(getattr(kept_out, "_history_excluded_fields", ()))
                if model is not None and not {one.arg for one in node.keywords or [ast.keyword()]} <= unkept:
                    yield f"{node.lineno}: {model.__name__} .{node.func.attr}()"
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (f"{node.lineno}: {table} by SQL" for table in RAW.findall(node.value) if table in TABLES)


def test_nothing_of_ours_writes_past_the_history() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{wrong}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
        for wrong in writes_past_history(path.read_text())
    ]
    assert found == [] and len(WITH_HISTORY) >= 15


@pytest.mark.parametrize(
    "source",
    [
        "Connection.objects.update(label='x')",
        "def change():\n    rows = Connection.objects.filter(pk=1)\n    some = rows[:5]\n    some.update(label='x')",
        "EntityRoute.objects.bulk_create([EntityRoute()])",
        "LegalEntity.objects.filter(pk=1).update(business_date=None, name='x')",
        "SQL = '''\nUPDATE sync_connection SET label = 'x' '''",
        "cursor.execute('delete from sync_productmapping')",
    ],
)
def test_what_writes_past_the_history_would_be_seen(source: str) -> None:
    assert list(writes_past_history(source))


@pytest.mark.parametrize(
    "source",
    [
        "LegalEntity.objects.filter(pk=1).update(business_date=None)",  # kept in no history
        "names = {}\nnames.update(a=1)",
        "Delivery.objects.update(state='x')",
        "SQL = 'UPDATE sync_connectionhealth SET calls = 1'",
        "row = Connection.objects.get()\nrow.save()",
    ],
)
def test_what_keeps_its_history_is_left_alone(source: str) -> None:
    assert not list(writes_past_history(source))


def test_writing_many_rows_at_once_refuses_those_with_history() -> None:
    with pytest.raises(TypeError, match="keeps a history"):
        bulk.update([Connection()], ["label"])
