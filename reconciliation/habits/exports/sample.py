"""A drawn sample as a file, with all that is needed to draw it again."""

from django.urls import reverse

from reconciliation.figures_sample import Sample
from reconciliation.habits.exports.sheet import Sheet, link, times

_COLUMNS = ("Drawn as", "Item", "What", "When (UTC)", "Who", "Link", "Tested by", "Result", "Remark")


def draw_up(sample: Sample, *, query: str) -> Sheet:
    """The sample in the order it was drawn, with columns the auditor fills in."""
    return Sheet(
        name=f"sample-{sample.population.name}",
        title=f"Sample of {sample.population.title.lower()}",
        narrowed=(
            f"{len(sample.items)} of {sample.out_of:,}, from {sample.first} to {sample.last} (UTC), seed {sample.seed}"
        ),
        address=link(reverse("desk:audit_sample") + query).address,
        columns=_COLUMNS,
        rows=tuple(
            (place, one.number, one.what, times(one.at, None)[0], one.who, link(one.link), "", "", "")
            for place, one in enumerate(sample.items, start=1)
        ),
    )
