"""Lists, cursors, searches and expansion."""

import pytest
import stripe

from connectors.sandbox.stripe_billing.errors import StripeError
from connectors.sandbox.stripe_billing.forms import parse
from tests.connectors.sandbox.stripe_billing.running import Running, at


def test_lists_page_both_ways_newest_first(running: Running) -> None:
    # given
    made = [running.customer(name=f"C{number}") for number in range(25)]
    # when / then
    first = running.client.customers.list({"limit": 10})
    assert [c.id for c in first.data] == made[:14:-1]
    assert first.has_more is True
    assert [c.id for c in first.auto_paging_iter()] == made[::-1]
    back = running.client.customers.list({"limit": 3, "ending_before": made[10]})
    assert [c.id for c in back.data] == [made[13], made[12], made[11]]
    assert back.has_more is True


def test_created_windows_go_by_clock_time(running: Running) -> None:
    # given customers on two clocks
    for day in (1, 5):
        running.customer(test_clock=running.clock(at(2026, 3, day)))
    # when
    window = {"created": {"gte": at(2026, 3, 1), "lt": at(2026, 3, 5)}}
    # then
    assert [c.created for c in running.client.customers.list(window).data] == [at(2026, 3, 1)]
    assert [c.created for c in running.client.customers.list({"created": at(2026, 3, 5)}).data] == [at(2026, 3, 5)]


def test_a_search_sees_new_objects_only_after_its_delay(running: Running) -> None:
    # given
    running.settings(search_delay_seconds=60)
    running.customer(metadata={"sf_account_id": "001A"})
    query = {"query": "metadata['sf_account_id']:'001A'"}
    # when / then
    assert running.client.customers.search(query).data == []
    running.settings(search_delay_seconds=0)
    assert len(running.client.customers.search(query).data) == 1
    assert running.client.customers.search({"query": "-name:'Konex' OR email~'konex'"}).data != []
    assert running.client.customers.search({"query": "name:'Konex' AND email:'x'"}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        running.client.customers.search({"query": "name is Konex"})


def test_prices_are_found_by_lookup_key_and_products_keep_their_own_id(running: Running) -> None:
    # given
    running.product("MG-SPECIAL")
    price = running.client.prices.create({
        "product": "MG-SPECIAL", "currency": "usd", "unit_amount_decimal": "5500.25", "lookup_key": "mg",
        "recurring": {"interval": "year"},
    })  # fmt: skip
    # when / then
    found = running.client.prices.list({"lookup_keys": ["mg"], "expand": ["data.product"]}).data
    assert [(p.id, p.unit_amount, str(p.unit_amount_decimal)) for p in found] == [(price.id, None, "5500.25")]
    assert found[0].product.name == "MG-SPECIAL"
    with pytest.raises(stripe.InvalidRequestError) as taken:
        running.product("MG-SPECIAL")
    assert taken.value.code == "resource_already_exists"


def test_what_cannot_be_expanded_is_refused(running: Running) -> None:
    # given
    customer = running.customer()
    # when / then
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        running.client.customers.retrieve(customer, {"expand": ["nonsense"]})


def test_metadata_is_merged_and_unset_by_empty_values(running: Running) -> None:
    # given
    customer = running.customer(metadata={"a": "1", "b": "2"})
    # when / then
    merged = running.client.customers.update(customer, {"metadata": {"a": "", "c": "3"}}).metadata
    assert merged.to_dict() == {"b": "2", "c": "3"}
    assert running.client.customers.update(customer, {"metadata": ""}).metadata.to_dict() == {}


def test_bracket_forms_become_nested_values() -> None:
    # given / when
    values = parse("a=1&items[0][price]=p&items[0][q]=2&items[1][price]=r&expand[]=x&expand[]=y&created[gte]=5&m[k]=")
    # then
    assert values == {
        "a": "1",
        "items": [{"price": "p", "q": "2"}, {"price": "r"}],
        "expand": ["x", "y"],
        "created": {"gte": "5"},
        "m": {"k": ""},
    }
    assert parse("l[][a]=1&l[][b]=2&l[][a]=3") == {"l": [{"a": "1", "b": "2"}, {"a": "3"}]}
    for broken in ("a[=1", "a]=1", "a=1&a[b]=2"):
        with pytest.raises(StripeError):
            parse(broken)
