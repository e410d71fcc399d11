"""The queue page with very many open cases, grouped and one by one, next to a page with 50 rows of the same table."""

import time
from collections.abc import Callable

from django.contrib.auth.models import Group, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from benchmarks import open_cases
from benchmarks.company import Company
from benchmarks.figures import Comparison, Series, percentile, taken_in_turn
from benchmarks.sizes import Sizes

ROLE = "Billing operations"
GROUPED, FLAT, PLAIN = "/queue/", "/queue/?view=cases", "/fifty-rows"


def measure(company: Company, sizes: Sizes) -> list[Comparison]:
    """p95 of the time the server takes for a page, signed in as somebody of billing operations, in milliseconds."""
    open_cases.open_many(company, cases=sizes.cases)
    person = User.objects.create_user("bench", is_staff=True)
    person.groups.add(Group.objects.get(name=ROLE))
    client = Client()
    client.force_login(person)
    per_round = max(sizes.requests // sizes.request_rounds, 1)
    taken: dict[str, list[float]] = {GROUPED: [], FLAT: [], PLAIN: []}
    queries = {}

    def page(path: str) -> Callable[[], float]:
        def one_round() -> float:
            times = []
            for _ in range(per_round):
                start = time.perf_counter()
                answer = client.get(path)
                times.append((time.perf_counter() - start) * 1000)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path} was answered with {answer.status_code}")
            taken[path] += times
            return percentile(times, 0.95)

        return one_round

    with override_settings(ROOT_URLCONF="benchmarks.page_urls"):
        for path in taken:
            client.get(path)
            with CaptureQueriesContext(database) as seen:
                client.get(path)
            queries[path] = len(seen)
        grouped, flat, plain = taken_in_turn(sizes.request_rounds, *(page(path) for path in taken))
    bare = Series(label="p95 of a plain page with 50 rows of the same table", values=plain)

    def details(path: str) -> dict[str, object]:
        return {
            "open_cases": sizes.cases,
            "problems": open_cases.PROBLEMS,
            "requests": len(taken[path]),
            "queries": queries[path],
            "median_of_all": round(percentile(taken[path], 0.5), 1),
            "p95_of_all": round(percentile(taken[path], 0.95), 1),
            "p95_of_all_plain": round(percentile(taken[PLAIN], 0.95), 1),
        }

    return [
        Comparison(
            name=name,
            unit="ms",
            better="less",
            bare=bare,
            portal=Series(label=f"p95 of {path}", values=values),
            details=details(path),
        )
        for name, path, values in (("queue by problem", GROUPED, grouped), ("queue one by one", FLAT, flat))
    ]
