"""The second factor: set up by its own code, each code once, wrong ones slower and slower, and asked for large sums."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pyotp
import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from reconciliation import approvals, second_factor
from reconciliation.models import ApprovalRequest, ApprovalYes, FixRun, SecondFactor
from reconciliation.second_factor import NotProven
from sync import clock
from sync.models import JournalEntry
from sync.models.fields import unseal
from tests.reconciliation.desk import approver, ask_to_post, call
from tests.reconciliation.views.markup import problems
from tests.small_company import Company, person

pytestmark = pytest.mark.django_db
Moved = Callable[[timedelta], None]


def code(user: User, *, steps: int = 0) -> str:
    """What the authenticator of this person shows, so many half minutes from now; set up where there is none."""
    if not second_factor.counts(user):
        second_factor.begin(user)
        second_factor.confirm(user, shown(user))
        # the first code is used up
        SecondFactor.objects.filter(user=user).update(last_step=0)
    return shown(user, steps=steps)


def shown(user: User, *, steps: int = 0) -> str:
    secret = unseal(SecondFactor.objects.get(user=user).sealed_secret)["totp"]
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 30 * steps)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Moved:
    """Time that only passes when it is told to, from the middle of a half minute on."""
    moment = [datetime.fromtimestamp(int(clock.now().timestamp()) // 30 * 30 + 15, tz=clock.now().tzinfo)]
    monkeypatch.setattr(clock, "_machine", lambda: moment[0])

    def by(span: timedelta) -> None:
        moment[0] += span

    return by


# -- the codes ----------------------------------------------------------------------------------------
def test_it_counts_once_a_code_of_it_was_given_back(passes: Moved) -> None:
    user = approver()
    assert not second_factor.counts(user)
    with pytest.raises(NotProven, match="no authenticator yet"):
        second_factor.prove(user, "123456")
    setup = second_factor.begin(user)
    assert (
        setup.picture.startswith("<svg")
        and setup.secret.replace(" ", "") == unseal(user.second_factor.sealed_secret)["totp"]
    )
    assert not second_factor.counts(user) and second_factor.under_way(user)
    second_factor.confirm(user, shown(user))
    assert second_factor.counts(user) and second_factor.under_way(user) is None
    assert JournalEntry.objects.filter(action="second factor set up").count() == 1
    with pytest.raises(NotProven, match="already"):
        second_factor.begin(user)


def test_the_vectors_of_the_standard() -> None:
    # RFC 6238, appendix B, SHA-1, cut to six digits
    secret = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert [secret.at(at) for at in (59, 1111111109, 1234567890, 20000000000)] == [
        "287082",
        "081804",
        "005924",
        "353130",
    ]


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(passes: Moved, steps: int, good: bool) -> None:
    user = approver()
    given = code(user, steps=steps)
    if good:
        assert second_factor.prove(user, f" {given[:3]} {given[3:]} ") == clock.now()
    else:
        with pytest.raises(NotProven, match="not the code of this moment"):
            second_factor.prove(user, given)


def test_a_code_counts_once_and_never_an_older_one_after_it(passes: Moved) -> None:
    user = approver()
    older, now = code(user, steps=-1), code(user)
    second_factor.prove(user, now)
    for used in (now, older):
        with pytest.raises(NotProven):
            second_factor.prove(user, used)
    passes(timedelta(seconds=30))
    assert second_factor.prove(user, code(user))


def test_after_five_wrong_codes_waiting_doubles_and_a_right_one_ends_it(passes: Moved) -> None:
    user = approver()
    code(user)

    def says(text: str) -> str:
        with pytest.raises(NotProven) as refused:
            second_factor.prove(user, text)
        return str(refused.value)

    assert {says("000000") for _ in range(5)} == {
        "This is not the code of this moment. Take the next one your authenticator shows."
    }
    # not even the right one
    assert says(code(user)) == "Too many wrong codes. Try again in 31 seconds."
    passes(timedelta(seconds=31))
    assert "not the code" in says("000000")
    assert says(code(user)) == "Too many wrong codes. Try again in 61 seconds."
    passes(timedelta(seconds=61))
    assert second_factor.prove(user, code(user))
    assert SecondFactor.objects.get().misses == 0


def test_one_takes_one_s_own_away_by_a_code_and_another_s_without(passes: Moved) -> None:
    user, keeper = approver(), person("keeper", "User admin")
    code(user)
    with pytest.raises(NotProven):
        second_factor.take_away(user, by=user, code="000000")
    second_factor.take_away(user, by=user, code=code(user))
    assert not second_factor.counts(user)
    code(user)
    second_factor.take_away(user, by=keeper)
    said = JournalEntry.objects.filter(action="second factor taken away").order_by("pk").last()
    assert not second_factor.counts(user) and said.text == f"{keeper} took the authenticator of {user} away."


def test_a_user_administrator_takes_a_lost_one_away_in_the_admin_and_sees_no_secret(client: Client) -> None:
    user = approver()
    code(user)
    row = SecondFactor.objects.get()
    address = reverse("admin:reconciliation_secondfactor_delete", args=[row.pk])
    client.force_login(approver())
    assert client.post(address, {"post": "yes"}).status_code == 403
    client.force_login(person("keeper", "User admin"))
    page = client.get(reverse("admin:reconciliation_secondfactor_change", args=[row.pk])).content.decode()
    assert row.sealed_secret not in page and unseal(row.sealed_secret)["totp"] not in page
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not second_factor.counts(user) and JournalEntry.objects.filter(action="second factor taken away").exists()


# -- where it is asked for ------------------------------------------------------------------------------
def test_a_sum_below_the_limit_needs_none(company: Company) -> None:
    request = ask_to_post(company, "9999.99")
    assert not request.needs_proof and approvals.approve(request.pk, user=approver())


def test_from_the_limit_on_a_yes_is_proved_and_the_proof_is_fresh(company: Company) -> None:
    request = ask_to_post(company, "10000.00")
    assert request.needs_proof
    for old in (None, clock.now() - second_factor.STANDS - timedelta(seconds=1)):
        with pytest.raises(approvals.ProofNeeded):
            approvals.approve(request.pk, user=approver(), proved_at=old)
    assert not FixRun.objects.exists() and not ApprovalYes.objects.exists()
    assert approvals.approve(request.pk, user=approver(), proved_at=clock.now() - timedelta(minutes=14))
    assert ApprovalYes.objects.get().proved_at


def test_the_database_refuses_a_yes_without_proof(company: Company) -> None:
    request = ask_to_post(company, "10000.00")
    now = clock.now()
    for proved in (None, now - timedelta(minutes=16)):
        with pytest.raises(IntegrityError, match="yes_is_proved"), transaction.atomic():
            ApprovalYes.objects.create(request=request, user=approver(), said_at=now, proved_at=proved)


def test_the_page_asks_for_the_code_once_in_a_quarter_of_an_hour(company: Company, client: Client) -> None:
    request, user = ask_to_post(company, "20000.00"), approver()
    client.force_login(user)
    page, decide = (
        reverse("desk:approval", args=[request.pk]),
        reverse("desk:approval_decide", args=[request.pk, "approve"]),
    )
    given = {"sha256": request.change_sha256, "because": "Agreed"}
    # without one there is nothing to give
    assert "You have none yet" in client.get(page).content.decode()
    answer = client.post(decide, given)
    assert answer.status_code == 403 and "needs your second factor" in answer.content.decode()
    # with one, a wrong code says so and keeps what was written
    number = code(user)
    answer = client.post(decide, {**given, "code": "000000"})
    text = answer.content.decode()
    assert answer.status_code == 403 and "not the code of this moment" in text and ">Agreed</textarea>" in text
    assert problems(text) == [] and not FixRun.objects.exists()
    assert client.post(decide, {**given, "code": number}).status_code == 302
    request.refresh_from_db()
    assert request.status == "approved"
    # a second one within a quarter of an hour asks for none
    other = ApprovalRequest.objects.get(pk=request.pk)
    other.pk, other.status, other.change_sha256 = None, "pending", "1" * 64
    other.decided_by = other.decided_at = None
    other.save()
    assert "one-time-code" not in client.get(reverse("desk:approval", args=[other.pk])).content.decode()


def test_the_api_takes_the_code(company: Company) -> None:
    request, user = ask_to_post(company, "20000.00"), approver()
    status, answer = call(user, f"approvals/{request.pk}/approve", {})
    assert status == 403 and "second factor" in answer["detail"]
    number = code(user)
    status, answer = call(user, f"approvals/{request.pk}/approve", {"code": "000000"})
    assert status == 403 and "not the code" in answer["detail"]
    status, answer = call(user, f"approvals/{request.pk}/approve", {"code": number})
    assert (status, answer["status"]) == (200, "approved")


def test_it_is_set_up_in_the_profile(client: Client) -> None:
    user = approver()
    client.force_login(user)
    profile = reverse("desk:profile")
    assert "Set one up" in client.get(profile).content.decode()
    client.post(reverse("desk:authenticator_begin"))
    text = client.get(profile).content.decode()
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", text)
    assert found and "<svg" in text and problems(text) == []
    wrong = client.post(reverse("desk:authenticator_confirm"), {"code": "000000"})
    assert wrong.status_code == 422 and "not the code of this moment" in wrong.content.decode()
    secret = found[1].replace(" ", "")
    client.post(reverse("desk:authenticator_confirm"), {"code": pyotp.TOTP(secret).at(int(clock.now().timestamp()))})
    text = client.get(profile).content.decode()
    assert second_factor.counts(user) and "You have one" in text and secret not in text and problems(text) == []
    client.post(reverse("desk:authenticator_remove"), {"code": code(user, steps=1)})
    assert not second_factor.counts(user)
