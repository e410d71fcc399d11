"""Where results of long proofs are kept, and for which state of the code they count."""

import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: committed, so that a proof of several hours goes on wherever the code is checked out
RESULTS = Path(os.environ.get("Q2C_PROOF_DIR", str(ROOT / "benchmarks" / "results" / "proof")))
#: ending of the files of planted bugs, after the commit
PLANTED = "-planted.json"
#: pages, what they show and its German: no run of the engine meets them. Of the habits only `languages` is met:
#: previews write their amounts by it
PAGES = (
    *("admin", "api", "views", "templatetags", "figures*.py", "queue_filters.py", "habits/[!l]*", "locale"),
    *("models/desk.py", "models/notices.py"),
)
#: what is asked of both sides' lists, what people sign of it, and tables they keep: the simulator has a checker of its
#: own instead, and real kills are about what is carried. A change of tables of what is carried shows in their models.
CONTROLS = (
    *("controls", "matching*.py", "matches", "staging.py", "tie_out.py", "sign_offs", "month_close.py"),
    *("reconciling_items.py", "second_person.py", "who.py"),
    *("models/__init__.py", "models/controls.py", "models/matches.py", "migrations", "governance"),
)
#: what decides how a run goes; a result counts for every commit at which these are the same
CODE = (
    "connectors",
    "sync",
    "reconciliation",
    "q2c_portal",
    *(f":(exclude)reconciliation/{place}" for place in PAGES + CONTROLS),
    ":(exclude)q2c_portal/admin_site.py",
    # reasons that only controls find: the simulator runs none
    ":(exclude)sync/reasons_of_controls.py",
    *(
        f"tests/chaos/{name}.py"
        for name in ("afterlife", "checker", "company", "crashes", "engine", "history", "mishaps", "people", "remotes")
    ),
    *(f"tests/chaos/{name}.py" for name in ("simulator", "sources", "sweep", "tale", "world")),
    "tests/migrated.py",
)


def commit() -> str:
    """The commit this runs on, marked where what decides a run differs from it; other files may be under way."""
    try:
        name = _git("rev-parse", "--short=12", "HEAD").stdout.strip()
        changed = _git("status", "--porcelain", "--", *CODE).stdout.strip() or _packages_changed("HEAD")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name}-dirty" if changed else name


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)


@cache
def same_code(other: str) -> bool:
    """Whether that commit has the code of the files at hand; a commit of words alone makes no proof void."""
    if other == commit():
        return True
    if "-dirty" in other:
        return False
    found = subprocess.run(
        ["git", "diff", "--quiet", other, "--", *CODE], cwd=ROOT, check=False, stderr=subprocess.DEVNULL
    )
    return found.returncode == 0 and not _packages_changed(other)


def _packages_changed(other: str) -> bool:
    """Whether a package is gone or of another version. One that joined changes nothing: nothing here imports it."""
    lines = _git("diff", "--unified=0", other, "--", "requirements.txt").stdout.splitlines()
    return any(line.startswith("-") and not line.startswith("---") for line in lines)


def kept(ending: str) -> list[Path]:
    """Files of results for this code: `<commit><ending>`."""
    return sorted(path for path in RESULTS.glob(f"*{ending}") if same_code(path.name.removesuffix(ending)))
