"""Record ids: 15 characters become the right 18."""

import pytest

from connectors.salesforce.ids import full_id, is_id, is_true_id, object_of


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("00D5g000004XyZA", "00D5g000004XyZAEA0"),
        ("001000000000000", "001000000000000AAA"),
        ("0065g00000KwyWt", "0065g00000KwyWtAAJ"),
    ],
)
def test_a_short_id_becomes_the_full_one(short: str, full: str) -> None:
    assert full_id(short) == full
    assert full_id(full) == full
    assert is_true_id(short) and is_true_id(full)
    assert not is_true_id(full[:15] + "555")


@pytest.mark.parametrize(
    "text", ["", "00", "001A0000006Vm9", "001A0000006Vm9r!", "001A0000006Vm9rI", "é" * 15, None, 7]
)
def test_anything_else_is_no_id(text: object) -> None:
    assert not is_id(text)
    with pytest.raises((ValueError, TypeError)):
        full_id(text)  # type: ignore[arg-type]


def test_the_prefix_tells_the_object() -> None:
    assert object_of("0065g00000KwyWtAAJ") == "Opportunity"
    assert object_of("zzz5g00000KwyWtAAJ") == ""
