"""One entry of a source's list that cannot be read stops none of the others, and is kept with its bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import news
from connectors.interface import SourceEvent

ENTRIES: list[Any] = [{"id": "1"}, {"id": "2", "bad": True}, {"id": "3"}]


def read(entry: Any) -> SourceEvent:
    if entry.get("bad"):
        raise KeyError("created")
    name = str(int(entry["id"]) % 100)
    return SourceEvent(event_id=f"evt-{name}", kind="account", object_id=name, raw=b"{}")


def about(entry: Any) -> tuple[Any, Any]:
    return "account", entry["id"]


def test_an_entry_that_cannot_be_read_is_an_event_about_its_object_and_the_others_are_as_ever() -> None:
    events = news.events_of(ENTRIES, read, about=about)
    assert [event.object_id for event in events] == ["1", "2", "3"]
    assert [event.event_id.startswith(news.UNREADABLE) for event in events] == [False, True, False]
    assert events[1].kind == "account" and json.loads(events[1].raw) == ENTRIES[1]
    # a cursor stands only where we could read
    assert news.readable(ENTRIES, events) == [ENTRIES[0], ENTRIES[2]]


def test_the_same_bytes_are_the_same_event() -> None:
    first, again, other = news.events_of(
        [{"id": "2", "bad": True}, {"bad": True, "id": "2"}, {"id": "2", "bad": 1}], read, about=about
    )
    assert first.event_id == again.event_id != other.event_id


@pytest.mark.parametrize("entry", [{"bad": True}, {"id": 7, "bad": True}, {"id": "a/../b", "bad": True}, None, [], "x"])
def test_one_that_names_no_object_stands_for_itself(entry: Any) -> None:
    (event,) = news.events_of([entry], read, about=about)
    assert news.names_no_object(event.object_id) and event.object_id == event.event_id


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.lists(_JSON, max_size=4))
def test_no_list_of_entries_whatever_they_are_stops_the_reading(entries: list[Any]) -> None:
    events = news.events_of(entries, read, about=about)
    assert len(events) == len(entries)
    assert all(len(event.event_id) <= 255 and len(event.object_id) <= 120 and event.raw for event in events)
