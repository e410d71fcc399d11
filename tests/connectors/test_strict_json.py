"""JSON from outside: no surprises in, no errors but ValueError out."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors import strict_json


@given(raw=st.binary(max_size=300))
@example(raw=b"[" * 100_000)
@example(raw=b'{"a":' * 100_000)
@example(raw=b'"' + b"\\" * 99_999)
@example(raw=b"9" * 100_000)
@example(raw=b"1e9999999")
@example(raw=b"\xef\xbb\xbf{}")
@example(raw=b'"\\ud800"')
def test_arbitrary_bytes_never_raise_anything_but_value_error(raw: bytes) -> None:
    try:
        strict_json.loads(raw)
    except ValueError as error:
        assert str(error)


@given(text=st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\u \n', max_size=200))
def test_nearly_json_never_raises_anything_but_value_error(text: str) -> None:
    try:
        strict_json.loads(text.encode())
    except ValueError as error:
        assert str(error)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(value=VALUES)
def test_good_json_is_read_as_it_is(value: Any) -> None:
    assert strict_json.loads(json.dumps(value).encode()) == value


@given(whole=st.integers(0, 10**12), digits=st.text("0123456789", min_size=1, max_size=12))
def test_numbers_with_a_point_keep_every_digit(whole: int, digits: str) -> None:
    read = strict_json.loads(f"{whole}.{digits}".encode())
    assert isinstance(read, Decimal) and str(read) == str(Decimal(f"{whole}.{digits}"))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"a": NaN}', "NaN is not a number"),
        (b"-Infinity", "-Infinity is not a number"),
        (b'{"a": 1, "a": 2}', "a: given twice"),
        (b'[{"b": {"a": 1, "a": 1}}]', "a: given twice"),
        (b"[" * 33 + b"]" * 33, "nested more than 32 levels"),
        (b"1e400", "must be written out"),
        (b"1.5E2", "must be written out"),
        (b"9" * 41, "more than 40 digits"),
        (b"0." + b"1" * 40, "at most 40 characters"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b'{"a":\n1,}', "line 2"),
        (b"", "not JSON"),
    ],
)
def test_what_is_wrong_is_named(raw: bytes, words: str) -> None:
    with pytest.raises(ValueError, match="(?s).*") as refused:
        strict_json.loads(raw)
    assert words in str(refused.value)


def test_brackets_inside_text_are_no_nesting() -> None:
    assert strict_json.loads(json.dumps(["[" * 1000 + '\\"' + "{" * 1000]).encode()) == [
        "[" * 1000 + '\\"' + "{" * 1000
    ]
    assert strict_json.loads(b"[" * 32 + b"]" * 32) is not None
