"""Accounting dates are dates in the entity's own zone, not the server's."""

from datetime import UTC, date, datetime

import pytest

from sync import clock
from sync.models import LegalEntity


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        # ten past midnight in Tokyo is still yesterday afternoon in UTC
        ("Asia/Tokyo", datetime(2026, 3, 31, 15, 10, tzinfo=UTC), date(2026, 4, 1)),
        ("America/New_York", datetime(2026, 4, 1, 3, 59, tzinfo=UTC), date(2026, 3, 31)),
        # the hour that summer time takes away, and the leap day
        ("Europe/Berlin", datetime(2026, 3, 29, 22, 30, tzinfo=UTC), date(2026, 3, 30)),
        ("Pacific/Auckland", datetime(2028, 2, 28, 11, 0, tzinfo=UTC), date(2028, 2, 29)),
        ("UTC", datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), date(2026, 3, 31)),
    ],
)
def test_an_entitys_day_is_its_own(zone: str, moment: datetime, day: date) -> None:
    entity = LegalEntity(code="X", time_zone=zone)
    with clock.use(lambda: moment):
        assert clock.business_date(entity) == day


def test_a_date_moved_by_hand_wins() -> None:
    entity = LegalEntity(code="X", time_zone="Asia/Tokyo", business_date=date(2026, 1, 2))
    assert clock.business_date(entity) == date(2026, 1, 2)


def test_a_day_moved_to_by_hand_is_there_with_all_its_hours() -> None:
    entity = LegalEntity(code="X", time_zone="Asia/Tokyo", business_date=date(2026, 1, 2))
    assert clock.business_time(entity) > datetime(2026, 1, 2, 14, 59, tzinfo=UTC)
    assert clock.business_time(entity) < datetime(2026, 1, 2, 15, 0, tzinfo=UTC)
    entity.business_date = None
    moment = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    with clock.use(lambda: moment):
        assert clock.business_time(entity) == moment
