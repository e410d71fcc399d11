"""Every control states what it is, so that who signs it knows what was asked."""

import re

import pytest

from reconciliation.controls.control import Control, Type
from reconciliation.controls.registry import CONTROLS

#: what an auditor asks of a control: nothing is missing, right, real, in the right period, ours
ASSERTIONS = {"completeness", "accuracy", "existence", "cut-off", "rights"}


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
def test_a_control_states_its_kind_its_dates_and_what_it_asserts(control: Control) -> None:
    assert control.date_basis and control.title
    assert set(re.split(r", | and ", control.assertion.lower())) <= ASSERTIONS, control.assertion
    # a list is not compared, an account's balance is asked as it stands
    assert (control.lists is not None) == (control.type is Type.LISTING)
    assert control.as_of or control.type is not Type.BALANCE


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
def test_a_control_states_its_cut_off_and_how_long_it_waits_for_late_entries(control: Control) -> None:
    if control.as_of:
        assert (control.cut_off, control.settles) == ("the moment it is asked", "asked anew every day")
    else:
        assert "company's zone" in control.cut_off and "until its period is closed" in control.settles
