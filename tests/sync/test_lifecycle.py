"""The lifecycle moves forward only: in code, and in the database, whoever asks."""

import itertools

import pytest
from django.db import IntegrityError, connection, transaction

from sync.models import Delivery, WorkItem
from sync.states import Lifecycle, may_move
from tests.small_company import Company, customer

PAIRS = list(itertools.product(Lifecycle.values, Lifecycle.values))


def moves(table: str, pk: int, before: str, after: str, *, rounds: int = 0) -> bool:
    """Whether the database lets a row go from one state to another, by plain SQL."""
    more = f", round = round + {rounds}" if table == "sync_delivery" else ""
    with connection.cursor() as cursor:
        with transaction.atomic():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET state = %s WHERE id = %s", [before, pk])
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        try:
            with transaction.atomic():
                cursor.execute(f"UPDATE {table} SET state = %s{more} WHERE id = %s", [after, pk])
        except IntegrityError as error:
            assert "moves forward only" in str(error)
            return False
    return True


@pytest.fixture
def rows(transactional_db, committed_company: Company) -> tuple[int, int]:
    committed_company.hears(customer(1))
    return Delivery.objects.earliest("pk").pk, WorkItem.objects.earliest("pk").pk


def test_the_database_and_the_code_know_the_same_moves(rows: tuple[int, int]) -> None:
    delivery, item = rows
    for before, after in PAIRS:
        assert moves("sync_delivery", delivery, before, after) == may_move(before, after), (before, after)
        assert moves("sync_delivery", delivery, before, after, rounds=1) == may_move(before, after, new_round=True)
        assert moves("sync_workitem", item, before, after) == may_move(before, after), (before, after)


def test_an_earlier_round_is_no_way_back(rows: tuple[int, int]) -> None:
    Delivery.objects.filter(pk=rows[0]).update(round=5)
    assert not moves("sync_delivery", rows[0], "posted", "transformed", rounds=-1)
    assert not moves("sync_delivery", rows[0], "posted", "acknowledged", rounds=1)


def test_a_state_nobody_knows_is_refused(rows: tuple[int, int]) -> None:
    with pytest.raises(IntegrityError, match="moves forward only"), transaction.atomic():
        Delivery.objects.filter(pk=rows[0]).update(state="nowhere")


def test_what_is_not_about_the_state_is_not_asked(rows: tuple[int, int]) -> None:
    Delivery.objects.filter(pk=rows[0]).update(condition="blocked", blocked_reason="X")
    WorkItem.objects.filter(pk=rows[1]).update(title="Other")
