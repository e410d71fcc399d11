"""The trail of a deal and of a customer, and the way there from any id."""

import pytest
from django.test import Client

from reconciliation import figures_trail, trail_finder
from reconciliation.models import ExceptionCase
from reconciliation.trail_moments import moments
from sync.models import Connection
from tests.reconciliation.views import story as told
from tests.reconciliation.views.story import ACCOUNT, BLOCKED, DOUBT, PAID, STUCK_ACCOUNT, WAITING

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> told.Story:
    return told.whole()


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(told.person("auditor", "Auditor"))
    return client


def _read(correlation_id: str) -> figures_trail.Trail:
    trail = figures_trail.read(correlation_id)
    assert trail is not None
    return trail


def test_a_paid_deal_shows_every_station_with_its_ids_and_links(story: told.Story) -> None:
    # given a deal that went all the way
    # when its trail is read
    trail = _read(f"deal:{PAID}")
    # then every station is there, in order, and none is missing
    assert [one.kind for one in trail.stations] == [
        "opportunity",
        "contract",
        "subscription",
        "invoice",
        "payment",
        "allocation",
        "feedback",
    ]
    assert not any(one.expected for one in trail.stations)
    # and each system's own id leads to its own screen
    names = {(name.system, name.text): name.url for one in trail.stations for name in one.names}
    assert set(names) == {
        ("Salesforce", PAID),
        ("Stripe", "sub_1"),
        ("Stripe", "in_1"),
        ("NetSuite", "9001"),
        ("Stripe", "pi_1"),
        ("NetSuite", "9002"),
        ("NetSuite", "9002:9001"),
    }
    assert all(url.startswith("http") for url in names.values())
    # and the invoice passed all seven steps with their times
    invoice = next(one for one in trail.stations if one.kind == "invoice")
    assert invoice.current is not None
    assert [step.mark for step in invoice.current.steps] == ["done"] * 7
    assert all(step.at for step in invoice.current.steps)
    assert trail.where.tone == "good"


def test_a_billing_system_has_no_posting_step(story: told.Story) -> None:
    contract = next(one for one in _read(f"deal:{PAID}").stations if one.kind == "contract")
    assert contract.current is not None
    assert {step.label: step.mark for step in contract.current.steps}["Posted"] == "unused"
    assert (contract.current.done, contract.current.used) == (6, 6)


def test_a_blocked_deal_says_why_and_leads_to_its_case(story: told.Story) -> None:
    trail = _read(f"deal:{BLOCKED}")
    case = ExceptionCase.objects.get(reference=f"contract:{BLOCKED}")
    assert trail.where.case == case
    assert "GTXPro" in trail.where.text and "PRODUCT_UNMAPPED" not in trail.where.text
    # what cannot come yet is not called late
    gaps = [one.expected for one in trail.stations if one.expected]
    assert "Comes after the subscription: invoice" in gaps


def test_a_waiting_deal_names_what_it_waits_for(story: told.Story) -> None:
    trail = _read(f"deal:{WAITING}")
    assert trail.where.text == "Contract: Waiting for customer Bioholding."
    assert trail.where.link == f"/t/customer:{STUCK_ACCOUNT}"


def test_silence_of_a_target_is_doubt_and_nothing_to_do_by_hand(story: told.Story) -> None:
    trail = _read(f"deal:{DOUBT}")
    assert trail.where.tone == "doubt"
    assert "Do not create it by hand" in trail.where.text
    assert any("no answer" in one.text for one in moments(trail))


def test_a_missing_invoice_is_expected_from_billing(story: told.Story) -> None:
    # given a subscription without an invoice
    item = told.deal(story, told.sf_id("006", 9), "55.00")
    story.deliver(item, story.stripe, kind="contract", reference=item.reference, external_id="sub_9")
    # then the gap names who should send it
    assert [one.expected for one in _read(item.correlation_id).stations if one.kind == "invoice"] == [
        "Expected: invoice from Stripe"
    ]


def test_the_timeline_holds_calls_attempts_and_journal_in_order(story: told.Story) -> None:
    trail = _read(f"deal:{PAID}")
    found = moments(trail)
    assert [one.at for one in found] == sorted(one.at for one in found)
    texts = " ".join(one.text for one in found)
    assert "Salesforce called us" in texts and "NetSuite took it" in texts and "handed to the outbox" in texts


def test_a_customer_shows_both_accounts_and_its_deals(story: told.Story) -> None:
    trail = _read(f"customer:{ACCOUNT}")
    assert {(name.system, name.text) for one in trail.stations for name in one.names} == {
        ("Salesforce", ACCOUNT),
        ("Stripe", "cus_1"),
        ("NetSuite", "501"),
    }
    assert [row[0] for row in trail.deals] == [f"Deal {BLOCKED}", f"Deal {PAID}"]
    # and a customer that stands still shows the deals that wait for it
    stuck = _read(f"customer:{STUCK_ACCOUNT}")
    assert stuck.where.tone == "stop"
    assert [row[0] for row in stuck.deals] == [f"Deal {WAITING}"]


def test_a_broken_connection_costs_links_and_nothing_else(story: told.Story) -> None:
    row = Connection.objects.get(code="netsuite")
    row.sealed_secrets = "nonsense"
    row.save()
    trail = _read(f"deal:{PAID}")
    assert trail.missing == ["NetSuite"]
    assert ("NetSuite", "9001", "") in {
        (name.system, name.text, name.url) for one in trail.stations for name in one.names
    }


@pytest.mark.parametrize("view", ["compact", "timeline", "full", "nonsense"])
@pytest.mark.parametrize(
    "cid", [f"deal:{PAID}", f"deal:{BLOCKED}", f"deal:{DOUBT}", f"customer:{ACCOUNT}", f"customer:{STUCK_ACCOUNT}"]
)
def test_every_view_of_every_trail_opens(story: told.Story, auditor: Client, view: str, cid: str) -> None:
    answer = auditor.get(f"/t/{cid}", {"view": view})
    assert answer.status_code == 200
    assert "Where it stands" in answer.content.decode()


def test_a_trail_nobody_knows_is_said_in_words(story: told.Story, auditor: Client) -> None:
    answer = auditor.get("/t/deal:006nothing")
    assert answer.status_code == 404
    assert "may not have reached us yet" in answer.content.decode()


def test_a_trail_asks_the_database_a_fixed_number_of_times(
    story: told.Story,
    auditor: Client,
    django_assert_max_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    auditor.get(f"/t/deal:{PAID}?view=full")
    with django_assert_max_num_queries(60):
        auditor.get(f"/t/deal:{PAID}?view=full")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (PAID, f"/t/deal:{PAID}"),
        (PAID[:15], f"/t/deal:{PAID}"),
        ("sub_1", f"/t/deal:{PAID}"),
        ("in_1", f"/t/deal:{PAID}"),
        ("ABC-0001", f"/t/deal:{PAID}"),
        ("9001", f"/t/deal:{PAID}"),
        ("pi_1", f"/t/deal:{PAID}"),
        ("cus_1", f"/t/customer:{ACCOUNT}"),
        ("501", f"/t/customer:{ACCOUNT}"),
        ("canc", f"/t/customer:{ACCOUNT}"),
        ("Biohold", f"/t/customer:{STUCK_ACCOUNT}"),
        (f"deal:{BLOCKED}", f"/t/deal:{BLOCKED}"),
        (BLOCKED, f"/t/deal:{BLOCKED}"),
    ],
)
def test_any_id_of_any_system_leads_to_its_trail(story: told.Story, auditor: Client, text: str, wanted: str) -> None:
    answer = auditor.get("/find", {"q": text})
    assert (answer.status_code, answer.get("Location")) == (302, wanted)


def test_a_case_number_leads_to_its_page(story: told.Story, auditor: Client) -> None:
    case = ExceptionCase.objects.order_by("pk").first()
    assert case is not None
    assert auditor.get("/find", {"q": case.number.lower()}).get("Location") == f"/x/{case.number}"
    assert auditor.get("/find", {"q": case.problem.number}).get("Location") == f"/p/{case.problem.number}"


def test_an_id_is_looked_for_in_one_system_only_when_asked_so(story: told.Story) -> None:
    assert trail_finder.find("9001", system="netsuite")
    assert not trail_finder.find("9001", system="salesforce")


def test_nothing_found_says_what_to_try(story: told.Story, auditor: Client) -> None:
    answer = auditor.get("/find", {"q": "nothing like it"})
    assert "Check the spelling" in answer.content.decode()


def test_who_is_not_signed_in_signs_in_first(client: Client) -> None:
    assert client.get("/find").status_code == 302
    assert client.get("/t/deal:1").get("Location", "").startswith("/admin/login/")
