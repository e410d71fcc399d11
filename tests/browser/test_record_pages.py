"""axe finds no barrier on the admin's pages of records: its lists and single rows, light or dark."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.browser.conftest import Windows
from tests.browser.pages import opened
from tests.browser.test_axe import barriers
from tests.q2c_portal.whole import OURS, whole

#: in every run: what people edit, what they read most, and the longest list
SLICE = {"noticeroom", "ownershiprule", "exceptioncase", "journalentry"}


@pytest.mark.parametrize(
    ("scheme", "every"),
    [
        ("light", False),
        pytest.param("light", True, marks=pytest.mark.slow),
        pytest.param("dark", True, marks=pytest.mark.slow),
    ],
)
def test_no_page_of_records_has_a_barrier(
    windows: Windows, transactional_db: None, monkeypatch: pytest.MonkeyPatch, scheme: Any, every: bool
) -> None:
    # given a row in every table, and somebody who sees all of them
    whole(monkeypatch)
    page = windows.of("Configuration admin", scheme=scheme)
    User.objects.filter(pk=windows.people["Configuration admin"].pk).update(is_superuser=True)
    found: dict[str, list[str]] = {}
    models = [model for model in OURS if every or model._meta.model_name in SLICE]
    assert len(models) >= len(SLICE)
    for model in models:
        row, name = model._default_manager.first(), f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for path in (reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])):
            # when they open it
            found[path] = barriers(opened(page, path), scheme=scheme)
    # then nothing stands in anybody's way
    assert {path: those for path, those in found.items() if those} == {}


def test_the_menu_of_a_list_is_opened_by_keyboard_on_a_phone(windows: Windows, transactional_db: None) -> None:
    page = opened(windows.of("Auditor", width=375), "/admin/reconciliation/exceptioncase/")
    opener = page.get_by_role("button", name="Open the menu")
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Queue").first.wait_for(state="visible")
