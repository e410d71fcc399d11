"""What the code promises about itself: stairs that only go down, tables that fit each other, names that exist."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from kombu.utils.imports import symbol_by_name

from connectors import registry
from connectors.salesforce import reasons as salesforce_reasons
from q2c_portal.schedule import ROUTES, TIMETABLE
from reconciliation.controls.registry import CONTROLS
from reconciliation.fixes.registry import FIXES
from reconciliation.ownership import OWNERSHIP
from reconciliation.teams import Team
from sync import nudges
from sync.pipelines.registry import FLOWS
from sync.reasons import REASONS

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("connectors", "sync", "reconciliation", "q2c_portal")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
UPPER = re.compile(r"[A-Z]{2,}(_[A-Z]+)*", re.ASCII)


def trees(*below: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        if any(name.startswith(one) for one in below or PACKAGES):
            yield path, ast.parse(path.read_text())


def test_imports_go_down_the_stairs_only() -> None:
    # given the contracts in pyproject.toml, when they are checked, then all are kept
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command, "import-linter is not installed"
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_checker_of_the_proof_imports_nothing_of_the_product() -> None:
    tree = ast.parse((ROOT / "tests/chaos/checker.py").read_text())
    named = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    named |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert named and not {name for name in named if name.split(".")[0] in PACKAGES}


# -- reasons ------------------------------------------------------------------------------------------
def test_every_reason_has_words_a_team_and_hours() -> None:
    assert set(REASONS) == set(OWNERSHIP)
    for code, reason in REASONS.items():
        assert code == reason.code and UPPER.fullmatch(code)
        assert reason.title and reason.cause.endswith(".") and reason.holds_up
        assert OWNERSHIP[code].team in Team and OWNERSHIP[code].hours > 0


def test_every_placeholder_in_a_reason_is_one_that_is_filled() -> None:
    known = {"customer", "value", "field", "document", "amount", "system", "entity", "date"}
    for reason in REASONS.values():
        for words in (reason.cause, reason.holds_up, reason.seller):
            assert set(re.findall(r"{(\w*)}", words)) <= known, reason.code


def test_every_fix_an_owner_is_offered_exists_and_every_fix_is_offered_somewhere() -> None:
    offered = {name for owned in OWNERSHIP.values() for name in owned.fixes}
    assert offered == set(FIXES)
    for fix in FIXES.values():
        assert fix.label and fix.kind in ("none", "money", "configuration") and fix.undo in ("U0", "U1", "U2")
        assert bool(fix.rule) == (fix.kind != "none")


def reasons_in(below: str) -> Iterator[tuple[str, str]]:
    """Every reason code the code below a folder can give: `reason="..."`, StepError("..."), Stop(reason=...)."""
    for path, tree in trees(below):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            given = [one.value for one in node.keywords if one.arg == "reason"]
            if isinstance(node.func, ast.Name) and node.func.id == "StepError":
                given += node.args[:1]
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and UPPER.fullmatch(value.value):
                    yield value.value, path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "below",
    [
        "connectors/salesforce",
        "connectors/stripe_billing",
        "connectors/netsuite",
        "connectors/tryton",
        "connectors/http",
        "connectors/errors",
        "sync",
        "reconciliation",
    ],
)
def test_every_reason_that_can_be_given_has_words(below: str) -> None:
    unknown = {(code, path) for code, path in reasons_in(below) if code not in REASONS}
    assert not unknown


def test_every_reason_in_the_connectors_tables_has_words() -> None:
    """The tables of reasons.py: any value (never a key) in capitals is a reason of ours."""
    given: set[str] = set()
    for path, tree in trees("connectors"):
        if path.name != "reasons.py":
            continue
        keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
        values = [
            value
            for node in ast.walk(tree)
            if isinstance(node, ast.Dict)
            for value in node.values
            if isinstance(value, ast.Constant) and id(value) not in keys
        ]
        # pairs of a pattern and a reason
        values += [
            node.elts[1]
            for node in ast.walk(tree)
            if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[1], ast.Constant)
        ]
        given |= {value.value for value in values if isinstance(value.value, str) and UPPER.fullmatch(value.value)}
    assert len(given) > 15 and "SF_ROW_LOCK" in given
    assert not given - set(REASONS)
    assert set(salesforce_reasons.BY_CODE.values()) <= set(REASONS)


def test_an_error_without_a_reason_of_its_own_has_one_people_know() -> None:
    from connectors import errors

    assert errors.Rejected("x").reason in REASONS
    assert errors.Misconfigured("x").reason in REASONS
    assert errors.Unavailable("x").reason in REASONS


# -- tasks --------------------------------------------------------------------------------------------
def test_every_task_that_is_nudged_or_on_the_timetable_exists_and_has_a_queue() -> None:
    named = {*nudges.TASKS.values(), *(entry["task"] for entry in TIMETABLE.values()), *ROUTES}
    for name in named:
        assert callable(symbol_by_name(name).run), name
        assert ROUTES[name]["queue"] in {*nudges.TASKS, "ingest"}, name
    for queue, name in nudges.TASKS.items():
        assert ROUTES[name]["queue"] == queue
    known = {f"{tree}.tasks.{node.name}" for tree in ("sync", "reconciliation") for node in tasks_of(tree)}
    assert known == set(ROUTES)


def tasks_of(package: str) -> list[ast.FunctionDef]:
    tree = ast.parse((ROOT / package / "tasks.py").read_text())
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]


def test_nothing_is_sent_to_a_queue_around_the_nudges() -> None:
    # a task is only ever a nudge, sent after commit: no .delay, no .apply_async, send_task in one place; and the demo's
    # days, which are no transaction, say that one has ended
    allowed = {"sync/nudges.py", "q2c_portal/local/days.py"}
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("delay", "apply_async", "send_task")
        and path.relative_to(ROOT).as_posix() not in allowed
    }
    assert not found


def test_celery_is_not_run_eagerly_and_keeps_no_results() -> None:
    assert "task_always_eager" not in settings.CELERY and settings.CELERY["task_ignore_result"] is True
    assert settings.CELERY["task_acks_late"] is True and settings.CELERY["accept_content"] == ["json"]


# -- connectors, flows, controls ----------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(registry.OURS))
def test_a_connector_says_who_it_is(name: str) -> None:
    made = registry.connector_class(name)
    assert made.name == name and made.label and made.role in ("crm", "billing", "erp", "gateway", "bank")


def test_an_unknown_connector_names_the_ones_that_exist() -> None:
    with pytest.raises(LookupError, match="netsuite"):
        registry.connector_class("nothing")


def test_every_flow_and_control_is_known_by_its_own_name() -> None:
    assert all(flow.kind == kind for kind, flow in FLOWS.items())
    assert len({flow.name for flow in FLOWS.values()}) == len(FLOWS)
    for name, control in CONTROLS.items():
        assert control.name == name and control.title and control.leg in ("", "sold_to_billed", "billed_to_posted")
        assert set(control.compares) <= {"net", "tax", "gross"}
        assert set(control.also_compares) <= {"customer", "account", "period"}


# -- clocks, money, house -----------------------------------------------------------------------------
def test_only_the_clock_reads_the_clock() -> None:
    """Business code asks sync.clock; a connector is told the time, or signs with the machine's."""
    # wall clocks of their own: signing and waiting are machine time, sandboxes are other people's machines
    allowed = ("connectors/", "sync/clock.py", "q2c_portal/")
    found = set()
    for path, tree in trees():
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(allowed):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if (node.func.attr, getattr(owner, "id", "")) in {
                    ("now", "datetime"),
                    ("today", "date"),
                    ("now", "timezone"),
                    ("time", "time"),
                }:
                    found.add(f"{name}:{node.lineno}")
    assert not found


def test_no_money_column_is_a_float() -> None:
    from django.apps import apps
    from django.db import models

    floats = {
        f"{model.__name__}.{column.name}"
        for label in ("sync", "reconciliation")
        for model in apps.get_app_config(label).get_models()
        for column in model._meta.fields
        if isinstance(column, models.FloatField)
    }
    # tokens of the bucket are no money
    assert floats == {"ConnectionHealth.tokens"}


def test_every_module_opens_by_saying_what_lives_there() -> None:
    silent = {
        path.relative_to(ROOT).as_posix()
        for path, tree in trees()
        if tree.body and not ast.get_docstring(tree) and "/migrations/" not in path.as_posix()
    }
    assert not silent


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|handlers?|exceptions)(_|$)")
    assert not {path.name for path in SOURCES if drawers.search(path.stem)}


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {path.relative_to(ROOT).as_posix(): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 400}
    assert not {name for name in long if "/migrations/" not in name}
