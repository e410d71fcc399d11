"""What people found answers of systems to mean, kept by file: to look at all of it, to correct it and to end it."""

from reconciliation.governance import cells
from reconciliation.governance.cells import Column
from reconciliation.governance.table import VALID, Table, Values
from reconciliation.teams import Team
from sync import catalogue
from sync.models import LearnedAnswer
from sync.reasons import REASONS

#: texts a new reason must have
_NEEDED = ("cause", "holds_up", "team")


def _whole(values: Values) -> dict[str, str]:
    values["words"] = catalogue.plain_words(values["words"])
    problems = {}
    if len(values["words"]) < catalogue.SHORTEST:
        problems["words"] = f"give at least {catalogue.SHORTEST} characters of the answer"
    if values["hours"] % 1 or not 0 <= values["hours"] <= catalogue.MOST_HOURS:
        problems["hours"] = f"must be a whole number of hours, at most {catalogue.MOST_HOURS}"
    else:
        values["hours"] = int(values["hours"])
    if not values["title"]:
        if values["reason"] not in REASONS:
            problems["reason"] = "no reason of the catalogue has this code; a new one has a title"
        problems |= {
            name: "only a new reason, with a title, has this" for name in (*_NEEDED, "seller", "hours") if values[name]
        }
        return problems
    if values["reason"] in REASONS:
        problems["reason"] = "the catalogue has this reason; leave the title empty"
    problems |= {name: "a new reason has this" for name in (*_NEEDED, "hours") if not values[name]}
    for name in ("cause", "holds_up", "seller"):
        if not catalogue.is_sentence(values[name]):
            problems[name] = "must be without braces"
    return problems


ANSWERS = Table(
    name="answers",
    title="Answers of systems",
    model=LearnedAnswer,
    columns=(
        Column(name="system", read=cells.matching(r"[a-z][a-z_]{1,39}", such_as="netsuite"), help="Its connector."),
        Column(name="words", read=cells.text(200), help="Part of the answer."),
        Column(name="reason", read=cells.matching(r"[A-Z][A-Z0-9_]{1,39}", such_as="PERIOD_CLOSED")),
        Column(name="title", read=cells.text(80), is_required=False, default="", help="Of a new reason."),
        Column(name="cause", read=cells.text(400), is_required=False, default=""),
        Column(name="holds_up", read=cells.text(300), is_required=False, default=""),
        Column(name="seller", read=cells.text(200), is_required=False, default=""),
        Column(name="team", read=cells.one_of(*Team.values), is_required=False, default=""),
        Column(name="hours", read=cells.number, is_required=False, default=0),
        *VALID,
    ),
    key=("system", "words"),
    whole=_whole,
)
