"""What a bench hands back: two series taken in turn, their medians and spread, and the ratio between them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Series:
    """One value per round."""

    label: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def as_data(self) -> dict[str, Any]:
        return {"label": self.label, **_spread(self.values), "values": [_short(value) for value in self.values]}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The portal next to a bare baseline, in one unit."""

    name: str
    unit: str
    #: "more" for rates, "less" for times
    better: str
    portal: Series
    bare: Series
    #: sizes and whatever else one must know to read the figures
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Portal over bare, round by round: both of a round saw the same machine."""
        return [ours / bare for ours, bare in zip(self.portal.values, self.bare.values, strict=True)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    def as_data(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "better": self.better,
            "ratio": {"of": "portal / bare", **_spread(self.ratios)},
            "portal": self.portal.as_data(),
            "bare": self.bare.as_data(),
            "details": self.details,
        }


def taken_in_turn(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Call all measures once per round, every other round the other way about; one list of values per measure."""
    values: list[list[float]] = [[] for _ in measures]
    places = list(enumerate(measures))
    for number in range(rounds):
        for place, measure in places if number % 2 == 0 else reversed(places):
            values[place].append(measure())
    return values


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(-(-int(share * 1000) * len(ordered) // 1000) - 1, 0)]


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": _short(statistics.median(values)), "least": _short(min(values)), "most": _short(max(values))}


def _short(value: float) -> float:
    return float(f"{value:.4g}")
