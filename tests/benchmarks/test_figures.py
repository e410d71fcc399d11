"""Medians, spreads and ratios of the benches."""

from collections.abc import Callable

import pytest

from benchmarks.figures import Comparison, Series, percentile, taken_in_turn


def test_both_sides_are_taken_in_turn_and_the_order_changes() -> None:
    # given
    calls: list[str] = []

    def measure(name: str, value: float) -> Callable[[], float]:
        def one() -> float:
            calls.append(name)
            return value

        return one

    # when
    ours, bare = taken_in_turn(3, measure("ours", 1.0), measure("bare", 2.0))

    # then
    assert calls == ["ours", "bare", "bare", "ours", "ours", "bare"]
    assert (ours, bare) == ([1.0] * 3, [2.0] * 3)


def test_the_ratio_is_taken_round_by_round() -> None:
    # given a machine that was three times slower in the second round
    ours, bare = Series(label="ours", values=[2.0, 6.0, 2.2]), Series(label="bare", values=[1.0, 3.0, 1.0])

    # when
    data = Comparison(name="x", unit="s", better="less", portal=ours, bare=bare).as_data()

    # then
    assert data["ratio"] == {"of": "portal / bare", "median": 2.0, "least": 2.0, "most": 2.2}
    assert data["portal"]["median"] == 2.2
    assert data["bare"]["values"] == [1.0, 3.0, 1.0]


@pytest.mark.parametrize(("share", "expected"), [(0.95, 95.0), (0.5, 50.0), (1.0, 100.0), (0.001, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    # when / then
    assert percentile([float(number) for number in range(100, 0, -1)], share) == expected
