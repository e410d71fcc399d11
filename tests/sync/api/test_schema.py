"""Everything the API's own document allows and forbids, called by machines and by people of the desk.

`Q2C_EXAMPLES` is how many random cases each address gets per caller (`make fuzz` for many).
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance, unsupported_method

from q2c_portal.wsgi import application
from reconciliation.fixes.fix import Target
from reconciliation.models import ApprovalRequest, ExceptionCase, FixRun, Problem
from tests.reconciliation import desk
from tests.small_company import Company, person

EXAMPLES = int(os.environ.get("Q2C_EXAMPLES", "10"))
DESK = ("Finance preparer", "Finance approver", "Billing operations", "Integration support", "Auditor")
called: Counter[str] = Counter()

# Sources' signatures and secrets are not in the document's power, so what is right there is still refused with 401.
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="Q2C_EXAMPLES" not in os.environ,
    database=None,
)


@pytest.fixture(scope="session", autouse=True)
def _figures() -> Iterator[None]:
    yield
    if called:
        print(f"\n{called.total()} calls: " + ", ".join(f"{count} × {name}" for name, count in sorted(called.items())))


def _document() -> dict[str, Any]:
    """The document without who may sign in how: this test gives that itself, in turn, and nobody too."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    document["components"].pop("securitySchemes", None)
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    return document


api = schemathesis.openapi.from_dict(_document())
api.app = application
#: a document cannot say which signatures, entities and numbers exist, nor which years make sense, so the right form
#: alone may be refused here
NEED_WHAT_EXISTS = (
    "/callbacks/",
    "/controls/",
    "/fixes/",
    "/cases",
    "/approvals/",
    "/deals/",
    "/usage/",
    "/matches",
    "/reconciling-items",
    "/replays",
    "/trails",
    "/absences",
    "/sign-offs",
    "/ownership-rules",
)
#: numbers of things that exist, for addresses that name one
numbers: list[int] = []


@api.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Every other time something that exists."""
    if path_parameters and "number" in path_parameters and numbers:
        place = sum(str(path_parameters["number"]).encode())
        if place % 2:
            return {**path_parameters, "number": numbers[place // 2 % len(numbers)]}
    return path_parameters


@pytest.fixture
def busy(doors: Company) -> Company:
    """A company with cases, a problem and an approval that waits."""
    problem = desk.unmapped(doors, 2)
    desk.ask("map_product", Target(problem=problem), dict(desk.MAPPING), user=desk.billing_ops())
    numbers[:] = [
        row.pk for model in (ExceptionCase, Problem, ApprovalRequest, FixRun) for row in model.objects.all()[:2]
    ]
    return doors


@pytest.fixture
def callers(busy: Company, token: Callable[..., str]) -> Iterator[list[dict[str, Any]]]:
    """Headers and cookies of a machine, of people with each kind of role, and of nobody."""
    found: list[dict[str, Any]] = [{"headers": {"Authorization": f"Bearer {token()}"}}, {"headers": {}}]
    for role in DESK:
        browser = Client()
        browser.force_login(person(role.lower().replace(" ", "."), role))
        mark = _get_new_csrf_string()
        cookies = {"sessionid": browser.cookies["sessionid"].value, "csrftoken": mark}
        found.append({"headers": {"X-CSRFToken": mark}, "cookies": cookies})
    # calls stay on the test's own database connection, as with Django's test client, which undoes this after each call
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield found
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _wrong_only_in(case: Case, place: ParameterLocation) -> bool:
    """Whether nothing but this part of a call was made wrong: what else is wrong must still be refused."""
    assert case.meta is not None
    return {where for where, part in case.meta.components.items() if part.mode.is_negative} <= {place}


def _is_empty(value: Any) -> bool:
    """Whether nothing of a value stands in the address: a list of nothing is written as nothing too."""
    return all(map(_is_empty, value)) if isinstance(value, list) else value in ("", {}, None)


@api.parametrize()
@bounded
def test_nothing_in_the_document_or_against_it_surprises_the_portal(case: Case, callers: list[dict[str, Any]]) -> None:
    # given a machine at its own doors and each kind of person at the desk's, in turn, and now and then nobody
    name = f"{case.method} {case.path}"
    called[name] += 1
    turn = called[name] % 12
    machine = "callbacks" in (case.operation.tags or [])
    nobody = turn == 11
    who = callers[1] if nobody else callers[0] if machine else callers[2 + turn % len(DESK)]
    # when they call
    with transaction.atomic():
        answer = case.call(**who)
        transaction.set_rollback(True)
    # then what comes back is what the document says
    excluded = [positive_data_acceptance] if any(part in case.path for part in NEED_WHAT_EXISTS) else []
    # a filter left empty is no filter, and of an empty object nothing goes out but its name
    if _wrong_only_in(case, ParameterLocation.QUERY) and any(map(_is_empty, (case.query or {}).values())):
        excluded.append(negative_data_rejection)
    # whatever was wrong with a number is gone once it was replaced by one that exists
    if _wrong_only_in(case, ParameterLocation.PATH) and (case.path_parameters or {}).get("number") in numbers:
        excluded.append(negative_data_rejection)
    # too much is refused before it is read, whatever else is wrong with it
    if answer.status_code == 413:
        excluded.append(negative_data_rejection)
    if answer.status_code in (401, 403):
        excluded.append(unsupported_method)  # who may not come in is not told what there is
    case.validate_response(answer, excluded_checks=excluded, headers=who["headers"], transport_kwargs=who)
    assert not nobody or answer.status_code >= 400
