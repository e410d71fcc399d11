"""The desk's pages: who sees what, and the whole way from a problem to a finished run."""

import pytest
from django.test import Client

from reconciliation import approvals, cases, figures
from reconciliation.fixes.fix import Target
from reconciliation.fixes.registry import FIXES
from reconciliation.habits import since
from reconciliation.models import ApprovalRequest, ExceptionCase, FixRun
from reconciliation.risk_flags import risk_flags
from sync.models import JournalEntry, ProductMapping
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
ROLES = [
    "Sales operations",
    "Billing operations",
    "Finance preparer",
    "Finance approver",
    "Integration support",
    "Auditor",
    "Executive",
    "Configuration admin",
    "User admin",
]


def _mark(case: ExceptionCase) -> str:
    """What the forms of a page opened now carry."""
    case.refresh_from_db()
    return since.mark(case)


def _text(response) -> str:
    return response.content.decode()


def _previewed(client: Client) -> str:
    problem = desk_people.product_problem()
    response = client.post(f"/p/{problem.number}/preview", desk_people.INPUTS)
    assert response.status_code == 200, _text(response)
    return next(one.preview["sha256"] for one in response.context["offered"] if one.preview)


def _asked() -> ApprovalRequest:
    fix, target = FIXES["map_product"], Target(problem=desk_people.product_problem())
    inputs = {name: value for name, value in desk_people.INPUTS.items() if name != "fix"}
    user = desk_people.person("Billing operations")
    return approvals.ask(
        fix, target, inputs, user=user, sha256=fix.preview(target, inputs, user=user).sha256, because="The same product"
    )


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_home_page_and_no_page_fails_for_it(role):
    # given a company with work and a request that waits
    desk_people.company()
    problem, case, asked = desk_people.product_problem(), desk_people.product_case(), _asked()
    client = desk_people.signed_in(role)
    # when the person opens every page
    home = client.get("/admin/")
    others = [
        client.get(path).status_code
        for path in (
            "/queue/",
            f"/p/{problem.number}",
            f"/x/{case.number}",
            "/approvals/",
            f"/approvals/{asked.number}",
        )
    ]
    # then each answers, with the page or a refusal in words
    assert home.status_code == 200 and client.get("/").url == "/admin/"
    assert set(others) <= {200, 403}
    assert others == [403] * 5 if role == "User admin" else others[0] == 200


def test_without_signing_in_every_page_asks_for_it_first():
    desk_people.company()
    for path in ("/admin/", "/queue/", f"/p/{desk_people.product_problem().number}", "/approvals/", "/runs/1"):
        response = Client().get(path)
        assert response.status_code == 302 and response.url.startswith("/admin/login/"), path


def test_my_work_shows_the_four_figures_of_my_team():
    desk_people.company()
    desk = figures.desk(desk_people.person("Billing operations"))
    assert (desk.open, desk.mine, desk.to_decide, desk.held) == (1, 0, 0, ["USD 4,821.00"])
    assert figures.desk(desk_people.person("Auditor")).open == 2


def test_a_case_page_answers_six_questions_before_anything_else():
    desk_people.company()
    case = desk_people.product_case()
    body = _text(desk_people.signed_in("Billing operations").get(f"/x/{case.number}")).split("<main")[1]
    questions = [
        "What happened",
        "Why",
        "What it holds up",
        "Who owns it",
        "What happens when I press this",
        "How we check it worked",
    ]
    places = [body.index(f"<dt>{question}</dt>") for question in questions]
    assert (
        places == sorted(places)
        and places[-1] < body.index('id="history"')
        and body.index("<dl") < body.index('id="fix"')
    )
    assert "stopped here" in body
    # codes stand in the closed block only
    assert "PRODUCT_UNMAPPED" in body.split("<details")[-1] and "PRODUCT_UNMAPPED" not in body.split("<details")[0]


def test_what_does_not_exist_is_said_in_words():
    client = desk_people.signed_in("Auditor")
    for path, words in (
        ("/x/EXC-987654", "no case EXC-987654"),
        ("/p/PRB-987654", "no problem PRB-987654"),
        ("/approvals/APR-987654", "no request APR-987654"),
    ):
        response = client.get(path)
        assert response.status_code == 404 and words in _text(response)
    assert client.get("/x/EXC-99999999999999999999999").status_code == 404


def test_nothing_changes_by_get():
    desk_people.company()
    case, problem = desk_people.product_case(), desk_people.product_problem()
    client = desk_people.signed_in("Billing operations")
    for path in (
        f"/x/{case.number}/take",
        f"/x/{case.number}/comment",
        f"/p/{problem.number}/ask",
        f"/p/{problem.number}/preview",
    ):
        assert client.get(path).status_code == 405


def test_a_form_without_its_token_is_refused():
    desk_people.company()
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk_people.person("Billing operations"))
    assert client.post(f"/x/{desk_people.product_case().number}/take", {"version": 1}).status_code == 403


def test_the_fix_is_prefilled_with_the_likely_answer_and_why():
    desk_people.company()
    body = _text(desk_people.signed_in("Billing operations").get(f"/p/{desk_people.product_problem().number}"))
    assert '<option value="GTX Pro" selected>' in body
    assert "differ only in spaces or capitals" in body


def test_a_bad_input_is_named_beside_its_field_and_what_was_typed_stays():
    desk_people.company()
    client = desk_people.signed_in("Billing operations")
    response = client.post(
        f"/p/{desk_people.product_problem().number}/preview", {**desk_people.INPUTS, "valid_from": "soon"}
    )
    assert response.status_code == 422
    assert "Give a date such as" in _text(response) and 'value="soon"' in _text(response)


def test_from_preview_to_finished_run_through_the_pages():
    # given a problem, its owner and an approver
    desk_people.company()
    problem, owner, approver = (
        desk_people.product_problem(),
        desk_people.signed_in("Billing operations"),
        desk_people.signed_in("Finance approver"),
    )
    # when the owner previews and asks
    sha256 = _previewed(owner)
    response = owner.post(
        f"/p/{problem.number}/ask", {**desk_people.INPUTS, "sha256": sha256, "because": "It is GTX Pro"}
    )
    asked = ApprovalRequest.objects.get()
    assert response.url == f"/approvals/{asked.number}"
    # then the owner cannot decide, and reads why
    page = owner.get(response.url)
    assert "You asked for this; another approver must decide." in _text(page)
    assert owner.post(f"/approvals/{asked.number}/approve", {"sha256": asked.change_sha256}).status_code == 403
    # and the approver sees the reason and the same list, and approves
    assert "It is GTX Pro" in _text(approver.get(f"/approvals/{asked.number}"))
    response = approver.post(f"/approvals/{asked.number}/approve", {"sha256": asked.change_sha256, "because": "Agreed"})
    run = FixRun.objects.get()
    assert response.url == f"/runs/{run.pk}"
    # the run renews itself while it goes on, and stops when it is over
    assert 'hx-trigger="every 2s"' in _text(owner.get(f"/runs/{run.pk}"))
    desk_people.finish(run)
    body = _text(owner.get(f"/runs/{run.pk}/progress"))
    assert "1 of 1 finished" in body and "hx-trigger" not in body
    assert "Nothing to do" in _text(owner.get(f"/x/{ExceptionCase.objects.get(problem=problem).number}"))
    assert "Solved" in _text(owner.get(f"/p/{problem.number}"))


def test_a_change_that_is_not_the_one_shown_is_not_asked_for():
    desk_people.company()
    client = desk_people.signed_in("Billing operations")
    sha256 = _previewed(client)
    response = client.post(
        f"/p/{desk_people.product_problem().number}/ask",
        {**desk_people.INPUTS, "valid_from": "2026-02-01", "sha256": sha256, "because": "Typed already"},
    )
    assert response.status_code == 409
    assert "Something changed since this was prepared" in _text(response) and "Typed already" in _text(response)
    assert not ApprovalRequest.objects.exists()


def test_refusing_needs_a_reason_and_says_so():
    desk_people.company()
    asked = _asked()
    approver = desk_people.signed_in("Finance approver")
    response = approver.post(f"/approvals/{asked.number}/refuse", {"sha256": asked.change_sha256})
    assert response.status_code == 422 and "Say why you refuse" in _text(response)
    approver.post(f"/approvals/{asked.number}/refuse", {"sha256": asked.change_sha256, "because": "Not this one"})
    asked.refresh_from_db()
    assert asked.status == ApprovalRequest.Status.REFUSED


def test_an_approval_of_something_else_than_what_the_page_showed_is_refused():
    desk_people.company()
    asked = _asked()
    response = desk_people.signed_in("Finance approver").post(
        f"/approvals/{asked.number}/approve", {"sha256": "0" * 64}
    )
    assert response.status_code == 409 and not FixRun.objects.exists()


def test_what_changed_under_a_request_is_said_and_the_request_is_outdated():
    desk_people.company()
    asked = _asked()
    ProductMapping.objects.filter(crm_product="GTX Pro").update(erp_item="OTHER")
    response = desk_people.signed_in("Finance approver").post(
        f"/approvals/{asked.number}/approve", {"sha256": asked.change_sha256}
    )
    assert response.status_code == 409 and "Something changed since this was prepared" in _text(response)


@pytest.mark.parametrize("role", ["Auditor", "Executive", "Finance approver", "Configuration admin"])
def test_people_who_only_look_see_why_there_is_no_button_and_cannot_press_it(role):
    desk_people.company()
    case, problem, client = desk_people.product_case(), desk_people.product_problem(), desk_people.signed_in(role)
    body = _text(client.get(f"/p/{problem.number}"))
    assert "Your role can look at this but not prepare fixes" in body and "/preview" not in body
    assert client.post(f"/p/{problem.number}/preview", desk_people.INPUTS).status_code == 403
    assert client.post(f"/x/{case.number}/take", {"version": case.version}).status_code == 403


def test_a_superuser_presses_nothing():
    desk_people.company()
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("root", password="not used"))
    asked = _asked()
    assert client.post(f"/p/{desk_people.product_problem().number}/preview", desk_people.INPUTS).status_code == 403
    assert client.post(f"/approvals/{asked.number}/approve", {"sha256": asked.change_sha256}).status_code == 403


def test_taking_a_case_on_an_old_page_says_who_was_faster():
    desk_people.company()
    case = desk_people.product_case()
    cases.take(case.pk, user=desk_people.person("Integration support"))
    response = desk_people.signed_in("Billing operations").post(
        f"/x/{case.number}/take", {"version": case.version}, follow=True
    )
    assert "took it after you opened this page" in _text(response)


def test_taking_and_commenting_leave_their_trace():
    desk_people.company()
    case, client = desk_people.product_case(), desk_people.signed_in("Billing operations")
    assert "is yours" in _text(client.post(f"/x/{case.number}/take", {"version": case.version}, follow=True))
    body = _text(
        client.post(f"/x/{case.number}/comment", {"text": "Asked <b>sales</b>", "version": _mark(case)}, follow=True)
    )
    assert "Asked &lt;b&gt;sales&lt;/b&gt;" in body
    assert JournalEntry.objects.filter(object_key=case.number, action="commented").exists()
    assert client.post(f"/x/{case.number}/comment", {"text": "a\x00b", "version": _mark(case)}).status_code == 302
    assert "Write what you want to say" in _text(
        client.post(f"/x/{case.number}/comment", {"text": " ", "version": _mark(case)}, follow=True)
    )


def test_an_approver_is_told_of_backdating():
    desk_people.company()
    assert any("days back" in flag for flag in risk_flags(_asked()))
