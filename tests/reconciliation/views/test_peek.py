"""The piece of a case that stands beside the queue."""

import pytest
from django.test import Client

from sync.models import JournalEntry
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.test_habits import put_off

pytestmark = pytest.mark.django_db


def test_it_says_the_six_sentences_and_nothing_around_them() -> None:
    desk_people.company()
    case = desk_people.product_case()
    put_off(case)
    html = desk_people.signed_in("Executive").get(f"/x/{case.number}/peek").content.decode()
    assert html.count("<dt>") == 6 and "<html" not in html and "What happens when I press this" in html
    assert "USD 4,821.00" in html and f"/x/{case.number}" in html and "The customer answers on Monday" in html
    assert "PRODUCT_UNMAPPED" not in html


def test_it_is_for_those_who_may_see_cases_and_changes_nothing() -> None:
    desk_people.company()
    case = desk_people.product_case()
    before = JournalEntry.objects.count()
    assert desk_people.signed_in("User admin").get(f"/x/{case.number}/peek").status_code == 403
    assert desk_people.signed_in("Auditor").post(f"/x/{case.number}/peek").status_code == 405
    assert desk_people.signed_in("Auditor").get("/x/EXC-987654/peek").status_code == 404
    assert Client().get(f"/x/{case.number}/peek").status_code == 302
    assert JournalEntry.objects.count() == before
