"""What the desk's tests start from: the small company's cases, a known product, and people of each role."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client

from reconciliation.fixes import runner
from reconciliation.models import ExceptionCase, FixItem, FixRun, Problem
from sync import clock
from sync.models import MappingRow, ProductMapping, WorkItem
from tests.reconciliation.views import story


def signed_in(role: str, name: str = "") -> Client:
    """A browser of somebody with this role."""
    client = Client()
    client.force_login(person(role, name))
    return client


def person(role: str, name: str = "") -> User:
    return story.person(name or role.lower().replace(" ", "_"), role)


def company() -> story.Story:
    """Two problems wait: a product nobody mapped, and a country for which a deal waits; the true product is known."""
    made = story.begin()
    story.customer(made)
    story.troubled_deals(made)
    now = clock.now()
    ProductMapping.objects.create(
        crm_product="GTX Pro",
        product_name="GTX Pro",
        list_price=4821,
        currency="USD",
        billing_product="prod_1",
        erp_item="GTXPRO",
        revenue_treatment="ratable",
        tax_class="zero",
        status=MappingRow.Status.APPROVED,
        valid_from=story.DAY - timedelta(days=400),
        drafted_by=person("Integration support"),
        drafted_at=now,
        approved_by=person("Finance approver"),
        approved_at=now,
    )
    return made


def product_problem() -> Problem:
    return Problem.objects.get(reason="PRODUCT_UNMAPPED")


def product_case() -> ExceptionCase:
    return ExceptionCase.objects.get(reason="PRODUCT_UNMAPPED")


INPUTS = {"fix": "map_product", "product": "GTX Pro", "valid_from": "2026-01-01"}


def finish(run: FixRun) -> None:
    """Play the workers: everything released goes through."""
    from sync import blocks

    for _ in range(10):
        if runner.advance(run.pk):
            return
        for item in FixItem.objects.filter(run=run, status=FixItem.Status.RELEASED).select_related("case"):
            WorkItem.objects.filter(pk=item.case.work_item_id).update(condition="settled", state="transformed")
            blocks.clear(work_items=[item.case.work_item_id], note="Went through")
