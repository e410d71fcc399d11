"""A real browser on the portal: people of each role, each with a window of their own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from reconciliation.controls import runner
from tests.browser.program import ARGUMENTS, PATIENCE, browser_program, missing
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser nothing here is started, the database least of all."""
    mine = [item for item in items if Path(__file__).parent in item.path.parents]
    lacks = browser_program() is None
    for item in mine:
        item.add_marker("browser")
        if lacks:
            item.add_marker(pytest.mark.skip(reason=missing()))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    # the browser's own event loop runs in this thread, beside which Django would refuse the database
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=browser_program(), args=ARGUMENTS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


class Kept:
    """Browser profiles that stay from test to test with the styles and fonts they have loaded, but with no sign-in."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.free: dict[tuple[int, str], list[BrowserContext]] = {}

    def take(self, address: str, *, width: int, scheme: Any) -> BrowserContext:
        free = self.free.setdefault((width, scheme), [])
        return free.pop() if free else self.fresh(address, width=width, scheme=scheme)

    def fresh(self, address: str, *, width: int, scheme: Any) -> BrowserContext:
        context = self.browser.new_context(
            base_url=address,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        return context

    def give_back(self, context: BrowserContext, *, width: int, scheme: Any) -> None:
        context.clear_cookies()
        self.free[width, scheme].append(context)


@pytest.fixture(scope="session")
def kept(chromium: Browser) -> Kept:
    """The profiles of this run."""
    return Kept(chromium)


class Windows:
    """Opens windows on the portal, each of somebody else, and remembers whatever went wrong in them."""

    def __init__(self, kept: Kept, address: str) -> None:
        self.kept, self.address = kept, address
        self.pages: list[tuple[Page, int, Any]] = []
        #: profiles that are not given back: a clock once set stays with its profile
        self.own: list[BrowserContext] = []
        self.people: dict[str, User] = {}
        self.wrong: list[str] = []

    def stranger(self, *, width: int = 1280, scheme: Any = "light", clock: bool = False) -> Page:
        """Somebody who has not signed in; with a clock that can be set, where a test asks for it."""
        if clock:
            self.own.append(context := self.kept.fresh(self.address, width=width, scheme=scheme))
            context.clock.install()
        else:
            context = self.kept.take(self.address, width=width, scheme=scheme)
        page = context.new_page()
        page.on("request", self._request)
        page.on("response", self._response)
        page.on("pageerror", lambda error: self.wrong.append(f"script error: {error}"))
        self.pages.append((page, width, scheme))
        return page

    def close(self) -> None:
        for page, width, scheme in self.pages:
            page.goto("about:blank")
            page.close()
            if page.context in self.own:
                page.context.close()
            else:
                self.kept.give_back(page.context, width=width, scheme=scheme)

    def of(self, role: str, *, name: str = "", width: int = 1280, scheme: Any = "light", clock: bool = False) -> Page:
        """Somebody of this role, signed in already; by name, where there are several of them."""
        # made once: a password set anew would sign out the windows opened before
        user = self.people.get(name or role) or desk_people.person(role, name)
        self.people[name or role] = user
        client = Client()
        client.force_login(user)
        page = self.stranger(width=width, scheme=scheme, clock=clock)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.address}])
        return page

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"a page asked somebody else: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 500 or (response.status == 404 and "/static/" in response.url):
            self.wrong.append(f"{response.status}: {response.url}")


@pytest.fixture
def windows(kept: Kept, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windows]:
    """Windows of people; at the end none may have met an error nobody saw."""
    # a browser keeps its connections to the portal open, and each is a thread there: were its connection to the
    # database kept too, a long run would come to more than the database takes
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    cache.clear()
    opened = Windows(kept, live_server.url)
    yield opened
    opened.close()
    assert opened.wrong == []


@pytest.fixture
def company_story(windows: Windows) -> told.Story:
    """One deal all the way to cash, one stopped, one waiting, one in doubt; and a product that is known."""
    made = desk_people.company()
    told.paid_deal(made)
    return made


@pytest.fixture
def sides(company_story: told.Story, monkeypatch: pytest.MonkeyPatch) -> told.Sides:
    """What both sides of the controls list."""
    found = told.sides_of(company_story)
    monkeypatch.setattr(runner.staging, "read_side", found.read_side)
    return found


@pytest.fixture
def lost_invoice(company_story: told.Story, sides: told.Sides) -> Callable[[], str]:
    """The control finds that a posted invoice is gone from the ERP; gives the path of its case."""

    def find() -> str:
        from reconciliation.models import ExceptionCase

        sides.lines["invoices", "right"] = []
        runner.run("invoices", entity=company_story.entity, business_date=told.DAY)
        return f"/x/{ExceptionCase.objects.get(reason='MISSING_IN_TARGET').number}"

    return find
