"""Takes a picture of every screen of the running demo: `make screens` writes them to docs/screens.

Each as its people see it: wide and light, on a phone in the dark, and wide in German. What stands on them comes from
the demo, so that pictures of two days differ in dates and numbers, and in nothing else that nobody changed.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.program import ARGUMENTS, PATIENCE, browser_program

#: name in the file, size of the window, colours of the system, language of the reader
LOOKS: tuple[tuple[str, Any, Any, str], ...] = (
    ("wide", {"width": 1280, "height": 900}, "light", "en"),
    ("phone", {"width": 390, "height": 844}, "dark", "en"),
    ("german", {"width": 1280, "height": 900}, "light", "de"),
)


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One screen: who opens it, where, and what is pressed there before the picture is taken."""

    name: str
    who: str
    path: str
    #: links followed from there, each the first one that fits
    then: tuple[str, ...] = ()
    press: Callable[[Page], None] | None = None


def _open_keys(page: Page) -> None:
    page.keyboard.press("?")


def _open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog")
    dialog.locator("input").first.press_sequentially("app")
    # the portal is asked a moment after the last key
    page.wait_for_timeout(500)
    dialog.locator("[role=option]").first.wait_for()


def _preview(page: Page) -> None:
    """Fill in what nobody can know, and ask what the fix will do."""
    for box in page.locator("#fix select:visible").all():
        if not box.input_value():
            box.select_option(index=1)
    for box in page.locator("#fix input[type=date]:visible").all():
        if not box.input_value():
            box.fill("2026-01-01")
    page.locator("#fix form button[type=submit]").first.click()
    page.locator("#preview").wait_for()
    page.locator("#preview").evaluate("(one) => one.scrollIntoView({ block: 'start' })")


def _ask(page: Page) -> None:
    """Ask a second person for what was previewed, so that something waits for one; once is enough."""
    _preview(page)
    page.locator("#because").fill("It is the same product under its old name.")
    page.locator("#preview button[type=submit]").last.click()
    page.wait_for_load_state("networkidle")


#: colours a picture keeps
COLOURS = 128
CASE, PROBLEM = "main a[href*='/x/EXC-']", "main a[href*='/p/PRB-']"
REQUEST, CONTROL = "main a[href*='/approvals/APR-']", "main a[href*='/controls/invoices/']"
SCREENS = (
    Screen(name="s01-my-work", who="finance.preparer", path="/admin/"),
    Screen(name="s01-my-work-of-an-approver", who="finance.approver", path="/admin/"),
    Screen(name="s02-queue-by-problem", who="billing.ops", path="/queue/"),
    Screen(name="s02-queue-one-by-one", who="billing.ops", path="/queue/?view=cases"),
    Screen(name="s02-queue-nothing-matches", who="billing.ops", path="/queue/?q=nothing-of-this-name"),
    Screen(name="s03-case", who="billing.ops", path="/queue/?view=cases", then=(CASE,)),
    Screen(name="s03-problem", who="billing.ops", path="/queue/", then=(PROBLEM,)),
    Screen(name="s04-preview", who="billing.ops", path="/queue/", then=(PROBLEM,), press=_preview),
    Screen(name="s04-asked", who="billing.ops", path="/queue/", then=(PROBLEM,), press=_ask),
    Screen(name="s05-approvals", who="finance.approver", path="/approvals/"),
    Screen(name="s05-approval", who="finance.approver", path="/approvals/", then=(REQUEST,)),
    Screen(name="s06-trail", who="auditor", path="/queue/?view=cases", then=(CASE, "main a[href^='/t/']")),
    Screen(name="s07-controls", who="finance.preparer", path="/controls/"),
    Screen(name="s07-control-run", who="finance.preparer", path="/controls/", then=(CONTROL,)),
    Screen(name="s07-matcher", who="finance.preparer", path="/controls/invoices/US01/match"),
    Screen(name="s07-sign-off", who="finance.preparer", path="/sign-off/"),
    Screen(name="s08-tables", who="billing.ops", path="/tables/"),
    Screen(name="s08-table", who="billing.ops", path="/tables/products"),
    Screen(name="s09-close", who="finance.preparer", path="/close/"),
    Screen(name="s10-replay", who="integration", path="/replay/?since=2020-01-01T00:00"),
    Screen(name="s11-connections", who="integration", path="/connections/"),
    Screen(name="s12-dashboards", who="auditor", path="/dashboards/"),
    Screen(name="s12-executive", who="executive", path="/dashboards/executive"),
    Screen(name="s12-revenue", who="finance.preparer", path="/revenue/"),
    Screen(name="s12-registers", who="auditor", path="/registers/"),
    Screen(name="s13-audit", who="auditor", path="/audit/"),
    Screen(name="s13-access", who="auditor", path="/audit/access"),
    Screen(name="s13-sample", who="auditor", path="/audit/sample?of=control-runs&seed=7&size=10"),
    Screen(name="s14-palette", who="billing.ops", path="/queue/", press=_open_palette),
    Screen(name="s14-find", who="integration", path="/find?q=nothing-of-this-name"),
    Screen(name="s15-profile", who="billing.ops", path="/profile/"),
    Screen(name="s15-keys", who="billing.ops", path="/queue/", press=_open_keys),
)


def take(folder: Path, *, only: str = "") -> list[str]:
    """Pictures of the screens whose name has this word; what could not be reached, in words."""
    from q2c_portal.local import people

    folder.mkdir(parents=True, exist_ok=True)
    passwords, missed = people.logins(), []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=browser_program(), args=ARGUMENTS)
        for look, size, scheme, language in LOOKS:
            windows: dict[str, Page] = {}
            for screen in SCREENS:
                if only not in f"{screen.name}-{look}":
                    continue
                if screen.who not in windows:
                    windows[screen.who] = _signed_in(
                        browser, screen.who, passwords[screen.who], size=size, scheme=scheme, language=language
                    )
                if trouble := _picture(windows[screen.who], screen, folder / f"{screen.name}-{look}.png"):
                    missed.append(f"{screen.name}, {look}: {trouble}")
        browser.close()
    (folder / "README.md").write_text(_index(folder))
    return missed


def _index(folder: Path) -> str:
    """What the folder has, for who looks at it on a page of the repository."""
    rows = [
        f"| {screen.name} | {screen.who} | " + " | ".join(_link(folder, screen, look) for look, *_ in LOOKS) + " |"
        for screen in SCREENS
    ]
    heads = [
        "| Screen | As | " + " | ".join(look for look, *_ in LOOKS) + " |",
        "|---|---|" + "---|" * len(LOOKS),
    ]
    return "\n".join(["# Screens of the demo", "", "Taken by `make screens`.", "", *heads, *rows, ""])


def _link(folder: Path, screen: Screen, look: str) -> str:
    name = f"{screen.name}-{look}.png"
    return f"[{look}]({name})" if (folder / name).exists() else "–"


def _signed_in(browser: Browser, name: str, password: str, *, size: Any, scheme: Any, language: str) -> Page:
    context = browser.new_context(
        base_url=settings.PORTAL_URL, viewport=size, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/admin/login/?next=/admin/")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/admin/")
    page.goto("/profile/")
    page.locator("select[name=language]").select_option(language)
    page.locator("#language button").click()
    page.wait_for_url("**/profile/#language")
    return page


def _picture(page: Page, screen: Screen, file: Path) -> str:
    page.goto(screen.path)
    for link in screen.then:
        found = page.locator(link)
        if not found.count():
            return f"{page.url} has nothing to follow ({link})"
        page.goto(found.first.get_attribute("href") or "")
    page.wait_for_load_state("networkidle")
    if screen.press:
        screen.press(page)
        page.wait_for_load_state("networkidle")
    page.screenshot(path=file)
    # few colours are on a page: a third of the bytes, and nobody sees the difference
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)
    return ""


if __name__ == "__main__":
    django.setup()
    troubles = take(Path(sys.argv[1]), only=sys.argv[2] if len(sys.argv) > 2 else "")
    print("\n".join(troubles) or "Every screen has its picture.")
    sys.exit(bool(troubles))
