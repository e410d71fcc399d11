"""Going anywhere from one field: what it finds, for whom, and how little it asks for it."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from q2c_portal.roles import ROLES
from reconciliation.habits import pages, palette, saved_views
from reconciliation.models import ApprovalRequest
from sync.models import CustomerRecord
from tests.browser.pages import ask_for_the_mapping
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> told.Story:
    """A company with open cases, and one deal that went all the way."""
    found = desk_people.company()
    told.paid_deal(found)
    return found


def offered(role: str, text: str) -> dict[str, list[str]]:
    """What somebody of this role is offered."""
    return groups(desk_people.signed_in(role), text)


def groups(client: Client, text: str) -> dict[str, list[str]]:
    """Group -> addresses, as the page's piece has them."""
    html = client.get("/palette", {"q": text}).content.decode()
    found: dict[str, list[str]] = {}
    for part in html.split('role="group"')[1:]:
        name = re.search(r'role="presentation">([^<]*)<', part)
        assert name is not None
        found[name[1]] = [unescape(link) for link in re.findall(r'data-link="([^"]*)"', part)]
    return found


FOUND = "Cases, customers and ids"


@pytest.mark.parametrize("written", ["{}", "{} ", "lower", "spaced"])
def test_a_case_a_problem_and_an_approval_are_found_by_number(made: told.Story, written: str) -> None:
    case, problem, asked = desk_people.product_case(), desk_people.product_problem(), ask_for_the_mapping()
    for number, link in (
        (case.number, f"/x/{case.number}"),
        (problem.number, f"/p/{problem.number}"),
        (asked.number, f"/approvals/{asked.number}"),
    ):
        text = {"lower": number.lower(), "spaced": number.replace("-", " ")}.get(written, written.format(number))
        assert offered("Finance preparer", text)[FOUND] == [link]


@pytest.mark.parametrize("text", ["cus_1", "ABC-0001", "9001", "in_1", told.PAID, "pi_1"])
def test_an_id_of_any_system_leads_to_its_trail(made: told.Story, text: str) -> None:
    assert any(link.startswith("/t/") for link in offered("Finance preparer", text)[FOUND])


@pytest.mark.parametrize("text", ["Canc", "canc", "CANC", "Cancity"])
def test_a_customer_is_found_by_the_beginning_of_the_name(made: told.Story, text: str) -> None:
    CustomerRecord.objects.filter(name="Cancity").update(name="CANCITY" if text == "CANC" else "Cancity")
    assert offered("Auditor", text)[FOUND] == [f"/t/customer:{told.ACCOUNT}"]


def test_pages_views_and_records_are_found_by_their_words(made: told.Story) -> None:
    saved_views.save(
        user=desk_people.person("Billing operations"), name="Our big ones", scope="everyone", query="?amount=10000"
    )
    assert offered("Finance preparer", "posting wind")["Pages"] == ["/close/"]
    assert offered("Finance preparer", "exec")["Pages"] == ["/dashboards/executive"]
    assert offered("Finance preparer", "big our")["Views of the queue"] == ["/queue/?amount=10000"]
    assert offered("Finance preparer", "invoice rec")["Records"] == ["/admin/sync/invoicerecord/"]
    # nothing typed: pages and views, and none of the many tables
    assert set(offered("Finance preparer", "")) == {"Pages", "Views of the queue"}


#: each opens some sixty pages; the rest in make stories
IN_EVERY_RUN = {"Finance approver", "Integration support", "Executive", "User admin", "Configuration admin"}


@pytest.mark.parametrize(
    "role", [role if role in IN_EVERY_RUN else pytest.param(role, marks=pytest.mark.slow) for role in ROLES]
)
def test_every_page_it_offers_opens_and_every_other_refuses(made: told.Story, role: str) -> None:
    user = desk_people.person(role)
    client = Client()
    client.force_login(user)
    every = {link for _, link in pages.open_to(_everything(), pages.PLACES + pages.BENEATH)}
    mine = {link for _, link in pages.open_to(user, pages.PLACES + pages.BENEATH)}
    assert {link: client.get(link).status_code for link in every} == {
        link: 200 if link in mine else 403 for link in every
    }
    for text in ("a", "s", "e", "c", "p"):
        for links in groups(client, text).values():
            assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def _everything() -> Any:
    class Everything:
        def has_perm(self, permission: str) -> bool:
            return True

    return Everything()


def test_it_says_nothing_of_what_a_role_may_not_see(made: told.Story) -> None:
    asked = ask_for_the_mapping()
    for text in (desk_people.product_case().number, "Cancity", told.PAID, asked.number):
        assert set(offered("User admin", text)) <= {"Pages", "Records"}
    # executives see cases and no approvals: neither its page nor its title
    client = desk_people.signed_in("Executive")
    html = client.get("/palette", {"q": asked.number}).content.decode()
    assert asked.number in html and "/approvals/" not in html and ApprovalRequest.objects.get().title not in html
    saved_views.save(user=desk_people.person("Auditor"), name="Secretive", scope="me", query="?team=finance")
    assert "Views of the queue" in offered("Auditor", "secretive")
    assert "Views of the queue" not in offered("Finance preparer", "secretive")


def test_without_signing_in_it_asks_for_that_first(made: told.Story) -> None:
    answer = Client().get("/palette", {"q": "EXC-1"})
    assert answer.status_code == 302 and answer.url.startswith("/admin/login/")  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["<b>x</b>", "\x00", "x" * 500, "%", "'", "EXC-999999999999999999", "EXC-0"])
def test_what_nobody_knows_is_no_error_and_leads_on(made: told.Story, text: str) -> None:
    answer = desk_people.signed_in("Auditor").get("/palette", {"q": text})
    html = answer.content.decode()
    assert answer.status_code == 200 and "<b>" not in html
    assert 'data-known=""' in html if text not in ("\x00",) else 'data-known="1"' in html


def test_what_goes_by_nothing_can_be_looked_for_further(made: told.Story) -> None:
    assert offered("Auditor", "a&b") == {"Look further": ["/queue/?q=a%26b", "/find?q=a%26b"]}
    assert not palette.offer("zzz", user=desk_people.person("User admin")).groups


#: session and person, then groups and permissions, are asked by every page
@pytest.mark.parametrize(
    ("text", "most"),
    [("", 7), ("clo", 8), ("Cancity", 8), ("{case}", 9), ("EXC-999999", 8), (told.PAID, 11), ("cus_1", 11)],
)
def test_it_asks_little(made: told.Story, text: str, most: int) -> None:
    client = desk_people.signed_in("Finance preparer")
    text = text.format(case=desk_people.product_case().number)
    with CaptureQueriesContext(connection) as asked:
        client.get("/palette", {"q": text})
    statements = [one["sql"] for one in asked.captured_queries]
    assert len(statements) <= most, statements
    assert not [one for one in statements if "COUNT(" in one or "LIKE '%" in one or "LIKE UPPER('%" in one]
