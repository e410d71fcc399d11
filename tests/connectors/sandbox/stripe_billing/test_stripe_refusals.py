"""Keys, limits, idempotency and error bodies, seen by the official SDK and on the wire."""

import threading

import pytest
import stripe

from tests.connectors.sandbox.stripe_billing.running import Running, at, eventually


def test_keys_are_taken_as_bearer_and_as_basic_and_others_are_refused(running: Running) -> None:
    # given / when / then
    assert running.http.get("/v1/customers").status_code == 200
    assert running.http.get("/v1/customers", headers={"Authorization": ""}).status_code == 401
    basic = running.http.build_request("GET", "/v1/customers")
    basic.headers["Authorization"] = "Basic c2tfdGVzdF9xMmM6"  # the key as user, no password
    assert running.http.send(basic).status_code == 200
    with pytest.raises(stripe.AuthenticationError):
        running.sdk("sk_test_other").v1.customers.list()


def test_a_read_key_may_look_but_not_write(running: Running) -> None:
    # given
    reader = running.sdk("rk_test_readonly").v1
    # when / then
    assert reader.customers.list().data == []
    with pytest.raises(stripe.PermissionError) as refused:
        reader.customers.create({"name": "Konex"})
    assert refused.value.http_status == 403


def test_a_repeat_under_the_same_key_gets_the_first_answer(running: Running) -> None:
    # given a customer created under a key
    first = running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"})
    # when the same request comes again
    again = running.http.post("/v1/customers", data={"name": "Konex"}, headers={"Idempotency-Key": "k-1"})
    # then there is one customer, and the replay says so
    assert again.json()["id"] == first.id
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.last_response.headers["request-id"]
    assert again.headers["Idempotency-Key"] == "k-1"
    assert len(running.client.customers.list().data) == 1


def test_a_key_used_for_something_else_is_refused(running: Running) -> None:
    # given
    running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"})
    # when / then
    with pytest.raises(stripe.IdempotencyError) as other_params:
        running.client.customers.create({"name": "Zoomit"}, {"idempotency_key": "k-1"})
    assert (other_params.value.http_status, other_params.value.error.type) == (400, "idempotency_error")
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        running.client.products.create({"name": "Konex"}, {"idempotency_key": "k-1"})


def test_a_key_is_forgotten_after_24_hours_of_machine_time(running: Running) -> None:
    # given
    first = running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"})
    now = running.sandbox.account.machine_now()
    # when 23 hours, then 25 hours have passed
    running.sandbox.account.machine_now = lambda: now + 23 * 3600
    assert running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"}).id == first.id
    running.sandbox.account.machine_now = lambda: now + 25 * 3600
    # then a second object is made
    assert running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"}).id != first.id


def test_a_validation_error_is_not_kept_under_its_key(running: Running) -> None:
    # given a request that is refused
    with pytest.raises(stripe.InvalidRequestError):
        running.client.products.create({"name": ""}, {"idempotency_key": "k-1"})
    # when it is corrected under the same key / then it is carried out
    assert running.client.products.create({"name": "GTX"}, {"idempotency_key": "k-1"}).name == "GTX"


@pytest.mark.parametrize(("commit", "made"), [(True, 1), (False, 0)])
def test_a_500_is_replayed_whether_or_not_the_work_was_done(running: Running, commit: bool, made: int) -> None:
    # given that Stripe fails once
    running.settings(internal_errors={"times": 1, "path": "/v1/customers", "commit": commit})
    with pytest.raises(stripe.APIError) as failed:
        running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"})
    assert failed.value.http_status == 500
    # when the same request comes again
    again = running.http.post("/v1/customers", data={"name": "Konex"}, headers={"Idempotency-Key": "k-1"})
    # then the same 500 comes back
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (500, "true")
    assert len(running.client.customers.list().data) == made


def test_a_key_in_use_answers_409(running: Running) -> None:
    # given a request that takes its time
    running.settings(latency_seconds=0.5)
    slow = threading.Thread(
        target=running.client.customers.create, args=({"name": "Konex"}, {"idempotency_key": "k-1"})
    )
    slow.start()
    eventually(lambda: running.sandbox.keys._under_way)
    # when the same key comes meanwhile
    seen = set()
    while slow.is_alive():
        answer = running.http.post("/v1/customers", data={"name": "Konex"}, headers={"Idempotency-Key": "k-1"})
        seen.add((answer.status_code, answer.json().get("error", {}).get("code")))
    slow.join()
    # then
    assert (409, "idempotency_key_in_use") in seen
    assert len(running.client.customers.list().data) == 1


def test_too_many_requests_answer_429_which_the_sdk_does_not_repeat(running: Running) -> None:
    # given
    running.settings(rate_limit=3)
    # when
    with pytest.raises(stripe.RateLimitError) as refused:
        for _ in range(4):
            running.client.customers.list()
    # then
    assert (refused.value.http_status, refused.value.error.code) == (429, "rate_limit")
    assert "stripe-should-retry" not in refused.value.headers


def test_objects_on_an_advancing_clock_are_locked(running: Running) -> None:
    # given a clock that is (as after a crash) on its way
    clock = running.clock(at(2026, 3, 10))
    customer = running.customer(test_clock=clock)
    running.sandbox.account.books.get("test_helpers.test_clock", clock)["status"] = "advancing"  # type: ignore[index]
    running.sandbox._advancing[clock] = None  # type: ignore[assignment]
    # when / then
    with pytest.raises(stripe.RateLimitError) as refused:
        running.client.customers.update(customer, {"name": "Other"})
    assert refused.value.error.code == "lock_timeout"


@pytest.mark.parametrize(
    ("method", "path", "form", "status", "code", "param"),
    [
        ("GET", "/v1/invoices/in_x", {}, 404, "resource_missing", "id"),
        ("POST", "/v1/subscriptions", {"customer": "cus_x"}, 400, "resource_missing", "customer"),
        ("GET", "/v1/invoices?customer=cus_x", {}, 400, "resource_missing", "customer"),
        ("GET", "/v1/invoices?starting_after=in_x", {}, 400, "resource_missing", "starting_after"),
        ("POST", "/v1/prices", {"currency": "usd"}, 400, "parameter_missing", "product"),
        ("POST", "/v1/customers", {"nmae": "Konex"}, 400, "parameter_unknown", "nmae"),
        ("POST", "/v1/customers", {"address[street]": "1"}, 400, "parameter_unknown", "address[street]"),
        ("POST", "/v1/products", {"name": ""}, 400, "parameter_invalid_empty", "name"),
        ("GET", "/v1/customers?limit=ten", {}, 400, "parameter_invalid_integer", "limit"),
        ("GET", "/v1/customers?limit=101", {}, 400, "parameter_invalid_integer", "limit"),
        ("GET", "/v1/moon", {}, 404, None, None),
    ],
)
def test_refusals_have_stripes_bodies(
    running: Running, method: str, path: str, form: dict[str, str], status: int, code: str | None, param: str | None
) -> None:
    # given / when
    answer = running.http.request(method, path, data=form or None)
    # then
    error = answer.json()["error"]
    assert (answer.status_code, error.get("code"), error.get("param")) == (status, code, param)
    assert error["type"] == "invalid_request_error"
    assert error["request_log_url"].endswith(answer.headers["Request-Id"])
    assert answer.headers["Stripe-Version"] == "2026-10-28.endive"


def test_an_api_version_with_other_shapes_is_refused(running: Running) -> None:
    # given / when
    answer = running.http.get("/v1/customers", headers={"Stripe-Version": "2024-06-20"})
    # then
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"days_until_due": None},
        {"billing_cycle_anchor": at(2026, 3, 1)},
        {"billing_cycle_anchor": at(2029, 3, 1)},
        {"cancel_at": at(2026, 3, 1)},
        {"backdate_start_date": at(2026, 4, 1)},
        {"items": []},
        {"items": [{"price": "price_x"}]},
    ],
)
def test_a_subscription_that_makes_no_sense_leaves_nothing_behind(running: Running, change: dict[str, object]) -> None:
    # given
    clock = running.clock(at(2026, 3, 10))
    customer = running.customer(test_clock=clock)
    running.product()
    before = dict(running.sandbox.books.kinds())
    # when
    values = {key: value for key, value in change.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError):
        if "days_until_due" in change:
            running.client.subscriptions.create({
                "customer": customer, "collection_method": "send_invoice", "items": [{"price": "price_x"}],
            })  # fmt: skip
        else:
            running.year_deal(customer, start=at(2026, 3, 1), end=at(2027, 3, 1), amount=5, **values)
    # then
    assert running.sandbox.books.kinds() == before


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop_after_commit"}, {"kind": "timeout_after_commit", "seconds": 0.01}, {"kind": "malformed"}],
)
def test_an_answer_lost_on_the_way_is_found_again_under_its_key(running: Running, fault: dict[str, object]) -> None:
    # given a fault after the work was done
    running.http.post("/_sandbox/faults", json={**fault, "path": "/v1/customers", "method": "POST"}).raise_for_status()
    with pytest.raises((stripe.APIError, stripe.APIConnectionError)):
        running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"})
    # when the same request is sent again
    found = running.client.customers.create({"name": "Konex"}, {"idempotency_key": "k-1"})
    # then it is the same, only object
    assert [customer.id for customer in running.client.customers.list().data] == [found.id]
    assert found.last_response.headers["idempotent-replayed"] == "true"
