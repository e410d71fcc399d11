"""Which browser the tests and the pictures of screens use, and how it is started."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
#: no sandbox for root in a container, and no calls home
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: milliseconds until what should appear counts as missing
PATIENCE = 8_000


def browser_program() -> str | None:
    """The installed Chromium: where CHROMIUM says, else on the path."""
    wanted = os.environ.get("CHROMIUM")
    return shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str:
    """Why there is none, in words."""
    wanted = os.environ.get("CHROMIUM")
    if wanted:
        return f"no Chromium: CHROMIUM says {wanted}, which is no program here"
    return f"no Chromium: none of {', '.join(NAMES)} is on the path, and CHROMIUM names none"
