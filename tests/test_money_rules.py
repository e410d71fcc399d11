"""The table of money rules follows the code: each test it names exists, and its figures are those of its rows."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs" / "money_rules.md").read_text()
#: a test by its file, or by its name alone where the file is the one named before it
NAMED = re.compile(r"`(tests/[\w/]+\.py)?(::\w+)?`")
#: what a row holds in all; longer ones are read by nobody
LONGEST_ROW = 400


def rows() -> list[str]:
    lines = [line for line in TABLE.splitlines() if line.startswith("|")]
    return [line for line in lines if line not in ("| Rule | Held by |", "|---|---|")]


def named(row: str) -> list[tuple[str, str]]:
    """File and function of each test a row names."""
    found, last = [], ""
    for path, function in NAMED.findall(re.sub(r"(\.py)(::)", r"\1` `\2", row)):
        last = path or last
        found += [(last, function.removeprefix("::"))] if function else []
    return found


@cache
def functions(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    return frozenset(node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef))


def test_every_test_the_table_names_exists() -> None:
    tests = [(row, *one) for row in rows() for one in named(row)]
    assert len(tests) == TABLE.count("::test_") > 0
    assert [(path, name) for _, path, name in tests if name not in functions(path)] == []


def test_every_rule_names_a_test_or_says_what_is_missing() -> None:
    bare = [row for row in rows() if "| not held: " not in row and not named(row)]
    assert bare == []
    assert [row[:80] for row in rows() if len(row) > LONGEST_ROW or row.count("|") != 3] == []


def test_the_figures_at_the_top_are_those_of_the_rows() -> None:
    missing = sum("| not held: " in row for row in rows())
    stated = f"**{len(rows())} rules: {len(rows()) - missing} held by a test, {missing} not held.**"
    assert stated in TABLE, f"the table has {stated}"
