"""Roles: who may ask, who may approve, who only looks; demo people only in the demo."""

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission, User

from q2c_portal import roles
from q2c_portal.local import people
from q2c_portal.roles import ROLES

ASKS = {"ask_money", "ask_configuration"}
APPROVES = {"approve_money", "approve_configuration"}


def of(role: str) -> set[str]:
    return {permission.partition(".")[2] for permission in ROLES[role]}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_both_asks_and_approves(role: str) -> None:
    assert not (of(role) & ASKS and of(role) & APPROVES)


def test_only_the_finance_approver_approves_and_only_the_preparer_asks_for_money() -> None:
    assert {role for role in ROLES if of(role) & APPROVES} == {"Finance approver"}
    assert {role for role in ROLES if "ask_money" in of(role)} == {"Finance preparer"}


@pytest.mark.parametrize("role", ["Auditor", "Executive"])
def test_who_only_looks_can_do_nothing_else(role: str) -> None:
    assert all(permission.startswith("view_") for permission in of(role))


def test_who_manages_people_touches_nothing_else() -> None:
    assert {permission.partition(".")[0] for permission in ROLES["User admin"]} == {"auth"}
    others = [permission for role in ROLES if role != "User admin" for permission in ROLES[role]]
    assert not [permission for permission in others if permission.startswith("auth.")]


def test_no_role_deletes_or_writes_what_the_engine_or_approvals_write() -> None:
    written = {
        permission
        for permissions in ROLES.values()
        for permission in permissions
        if permission.partition(".")[2].startswith(("add_", "change_", "delete_"))
    }
    assert written == {
        "auth.add_user",
        "auth.change_user",
        "reconciliation.add_casecomment",
        "reconciliation.add_ownershiprule",
        "reconciliation.change_ownershiprule",
        "sync.change_connection",
        "sync.change_legalentity",
        "sync.change_postingwindow",
    }


@pytest.mark.django_db
def test_roles_are_made_after_migrating_and_put_right_when_somebody_changed_them() -> None:
    # given the roles as a migration leaves them
    assert set(ROLES) <= set(Group.objects.values_list("name", flat=True))
    # when somebody adds a permission behind our back
    auditor = Group.objects.get(name="Auditor")
    auditor.permissions.add(Permission.objects.get(codename="approve_money"))
    roles.make_roles()
    # then the next migration takes it away again
    held = {f"{p.content_type.app_label}.{p.codename}" for p in auditor.permissions.select_related("content_type")}
    assert held == set(ROLES["Auditor"])


@pytest.mark.django_db
def test_a_permission_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.ROLES, "Auditor", ["sync.view_nothing"])
    with pytest.raises(LookupError, match="'Auditor'.*sync.view_nothing"):
        roles.make_roles()


# -- demo people --------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_there_are_no_demo_people_outside_the_demo(settings, tmp_path: Path) -> None:
    # given production settings and a file of logins somebody left there
    settings.DEMO, settings.STATE_DIR = False, tmp_path
    (tmp_path / "logins.json").write_text(json.dumps({"auditor": "secret"}))
    # then nobody is made and nothing is shown
    with pytest.raises(RuntimeError, match="only under make run"):
        people.make_people()
    assert people.logins() == {} and not User.objects.exists()


@pytest.mark.django_db
def test_demo_people_have_one_role_each_and_none_is_a_superuser(settings, tmp_path: Path) -> None:
    settings.DEMO, settings.STATE_DIR = True, tmp_path
    made = people.make_people()
    assert set(made) == set(people.PEOPLE) and set(people.PEOPLE.values()) == set(ROLES)
    for user in User.objects.all():
        assert not user.is_superuser and user.groups.count() == 1 and user.check_password(made[user.username])
    # passwords are this copy's own, and nobody else reads them
    assert len(set(made.values())) == len(made) and people.file().stat().st_mode & 0o077 == 0
    # and doing it again keeps them
    assert people.make_people() == made


@pytest.mark.django_db
def test_a_demo_person_raised_by_hand_is_lowered_again(settings, tmp_path: Path) -> None:
    settings.DEMO, settings.STATE_DIR = True, tmp_path
    people.make_people()
    User.objects.update(is_superuser=True)
    people.make_people()
    assert not User.objects.filter(is_superuser=True).exists()
