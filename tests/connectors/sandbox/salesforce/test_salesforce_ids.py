"""Salesforce ids and their check characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.salesforce.ids import long_id, make_id


@pytest.mark.parametrize(
    "known",
    # published samples of real ids
    ["0065g00000KwyWtAAJ", "00D5g000004XyZAEA0", "0015g00000AbCdEAAV", "04l5g00001olR84AAE", "0055g000009abcDAAQ"],
)
def test_check_characters_are_those_of_known_ids(known):
    assert long_id(known[:15]) == known
    assert long_id(known) == known


@pytest.mark.parametrize("wrong", ["", "001", "0065g00000KwyWtAAK", "0065g00000KwyW!", None, 7, "0065g00000KwyWtA"])
def test_what_is_no_id_is_not_taken_for_one(wrong):
    assert long_id(wrong) is None


@given(st.integers(min_value=0, max_value=62**9 - 1), st.integers(min_value=0, max_value=62**9 - 1))
def test_ids_of_different_numbers_differ_even_without_regard_to_case(one, other):
    ids = {make_id("006", number).upper() for number in (one, other)}
    assert len(ids) == len({one, other})
    assert all(len(found) == 18 for found in ids)
