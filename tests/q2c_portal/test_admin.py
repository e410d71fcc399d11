"""Admin pages: everything opens to read, nothing that the engine writes can be typed in."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from q2c_portal.roles import ROLES
from reconciliation.models import (
    ExceptionCase,
    OwnershipRule,
)
from sync import journal
from sync.models import (
    Connection,
    JournalEntry,
    LatePosting,
    ProductMapping,
)
from tests import kept
from tests.q2c_portal.whole import OURS, whole
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db
#: edited by configuration admins, late postings signed by finance; all others are written by the engine or by approvals
EDITABLE = {"connection", "noticeroom", "ownershiprule", "legalentity", "postingwindow", "lateposting"}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[told.Story]:
    with kept.rows(django_db_blocker), pytest.MonkeyPatch.context() as patch:
        yield whole(patch)


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(told.person("auditor", "Auditor"))
    return client


def _url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_an_auditor_reads_every_page_and_changes_nothing(world: told.Story, auditor: Client, model: Any) -> None:
    # given one row
    row = model._default_manager.first()
    assert row is not None, "the world has no row of this table"
    # when the auditor looks
    listed, shown = auditor.get(_url(model, "changelist")), auditor.get(_url(model, "change", row.pk))
    # then both pages open, and neither saves anything
    assert (listed.status_code, shown.status_code) == (200, 200)
    assert 'name="_save"' not in shown.content.decode()
    assert auditor.get(_url(model, "add")).status_code == 403
    assert auditor.post(_url(model, "change", row.pk), {"x": "1"}).status_code == 403
    assert auditor.post(_url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "model", [m for m in OURS if m._meta.model_name not in EDITABLE], ids=lambda model: model._meta.label
)
def test_not_even_a_superuser_types_in_what_the_engine_writes(
    world: told.Story, admin_client: Client, model: Any
) -> None:
    row = model._default_manager.first()
    assert admin_client.get(_url(model, "add")).status_code == 403
    assert admin_client.post(_url(model, "change", row.pk), {"x": "1"}).status_code == 403
    assert admin_client.post(_url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_list_searches_by_beginning_only(world: told.Story, auditor: Client, model: Any) -> None:
    page = admin.site._registry[model]
    assert all(field.endswith("__startswith") for field in page.search_fields)
    assert (page.list_per_page, page.show_full_result_count) == (50, False)
    assert auditor.get(_url(model, "changelist"), {"q": "GTX"}).status_code == 200


@pytest.mark.parametrize("model", [m for m in OURS if hasattr(m, "history")], ids=lambda model: model._meta.label)
def test_history_is_shown_to_the_auditor(world: told.Story, auditor: Client, model: Any) -> None:
    row = model._default_manager.first()
    assert auditor.get(_url(model, "history", row.pk)).status_code == 200


def test_a_mapping_page_says_how_mappings_change(world: told.Story, auditor: Client) -> None:
    row = ProductMapping.objects.get()
    assert "press its fix" in auditor.get(_url(ProductMapping, "change", row.pk)).content.decode()


def test_finance_signs_a_cut_off_assessment_on_its_page(world: told.Story, client: Client) -> None:
    client.force_login(told.person("fin", "Finance approver"))
    row = LatePosting.objects.get()
    page = _url(LatePosting, "change", row.pk)
    # an empty sentence is refused in words, a whole one is signed, once
    refused = client.post(page, {"accrued": "passed", "assessment": ""}, follow=True)
    assert "say in a sentence" in refused.content.decode()
    client.post(page, {"accrued": "passed", "assessment": "Service begins in October.", "amount": "1"})
    row.refresh_from_db()
    assert (row.accrued, row.amount, row.assessed_by.username) == ("passed", 100, "fin")
    assert client.post(page, {"accrued": "accrued", "assessment": "No"}).status_code == 403


def test_secrets_go_in_and_never_come_out(world: told.Story, client: Client) -> None:
    # given a configuration admin
    client.force_login(told.person("config", "Configuration admin"))
    row = Connection.objects.get(code="stripe")
    fields = {
        "code": row.code,
        "label": row.label,
        "system": row.system,
        "role": row.role,
        "base_url": row.base_url,
        "is_sandbox": "on",
        "settings": "{}",
        "time_zone": "UTC",
        "concurrency": "4",
        "rate_per_second": "50",
    }
    # when they replace its secrets
    answer = client.post(_url(Connection, "change", row.pk), {**fields, "new_secrets": '{"api_key": "sk_brand_new"}'})
    # then they are sealed, the page and the history do not show them, and the journal says that it was done
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.setup().secrets == {"api_key": "sk_brand_new"} and row.concurrency == 4
    for page in ("change", "history"):
        assert "sk_brand_new" not in client.get(_url(Connection, page, row.pk)).content.decode()
    entry = JournalEntry.objects.get(action="connection changed")
    assert "secrets" in entry.text and "sk_brand_new" not in entry.text
    # and nonsense is refused without being repeated
    answer = client.post(_url(Connection, "change", row.pk), {**fields, "new_secrets": "sk_pasted_alone"})
    assert answer.status_code == 200 and "This is not JSON" in answer.content.decode()
    # and leaving the field empty keeps them
    client.post(_url(Connection, "change", row.pk), {**fields, "new_secrets": ""})
    row.refresh_from_db()
    assert row.setup().secrets == {"api_key": "sk_brand_new"}


@pytest.mark.parametrize("role", [role for role in ROLES if role != "Configuration admin"])
def test_no_other_role_changes_a_connection(world: told.Story, client: Client, role: str) -> None:
    client.force_login(told.person("somebody", role))
    row = Connection.objects.get(code="stripe")
    assert client.post(_url(Connection, "change", row.pk), {"label": "Mine"}).status_code == 403


def test_a_configuration_admin_adds_an_ownership_rule(world: told.Story, client: Client) -> None:
    client.force_login(told.person("config", "Configuration admin"))
    answer = client.post(
        _url(OwnershipRule, "add"), {"place": "5", "reason": "TAX_MISMATCH", "team": "finance", "is_active": "on"}
    )
    assert answer.status_code == 302
    assert OwnershipRule.objects.get(place=5).history.count() == 1
    assert JournalEntry.objects.filter(action="ownership rule added").exists()


# -- people -------------------------------------------------------------------------------------------
def test_a_user_admin_makes_people_and_gives_them_roles(client: Client) -> None:
    # given a user admin
    client.force_login(told.person("useradmin", "User admin"))
    # when they add somebody and give them a role
    fields = {
        "username": "newcomer",
        "password1": "a long enough one 7",
        "password2": "a long enough one 7",
        "usable_password": "true",
    }
    assert client.post(_url(User, "add"), fields).status_code == 302
    made = User.objects.get(username="newcomer")
    change = {
        "username": "newcomer",
        "is_active": "on",
        "is_staff": "on",
        "groups": [Group.objects.get(name="Auditor").pk],
    }
    assert client.post(_url(User, "change", made.pk), change).status_code == 302
    # then the role holds and the journal says so
    assert [group.name for group in made.groups.all()] == ["Auditor"]
    assert "roles: Auditor" in JournalEntry.objects.filter(action="user changed").latest("pk").text


def test_nobody_raises_themselves(client: Client) -> None:
    me = told.person("useradmin", "User admin")
    client.force_login(me)
    group = Group.objects.get(name="Finance approver")
    client.post(
        _url(User, "change", me.pk),
        {"username": "useradmin", "groups": [group.pk], "is_superuser": "on", "is_active": "on", "is_staff": "on"},
    )
    me.refresh_from_db()
    assert not me.is_superuser and group not in me.groups.all()


def test_a_superuser_is_out_of_a_user_admins_reach(client: Client, admin_user: User) -> None:
    client.force_login(told.person("useradmin", "User admin"))
    assert client.post(_url(User, "change", admin_user.pk), {"username": "mine"}).status_code == 403
    assert client.get(reverse("admin:auth_user_password_change", args=[admin_user.pk])).status_code == 403


def test_roles_are_read_and_never_typed_in(admin_client: Client) -> None:
    told.person("somebody", "Auditor")
    row = Group.objects.get(name="Auditor")
    assert admin_client.get(_url(Group, "change", row.pk)).status_code == 200
    assert admin_client.post(_url(Group, "change", row.pk), {"name": "Mine"}).status_code == 403


def test_people_pages_are_not_for_an_auditor(auditor: Client) -> None:
    assert auditor.get(_url(User, "changelist")).status_code == 403


def test_amounts_print_their_currency(world: told.Story, auditor: Client) -> None:
    case = ExceptionCase.objects.filter(amount=Decimal("4821")).first()
    assert case is not None
    assert "USD 4,821.00" in auditor.get(_url(ExceptionCase, "changelist")).content.decode()


def test_the_journal_is_listed(world: told.Story, auditor: Client) -> None:
    journal.note([journal.Fact(action="looked", object_kind="page", object_key="1", text="Somebody looked.")])
    assert "Somebody looked." in auditor.get(_url(JournalEntry, "changelist")).content.decode()
