"""Every row people keep holds only after somebody else approved it: the database says so, table by table."""

import pytest
from django.apps import apps
from django.db import connection

from sync.models import MappingRow

ROWS = sorted((model for model in apps.get_models() if issubclass(model, MappingRow)), key=lambda one: one.__name__)


def allowed(model: type[MappingRow], *, status: str, drafter: int, approver: int | None) -> bool:
    """What the table's own rule, as the database has it, says of such a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND conname LIKE '%%_approved_by_another'",
            [model._meta.db_table],
        )
        ((rule,),) = cursor.fetchall()
        cursor.execute(
            f"SELECT ({rule}) FROM (SELECT %s::varchar AS status, %s::int AS drafted_by_id, %s::int AS approved_by_id,"
            " CASE WHEN %s::int IS NULL THEN NULL ELSE now() END AS approved_at) AS row",
            [status, drafter, approver, approver],
        )
        return bool(cursor.fetchone()[0])


def test_tax_rows_and_rates_are_among_them() -> None:
    assert {"ExchangeRate", "TaxRegistration", "TaxCertificate"} <= {model.__name__ for model in ROWS}


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
@pytest.mark.django_db
def test_who_drafted_a_row_cannot_have_approved_it(model: type[MappingRow]) -> None:
    assert allowed(model, status="draft", drafter=1, approver=None)
    assert allowed(model, status="approved", drafter=1, approver=2)
    assert not allowed(model, status="approved", drafter=1, approver=1)
    assert not allowed(model, status="approved", drafter=1, approver=None)
