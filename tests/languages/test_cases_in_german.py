"""A case is told in German where it is shown; what is kept of it, and what sellers read, stays English."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from reconciliation import approvals, sentences
from reconciliation.fixes.fix import Target
from reconciliation.fixes.registry import FIXES
from reconciliation.habits.languages import language_of
from reconciliation.models import Profile
from tests.reconciliation.desk import MAPPING, at, billing_ops, case_of, preparer, unmapped
from tests.small_company import Company

pytestmark = pytest.mark.django_db


@pytest.fixture
def refused(company: Company) -> Any:
    """An invoice over 1,250.00 that its closed month refused."""
    company.sells(1, amount="1250.00")
    company.period("closed")
    company.bills(1, amount="1250.00")
    company.carries("posting")
    return case_of("PERIOD_CLOSED")


def test_the_six_sentences_are_german_with_german_amounts(refused: Any) -> None:
    fix = FIXES["try_again"]
    with translation.override("de"):
        told = sentences.six(refused, fix=fix)
    assert told.happened.startswith("Invoice INV-0001 von Customer 1 über USD 1.250,00 ist am ")
    assert told.why.endswith("Invoice INV-0001 kann dort nicht gebucht werden.")
    assert "bis er in eine andere Periode gebucht werden darf" in told.holds_up
    assert told.owner.startswith("Finanzen ist bis ") and told.press.startswith("Nach der Freigabe durch eine zweite")
    assert "der Fall schließt" in told.check


def test_in_english_they_read_as_they_always_did(refused: Any) -> None:
    told = sentences.six(refused, fix=FIXES["try_again"])
    assert told.happened == "Invoice INV-0001 of Customer 1 over USD 1,250.00 stopped on 14 May 2026 at 10:00 UTC."
    assert told.owner == "Finance owns it until 15 May 2026 10:00 UTC; nobody has taken it yet."


def test_sellers_read_english_whoever_moved_the_case(refused: Any) -> None:
    english = sentences.for_seller(refused)
    with translation.override("de"):
        assert sentences.for_seller(refused) == english


def test_what_is_asked_for_on_a_german_page_is_kept_in_english_under_the_same_hash(company: Company) -> None:
    # given a preview read in German
    target = Target(problem=unmapped(company, 3))
    fix = FIXES["map_product"]
    english = approvals.prepare(fix, target, MAPPING, user=billing_ops())
    with translation.override("de"):
        german = approvals.prepare(fix, target, MAPPING, user=billing_ops())
        assert german.says.startswith("Ab 2026-05-01 werden Geschäfte mit „GTXPro“ als Basic berechnet. 3 wartende")
        # when it is asked for there
        asked = approvals.ask(fix, target, MAPPING, user=billing_ops(), sha256=german.sha256)
    # then what an auditor reads is what an English reader would have kept
    assert german.sha256 == english.sha256 == asked.change_sha256
    assert asked.preview["says"] == english.says and asked.preview["period"] == english.period


def test_one_waiting_deal_is_one(company: Company) -> None:
    problem = unmapped(company, 1)
    shown = approvals.prepare(FIXES["map_product"], Target(problem=problem), MAPPING, user=billing_ops())
    assert shown.says.endswith("1 waiting deal is released.")
    assert "1 waiting deal goes through by itself" in FIXES["map_product"].says(case_of("PRODUCT_UNMAPPED"))


def test_the_api_says_it_in_english_to_a_german_browser(refused: Any, client: Client) -> None:
    client.force_login(preparer())
    path = f"/api/v1/cases/{refused.pk}/fixes/try_again/preview"
    answer = client.post(path, {}, content_type="application/json", headers={"Accept-Language": "de"})
    assert (
        answer.status_code == 200
        and answer.json()["says"] == FIXES["try_again"].preview(at(refused), {}, user=preparer()).says
    )


# -- whose language -------------------------------------------------------------------------------------
def _asking(accepted: str, chosen: str | None = None) -> HttpRequest:
    request = RequestFactory().get("/", headers={"Accept-Language": accepted})
    request.session = {} if chosen is None else {"language": chosen}  # type: ignore[assignment]
    request.user = billing_ops()
    return request


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR,de;q=0.7,en;q=0.5", "de"),
        ("en-GB,de;q=0.5", "en"),
        ("fr", "en"),
        ("", "en"),
        ("de" * 4000, "en"),
        (";;;q=x", "en"),
    ],
)
def test_until_somebody_chooses_pages_are_in_their_browsers_language(accepted: str, language: str) -> None:
    assert language_of(_asking(accepted)) == language


def test_what_somebody_chose_goes_before_their_browser() -> None:
    assert language_of(_asking("de", chosen="en")) == "en"
    Profile.objects.create(user=billing_ops(), language="de")
    assert language_of(_asking("en")) == "de"
    # another choice in the profile says nothing about the language
    Profile.objects.update(language="", zone="Europe/Berlin")
    assert language_of(_asking("de")) == "de"


def test_a_german_browser_gets_the_case_in_german(refused: Any, client: Client) -> None:
    client.force_login(preparer())
    page = client.get(reverse("desk:case", args=[refused.pk]), headers={"Accept-Language": "de"})
    assert page.headers["Content-Language"] == "de" and "ist am " in page.content.decode()
    assert "Nach der Freigabe durch eine zweite Person" in page.content.decode()
