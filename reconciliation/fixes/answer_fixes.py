"""What integration support does with an answer no connector knew: say what it means, once and for all."""

import re
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reconciliation import sentences
from reconciliation.fixes.fix import Fix, Input, InputError, NotPossible, Preview, Target, Write, member, totals
from reconciliation.fixes.mapping_fixes import approved_as, insert
from reconciliation.models import ApprovalRequest, ExceptionCase, FixItem, FixRun
from reconciliation.ownership import OWNERSHIP
from reconciliation.teams import Team
from sync import blocks, catalogue, clock
from sync.models import Delivery, LearnedAnswer, MappingRow
from sync.reasons import REASONS
from sync.states import Condition

#: texts of a new reason: field, label
_TEXTS = (
    ("title", "what people call it"),
    ("cause", "what happened and why, in a sentence"),
    ("holds_up", "what it holds up, in a sentence"),
    ("seller", "what the seller reads in Salesforce"),
)


class ClassifyAnswer(Fix):
    """Words of an answer mean a reason of the catalogue, or a new one."""

    name = "classify_answer"
    label = "Say what this answer means"
    kind = "configuration"
    asked_with = "classify_answers"
    rule = "What an answer means decides who is told and what they read: a second person approves it."

    def says(self, case: ExceptionCase) -> str:
        return _(
            "You say what this answer of {system} means; after a second person approves, every answer with these words is told, and owned, as that."
        ).format(system=sentences.system_name(case.problem.system))

    def checks(self, case: ExceptionCase) -> str:
        return _("This case closes, and one of the right reason takes its place; the next such answer is one of those.")

    def inputs(self, target: Target) -> list[Input]:
        known = sorted((REASONS[code].title, code) for code in OWNERSHIP if code in REASONS and _can_be_meant(code))
        return [
            Input(
                name="words",
                label="It is told by these words",
                initial=catalogue.plain_words(_answer(target.case))[: _longest("words")] if target.case else "",
                help=f"Part of the answer, without what belongs to one document only, such as its number. The answer:"
                f" “{_answer(target.case).strip()[:400]}”",
            ),
            Input(
                name="reason",
                label="It means",
                kind="choice",
                choices=(("new", "Something new, described below"), *((code, title) for title, code in known)),
            ),
            *(Input(name=name, label=f"New: {label}", required=False) for name, label in _TEXTS),
            Input(
                name="team",
                label="New: who owns it",
                kind="choice",
                choices=tuple((team.value, team.label) for team in Team),
                required=False,
            ),
            Input(name="hours", label="New: hours until it is due", initial="24", required=False),
        ]

    def takes(self, target: Target, inputs: dict[str, str]) -> list[ExceptionCase]:
        """All open cases of this system whose answer has these words, not the one alone that was looked at."""
        words = catalogue.plain_words(inputs.get("words", ""))
        rows = target.problem.cases.filter(status=ExceptionCase.Status.OPEN, delivery__isnull=False)
        found = rows.select_related("delivery", "entity", "problem").order_by("effective_on", "reference", "pk")
        return [case for case in found if words and words in catalogue.plain_words(_answer(case))]

    def preview(self, target: Target, inputs: dict[str, str], *, user: AbstractUser) -> Preview:
        words = catalogue.plain_words(inputs.get("words", ""))
        if len(words) < catalogue.SHORTEST or len(words) > _longest("words"):
            raise InputError(
                "words", f"Give from {catalogue.SHORTEST} to {_longest('words')} characters of the answer."
            )
        cases = self.takes(target, inputs)
        if target.case is not None and target.case.pk not in {case.pk for case in cases}:
            raise InputError("words", "These words do not stand in the answer this case is about.")
        system = target.problem.system
        if LearnedAnswer.objects.filter(
            system=system, words=words, status=MappingRow.Status.APPROVED, valid_to__isnull=True
        ).exists():
            raise NotPossible("Somebody said meanwhile what these words mean.")
        meaning = _meaning(inputs)
        title = meaning["title"] or REASONS[meaning["reason"]].title
        called = sentences.system_name(system)
        return Preview(
            says=ngettext(
                "From now on, an answer of {system} with “{words}” is “{title}”. {n} open case becomes that.",
                "From now on, an answer of {system} with “{words}” is “{title}”. {n} open cases become that.",
                len(cases),
            ).format(system=called, words=words, title=title, n=len(cases)),
            change={"table": "answer", "system": system, "words": words, "valid_from": clock.now().date().isoformat()}
            | meaning,
            writes=(
                Write(
                    system="Portal", record=f"Answers of {called}", action="create", field=words, before="not recognised",
                    after=title,
                ),
            ),
            members=tuple(member(case) for case in cases),
            totals=totals(cases),
            reversible_by=_("The entry is ended; answers are not recognised again from then on."),
        )  # fmt: skip

    def apply_change(
        self, request: ApprovalRequest | None, target: Target, inputs: dict[str, str], *, user: AbstractUser
    ) -> None:
        assert request is not None
        names = ("system", "words", "reason", "team", "hours", *(name for name, _ in _TEXTS))
        insert(LearnedAnswer(**approved_as(request), **{name: request.change[name] for name in names}))

    def release(self, run: FixRun, items: Sequence[FixItem]) -> Sequence[FixItem]:
        assert run.request is not None
        code, stops = run.request.change["reason"], []
        for item in items:
            case = item.case
            assert case is not None and case.delivery is not None
            row = Delivery.objects.select_for_update(of=("self",)).select_related("target").get(pk=case.delivery_id)
            if row.condition != Condition.BLOCKED or row.blocked_reason != catalogue.UNKNOWN:
                continue  # it went on by itself meanwhile
            row.blocked_reason = code
            row.save(update_fields=["blocked_reason"])
            stops.append(
                blocks.Stop(delivery=row, reason=code, field=case.field, value=case.value, evidence=case.evidence)
            )
        moved = [stop.delivery.pk for stop in stops if stop.delivery]
        blocks.clear(
            deliveries=moved,
            reasons={catalogue.UNKNOWN},
            note="What the answer means is known now",
            user=run.started_by,
        )
        blocks.put(stops)
        return ()

    def outcome(self, item: FixItem) -> tuple[str, str] | None:
        assert item.case is not None
        if item.case.status == ExceptionCase.Status.CLOSED:
            return FixItem.Status.SUCCEEDED, "Has a case of the right reason, or went through"
        return FixItem.Status.REFUSED, "Was refused with other words meanwhile"


def _answer(case: ExceptionCase | None) -> str:
    said = case.evidence if case else {}
    return f"{said.get('code', '')} {said.get('text', '')}"


def _longest(name: str) -> int:
    return int(LearnedAnswer._meta.get_field(name).max_length or 0)


def _can_be_meant(code: str) -> bool:
    return code != catalogue.UNKNOWN and code not in ("CONTROL_NOT_RUN", "JOURNAL_BROKEN", "EVENT_GAP", "POISON")


def _meaning(inputs: dict[str, str]) -> dict[str, Any]:
    """The reason, and the texts of a new one. Raises InputError."""
    nothing: dict[str, Any] = {name: "" for name, _ in _TEXTS} | {"team": "", "hours": 0}
    code = inputs.get("reason", "")
    if code != "new":
        if code not in REASONS or code not in OWNERSHIP or not _can_be_meant(code):
            raise InputError("reason", "Choose a reason of the list, or “Something new”.")
        return {"reason": code} | nothing
    said: dict[str, Any] = {}
    for name, label in _TEXTS:
        text = " ".join(inputs.get(name, "").split())
        if not text and name != "seller":
            raise InputError(name, f"Say this for a new reason: {label}.")
        most = _longest(name)
        if len(text) > most or not catalogue.is_sentence(text):
            raise InputError(name, f"Write at most {most} characters, without braces.")
        said[name] = text
    code = re.sub(r"[^A-Z0-9]+", "_", said["title"].upper()).strip("_")[: _longest("reason")]
    if not code:
        raise InputError("title", "Use letters in what people call it.")
    if code in REASONS or catalogue.entry(code) is not None:
        raise InputError("title", "The catalogue has a reason of this name; choose it above, or call this otherwise.")
    if inputs.get("team") not in Team.values:
        raise InputError("team", "Choose the team that owns it.")
    hours = inputs.get("hours", "").strip()
    if not re.fullmatch(r"[0-9]{1,3}", hours, re.ASCII) or not 1 <= int(hours) <= catalogue.MOST_HOURS:
        raise InputError("hours", f"Give a whole number of hours from 1 to {catalogue.MOST_HOURS}.")
    return {"reason": code, "team": inputs["team"], "hours": int(hours)} | said
