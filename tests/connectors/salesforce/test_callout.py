"""JSON callbacks: strict, with every problem named."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import NotAuthentic
from connectors.interface import Inbound
from connectors.salesforce import callout
from connectors.salesforce.connector import Salesforce

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
EVENT = {
    "eventId": "0065g00000KwyWtAAJ:7",
    "objectType": "Opportunity",
    "recordId": "0065g00000KwyWt",
    "systemModstamp": "2026-05-14T09:31:07.123Z",
}


def receive(connector: Salesforce, content: Any, *, client: str = "flow") -> Inbound:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {"content-type": "application/json", "x-q2c-client": client}
    return connector.receive(headers=headers, body=body, now=NOW)


def test_one_event_is_taken(salesforce: Salesforce) -> None:
    (event,) = receive(salesforce, EVENT).events
    assert (event.event_id, event.kind, event.object_id) == (
        "0065g00000KwyWtAAJ:7",
        "opportunity",
        "0065g00000KwyWtAAJ",
    )
    assert event.revision == 1778751067123 and json.loads(event.raw) == EVENT


def test_a_batch_keeps_the_bytes_of_each_event(salesforce: Salesforce) -> None:
    # given a batch with a number whose digits matter
    texts = [
        '{"eventId": "a", "objectType": "Account", "recordId": "0015g00000AbCdEAAV", "record": {"x": 1.10}}',
        '{ "eventId":"b]","objectType":"Opportunity","recordId":"0065g00000KwyWtAAJ" }',
    ]
    # when
    events = receive(salesforce, f'\n{{ "events" : [ {texts[0]} ,\n{texts[1]}] }}'.encode()).events
    # then
    assert [event.raw.decode() for event in events] == texts
    assert [event.kind for event in events] == ["account", "opportunity"]


def test_a_whole_record_is_carried_and_a_partial_one_is_fetched(salesforce: Salesforce, payload) -> None:
    whole = json.loads(json.dumps({**payload("opportunity"), "CurrencyIsoCode": "USD"}, default=float))
    assert receive(salesforce, {**EVENT, "record": whole}).events[0].record is not None
    assert receive(salesforce, {**EVENT, "record": {"Id": "0065g00000KwyWtAAJ"}}).events[0].record is None


@pytest.mark.parametrize("client", ["", "  "])
def test_a_caller_who_is_not_proven_is_refused(salesforce: Salesforce, client: str) -> None:
    with pytest.raises(NotAuthentic):
        receive(salesforce, EVENT, client=client)
    with pytest.raises(NotAuthentic):
        salesforce.receive(headers={}, body=b"{}", now=NOW)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({**EVENT, "recordId": "00"}, "recordId: '00' is not a Salesforce id of 15 or 18 characters"),
        ({**EVENT, "recordId": "0065g00000KwyWtAAK"}, "its last three characters do not fit"),
        ({**EVENT, "eventId": ""}, "eventId: '' must be"),
        ({**EVENT, "eventId": 7}, "eventId: 7 must be"),
        ({**EVENT, "objectType": "Opp ortunity"}, "objectType: 'Opp ortunity' must name an object"),
        ({**EVENT, "systemModstamp": "2026-05-14"}, "systemModstamp: '2026-05-14' must be an instant"),
        ({**EVENT, "systemModstamp": "2026-05-14T25:00:00Z"}, "systemModstamp: '2026-05-14T25:00:00Z' must be"),
        ({**EVENT, "record": []}, "record: must be an object"),
        ({**EVENT, "record": {"Id": "0065g00000KwyWuAAJ"}}, "record.Id: '0065g00000KwyWuAAJ' is not the recordId"),
        ({**EVENT, "amount": 1}, "'amount': is not a field"),
        ({"events": []}, "events: must be a list of 1 to 200 events, not 0"),
        ({"events": {}}, "events: must be a list of 1 to 200 events, not a dict"),
        ({"events": [EVENT] * 201}, "not 201"),
        ({"events": [EVENT], "more": 1}, "more: is not known"),
        ({"events": [EVENT, 7]}, "events[1]: must be an object"),
        ({"events": [EVENT, EVENT, EVENT, {**EVENT, "recordId": "00"}]}, "events[3].recordId: '00' is not"),
        ({"events": [EVENT, {**EVENT, "recordId": "0065g00000KwyWuAAJ"}]}, "events[1].eventId: is the same as"),
        ([], "body: must be one event"),
        (b"", "body: not JSON"),
        (b"\xff{}", "body: byte 0 is not UTF-8"),
        (b'{"eventId": NaN}', "body: NaN is not a number"),
        (b'{"eventId": "a", "eventId": "b"}', "eventId: given twice in one object"),
        (b'{"events": [{"record": {"a": 1, "a": 1}}]}', "a: given twice in one object"),
        (b"[" * 100000, "body: "),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "deeper"),
        ({**EVENT, "record": {"Name": "\x00"}}, "NUL"),
        ({**EVENT, "record": {"Name": "\ud800"}}, "half a character"),
        ({**EVENT, "record": {"\ud800": 1}}, "half a character"),
        (b'{"a": ' + b"9" * 5000 + b"}", ""),
        (b" " * 1_000_001, "bytes"),
    ],
)
def test_each_problem_is_named(salesforce: Salesforce, content: Any, words: str) -> None:
    with pytest.raises(ValueError) as refused:
        receive(salesforce, content)
    assert words in str(refused.value)


def test_all_problems_come_in_one_answer(salesforce: Salesforce) -> None:
    with pytest.raises(ValueError) as refused:
        receive(salesforce, {"events": [{"eventId": "a"}] * 30})
    lines = str(refused.value).splitlines()
    assert len(lines) == 21 and lines[-1] == "and 40 more"
    assert lines[0].startswith("events[0].objectType:") and lines[1].startswith("events[0].recordId:")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
)


@settings(max_examples=200)
@given(st.one_of(JSON, st.fixed_dictionaries({"events": st.lists(JSON, max_size=3)}), st.binary(max_size=60)))
def test_nothing_but_a_value_error_ever_comes_out(content: Any) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        inbound = callout.read(body)
    except ValueError:
        return
    assert inbound.events
